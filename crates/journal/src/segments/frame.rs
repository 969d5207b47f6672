//! One frame: its bytes, its checksum, and nothing about what surrounds it.
//!
//! ```text
//!  0    4    8         16         24         28    29      31
//!  | len | crc | offset | append_ts | prev_crc | kind | source | body ... |
//!   u32   u32   u64      i64         u32        u8     u16      len bytes        all little-endian
//! ```
//!
//! `crc` is CRC-32 over everything else in the frame, begun with the checksum of the segment's header. So a
//! frame that was copied into another segment, partition or journal does not pass, and text that comes from
//! outside cannot contain a valid one: the header holds a random number that never leaves the disk.

use crate::Offset;
pub(crate) use crate::entry::HEAD_BYTES;
use crate::entry::{BODY_BYTES_MAX, KIND_RESERVED};

/// The kind of the frame that ends a group.
pub(crate) const KIND_SYNC: u8 = KIND_RESERVED;

/// The fixed part of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHead {
    pub(crate) len: u32,
    pub(crate) crc: u32,
    pub(crate) offset: Offset,
    pub(crate) time: i64,
    pub(crate) prev_crc: u32,
    pub(crate) kind: u8,
    pub(crate) source: u16,
}

impl FrameHead {
    /// Reads a head; `bytes` are at least [`HEAD_BYTES`].
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self {
            len: u32_at(bytes, 0),
            crc: u32_at(bytes, 4),
            offset: u64_at(bytes, 8),
            time: u64_at(bytes, 16).cast_signed(),
            prev_crc: u32_at(bytes, 24),
            kind: bytes[28],
            source: u16::from_le_bytes([bytes[29], bytes[30]]),
        }
    }

    /// Appends the frame to `out` and returns its head with `len` and `crc` as they came out.
    pub(crate) fn write(mut self, salt: u32, body: &[u8], out: &mut Vec<u8>) -> Self {
        debug_assert!(body.len() <= BODY_BYTES_MAX);
        let start = out.len();
        self.len =
            u32::try_from(body.len()).expect("an append checks that a body has at most 2 MiB");
        out.extend_from_slice(&self.len.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&self.prev_crc.to_le_bytes());
        out.push(self.kind);
        out.extend_from_slice(&self.source.to_le_bytes());
        out.extend_from_slice(body);
        self.crc = checksum(salt, &out[start..]);
        out[start + 4..start + 8].copy_from_slice(&self.crc.to_le_bytes());
        self
    }

    /// Bytes of the whole frame.
    pub(crate) fn frame_bytes(&self) -> usize {
        HEAD_BYTES + self.len as usize
    }
}

/// The checksum of a whole frame: of all of it but the checksum itself.
pub(crate) fn checksum(salt: u32, frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(salt);
    hasher.update(&frame[..4]);
    hasher.update(&frame[8..]);
    hasher.finalize()
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N]
        .try_into()
        .expect("a slice of N bytes is an array of N bytes")
}

/// The body of a sync frame, which ends a group and belongs to the same `fdatasync`.
///
/// ```text
///  | entries u32 | segment u32 | journal u64 | group_start u64 |
/// ```
///
/// `group_start` is the byte at which its group begins. A later group is written only after the sync of the one
/// before has returned, so a sync frame proves that everything before its `group_start` was durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sync {
    pub(crate) entries: u32,
    pub(crate) segment: u32,
    pub(crate) journal: u64,
    pub(crate) group_start: u64,
}

/// Bytes of a sync frame's body.
pub(crate) const SYNC_BODY_BYTES: usize = 24;

/// Bytes of a whole sync frame.
pub(crate) const SYNC_BYTES: usize = HEAD_BYTES + SYNC_BODY_BYTES;

impl Sync {
    pub(crate) fn to_bytes(self) -> [u8; SYNC_BODY_BYTES] {
        let mut body = [0; SYNC_BODY_BYTES];
        body[..4].copy_from_slice(&self.entries.to_le_bytes());
        body[4..8].copy_from_slice(&self.segment.to_le_bytes());
        body[8..16].copy_from_slice(&self.journal.to_le_bytes());
        body[16..].copy_from_slice(&self.group_start.to_le_bytes());
        body
    }

    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        (body.len() == SYNC_BODY_BYTES).then(|| Self {
            entries: u32_at(body, 0),
            segment: u32_at(body, 4),
            journal: u64_at(body, 8),
            group_start: u64_at(body, 16),
        })
    }
}
