//! Packed messages: told by their first bytes, unpacked in memory up to a limit.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

/// The most that a packed message may hold. A few bytes can stand for gigabytes; the longest message that an engine
/// takes (a MiB) holds less than this when it is honest.
pub(super) const UNPACKED_MAX: u64 = 16 << 20;

/// What a message is packed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// RFC 1952, also several members one after another.
    Gzip,
    /// RFC 1950, which HTTP calls deflate.
    Zlib,
    /// RFC 8878, also several frames one after another.
    Zstd,
}

/// What came of unpacking.
pub(super) enum Unpacked {
    Whole(Vec<u8>),
    /// It holds more than [`UNPACKED_MAX`].
    TooMuch,
    /// It is not what its first bytes say, or its end is missing.
    Damaged,
}

/// What a message that begins so is packed with. Zlib has only a check of two bytes, which a text may pass by chance:
/// then it is found to be damaged, and is a text again.
pub(super) fn packing(head: &[u8]) -> Option<Packing> {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Some(Packing::Gzip),
        // The second is a frame to be skipped, which may stand first.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packing::Zstd),
        [method, flags, ..]
            if method & 0x0f == 8
                && method >> 4 <= 7
                && u16::from_be_bytes([*method, *flags]).is_multiple_of(31) =>
        {
            Some(Packing::Zlib)
        }
        _ => None,
    }
}

/// Unpacks a message.
pub(super) fn unpacked(message: &[u8], packing: Packing) -> Unpacked {
    match packing {
        Packing::Gzip => read(MultiGzDecoder::new(message)),
        Packing::Zlib => read(ZlibDecoder::new(message)),
        Packing::Zstd => zstd::Decoder::new(message).map_or(Unpacked::Damaged, read),
    }
}

fn read(reader: impl Read) -> Unpacked {
    let mut inner = Vec::new();
    match reader.take(UNPACKED_MAX + 1).read_to_end(&mut inner) {
        Err(_) => Unpacked::Damaged,
        Ok(length) if length as u64 > UNPACKED_MAX => Unpacked::TooMuch,
        Ok(_) => Unpacked::Whole(inner),
    }
}
