//! Going through a zip. Its directory is read with the crate; members are streamed, as those of a tar are.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::{CrcReader, read::DeflateDecoder};
use zip::{CompressionMethod, ZipArchive};

use super::{ArchiveMember, BoxedReader, Section, invalid, is_hidden, opened, unsupported};

/// The files in a zip, in the order of its directory.
pub(in crate::files) struct ZipMembers<R> {
    section: Section<R>,
    members: std::vec::IntoIter<ZipMember>,
}

/// What the directory says of a file.
struct ZipMember {
    name: String,
    start: u64,
    packed_bytes: u64,
    method: CompressionMethod,
    crc32: u32,
    encrypted: bool,
}

impl<R: Read + Seek + Send + 'static> ZipMembers<R> {
    /// Reads the directory of a zip, which is at its end.
    pub(in crate::files) fn new(reader: R) -> io::Result<Self> {
        let mut archive = ZipArchive::new(reader)?;
        let mut members = Vec::with_capacity(archive.len());
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index)?;
            let name = file.name()?.into_owned();
            if !file.is_file() || is_hidden(&name) {
                continue;
            }
            members.push(ZipMember {
                name,
                start: file.data_start().unwrap_or_default(),
                packed_bytes: file.compressed_size(),
                method: file.compression(),
                crc32: file.crc32(),
                encrypted: file.encrypted(),
            });
        }
        Ok(Self {
            section: Section::new(archive.into_inner()),
            members: members.into_iter(),
        })
    }

    fn open(&self, member: &ZipMember) -> io::Result<BoxedReader> {
        if member.encrypted {
            return Err(unsupported("it has a password; unpack it with: unzip FILE"));
        }
        let mut input = self.section.lock();
        input.get_mut().seek(SeekFrom::Start(member.start))?;
        input.set_limit(member.packed_bytes);
        drop(input);
        let section = self.section.clone();
        Ok(match member.method {
            CompressionMethod::Stored => Box::new(Checked::new(section, member.crc32)),
            CompressionMethod::Deflated => {
                Box::new(Checked::new(DeflateDecoder::new(section), member.crc32))
            }
            _ => {
                return Err(unsupported(
                    "it is packed in a way that is not read here; unpack it with: unzip FILE, or 7z x FILE",
                ));
            }
        })
    }
}

impl<R: Read + Seek + Send + 'static> Iterator for ZipMembers<R> {
    type Item = io::Result<ArchiveMember>;

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.members.next()?;
        let content = opened(&member.name, self.open(&member));
        Some(content.map(|content| (member.name, content)))
    }
}

/// Content with the checksum that it must have at its end.
struct Checked<R> {
    content: CrcReader<R>,
    crc32: u32,
}

impl<R: Read> Checked<R> {
    fn new(content: R, crc32: u32) -> Self {
        Self {
            content: CrcReader::new(content),
            crc32,
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        if count == 0 && !buffer.is_empty() && self.content.crc().sum() != self.crc32 {
            return Err(invalid("a file in the zip does not match its checksum"));
        }
        Ok(count)
    }
}
