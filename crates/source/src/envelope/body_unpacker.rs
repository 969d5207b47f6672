//! Unpacks the body of an HTTP stream as it arrives.

use std::io;

use bytes::{Buf, Bytes};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder, Operation as _};

use super::packing::{Packing, packing};

/// The most content that one step returns: a few packed bytes can stand for very many, which must not all be in memory.
const STEP_BYTES: usize = 64 << 10;

/// The first bytes by which every packing is told.
const MAGIC_BYTES: usize = 4;

/// The longest head of a gzip member, which may hold a name and a comment.
const GZIP_HEAD_MAX: usize = 64 << 10;

/// The checksum and the length behind a gzip member.
const GZIP_TAIL_BYTES: usize = 8;

/// Unpacks a body as it comes, whatever the sizes in which it does; what is not packed passes as it is.
pub(crate) struct BodyUnpacker {
    input: Bytes,
    output: Vec<u8>,
    state: UnpackState,
    declared: DeclaredPacking,
}

/// How a body says that it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeclaredPacking {
    /// Not at all, or with what is told by its first bytes.
    ByMagic,
    /// `Content-Encoding: deflate`: zlib, as RFC 9110 says, or deflate without the head of zlib, as some servers send it
    /// and all browsers take it.
    Deflate,
}

enum UnpackState {
    /// Too little came to tell what it is.
    Unknown,
    Plain,
    GzipHead,
    Gzip(Box<GzipMember>),
    GzipTail(Crc),
    /// Behind a member: another one, zeros, or the end.
    GzipBetween,
    /// With the head of zlib or without.
    Deflate(Decompress),
    DeflateEnd,
    Zstd(Box<ZstdFrames>),
}

/// A member of gzip while it is unpacked.
struct GzipMember {
    inflate: Decompress,
    crc: Crc,
}

/// ZstdFrames of zstd, one after another.
struct ZstdFrames {
    decoder: Decoder<'static>,
    /// The last one is complete.
    ended: bool,
    /// There may be content for which no room was left.
    more: bool,
}

/// What one step came to.
enum UnpackStep {
    /// Bytes of content.
    Content(usize),
    /// The next state has the say.
    On,
    /// More input is needed.
    Wait,
}

impl BodyUnpacker {
    pub(crate) fn new(declared: DeclaredPacking) -> Self {
        BodyUnpacker {
            input: Bytes::new(),
            output: Vec::new(),
            state: UnpackState::Unknown,
            declared,
        }
    }

    /// Gives the next bytes. Those before should have been unpacked as far as they can be.
    pub(crate) fn push(&mut self, bytes: Bytes) {
        // What is left is the beginning of a head at most.
        self.input = match self.input.is_empty() {
            true => bytes,
            false => [&self.input[..], &bytes].concat().into(),
        };
    }

    /// No more bytes will come; [`BodyUnpacker::next`] is to be asked for the rest, and then [`BodyUnpacker::is_whole`].
    pub(crate) fn finish(&mut self) {
        if let UnpackState::Unknown = self.state {
            self.state = UnpackState::Plain;
        }
    }

    /// Whether the content may end here.
    pub(crate) fn is_whole(&self) -> bool {
        match &self.state {
            UnpackState::Unknown
            | UnpackState::Plain
            | UnpackState::GzipBetween
            | UnpackState::DeflateEnd => true,
            UnpackState::Zstd(frames) => frames.ended,
            UnpackState::GzipHead
            | UnpackState::Gzip(_)
            | UnpackState::GzipTail(_)
            | UnpackState::Deflate(_) => false,
        }
    }

    /// The next of the content, a bounded piece; `None` when more bytes are needed.
    ///
    /// # Errors
    /// When it is not what its first bytes say, or its checksum differs.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            match self.step()? {
                UnpackStep::Content(length) => return Ok(Some(&self.output[..length])),
                UnpackStep::On => {}
                UnpackStep::Wait => return Ok(None),
            }
        }
    }

    fn step(&mut self) -> io::Result<UnpackStep> {
        match &mut self.state {
            UnpackState::Unknown => {
                if self.declared == DeclaredPacking::Deflate && self.input.len() < MAGIC_BYTES {
                    return Ok(UnpackStep::Wait);
                }
                self.state = match kind_of(&self.input) {
                    None => return Ok(UnpackStep::Wait),
                    Some(None)
                        if self.declared == DeclaredPacking::Deflate
                            && !begins_as_json(&self.input) =>
                    {
                        UnpackState::Deflate(Decompress::new(false))
                    }
                    Some(kind) => begin(kind)?,
                };
            }
            UnpackState::Plain => {
                let length = self.input.len().min(STEP_BYTES);
                self.output.clear();
                self.output.extend_from_slice(&self.input.split_to(length));
                return Ok(content(length, UnpackStep::Wait));
            }
            UnpackState::GzipHead => match gzip_head(&self.input)? {
                None => return Ok(UnpackStep::Wait),
                Some(length) => {
                    self.input.advance(length);
                    self.state = UnpackState::Gzip(Box::new(GzipMember {
                        inflate: Decompress::new(false),
                        crc: Crc::new(),
                    }));
                }
            },
            UnpackState::Gzip(member) => {
                let (length, ended) =
                    inflate(&mut member.inflate, &mut self.input, &mut self.output)?;
                member.crc.update(&self.output[..length]);
                if ended {
                    self.state = UnpackState::GzipTail(std::mem::take(&mut member.crc));
                    return Ok(content(length, UnpackStep::On));
                }
                return Ok(content(length, UnpackStep::Wait));
            }
            UnpackState::GzipTail(crc) => {
                if self.input.len() < GZIP_TAIL_BYTES {
                    return Ok(UnpackStep::Wait);
                }
                if self.input.get_u32_le() != crc.sum() || self.input.get_u32_le() != crc.amount() {
                    return Err(damaged("the checksum differs"));
                }
                self.state = UnpackState::GzipBetween;
            }
            UnpackState::GzipBetween => {
                let padding = self.input.iter().take_while(|byte| **byte == 0).count();
                self.input.advance(padding);
                if self.input.is_empty() {
                    return Ok(UnpackStep::Wait);
                }
                self.state = UnpackState::GzipHead;
            }
            UnpackState::Deflate(deflate) => {
                let (length, ended) = inflate(deflate, &mut self.input, &mut self.output)?;
                if ended {
                    self.state = UnpackState::DeflateEnd;
                    return Ok(content(length, UnpackStep::On));
                }
                return Ok(content(length, UnpackStep::Wait));
            }
            UnpackState::DeflateEnd if self.input.is_empty() => return Ok(UnpackStep::Wait),
            UnpackState::DeflateEnd => return Err(damaged("something follows the end of it")),
            UnpackState::Zstd(frames) => return frames.step(&mut self.input, &mut self.output),
        }
        Ok(UnpackStep::On)
    }
}

