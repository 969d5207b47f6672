//! A file, or what was fetched as one, from its beginning to its end, exactly once.

use std::io::{self, Read as _, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::{Instant, sleep_until};

use super::blocking;
use super::identity::{Identity, identify};
use super::objects::Input;
use super::open::Content;
use super::pace::Pacer;
use crate::address::Pace;
use crate::error::{Ended, Error};
use crate::framing::{Framer, Look};
use crate::message::{Batch, Item, Message};
use crate::position::{Position, ResumeState};
use crate::run::{Context, Options};
use crate::status::{Progress, State};
use crate::stdin;

/// How much is read at once.
const READ_BYTES: usize = 256 << 10;

/// Reads one file. What was taken before (of this content, whatever its name) is not taken again.
pub(crate) async fn run(path: &Path, pace: Pace, context: &mut Context) -> Result<Ended, Error> {
    let failed = |cause: io::Error| Error::Open {
        path: path.to_owned(),
        cause,
    };
    let metadata = tokio::fs::metadata(path).await.map_err(failed)?;
    if !metadata.is_file() {
        // A pipe or a device can be read only once: it has no content to be known by.
        let pipe = std::fs::File::open(path).map_err(failed)?;
        return stdin::run_over(pipe, context).await;
    }
    read(&Input::File(path.to_owned()), pace, context).await
}

/// Reads what was fetched, as [`run`] reads a file.
pub(crate) async fn run_over(input: &Input, context: &mut Context) -> Result<Ended, Error> {
    read(input, Pace::AtOnce, context).await
}

async fn read(input: &Input, pace: Pace, context: &mut Context) -> Result<Ended, Error> {
    let path = input.path();
    let Some(identity) = identity(input, context).await? else {
        return Ok(Ended::Stopped);
    };
    let taken = context
        .resume
        .of(&identity.name())
        .and_then(|position| position.at)
        .unwrap_or(0);
    context.report.live();
    if taken >= identity.length && identity.damage.is_none() {
        return Ok(Ended::Finished);
    }
    let content = input.open().map_err(|cause| Error::Open {
        path: path.to_owned(),
        cause,
    })?;
    let mut reading = Reading::new(path, content, identity, taken, &context.options);
    let mut pacer = match pace {
        Pace::Speed(speed) => Some(Pacer::new(speed)),
        Pace::AtOnce | Pace::Follow => None,
    };
    loop {
        let read = blocking(path, move || {
            let batch = reading.next_batch();
            (reading, batch)
        });
        let Some(read) = context.shutdown.or(read).await else {
            return Ok(Ended::Stopped);
        };
        let batch;
        (reading, batch) = read?;
        let (bytes_done, bytes_total) = reading.content.get_ref().progress();
        context.report.progress(Progress {
            identifying: false,
            bytes_done,
            bytes_total,
        });
        let Some(batch) = batch else {
            return reading.end();
        };
        match &mut pacer {
            None => context.push(batch).await?,
            Some(pacer) => {
                if push_paced(batch, pacer, context).await? == Ended::Stopped {
                    return Ok(Ended::Stopped);
                }
            }
        }
    }
}

/// What is in it; `None` when it was time to stop before that was known.
async fn identity(input: &Input, context: &mut Context) -> Result<Option<Identity>, Error> {
    let going = Arc::new(AtomicBool::new(true));
    let (file, report, go_on) = (input.clone(), context.report.clone(), Arc::clone(&going));
    let work = blocking(input.path(), move || {
        identify(&file, |bytes_done, bytes_total| {
            report.progress(Progress {
                identifying: true,
                bytes_done,
                bytes_total,
            });
            go_on.load(Ordering::Relaxed)
        })
    });
    let found = context.shutdown.or(work).await;
    going.store(false, Ordering::Relaxed);
    found.map_or(Ok(None), |found| found?)
}

/// A file being read.
struct Reading {
    path: PathBuf,
    content: Take<Content>,
    framer: Framer,
    /// What its positions are called, and where the content ends.
    of: String,
    length: u64,
    /// Messages up to here were taken before.
    taken: u64,
    batch_bytes: usize,
    batch_items: usize,
    /// Why the content ends before its time, as far as that was known before.
    damage: Option<io::Error>,
    state: Reach,
}

/// How far reading has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Reading,
    /// No more bytes will come.
    AtEnd,
    /// The last batch was given.
    Done,
}

impl Reading {
    fn new(
        path: &Path,
        content: Content,
        identity: Identity,
        taken: u64,
        options: &Options,
    ) -> Self {
        Reading {
            path: path.to_owned(),
            // What is added to the file meanwhile is not part of what it is known by.
            content: content.take(identity.length),
            framer: Framer::new(Look::Proved),
            of: identity.name(),
            length: identity.length,
            taken,
            batch_bytes: options.batch_bytes,
            batch_items: options.batch_items,
            damage: identity.damage,
            state: Reach::Reading,
        }
    }

    /// The next batch; the last one may be empty but says that the end was reached.
    fn next_batch(&mut self) -> Option<Batch> {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut at = self.taken;
        while bytes < self.batch_bytes && items.len() < self.batch_items {
            if let Some(framed) = self.framer.next() {
                at = at.max(framed.piece.end);
                if framed.piece.end > self.taken {
                    bytes += framed.bytes.len();
                    items.push(Item::from(Message::from_piece(framed.piece, framed.bytes)));
                }
                continue;
            }
            match self.state {
                Reach::Reading => self.read(),
                Reach::AtEnd => {
                    at = if self.damage.is_none() {
                        self.length
                    } else {
                        at
                    };
                    self.state = Reach::Done;
                    break;
                }
                Reach::Done => return None,
            }
        }
        Some(Batch {
            items,
            position: Some(Position::new(&self.of, Some(at), ResumeState::File)),
        })
    }

    fn read(&mut self) {
        match self.framer.read_from(&mut self.content, READ_BYTES) {
            Ok(0) => {}
            Ok(_) => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Err(error) => self.damage = Some(error),
        }
        self.framer.finish();
        self.state = Reach::AtEnd;
    }

    fn end(self) -> Result<Ended, Error> {
        let missing = self.content.limit();
        match self.damage {
            Some(cause) => Err(Error::Read {
                path: self.path,
                at: self.length - missing,
                cause,
            }),
            // It was longer a moment ago.
            None if missing > 0 => Err(Error::Changed { path: self.path }),
            None => Ok(Ended::Finished),
        }
    }
}

/// Hands the messages of a batch on when they are due.
async fn push_paced(
    batch: Batch,
    pacer: &mut Pacer,
    context: &mut Context,
) -> Result<Ended, Error> {
    let Batch { items, position } = batch;
    let mut part = Batch::default();
    for item in items {
        let Item::Message(message) = &item else {
            continue;
        };
        let time = context.read_time.of(&message.bytes);
        let due = pacer.due(time.filter(|time| time.is_live).map(|time| time.ms));
        if due > Instant::now() {
            if !part.items.is_empty() {
                context.push(std::mem::take(&mut part)).await?;
            }
            if context.shutdown.or(sleep_until(due)).await.is_none() {
                return Ok(Ended::Stopped);
            }
        }
        part.position = position.clone().map(|position| Position {
            at: Some(message.position),
            ..position
        });
        part.items.push(item);
    }
    part.position = position;
    context.push(part).await?;
    context.report.state(State::Live);
    Ok(Ended::Finished)
}
