//! Where a segment really ends: a torn tail told from corruption.
//!
//! A group is written only after the sync of the one before has returned. So
//!
//! ```text
//!   | group, sync | group, sync | half a gro        the last group was never durable: torn tail, cut off
//!   | group, sync | gr#up, sync | group, sync |     the second one was, for a later group exists: corruption
//!   | group, sync | gr#up, sync |                   pages of one write reach the disk in any order: torn tail
//! ```
//!
//! In the third case nothing tells a torn write from a disk that lost what it had. A journal that is closed in order
//! ends with an empty group, which turns the third case into the second.

use std::io;
use std::path::Path;

use crate::error::{Damage, Error, Result};
use crate::segments::cursor::{Cursor, FrameStep};
use crate::segments::disk::File;
use crate::segments::frame::{HEAD_BYTES, KIND_SYNC, SYNC_BODY_BYTES, SYNC_BYTES, Sync};
use crate::segments::read_buffer::{CHUNK_BYTES, ReadBuffer};

/// The end of a segment that is not followed by another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// Behind the last complete sync frame.
    pub(crate) cursor: Cursor,
    /// Where the last complete group begins.
    pub(crate) last_group: u64,
    /// How many bytes stand after the cursor, up to the last one that is not zero.
    pub(crate) torn_bytes: u64,
    /// Append time of the first entry.
    pub(crate) first_time: Option<i64>,
}

/// Walks the last segment from its first frame to its end.
pub(crate) fn find_end(path: &Path, file: &File, start: Cursor) -> Result<End> {
    let read = |e| Error::io("read", path)(e);
    let len = file.len().map_err(read)?;
    let mut buffer = ReadBuffer::default();
    let mut cursor = start;
    let mut end = End {
        cursor,
        last_group: cursor.pos,
        torn_bytes: 0,
        first_time: None,
    };
    loop {
        match buffer.step(file, &mut cursor, len).map_err(read)? {
            FrameStep::Entry(head) => {
                end.first_time.get_or_insert(head.time);
            }
            FrameStep::Sync => {
                end.last_group = end.cursor.pos;
                end.cursor = cursor;
            }
            FrameStep::End | FrameStep::Short(_) => break,
            FrameStep::Bad(damage) => {
                if !later_group(file, &cursor, len).map_err(read)? {
                    break;
                }
                // Another process may have written this while we were looking ahead. Then it is whole by now.
                buffer.clear();
                let mut again = cursor;
                if let FrameStep::Bad(_) = buffer.step(file, &mut again, len).map_err(read)? {
                    return Err(Error::corrupt(path, cursor.pos, damage));
                }
                buffer.clear();
            }
        }
    }
    end.torn_bytes = written_after(file, end.cursor.pos, len).map_err(read)?;
    Ok(end)
}

/// Walks a segment that is followed by another, to whose beginning it must lead.
pub(crate) fn check_sealed(
    path: &Path,
    file: &File,
    start: Cursor,
    end: u64,
    mut entry: impl FnMut(i64),
) -> Result<Cursor> {
    let mut buffer = ReadBuffer::default();
    let mut cursor = start;
    loop {
        match buffer
            .step(file, &mut cursor, end)
            .map_err(Error::io("read", path))?
        {
            FrameStep::Entry(head) => entry(head.time),
            FrameStep::Sync => {}
            FrameStep::End if cursor.at_boundary() => return Ok(cursor),
            FrameStep::End | FrameStep::Short(_) => {
                return Err(Error::corrupt(path, cursor.pos, Damage::CutShort));
            }
            FrameStep::Bad(damage) => return Err(Error::corrupt(path, cursor.pos, damage)),
        }
    }
}

/// When the first entry of a segment was appended.
pub(crate) fn first_time(path: &Path, file: &File, mut cursor: Cursor) -> Result<Option<i64>> {
    let mut buffer = ReadBuffer::default();
    let step = buffer.step(file, &mut cursor, u64::MAX);
    Ok(match step.map_err(Error::io("read", path))? {
        FrameStep::Entry(head) => Some(head.time),
        _ => None,
    })
}

/// True if a sync frame after the bad frame at `bad` belongs to a group that began after it.
fn later_group(file: &File, bad: &Cursor, len: u64) -> io::Result<bool> {
    scan(file, bad.pos, len, |bytes, pos| {
        let mut at = 0;
        while let Some(frame) = bytes.get(at..at + SYNC_BYTES) {
            if is_later_sync(frame, pos + at as u64, bad) {
                return true;
            }
            at += 1;
        }
        false
    })
}

/// True if `frame`, at byte `pos`, is a whole sync frame of this segment whose group began after `bad`'s.
fn is_later_sync(frame: &[u8], pos: u64, bad: &Cursor) -> bool {
    frame[28] == KIND_SYNC
        && frame[..4] == (SYNC_BODY_BYTES as u32).to_le_bytes()
        && Sync::parse(&frame[HEAD_BYTES..]).is_some_and(|sync| {
            sync.journal == bad.journal
                && sync.segment == bad.segment
                && (bad.group_start + 1..=pos).contains(&sync.group_start)
        })
        && crate::segments::frame::checksum(bad.salt, frame)
            == crate::segments::frame::u32_at(frame, 4)
}

/// How many bytes after `pos` have been written: up to the last that is not zero.
fn written_after(file: &File, pos: u64, len: u64) -> io::Result<u64> {
    let mut end = pos;
    scan(file, pos, len, |bytes, at| {
        if let Some(last) = bytes.iter().rposition(|&b| b != 0) {
            end = end.max(at + last as u64 + 1);
        }
        false
    })?;
    Ok(end - pos)
}

/// Shows `found` every part of the file from `pos` on that is not all zeros, overlapping by a sync frame, until it
/// says that it has found what it looks for.
fn scan(
    file: &File,
    mut pos: u64,
    len: u64,
    mut found: impl FnMut(&[u8], u64) -> bool,
) -> io::Result<bool> {
    let mut buf = vec![0; CHUNK_BYTES];
    while pos < len {
        let n = file.read_at(&mut buf, pos)?;
        if !all_zero(&buf[..n]) && found(&buf[..n], pos) {
            return Ok(true);
        }
        if n < buf.len() {
            break;
        }
        pos += (n - SYNC_BYTES) as u64;
    }
    Ok(false)
}

/// Most of what is scanned was reserved and never written, so it pays to look at many bytes at a time.
fn all_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(256)
        .all(|chunk| chunk.iter().fold(0, |seen, &b| seen | b) == 0)
}
