//! An object that was read: its entries.

use headcount_record::Kind;

use super::ArchivedEntry;
use super::index::{Index, decompress};
use super::name::{ObjectName, hour_of};

/// More was never written.
const TEXT_BYTES_MAX: u64 = 2 << 30;

/// The entries of one object, in the order of their offsets.
pub(super) struct ArchiveObject {
    pub(super) key: String,
    pub(super) journal: u64,
    /// The offsets of its cut.
    pub(super) first: u64,
    pub(super) end: u64,
    text: Vec<u8>,
    lines: Vec<ArchiveLine>,
}

struct ArchiveLine {
    offset: u64,
    arrived: i64,
    kind: u8,
    source: u16,
    start: usize,
    end: usize,
}

impl ArchiveObject {
    /// Reads an object, or says what is wrong with it.
    pub(super) fn read(key: &str, bytes: &[u8]) -> Result<Self, String> {
        let name = ObjectName::parse(key).ok_or("its name is not one of the archive")?;
        let (text, index) = Index::split(bytes)?;
        if index.text_bytes > TEXT_BYTES_MAX {
            return Err(format!("its index names {} bytes", index.text_bytes));
        }
        let text = usize::try_from(index.text_bytes)
            .map_err(|e| e.to_string())
            .and_then(|bytes| decompress(text, bytes))
            .map_err(|e| format!("its text is damaged ({e})"))?;
        let mut object = Self {
            key: key.to_owned(),
            journal: index.journal,
            first: index.first,
            end: index.end,
            lines: lines(&text, &index)?,
            text,
        };
        object.mend(&index)?;
        object.check(&name, &index)?;
        Ok(object)
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The entry at an index below [`ArchiveObject::len`].
    pub(super) fn entry(&self, line: usize) -> ArchivedEntry<'_> {
        let line = &self.lines[line];
        ArchivedEntry {
            offset: line.offset,
            arrived: line.arrived,
            kind: Kind::new(line.kind),
            source: line.source,
            body: &self.text[line.start..line.end],
        }
    }

    /// All entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = ArchivedEntry<'_>> {
        (0..self.len()).map(|line| self.entry(line))
    }

    /// Puts line ends back where bodies had them.
    fn mend(&mut self, index: &Index) -> Result<(), String> {
        for broken in &index.broken {
            let line = usize::try_from(broken.line)
                .ok()
                .and_then(|line| self.lines.get(line));
            let line = line.ok_or("its index names lines that are missing")?;
            for at in &broken.at {
                match self.text[line.start..line.end].get_mut(*at as usize) {
                    Some(byte) if *byte == b' ' => *byte = b'\n',
                    _ => return Err("its index does not match its text".to_owned()),
                }
            }
        }
        Ok(())
    }

    fn check(&self, name: &ObjectName, index: &Index) -> Result<(), String> {
        let hours_fit = |line: &ArchiveLine| hour_of(line.arrived) == name.hour;
        let fits = name.feed == index.feed
            && name.partition == index.partition
            && name.first == index.first
            && self.lines.last().is_some_and(|line| line.offset < self.end)
            && self.lines.iter().all(hours_fit);
        if fits {
            Ok(())
        } else {
            Err("it was stored under another name".to_owned())
        }
    }
}

fn lines(text: &[u8], index: &Index) -> Result<Vec<ArchiveLine>, String> {
    let columns = [index.arrived.len(), index.sources.len(), index.kinds.len()];
    if columns != [index.skipped.len(); 3] {
        return Err("the columns of its index differ in length".to_owned());
    }
    let too_few = || "its text has fewer lines than its index".to_owned();
    let (mut next, mut arrived, mut start) = (index.first, 0_i64, 0);
    let mut lines = Vec::with_capacity(index.kinds.len());
    for line in 0..index.kinds.len() {
        let rest = &text[start..];
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(too_few)?;
        let offset = next
            .checked_add(index.skipped[line])
            .ok_or("its offsets are too great")?;
        arrived = arrived.wrapping_add(index.arrived[line]);
        lines.push(ArchiveLine {
            offset,
            arrived,
            kind: index.kinds[line],
            source: index.sources[line],
            start,
            end: start + length,
        });
        start += length + 1;
        next = offset.checked_add(1).ok_or("its offsets are too great")?;
    }
    if start == text.len() {
        Ok(lines)
    } else {
        Err("its text has more lines than its index".to_owned())
    }
}
