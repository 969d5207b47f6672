//! A segment: one file of frames, its header, its name, and how one comes to be.
//!
//! ```text
//!  0     8         12          14    16        24        28      32     40         48          56        64    68
//!  | magic | version | partition | 0 0 | journal | segment | chain | base | prev_end | prev_time | created | crc |
//! ```
//!
//! A header says where the segment before it ended (`prev_end`, `chain`, `prev_time`). So for every segment but the
//! last it is known from outside which bytes must be whole, and a missing, swapped or older file is noticed.

use std::path::{Path, PathBuf};

use crate::Offset;
use crate::error::{Damage, Error, Failure, Result};
use crate::segments::FORMAT_VERSION;
use crate::segments::cursor::Cursor;
use crate::segments::disk::{Disk, File};
use crate::segments::frame::{u16_at, u32_at, u64_at};

const MAGIC: [u8; 8] = *b"HEADCJRN";

/// Bytes of a segment before its first frame.
pub(crate) const HEADER_BYTES: usize = 68;

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) partition: u16,
    /// The random number of the journal.
    pub(crate) journal: u64,
    /// Counts the partition's segments, from 0.
    pub(crate) segment: u32,
    /// The checksum of the frame before the first, in the segment before.
    pub(crate) chain: u32,
    /// The offset of its first entry.
    pub(crate) base: Offset,
    /// Where the segment before it ends, 0 if there is none.
    pub(crate) prev_end: u64,
    /// The append time of the frame before the first.
    pub(crate) prev_time: i64,
    pub(crate) created_ms: i64,
}

impl Header {
    /// The header of a partition's first segment.
    pub(crate) fn first(journal: u64, partition: u16, base: Offset, created_ms: i64) -> Self {
        Self {
            partition,
            journal,
            segment: 0,
            chain: 0,
            base,
            prev_end: 0,
            prev_time: 0,
            created_ms,
        }
    }

    /// The header of the segment that follows one that ends at `end`.
    pub(crate) fn after(&self, end: &Cursor, created_ms: i64) -> Self {
        Self {
            segment: self.segment + 1,
            chain: end.chain,
            base: end.next,
            prev_end: end.pos,
            prev_time: end.time,
            created_ms,
            ..*self
        }
    }

    /// The place of the first frame.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor {
            journal: self.journal,
            segment: self.segment,
            // The header's own checksum (that of header and checksum together would be the same for all headers).
            salt: u32_at(&self.to_bytes(), HEADER_BYTES - 4),
            pos: HEADER_BYTES as u64,
            next: self.base,
            chain: self.chain,
            time: self.prev_time,
            group_start: HEADER_BYTES as u64,
            group_first: self.base,
        }
    }

    /// True if this segment begins where `end`, a cursor in the segment before, stands.
    pub(crate) fn continues(&self, end: &Cursor) -> bool {
        self.segment == end.segment + 1
            && self.prev_end == end.pos
            && self.base == end.next
            && self.chain == end.chain
            && self.prev_time == end.time
    }

    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&self.partition.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&self.journal.to_le_bytes());
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.chain.to_le_bytes());
        out.extend_from_slice(&self.base.to_le_bytes());
        out.extend_from_slice(&self.prev_end.to_le_bytes());
        out.extend_from_slice(&self.prev_time.to_le_bytes());
        out.extend_from_slice(&self.created_ms.to_le_bytes());
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out.try_into().expect("the fields above are 68 bytes")
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        if bytes.len() < HEADER_BYTES || bytes[..8] != MAGIC {
            return Err(Error::corrupt(path, 0, Damage::Header));
        }
        if u32_at(bytes, HEADER_BYTES - 4) != crc32fast::hash(&bytes[..HEADER_BYTES - 4]) {
            return Err(Error::corrupt(path, 0, Damage::Checksum));
        }
        let version = u32_at(bytes, 8);
        if version != FORMAT_VERSION {
            return Err(Error::Version {
                path: path.to_owned(),
                found: version,
                supported: FORMAT_VERSION,
            });
        }
        Ok(Self {
            partition: u16_at(bytes, 12),
            journal: u64_at(bytes, 16),
            segment: u32_at(bytes, 24),
            chain: u32_at(bytes, 28),
            base: u64_at(bytes, 32),
            prev_end: u64_at(bytes, 40),
            prev_time: u64_at(bytes, 48).cast_signed(),
            created_ms: u64_at(bytes, 56).cast_signed(),
        })
    }
}

/// A segment that is complete, for it is followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedSegment {
    /// One past the offset of its last entry.
    pub end: Offset,
    /// Its length in bytes.
    pub bytes: u64,
    /// When its last entry was appended, ms since 1970.
    pub last_ms: i64,
}

impl ClosedSegment {
    /// The segment before `next`, whose header says how it ended.
    pub(crate) fn before(next: &Header) -> Self {
        Self {
            end: next.base,
            bytes: next.prev_end,
            last_ms: next.prev_time,
        }
    }
}

/// A segment on disk.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
}

impl Segment {
    /// Creates a segment durably: under another name, synced, renamed, and the folder synced. Only then is there
    /// a segment; what a crash leaves before that is a `.tmp`, which the next opening removes.
    pub(crate) fn create(
        disk: &Disk,
        dir: &Path,
        header: Header,
        reserve_bytes: u64,
    ) -> Result<(Self, File), Failure> {
        let path = dir.join(file_name(header.base));
        let tmp = path.with_extension("tmp");
        let made = Self::fill(disk, &tmp, header, reserve_bytes).and_then(|file| {
            disk.rename(&tmp, &path)
                .map_err(Failure::of("rename", &tmp))?;
            Ok(file)
        });
        match made {
            Ok(file) => {
                disk.sync_dir(dir).map_err(Failure::of("sync", dir))?;
                Ok((Self { path, header }, file))
            }
            Err(failure) => {
                // Best effort: the next opening removes it too.
                let _ = disk.remove(&tmp);
                Err(failure)
            }
        }
    }

    fn fill(disk: &Disk, tmp: &Path, header: Header, reserve_bytes: u64) -> Result<File, Failure> {
        let file = disk.create(tmp).map_err(Failure::of("create", tmp))?;
        if reserve_bytes > 0 {
            file.allocate(reserve_bytes)
                .map_err(Failure::of("reserve", tmp))?;
        }
        file.write_at(&header.to_bytes(), 0)
            .map_err(Failure::of("write", tmp))?;
        file.sync().map_err(Failure::of("sync", tmp))?;
        Ok(file)
    }

    /// Reads the header of a segment and checks that it belongs where it lies.
    pub(crate) fn open(
        disk: &Disk,
        path: PathBuf,
        base: Offset,
        journal: u64,
        partition: u16,
    ) -> Result<Self> {
        let file = disk.open_read(&path).map_err(Error::io("open", &path))?;
        let mut bytes = [0; HEADER_BYTES];
        let n = file
            .read_at(&mut bytes, 0)
            .map_err(Error::io("read", &path))?;
        let header = Header::parse(&path, &bytes[..n])?;
        if header.journal != journal || header.partition != partition || header.base != base {
            return Err(Error::corrupt(&path, 0, Damage::Foreign));
        }
        Ok(Self { path, header })
    }
}

/// `00000000000000000042.seg` for base offset 42.
fn file_name(base: Offset) -> String {
    format!("{base:020}.seg")
}

/// The base offset in a segment's file name.
pub(crate) fn base_of(name: &str) -> Option<Offset> {
    let digits = name.strip_suffix(".seg")?;
    (digits.len() == 20).then(|| digits.parse().ok()).flatten()
}
