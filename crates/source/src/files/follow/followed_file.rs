//! One file that grows, open.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::SystemTime;

use super::file_mark::{MARK_BYTES, has_mark, mark, tail_before};
use crate::framing::{Framer, ScanMode, Splitter};
use crate::message::{Message, MessageBatch, SourceItem};
use crate::position::{Position, ResumeState};
use headcount_clock::now_ms;

const READ_BYTES: usize = 256 << 10;

/// What a file is to the system as long as it exists: its device and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileId {
    device: u64,
    pub(super) inode: u64,
}

impl From<&Metadata> for FileId {
    fn from(metadata: &Metadata) -> Self {
        FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// A file that is followed.
pub(super) struct FollowedFile {
    file: File,
    pub(super) id: FileId,
    /// What its positions are called.
    pub(super) of: String,
    framer: Framer,
    /// How many bytes of the file were read.
    read: u64,
    /// The last of them: what must stand there still.
    tail: Vec<u8>,
    /// Its length and its time when it was last read.
    seen: Option<(u64, Option<SystemTime>)>,
}

/// What reading on came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOn {
    Read,
    NothingNew,
    /// It was cut short, or what was read of it is there no more.
    Rewritten,
}

impl FollowedFile {
    /// A file from its beginning, or from a stored position.
    pub(super) fn new(file: File, of: String, from: Option<&Position>) -> io::Result<Self> {
        let (at, line) = from.map_or((0, 1), |position| {
            let line = match position.state {
                ResumeState::FollowedFile { line, .. } => line,
                _ => 1,
            };
            (position.at.unwrap_or(0), line)
        });
        let id = FileId::from(&file.metadata()?);
        Ok(FollowedFile {
            tail: tail_before(&file, at)?.unwrap_or_default(),
            file,
            id,
            of,
            framer: Framer::over(Splitter::resumed(ScanMode::Proved, at, line)),
            read: at,
            seen: None,
        })
    }

    /// Up to where its values were handed on.
    pub(super) fn at(&self) -> u64 {
        self.framer.offset_and_line().0
    }

    /// How many bytes of it were read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    pub(super) fn position(&self) -> Position {
        let (at, line) = self.framer.offset_and_line();
        let state = ResumeState::FollowedFile {
            line,
            mark: Some(mark(self.read, &self.tail, self.id.inode)),
            seen_ms: Some(now_ms()),
        };
        Position::new(&self.of, Some(at), state)
    }

    /// Reads on, at most about so many bytes. The file may still grow, so its present end is not the end of the input
    /// for the framer.
    pub(super) fn read_on(&mut self, bytes_max: usize) -> io::Result<ReadOn> {
        let metadata = self.file.metadata()?;
        let seen = Some((metadata.len(), metadata.modified().ok()));
        if metadata.len() < self.read {
            return Ok(ReadOn::Rewritten);
        }
        if self.seen == seen {
            return Ok(ReadOn::NothingNew);
        }
        let mut bytes = 0;
        let mut chunk = vec![0; MARK_BYTES + READ_BYTES];
        while bytes < bytes_max {
            // What was read is read again with what follows it: between two reads the file may become another.
            let overlap = self.tail.len();
            let room = &mut chunk[..overlap + READ_BYTES];
            let count = fill(&self.file, room, self.read - overlap as u64)?;
            if !room[..count].starts_with(&self.tail) {
                return Ok(ReadOn::Rewritten);
            }
            let new = &room[overlap..count];
            if new.is_empty() {
                // Only now is there nothing more up to what was seen.
                self.seen = seen;
                break;
            }
            bytes += new.len();
            self.framer.push(new);
            self.read += new.len() as u64;
            self.tail = room[count.saturating_sub(MARK_BYTES)..count].to_vec();
        }
        Ok(match bytes {
            0 => ReadOn::NothingNew,
            _ => ReadOn::Read,
        })
    }

    /// What is complete of what was read.
    pub(super) fn batch(&mut self) -> Option<MessageBatch> {
        let items: Vec<SourceItem> = self
            .framer
            .by_ref()
            .map(|framed| Message::from_span(framed.span, framed.bytes).into())
            .collect();
        (!items.is_empty()).then(|| MessageBatch {
            items,
            position: Some(self.position()),
        })
    }

    /// The last of it: nothing more will come.
    pub(super) fn finish(mut self) -> Option<MessageBatch> {
        self.framer.finish();
        self.batch()
    }

    /// Goes on in a copy of it, if this is one: it has what was read, at the same place.
    pub(super) fn goes_on_in(&mut self, copy: File) -> io::Result<bool> {
        let is_copy = has_mark(&copy, &mark(self.read, &self.tail, self.id.inode))?;
        if is_copy {
            self.id = FileId::from(&copy.metadata()?);
            self.file = copy;
            self.seen = None;
        }
        Ok(is_copy)
    }
}

/// Reads until the buffer is full or the file at its end.
fn fill(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
