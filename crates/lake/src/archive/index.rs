//! Where the lines of an object stood in the journal: a skippable zstd frame at its end.
//!
//! ```text
//!  | 5c 2a 4d 18 | length u32 | "HCIX" | version u8 | raw u32 | zstd frame of the index ... | length u32 |
//!   `-- skippable -----------'                                                              `- the same, found from the end
//! ```
//!
//! All little-endian. Columns hold distances from one line to the next, which are mostly 0, so that the index of many
//! lines takes a fraction of a byte for each. Both frames carry zstd's checksum.

use headcount_record::{Feed, Kind};
use serde::{Deserialize, Serialize};
use zstd::zstd_safe::CParameter;

use super::ArchivedEntry;

/// One of the sixteen that zstd leaves to its users.
const SKIPPABLE: u32 = 0x184D_2A5C;
const MAGIC: [u8; 4] = *b"HCIX";
/// In version 1 a kind said only whether the line is a record or a control.
const VERSION: u8 = 2;
const LEVEL: i32 = 3;
/// More was never written.
const RAW_BYTES_MAX: usize = 1 << 30;

/// What an object says of itself and of its lines.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    /// The journal's id.
    pub(super) journal: u64,
    pub(super) partition: u16,
    pub(super) feed: String,
    /// The cut's first offset and one past its last; the other feeds have the rest of them.
    pub(super) first: u64,
    pub(super) end: u64,
    /// Bytes of all lines, with their ends.
    pub(super) text_bytes: u64,
    /// Offsets that are between this line and the one before, or the cut's first.
    pub(super) skipped: Vec<u64>,
    /// Milliseconds from the line before, or from 1970.
    pub(super) arrived: Vec<i64>,
    pub(super) sources: Vec<u16>,
    pub(super) kinds: Vec<u8>,
    /// Bodies that have line ends within them, which stand as spaces in the text.
    pub(super) broken: Vec<DamagedIndex>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DamagedIndex {
    /// Which line, from 0.
    pub(super) line: u64,
    /// Where in it.
    pub(super) at: Vec<u32>,
}

/// Builds the columns.
#[derive(Default)]
pub(super) struct Columns {
    index: Index,
    next: u64,
    arrived: i64,
}

impl Columns {
    pub(super) fn new(first: u64) -> Self {
        Self {
            next: first,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, entry: &ArchivedEntry<'_>) {
        let index = &mut self.index;
        index.skipped.push(entry.offset - self.next);
        index.arrived.push(entry.arrived.wrapping_sub(self.arrived));
        index.sources.push(entry.source);
        index.kinds.push(entry.kind.number());
        index.text_bytes += entry.body.len() as u64 + 1;
        (self.next, self.arrived) = (entry.offset + 1, entry.arrived);
    }

    /// The line that was added last has line ends within.
    pub(super) fn broken(&mut self, at: Vec<u32>) {
        let line = self.index.kinds.len() as u64 - 1;
        self.index.broken.push(DamagedIndex { line, at });
    }

    pub(super) fn into_index(self) -> Index {
        self.index
    }

    /// Bytes in memory, about.
    pub(super) fn memory(&self) -> usize {
        let index = &self.index;
        index.kinds.capacity()
            + index.sources.capacity() * 2
            + (index.skipped.capacity() + index.arrived.capacity()) * 8
    }
}

impl Index {
    /// The whole skippable frame.
    pub(super) fn to_frame(&self) -> std::io::Result<Vec<u8>> {
        let raw = postcard::to_stdvec(self).map_err(std::io::Error::other)?;
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        let compressed = compressor.compress(&raw)?;
        let length = |bytes: usize| u32::try_from(bytes).map_err(std::io::Error::other);
        let payload = length(MAGIC.len() + 1 + 4 + compressed.len() + 4)?;
        let mut frame = Vec::with_capacity(payload as usize + 8);
        frame.extend_from_slice(&SKIPPABLE.to_le_bytes());
        frame.extend_from_slice(&payload.to_le_bytes());
        frame.extend_from_slice(&MAGIC);
        frame.push(VERSION);
        frame.extend_from_slice(&length(raw.len())?.to_le_bytes());
        frame.extend_from_slice(&compressed);
        frame.extend_from_slice(&payload.to_le_bytes());
        Ok(frame)
    }

    /// Splits an object into its text, still compressed, and its index; or says what is wrong.
    pub(super) fn split(object: &[u8]) -> Result<(&[u8], Self), String> {
        let (rest, length) = object.split_last_chunk::<4>().ok_or("it is too short")?;
        let payload = u32::from_le_bytes(*length) as usize;
        let at = object
            .len()
            .checked_sub(payload.saturating_add(8))
            .ok_or("it does not end with an index")?;
        let (text, frame) = rest.split_at(at.min(rest.len()));
        let mut head = SKIPPABLE.to_le_bytes().to_vec();
        head.extend_from_slice(length);
        head.extend_from_slice(&MAGIC);
        let frame = frame
            .strip_prefix(&*head)
            .ok_or("it has no index at its end")?;
        let (version, frame) = frame.split_first().ok_or("its index is too short")?;
        if !(1..=VERSION).contains(version) {
            return Err(format!(
                "its index has version {version}, this program reads 1 to {VERSION}"
            ));
        }
        let (raw, compressed) = frame
            .split_first_chunk::<4>()
            .ok_or("its index is too short")?;
        let raw = u32::from_le_bytes(*raw) as usize;
        if raw > RAW_BYTES_MAX {
            return Err(format!("its index has {raw} bytes"));
        }
        let bytes =
            decompress(compressed, raw).map_err(|e| format!("its index is damaged ({e})"))?;
        let mut index: Self =
            postcard::from_bytes(&bytes).map_err(|e| format!("its index is damaged ({e})"))?;
        if *version == 1 {
            let kind = kind_of_feed(&index.feed).number();
            index.kinds.fill(kind);
        }
        Ok((text, index))
    }
}

/// The kind of all lines of an object of version 1, which is told from its feed. What the archive of that version could not
/// tell the feed of, decoding will not either, whatever it is taken for: it counts nowhere, as before.
fn kind_of_feed(feed: &str) -> Kind {
    let mut kinds = Feed::ALL
        .map(Kind::of)
        .into_iter()
        .chain([Kind::CONTROL, Kind::DEAD_LETTER]);
    kinds
        .find(|kind| kind.name() == feed)
        .unwrap_or(Kind::of(Feed::Rsvps))
}

/// Exactly one zstd frame with exactly so many bytes in it.
pub(super) fn decompress(frame: &[u8], bytes: usize) -> Result<Vec<u8>, String> {
    let length = zstd::zstd_safe::find_frame_compressed_size(frame)
        .map_err(|code| zstd::zstd_safe::get_error_name(code).to_owned())?;
    if length != frame.len() {
        return Err(format!(
            "{} bytes after a frame of {length}",
            frame.len() - length
        ));
    }
    let raw = zstd::bulk::decompress(frame, bytes).map_err(|e| e.to_string())?;
    if raw.len() == bytes {
        Ok(raw)
    } else {
        Err(format!("{} bytes instead of {bytes}", raw.len()))
    }
}