impl ZstdFrames {
    fn step(&mut self, input: &mut Bytes, output: &mut Vec<u8>) -> io::Result<UnpackStep> {
        if input.is_empty() && !self.more {
            return Ok(UnpackStep::Wait);
        }
        if std::mem::take(&mut self.ended) {
            self.decoder.reinit()?;
        }
        output.resize(STEP_BYTES, 0);
        let status = self.decoder.run_on_buffers(input, output)?;
        input.advance(status.bytes_read);
        self.ended = status.remaining == 0;
        self.more = !self.ended && status.bytes_written == output.len();
        Ok(content(status.bytes_written, UnpackStep::On))
    }
}

fn content(length: usize, otherwise: UnpackStep) -> UnpackStep {
    match length {
        0 => otherwise,
        length => UnpackStep::Content(length),
    }
}

/// What a body that begins so is; `None` while that cannot be told.
fn kind_of(head: &[u8]) -> Option<Option<Packing>> {
    let may_be_packed = match head.first()? {
        0x1f | 0x28 | 0x50..=0x5f => true,
        first => first & 0x0f == 8,
    };
    match may_be_packed {
        true if head.len() < MAGIC_BYTES => None,
        true => Some(packing(head)),
        false => Some(None),
    }
}

/// Whether it is JSON that somebody has only called packed. No deflate worth the name begins so: it would be a last
/// block with the fixed codes.
fn begins_as_json(head: &[u8]) -> bool {
    matches!(
        head.trim_ascii_start(),
        [
            b'{' | b'[',
            b'"' | b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n' | b'}' | b']',
            ..
        ]
    )
}

fn begin(kind: Option<Packing>) -> io::Result<UnpackState> {
    Ok(match kind {
        None => UnpackState::Plain,
        Some(Packing::Gzip) => UnpackState::GzipHead,
        Some(Packing::Zlib) => UnpackState::Deflate(Decompress::new(true)),
        Some(Packing::Zstd) => UnpackState::Zstd(Box::new(ZstdFrames {
            decoder: Decoder::new()?,
            ended: false,
            more: false,
        })),
    })
}

/// Inflates once into `output`; how much content there was, and whether it ended.
fn inflate(
    inflate: &mut Decompress,
    input: &mut Bytes,
    output: &mut Vec<u8>,
) -> io::Result<(usize, bool)> {
    output.resize(STEP_BYTES, 0);
    let before = (inflate.total_in(), inflate.total_out());
    let status = inflate
        .decompress(input, output, FlushDecompress::None)
        .map_err(|error| damaged(&error.to_string()))?;
    // Neither can be more than the lengths of the buffers.
    let read = usize::try_from(inflate.total_in() - before.0).unwrap_or(input.len());
    let written = usize::try_from(inflate.total_out() - before.1).unwrap_or(0);
    input.advance(read);
    Ok((written, status == Status::StreamEnd))
}

/// The length of the head of a gzip member (RFC 1952, 2.3); `None` while it is not complete.
fn gzip_head(input: &[u8]) -> io::Result<Option<usize>> {
    const CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    if !b"\x1f\x8b\x08".starts_with(&input[..input.len().min(3)]) {
        return Err(damaged("something else follows a member"));
    }
    let length = || {
        let flags = *input.get(3)?;
        let mut length = 10;
        if flags & EXTRA != 0 {
            let extra = input.get(length..length + 2)?;
            length += 2 + usize::from(u16::from_le_bytes([extra[0], extra[1]]));
        }
        for text in [NAME, COMMENT] {
            if flags & text != 0 {
                length += memchr::memchr(0, input.get(length..)?)? + 1;
            }
        }
        if flags & CHECKSUM != 0 {
            length += 2;
        }
        (input.len() >= length).then_some(length)
    };
    match length() {
        // A long body may follow in the same piece.
        None if input.len() > GZIP_HEAD_MAX => Err(damaged("its head has no end")),
        Some(length) if length > GZIP_HEAD_MAX => Err(damaged("its head is too long")),
        length => Ok(length),
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("its packed content is damaged: {what}"),
    )
}

#[cfg(test)]
mod tests;
