//! What stands at a path one after another: the file that is there, and those that were there and may still grow.
//!
//! A file is known by its name in the system while headcount runs (device and inode), and by its content after a stop: its
//! first line, and the last 1 KiB that was read of it. What writers do to it:
//!
//! | what happens at the path | what is read | a gap |
//! |---|---|---|
//! | renamed, removed, or another file, link or hard link in its place | the old one until it is still, and the new one | no |
//! | cut short, or begun anew, with the same first line or not | the rest from a copy beside it if there is one, and the new content | yes |
//! | any of these while headcount was stopped | the rest of the old one if it is beside it, and the new one | yes |

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::beside::{files_beside, has_it, mark_of, renamed_since, take_match};
use super::file_mark::head_of;
use super::followed_file::{FileId, FollowedFile, ReadOn};
use crate::message::{Gap, MessageBatch, SourceItem};
use crate::position::{Position, Resume};
use headcount_clock::now_ms;

/// How many files are read that are no longer at the path.
const RETIRED_MAX: usize = 16;

const BEGUN_ANEW: &str =
    "the file was cut short or begun anew: what was written to it just before may be missing";

const REPLACED_WHILE_STOPPED: &str = "the file was replaced or begun anew while headcount was not running: what was \
                                      written between may be missing";

const TOO_MANY: &str =
    "the file was replaced too often in a short time: the end of an earlier one may be missing";

const REPLACED_AGAIN: &str = "the file was replaced more than once within moments: one that stood there between may be \
                              missing";

/// How much earlier than it is a file system says that something changed.
const TICK: Duration = Duration::from_millis(100);

/// The files of a path.
pub(super) struct Following {
    path: PathBuf,
    /// How the names of its positions begin.
    begun: String,
    /// What an earlier process has stored of it, until the first file was seen.
    stored: Vec<Position>,
    next_generation: u32,
    current: Option<FollowedFile>,
    /// It stands at the path and has no complete first line to be known by.
    unnamed: Option<(FileId, File)>,
    retired: Vec<Retired>,
    /// All that were read.
    known: HashSet<FileId>,
    /// How long a file that is no longer at the path must be still to be over.
    still_limit: Duration,
    /// When the path was last looked at, ms since 1970.
    looked_ms: i64,
}

struct Retired {
    file: FollowedFile,
    still_since: Instant,
}

/// What a look at the path came to.
pub(super) struct Look {
    pub(super) batches: Vec<MessageBatch>,
    pub(super) state: PathState,
}

/// How it stands with the path.
pub(super) enum PathState {
    /// There may be more to be read at once.
    Reading,
    /// Everything was read.
    UpToDate,
    /// There is no file to be followed, for this reason.
    Missing(String),
}

impl Following {
    pub(super) fn new(path: PathBuf, resume: &Resume, still_limit: Duration) -> Self {
        let begun = format!("follow:{}#", path.display());
        let stored: Vec<Position> = resume
            .beginning(&begun)
            .filter(|position| !position.of[begun.len()..].contains('#'))
            .cloned()
            .collect();
        Following {
            next_generation: stored
                .iter()
                .map(|position| generation_of(&position.of) + 1)
                .max()
                .unwrap_or(0),
            path,
            begun,
            stored,
            current: None,
            unnamed: None,
            retired: Vec::new(),
            known: HashSet::new(),
            still_limit,
            looked_ms: now_ms(),
        }
    }

    /// Up to where the file at the path was handed on.
    pub(super) fn at(&self) -> u64 {
        self.current.as_ref().map_or(0, FollowedFile::at)
    }

