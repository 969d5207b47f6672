//! A file that grows: what a recorder or another program writes, as it is written.
//!
//! The file has no content to be known by as long as it grows, so its positions are bound to its path and its first
//! line. When it is cut short, or another file stands at its path, reading starts over (after the rest of the old file,
//! if that can still be read).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::blocking;
use super::open::is_plain;
use crate::error::{Ended, Error};
use crate::framing::{Framer, ScanMode, Splitter};
use crate::message::{Message, MessageBatch, SourceItem};
use crate::position::{Position, Resume, ResumeState};
use crate::run::Context;
use crate::status::Activity;

const READ_BYTES: usize = 256 << 10;

/// The first line, or so much of it, tells one file at a path from the next.
const HEAD_BYTES: u64 = 1024;

/// Reads on and on, until it is time to stop.
pub(crate) async fn run(path: PathBuf, mut context: Context) -> Result<Ended, Error> {
    let mut generation = None;
    loop {
        let Some(file) = wait_for_file(&path, generation, &mut context).await? else {
            return Ok(Ended::Stopped);
        };
        generation = Some(file.generation + 1);
        if follow_one(&path, file, &mut context).await? == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
    }
}

/// Opens the file as soon as it is there and has a first line; `None` when it is time to stop before.
async fn wait_for_file(
    path: &Path,
    generation: Option<u32>,
    context: &mut Context,
) -> Result<Option<Followed>, Error> {
    loop {
        let (wanted, resume) = (path.to_owned(), context.resume.clone());
        let opened = blocking(path, move || Followed::open(&wanted, generation, &resume)).await?;
        match opened {
            Ok(Some(file)) => return Ok(Some(file)),
            Ok(None) => context.report.state(Activity::Idle),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                context.report.state(Activity::Connecting);
                context
                    .report
                    .trouble(format!("waiting for {} to appear", path.display()));
            }
            Err(cause) => {
                return Err(Error::Open {
                    path: path.to_owned(),
                    cause,
                });
            }
        }
        if context
            .shutdown
            .or(sleep(context.options.poll_interval))
            .await
            .is_none()
        {
            return Ok(None);
        }
    }
}

/// Follows one file until it is over (or it is time to stop).
async fn follow_one(
    path: &Path,
    mut file: Followed,
    context: &mut Context,
) -> Result<Ended, Error> {
    context.report.live();
    loop {
        let budget = context.options.batch_bytes;
        let read = blocking(path, move || {
            let step = file.read(budget);
            (file, step)
        });
        let Some(read) = context.shutdown.or(read).await else {
            return Ok(Ended::Stopped);
        };
        let step;
        (file, step) = read?;
        match step.map_err(|cause| Error::Read {
            path: path.to_owned(),
            at: file.at(),
            cause,
        })? {
            FollowStep::Read(batch) => {
                context.report.live();
                context.push(batch).await?;
            }
            FollowStep::Over(batch) => {
                if let Some(batch) = batch {
                    context.push(batch).await?;
                }
                return Ok(Ended::Finished);
            }
            FollowStep::Waiting => {
                context.report.state(Activity::Idle);
                if context
                    .shutdown
                    .or(sleep(context.options.poll_interval))
                    .await
                    .is_none()
                {
                    return Ok(Ended::Stopped);
                }
            }
        }
    }
}

enum FollowStep {
    Read(MessageBatch),
    /// Nothing new for now.
    Waiting,
    /// This file is at its end for good: another one stands at its path.
    Over(Option<MessageBatch>),
}

/// The file that is followed, open.
struct Followed {
    path: PathBuf,
    file: File,
    head: Vec<u8>,
    of: String,
    /// The ordinal of the file at this path, from 0.
    generation: u32,
    framer: Framer,
    /// How many bytes of the file were read.
    read: u64,
}

