//! What consists of several parts, each packed for itself, one after another: as `gzip`, `zstd`, `bzip2` and `lz4` make
//! it of files that were put together.

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;

/// Reads one part after another to the end. Zeros after a part are padding, as tapes and block devices add it.
struct PackedParts<R, D> {
    open: fn(R) -> io::Result<D>,
    close: fn(D) -> io::Result<R>,
    state: PartState<R, D>,
}

enum PartState<R, D> {
    Between(R),
    Within(D),
    /// At the end, or after an error.
    Over,
}

impl<R: BufRead, D: Read> Read for PackedParts<R, D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, PartState::Over) {
                PartState::Between(mut reader) => {
                    if skip_zeros(&mut reader)? {
                        self.state = PartState::Within((self.open)(reader)?);
                    } else {
                        return Ok(0);
                    }
                }
                PartState::Within(mut decoder) => {
                    let read = decoder.read(buffer);
                    match &read {
                        Ok(0) => self.state = PartState::Between((self.close)(decoder)?),
                        Err(error) if error.kind() != io::ErrorKind::Interrupted => return read,
                        _ => {
                            self.state = PartState::Within(decoder);
                            return read;
                        }
                    }
                }
                PartState::Over => return Ok(0),
            }
        }
    }
}

/// Skips padding. Returns whether anything follows it.
fn skip_zeros(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let there = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            there => there?,
        };
        if there.is_empty() {
            return Ok(false);
        }
        let zeros = there.iter().take_while(|&&byte| byte == 0).count();
        let follows = zeros < there.len();
        reader.consume(zeros);
        if follows {
            return Ok(true);
        }
    }
}

fn parts<R: Read, D: Read>(
    reader: R,
    open: fn(BufReader<R>) -> io::Result<D>,
    close: fn(D) -> io::Result<BufReader<R>>,
) -> impl Read {
    let reader = BufReader::with_capacity(64 << 10, reader);
    PackedParts {
        open,
        close,
        state: PartState::Between(reader),
    }
}

pub(super) fn gzip<R: Read>(reader: R) -> impl Read {
    parts(
        reader,
        |reader| Ok(GzDecoder::new(reader)),
        |decoder| Ok(decoder.into_inner()),
    )
}

pub(super) fn zstd<R: Read>(reader: R) -> impl Read {
    parts(
        reader,
        |reader| Ok(zstd::Decoder::with_buffer(reader)?.single_frame()),
        |decoder| Ok(decoder.finish()),
    )
}

pub(super) fn bzip2<R: Read>(reader: R) -> impl Read {
    parts(
        reader,
        |reader| Ok(BzDecoder::new(reader)),
        |decoder| Ok(decoder.into_inner()),
    )
}

pub(super) fn lz4<R: Read>(reader: R) -> impl Read {
    parts(
        reader,
        |reader| Ok(FrameDecoder::new(reader)),
        |decoder| Ok(decoder.into_inner()),
    )
}
