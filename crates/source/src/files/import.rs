//! A file, or what was fetched as one, from its beginning to its end, exactly once.

use std::io::{self, Read as _, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::{Instant, sleep_until};

use super::blocking;
use super::identity::{FileIdentity, identify};
use super::objects::Input;
use super::open::FileContent;
use super::pace::Pacer;
use crate::address::FilePace;
use crate::error::{Ended, Error};
use crate::framing::{Framer, ScanMode};
use crate::message::{Message, MessageBatch, SourceItem};
use crate::position::{Position, ResumeState};
use crate::run::{Context, Options};
use crate::status::{Activity, FileProgress};
use crate::stdin;

/// How much is read at once.
const READ_BYTES: usize = 256 << 10;

/// Reads one file. What was taken before (of this content, whatever its name) is not taken again.
pub(crate) async fn run(
    path: &Path,
    pace: FilePace,
    context: &mut Context,
) -> Result<Ended, Error> {
    let failed = |cause: io::Error| Error::open(path, cause);
    let metadata = tokio::fs::metadata(path).await.map_err(failed)?;
    if !metadata.is_file() {
        // A pipe or a device can be read only once: it has no content to be known by.
        let pipe = path.to_owned();
        let ended = stdin::run_over(|| std::fs::File::open(pipe), context).await;
        return ended.map_err(|error| match error {
            Error::Input(cause) => Error::open(path, cause),
            other => other,
        });
    }
    read(&Input::File(path.to_owned()), pace, context).await
}

/// Reads what was fetched, as [`run`] reads a file.
pub(crate) async fn run_over(input: &Input, context: &mut Context) -> Result<Ended, Error> {
    read(input, FilePace::AtOnce, context).await
}

async fn read(input: &Input, pace: FilePace, context: &mut Context) -> Result<Ended, Error> {
    let path = input.path();
    let Some(identity) = identity(input, context).await? else {
        return Ok(Ended::Stopped);
    };
    let taken = context
        .resume
        .of(&identity.name())
        .and_then(|position| position.at)
        .unwrap_or(0);
    context.report.identified(identity.name());
    context.report.live();
    if taken >= identity.length && identity.damage.is_none() {
        return Ok(Ended::Finished);
    }
    let content = input.open().map_err(|cause| Error::open(path, cause))?;
    let mut reading = FileReading::new(path, content, identity, taken, &context.options);
    let mut pacer = match pace {
        FilePace::Speed(speed) => Some(Pacer::new(speed)),
        FilePace::AtOnce | FilePace::Follow => None,
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
        context.report.progress(FileProgress {
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
async fn identity(input: &Input, context: &mut Context) -> Result<Option<FileIdentity>, Error> {
    let going = Arc::new(AtomicBool::new(true));
    let (file, report, go_on) = (input.clone(), context.report.clone(), Arc::clone(&going));
    let work = blocking(input.path(), move || {
        identify(&file, |bytes_done, bytes_total| {
            report.progress(FileProgress {
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
struct FileReading {
    path: PathBuf,
    content: Take<FileContent>,
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

impl FileReading {
    fn new(
        path: &Path,
        content: FileContent,
        identity: FileIdentity,
        taken: u64,
        options: &Options,
    ) -> Self {
        FileReading {
            path: path.to_owned(),
            // What is added to the file meanwhile is not part of what it is known by.
            content: content.take(identity.length),
            framer: Framer::new(ScanMode::Proved),
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
    fn next_batch(&mut self) -> Option<MessageBatch> {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut at = self.taken;
        while bytes < self.batch_bytes && items.len() < self.batch_items {
            if let Some(framed) = self.framer.next() {
                at = at.max(framed.span.end);
                if framed.span.end > self.taken {
                    bytes += framed.bytes.len();
                    items.push(SourceItem::from(Message::from_span(
                        framed.span,
                        framed.bytes,
                    )));
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
        Some(MessageBatch {
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
    batch: MessageBatch,
    pacer: &mut Pacer,
    context: &mut Context,
) -> Result<Ended, Error> {
    let MessageBatch { items, position } = batch;
    let mut part = MessageBatch::default();
    for item in items {
        let SourceItem::Message(message) = &item else {
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
        part.position = position
            .as_ref()
            .and_then(|position| message.position_within(position));
        part.items.push(item);
    }
    part.position = position;
    context.push(part).await?;
    context.report.state(Activity::Live);
    Ok(Ended::Finished)
}