    /// Looks at the path and reads on, at most about so many bytes a file.
    ///
    /// # Errors
    /// When the first file at the path cannot be followed, or reading fails.
    pub(super) fn look(&mut self, bytes_max: usize) -> io::Result<Look> {
        let mut batches = Vec::new();
        let first = self.current.is_none() && self.retired.is_empty() && self.next_generation == 0;
        let missing = match self.look_at_path(&mut batches) {
            Ok(()) => None,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some(format!("waiting for {} to appear", self.path.display()))
            }
            Err(error) if first => return Err(error),
            Err(error) => Some(format!("{}: {error}", self.path.display())),
        };
        let mut any = self.read_retired(bytes_max, &mut batches)?;
        any |= self.read_current(bytes_max, &mut batches)?;
        self.looked_ms = now_ms();
        let state = match missing {
            _ if any => PathState::Reading,
            Some(sentence) => PathState::Missing(sentence),
            None => PathState::UpToDate,
        };
        Ok(Look { batches, state })
    }

    /// Sees whether another file stands at the path.
    fn look_at_path(&mut self, batches: &mut Vec<MessageBatch>) -> io::Result<()> {
        let metadata = match fs::metadata(&self.path) {
            // Opening a pipe would wait for its writer.
            Ok(metadata) if !metadata.is_file() => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "only a plain file can be followed",
            )),
            metadata => metadata,
        };
        if let Err(error) = &metadata
            && !matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::InvalidInput
            )
        {
            // What stands there cannot be told: it may be what stood there.
            return metadata.map(drop);
        }
        let id = metadata.as_ref().ok().map(FileId::from);
        if id.is_some() && id == self.current.as_ref().map(|file| file.id) {
            return Ok(());
        }
        if id.is_none() || id != self.unnamed.as_ref().map(|(id, _)| *id) {
            self.retire_all(batches)?;
        }
        metadata?;
        let file = match self.unnamed.take() {
            Some((_, file)) => file,
            None => File::open(&self.path)?,
        };
        self.take_up(file, batches)
    }

    /// What stood at the path stands there no more.
    fn retire_all(&mut self, batches: &mut Vec<MessageBatch>) -> io::Result<()> {
        if let Some(file) = self.current.take() {
            let position = file.position();
            self.retire(file, batches);
            if self.passed_by() {
                batches.push(self.gap(REPLACED_AGAIN, self.looked_ms, position));
            }
        }
        if let Some((_, file)) = self.unnamed.take()
            && let Some(head) = head_of(&file, true)?
            && !head.is_empty()
        {
            let of = self.next_name(&head);
            self.retire(FollowedFile::new(file, of, None)?, batches);
        }
        Ok(())
    }

    /// Whether a file beside the path that is named after it, as those are that stood there, got its name just now and was
    /// never read.
    fn passed_by(&self) -> bool {
        let since_ms = self.looked_ms.saturating_sub(TICK.as_millis() as i64);
        renamed_since(&self.path, since_ms)
            .iter()
            .any(|id| !self.known.contains(id))
    }

    fn retire(&mut self, file: FollowedFile, batches: &mut Vec<MessageBatch>) {
        self.known.insert(file.id);
        if self.retired.len() == RETIRED_MAX {
            let oldest = self.retired.remove(0).file;
            let position = oldest.position();
            batches.extend(oldest.finish());
            batches.push(self.gap(TOO_MANY, self.looked_ms, position));
        }
        self.retired.push(Retired {
            file,
            still_since: Instant::now(),
        });
    }

    /// A file stands at the path that is not being read there.
    fn take_up(&mut self, file: File, batches: &mut Vec<MessageBatch>) -> io::Result<()> {
        let id = FileId::from(&file.metadata()?);
        self.known.insert(id);
        if let Some(at) = self
            .retired
            .iter()
            .position(|retired| retired.file.id == id)
        {
            // It was moved back.
            self.current = Some(self.retired.remove(at).file);
            return Ok(());
        }
        let Some(head) = head_of(&file, false)? else {
            self.unnamed = Some((id, file));
            return Ok(());
        };
        let stored = std::mem::take(&mut self.stored);
        if stored.is_empty() {
            let of = self.next_name(&head);
            self.current = Some(FollowedFile::new(file, of, None)?);
            return Ok(());
        }
        self.resume(stored, file, id, &head, batches)
    }

    /// Goes on where an earlier process was: in the file at the path, in files beside it, or in neither.
    fn resume(
        &mut self,
        stored: Vec<Position>,
        file: File,
        id: FileId,
        head: &[u8],
        batches: &mut Vec<MessageBatch>,
    ) -> io::Result<()> {
        let newest = stored
            .iter()
            .max_by_key(|it| generation_of(&it.of))
            .cloned();
        let seen_ms = stored.iter().filter_map(Position::seen_ms).max();
        let mut beside = files_beside(&self.path, id);
        let mut here = None;
        for position in &stored {
            let is_newest = Some(position) == newest.as_ref();
            let is_here = self.is_of(position, head) && has_it(&file, position)?;
            let inode = mark_of(position).map(|mark| mark.inode);
            if is_here && (inode.is_none() || inode == Some(id.inode)) {
                here = Some((position, true));
                continue;
            }
            // Who has one of the last two open may write on; of older ones only what was not read is missing.
            let may_grow = generation_of(&position.of) + 2 >= self.next_generation;
            let moved = take_match(&mut beside, position, may_grow, |other| {
                Some(other.id.inode) == inode
            })?;
            let found = match moved {
                None if is_here && is_newest => {
                    // The same content in another file: a copy, or what was restored.
                    here = here.or(Some((position, false)));
                    None
                }
                None if is_newest => take_match(&mut beside, position, false, |other| {
                    // One that was read itself has a position of its own.
                    !stored
                        .iter()
                        .filter_map(mark_of)
                        .any(|mark| mark.inode == other.id.inode)
                })?,
                moved => moved,
            };
            if let Some(found) = found {
                let old = FollowedFile::new(found, position.of.clone(), Some(position))?;
                self.retire(old, batches);
            }
        }
        let of = match here {
            Some((position, _)) => position.of.clone(),
            None => self.next_name(head),
        };
        let from = here.map(|(position, _)| position);
        let current = FollowedFile::new(file, of, from)?;
        if !here.is_some_and(|(_, is_same)| is_same) {
            let from_ms = seen_ms.unwrap_or(self.looked_ms);
            batches.push(self.gap(REPLACED_WHILE_STOPPED, from_ms, current.position()));
        }
        self.current = Some(current);
        Ok(())
    }

    fn read_current(
        &mut self,
        bytes_max: usize,
        batches: &mut Vec<MessageBatch>,
    ) -> io::Result<bool> {
        let Some(mut file) = self.current.take() else {
            return Ok(false);
        };
        let read = file.read_on(bytes_max)?;
        batches.extend(file.batch());
        if read == ReadOn::Rewritten {
            self.rewritten(file, batches)?;
            return Ok(true);
        }
        self.current = Some(file);
        Ok(read == ReadOn::Read)
    }

    /// The file at the path is not what it was. Whoever copies it and cuts it short has the rest beside it.
    fn rewritten(
        &mut self,
        mut file: FollowedFile,
        batches: &mut Vec<MessageBatch>,
    ) -> io::Result<()> {
        batches.push(self.gap(BEGUN_ANEW, self.looked_ms, file.position()));
        for other in files_beside(&self.path, file.id) {
            // One that was read itself begins alike, and is no copy.
            if !self.known.contains(&other.id)
                && let Some(copy) = other.open_beyond(file.read(), true)
                && file.goes_on_in(copy)?
            {
                self.retire(file, batches);
                return Ok(());
            }
        }
        batches.extend(file.finish());
        Ok(())
    }

    fn read_retired(
        &mut self,
        bytes_max: usize,
        batches: &mut Vec<MessageBatch>,
    ) -> io::Result<bool> {
        let mut any = false;
        for mut retired in std::mem::take(&mut self.retired) {
            let read = retired.file.read_on(bytes_max)?;
            batches.extend(retired.file.batch());
            match read {
                ReadOn::Read => {
                    any = true;
                    retired.still_since = Instant::now();
                    self.retired.push(retired);
                }
                ReadOn::NothingNew if retired.still_since.elapsed() < self.still_limit => {
                    self.retired.push(retired);
                }
                ReadOn::NothingNew => batches.extend(retired.file.finish()),
                ReadOn::Rewritten => {
                    batches.push(self.gap(BEGUN_ANEW, self.looked_ms, retired.file.position()));
                    batches.extend(retired.file.finish());
                }
            }
        }
        Ok(any)
    }

    fn gap(&self, cause: &str, from_ms: i64, position: Position) -> MessageBatch {
        let gap = Gap {
            from_ms,
            to_ms: now_ms().max(from_ms),
            cause: cause.to_owned(),
        };
        MessageBatch {
            items: vec![SourceItem::Gap(gap)],
            position: Some(position),
        }
    }

    /// Whether a position is one in a file that begins so.
    fn is_of(&self, position: &Position, head: &[u8]) -> bool {
        position.of == self.name(head, generation_of(&position.of))
    }

    fn next_name(&mut self, head: &[u8]) -> String {
        let name = self.name(head, self.next_generation);
        self.next_generation += 1;
        name
    }

    /// What positions in a followed file are called. The generation is the ordinal of the file at this path, from 0.
    fn name(&self, head: &[u8], generation: u32) -> String {
        let head = hex::encode(&Sha256::digest(head)[..8]);
        format!("{}{head}.{generation}", self.begun)
    }
}

fn generation_of(name: &str) -> u32 {
    name.rsplit_once('.')
        .and_then(|(_, generation)| generation.parse().ok())
        .unwrap_or(0)
}