impl Followed {
    /// The file at a path: the next one after those before, or (`generation` is not known) perhaps one that was followed
    /// by an earlier process. `None` while it has no complete first line by which it could be known again.
    fn open(path: &Path, generation: Option<u32>, resume: &Resume) -> io::Result<Option<Self>> {
        let mut file = File::open(path)?;
        let Some(head) = head_of(&mut file)? else {
            return Ok(None);
        };
        let begun = format!("follow:{}#", path.display());
        let last = resume
            .beginning(&begun)
            .max_by_key(|position| generation_of(&position.of));
        let (generation, resumed) = match (generation, last) {
            (Some(generation), _) => (generation, None),
            (None, None) => (0, None),
            (None, Some(last)) if last.of == name(&begun, &head, generation_of(&last.of)) => {
                (generation_of(&last.of), Some(last))
            }
            (None, Some(last)) => (generation_of(&last.of) + 1, None),
        };
        let (at, line) = resumed.map_or((0, 1), |position| {
            let line = match position.state {
                ResumeState::FollowedFile { line } => line,
                _ => 1,
            };
            (position.at.unwrap_or(0), line)
        });
        file.seek(SeekFrom::Start(at))?;
        Ok(Some(Followed {
            path: path.to_owned(),
            file,
            of: name(&begun, &head, generation),
            head,
            generation,
            framer: Framer::over(Splitter::resumed(ScanMode::Proved, at, line)),
            read: at,
        }))
    }

    fn at(&self) -> u64 {
        self.framer.offset_and_line().0
    }

    fn read(&mut self, bytes_max: usize) -> io::Result<FollowStep> {
        if self.is_rewritten()? {
            self.framer.finish();
            return Ok(FollowStep::Over(self.batch()));
        }
        let mut bytes = 0;
        while bytes < bytes_max {
            let count = self.take_in()?;
            bytes += count;
            if count == 0 {
                break;
            }
        }
        if bytes == 0 && self.is_over()? {
            // What was written between the last look and the end of this file.
            while self.take_in()? > 0 {}
            self.framer.finish();
            return Ok(FollowStep::Over(self.batch()));
        }
        Ok(self.batch().map_or(FollowStep::Waiting, FollowStep::Read))
    }

    /// Reads once. The file may still grow, so its present end is not the end of the input for the framer.
    fn take_in(&mut self) -> io::Result<usize> {
        let mut chunk = Vec::with_capacity(READ_BYTES);
        let count = self
            .file
            .by_ref()
            .take(READ_BYTES as u64)
            .read_to_end(&mut chunk)?;
        self.framer.push(&chunk);
        self.read += count as u64;
        Ok(count)
    }

    fn batch(&mut self) -> Option<MessageBatch> {
        let items: Vec<SourceItem> = self
            .framer
            .by_ref()
            .map(|framed| Message::from_span(framed.span, framed.bytes).into())
            .collect();
        let (at, line) = self.framer.offset_and_line();
        let position = Position::new(&self.of, Some(at), ResumeState::FollowedFile { line });
        (!items.is_empty()).then_some(MessageBatch {
            items,
            position: Some(position),
        })
    }

    /// Whether the file was cut short, or begins otherwise than it did.
    fn is_rewritten(&self) -> io::Result<bool> {
        let mut head = vec![0; self.head.len()];
        Ok(self.file.metadata()?.len() < self.read
            || self.file.read_exact_at(&mut head, 0).is_err()
            || head != self.head)
    }

    /// Whether the file was removed or replaced.
    fn is_over(&self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match std::fs::metadata(&self.path) {
            Ok(other) => Ok((other.dev(), other.ino()) != (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// The first line of a file, or so much of it; `None` while it is not complete.
fn head_of(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let unfit = |what| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    if !file.metadata()?.is_file() {
        return unfit("only a plain file can be followed");
    }
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    if !is_plain(&head) {
        return unfit(
            "a packed file, or one in UTF-16, cannot be followed, only read to its end: leave ?follow=1 out",
        );
    }
    match memchr::memchr(b'\n', &head) {
        Some(newline) => head.truncate(newline + 1),
        None if (head.len() as u64) < HEAD_BYTES => return Ok(None),
        None => {}
    }
    Ok(Some(head))
}

/// What positions in a followed file are called.
fn name(begun: &str, head: &[u8], generation: u32) -> String {
    let head = hex::encode(&Sha256::digest(head)[..8]);
    format!("{begun}{head}.{generation}")
}

fn generation_of(name: &str) -> u32 {
    name.rsplit_once('.')
        .and_then(|(_, generation)| generation.parse().ok())
        .unwrap_or(0)
}
