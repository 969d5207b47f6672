//! Files that hold files: tar and zip. Their members are read one after another, each unpacked for itself, as if they
//! stood in one file with a line feed between them.

mod tar;
mod zip;

use std::io::{self, Read, Take};
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use self::tar::TarMembers;
pub(super) use self::zip::ZipMembers;
/// Something being read on any thread.
pub(super) type BoxedReader = Box<dyn Read + Send>;

/// A file in an archive: its name there, and what is stored of it.
pub(super) type ArchiveMember = (String, BoxedReader);

/// The part of an archive that belongs to one member. The reader of the archive keeps a clone and moves it on.
struct Section<R>(Arc<Mutex<Take<R>>>);

impl<R: Read> Section<R> {
    fn new(reader: R) -> Self {
        Self(Arc::new(Mutex::new(reader.take(0))))
    }

    fn lock(&self) -> MutexGuard<'_, Take<R>> {
        // A reader that panicked stands at some place or other: the next header or checksum says so.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Clone for Section<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Read> Read for Section<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lock().read(buffer)
    }
}

/// What is in members, one after another.
pub(super) struct Concatenated<I> {
    members: I,
    current: Option<BoxedReader>,
}

impl<I: Iterator<Item = io::Result<BoxedReader>>> Concatenated<I> {
    pub(super) fn new(members: I) -> Self {
        Self {
            members,
            current: None,
        }
    }
}

impl<I: Iterator<Item = io::Result<BoxedReader>>> Read for Concatenated<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(current) = &mut self.current else {
                match self.members.next() {
                    None => return Ok(0),
                    Some(member) => self.current = Some(member?),
                }
                continue;
            };
            let count = current.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.current = None;
            // A member whose last line has no end must not run into the next one.
            buffer[0] = b'\n';
            return Ok(1);
        }
    }
}

/// As in folders: what begins with a dot is left out, and so is what macOS adds to a zip.
fn is_hidden(name: &str) -> bool {
    Path::new(name).components().any(|part| match part {
        Component::Normal(part) => part.as_encoded_bytes().starts_with(b".") || part == "__MACOSX",
        _ => false,
    })
}

/// A member, or why it cannot be read, with its name.
pub(super) fn opened(name: &str, member: io::Result<BoxedReader>) -> io::Result<BoxedReader> {
    member.map_err(|error| io::Error::new(error.kind(), format!("{name} in it: {error}")))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn unsupported(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, what)
}
