//! By what a followed file is known again.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use xxhash_rust::xxh3::xxh3_64;

use crate::files::open::is_plain;
use crate::position::FileMark;

/// How much is compared before a mark.
pub(super) const MARK_BYTES: usize = 1024;

/// How much of the first line is part of a file's name.
const HEAD_BYTES: u64 = 1024;

/// A mark at `at` in a file with this inode, of the last bytes before it.
pub(super) fn mark(at: u64, tail: &[u8], inode: u64) -> FileMark {
    FileMark {
        at,
        hash: xxh3_64(tail),
        inode,
    }
}

/// Whether a file has what was read before the mark.
pub(super) fn has_mark(file: &File, mark: &FileMark) -> io::Result<bool> {
    let tail = tail_before(file, mark.at)?;
    Ok(tail.is_some_and(|tail| xxh3_64(&tail) == mark.hash))
}

/// The last bytes before a place in a file; `None` when the file ends before it.
pub(super) fn tail_before(file: &File, at: u64) -> io::Result<Option<Vec<u8>>> {
    let length = at.min(MARK_BYTES as u64);
    let mut tail = vec![0; length as usize];
    match file.read_exact_at(&mut tail, at - length) {
        Ok(()) => Ok(Some(tail)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first line of a file, or so much of it; `None` while it is not complete, unless no more of it will come.
pub(super) fn head_of(file: &File, at_end: bool) -> io::Result<Option<Vec<u8>>> {
    let mut head = vec![0; HEAD_BYTES as usize];
    let mut filled = 0;
    while filled < head.len() {
        match file.read_at(&mut head[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    if !is_plain(&head) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a packed file, or one in UTF-16, cannot be followed, only read to its end: leave ?follow=1 out",
        ));
    }
    match memchr::memchr(b'\n', &head) {
        Some(newline) => head.truncate(newline + 1),
        None if (head.len() as u64) < HEAD_BYTES && !at_end => return Ok(None),
        None => {}
    }
    Ok(Some(head))
}
