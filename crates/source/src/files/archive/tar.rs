//! Going through a tar. Its headers are read with the crate; members are streamed, which its iterator, bound to a
//! borrowed archive, does not allow.

use std::io::{self, Read};

use tar::{EntryType, Header, PaxExtensions};

use super::{ArchiveMember, Section, invalid, is_hidden, unsupported};

const BLOCK_BYTES: u64 = 512;
/// The longest extended header that is read: names and times, and rarely a size.
const PAX_BYTES_MAX: u64 = 1 << 20;

/// The files in a tar.
pub(in crate::files) struct TarMembers<R> {
    section: Section<R>,
    /// Between the end of a member's content and the next header.
    padding: u64,
    over: bool,
}

/// What headers before a member's own say of it.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    size: Option<u64>,
}

impl<R: Read + Send + 'static> TarMembers<R> {
    pub(in crate::files) fn new(reader: R) -> Self {
        Self {
            section: Section::new(reader),
            padding: 0,
            over: false,
        }
    }

    fn next_member(&mut self) -> io::Result<Option<ArchiveMember>> {
        let mut extended = Extended::default();
        loop {
            self.skip_rest()?;
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            let kind = header.entry_type();
            let size = match extended.size {
                Some(size) if kind.is_file() => size,
                _ => header.entry_size()?,
            };
            self.padding = size.next_multiple_of(BLOCK_BYTES) - size;
            self.section.lock().set_limit(size);
            match kind {
                EntryType::XHeader => self.read_pax(&mut extended)?,
                EntryType::GNULongName => {
                    let name = self.read_extension()?;
                    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
                    extended.name = Some(String::from_utf8_lossy(name).into_owned());
                }
                EntryType::Regular | EntryType::Continuous => {
                    let name = extended.name.take().unwrap_or_else(|| {
                        String::from_utf8_lossy(&header.path_bytes()).into_owned()
                    });
                    extended = Extended::default();
                    if !is_hidden(&name) {
                        return Ok(Some((name, Box::new(self.section.clone()))));
                    }
                }
                EntryType::GNUSparse => {
                    return Err(unsupported(
                        "a sparse file in a tar; unpack it with: tar xf FILE",
                    ));
                }
                // Folders, links and devices have no records.
                _ => extended = Extended::default(),
            }
        }
    }

    /// Reads what was not read of a member, and its padding.
    fn skip_rest(&mut self) -> io::Result<()> {
        let mut input = self.section.lock();
        let rest = input.limit() + self.padding;
        input.set_limit(rest);
        let skipped = io::copy(&mut *input, &mut io::sink())?;
        drop(input);
        self.padding = 0;
        if skipped == rest {
            Ok(())
        } else {
            Err(cut_off())
        }
    }

    /// The next header; `None` at the end, which may also be without a mark.
    fn header(&self) -> io::Result<Option<Header>> {
        let mut input = self.section.lock();
        input.set_limit(BLOCK_BYTES);
        let mut block = Vec::new();
        input.read_to_end(&mut block)?;
        if block.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        if block.len() as u64 != BLOCK_BYTES {
            return Err(cut_off());
        }
        let header = Header::from_byte_slice(&block).clone();
        let mut summed = header.clone();
        summed.set_cksum();
        if summed.cksum()? == header.cksum()? {
            Ok(Some(header))
        } else {
            Err(invalid("a header of the tar does not match its checksum"))
        }
    }

    fn read_pax(&self, extended: &mut Extended) -> io::Result<()> {
        let text = self.read_extension()?;
        for record in PaxExtensions::new(&text) {
            let record = record?;
            let value = String::from_utf8_lossy(record.value_bytes());
            match record.key_bytes() {
                b"path" => extended.name = Some(value.into_owned()),
                b"size" => extended.size = value.parse().ok(),
                _ => {}
            }
        }
        Ok(())
    }

    fn read_extension(&self) -> io::Result<Vec<u8>> {
        let mut input = self.section.lock();
        if input.limit() > PAX_BYTES_MAX {
            return Err(invalid(
                "an extended header of the tar is longer than 1 MiB",
            ));
        }
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl<R: Read + Send + 'static> Iterator for TarMembers<R> {
    type Item = io::Result<ArchiveMember>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let member = self.next_member().transpose();
        self.over = matches!(member, None | Some(Err(_)));
        member
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the tar is cut off")
}
