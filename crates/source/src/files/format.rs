//! What a file is packed or written in, by its first bytes: names end wrongly, or not at all.

use crate::utf16::utf16_of;

/// How many bytes identify every known format: the magic of tar comes last, at offset 257.
pub(super) const HEAD_BYTES: usize = 262;

/// What a file begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Text, as far as can be seen. The framer finds the values in it.
    Plain,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    Lz4,
    Tar,
    Zip,
    Utf16 {
        big_endian: bool,
        /// The length of its byte order mark, in bytes.
        mark: usize,
    },
    /// Known, and not read here.
    Foreign(Foreign),
}

/// A format that another program turns into one that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) name: &'static str,
    /// A command that does it, to be completed with the file's name.
    pub(super) remedy: &'static str,
}

const DUCKDB: &str =
    "convert it with: duckdb -c \"COPY (FROM 'FILE') TO 'FILE.ndjson' (FORMAT json)\"";

/// Magic numbers at the very beginning.
const MAGICS: [(&[u8], Format); 20] = [
    (b"\x1f\x8b\x08", Format::Gzip),
    (b"\x28\xb5\x2f\xfd", Format::Zstd),
    (b"\xfd7zXZ\0", Format::Xz),
    // A bzip2 names its block size in its fourth byte: see `bzip2`.
    (b"\x04\x22\x4d\x18", Format::Lz4),
    (b"\x02\x21\x4c\x18", Format::Lz4),
    (b"PK\x03\x04", Format::Zip),
    (b"PK\x05\x06", Format::Zip),
    (
        b"\xff\xfe\0\0",
        foreign("UTF-32", "convert it with: iconv -f UTF-32 -t UTF-8 FILE"),
    ),
    (
        b"\0\0\xfe\xff",
        foreign("UTF-32", "convert it with: iconv -f UTF-32 -t UTF-8 FILE"),
    ),
    (b"PAR1", foreign("Parquet", DUCKDB)),
    (
        b"%PDF-",
        foreign("PDF", "extract its text with: pdftotext FILE"),
    ),
    (
        b"Obj\x01",
        foreign("Avro", "convert it with: avro-tools tojson FILE"),
    ),
    (b"ORC", foreign("ORC", "convert it with: orc-contents FILE")),
    (
        b"ARROW1",
        foreign(
            "Arrow IPC",
            "convert it with: duckdb, or pyarrow's feather.read_table",
        ),
    ),
    (
        b"SQLite format 3\0",
        foreign(
            "an SQLite database",
            "export it with: sqlite3 -json FILE \"SELECT ...\"",
        ),
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        foreign("7z", "unpack it with: 7z x FILE"),
    ),
    (
        b"Rar!\x1a\x07",
        foreign("RAR", "unpack it with: unrar x FILE"),
    ),
    (
        b"\x1f\x9d",
        foreign("compress (.Z)", "unpack it with: gzip -d FILE"),
    ),
    (
        b"\xff\x06\0\0sNaPpY",
        foreign("Snappy", "unpack it with: snzip -d FILE"),
    ),
    (b"LZIP", foreign("lzip", "unpack it with: lzip -d FILE")),
];

const fn foreign(name: &'static str, remedy: &'static str) -> Format {
    Format::Foreign(Foreign { name, remedy })
}

/// The format of what begins so. `None` when more bytes are needed to tell, which there are if not `eof`.
///
/// Who writes into a pipe slowly must not be waited for in vain, so text is known as early as can be: at its first
/// brace or line feed, which stand in no magic number and in no name in a tar.
pub(super) fn format_of(head: &[u8], eof: bool) -> Option<Format> {
    let undecided = |magic: &[u8]| !eof && head.len() < magic.len() && magic.starts_with(head);
    if MAGICS.iter().any(|(magic, _)| undecided(magic)) {
        return None;
    }
    if let Some((_, format)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*format);
    }
    match utf16_of(head) {
        Some(Some((big_endian, mark))) => return Some(Format::Utf16 { big_endian, mark }),
        None if !eof => return None,
        _ => {}
    }
    // A frame to be skipped, which may stand first.
    if matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) {
        return Some(Format::Zstd);
    }
    if is_bzip2(head) {
        return Some(Format::Bzip2);
    }
    if head.get(257..262).is_some_and(|mark| mark == b"ustar") {
        return Some(Format::Tar);
    }
    let is_text = head.iter().any(|byte| matches!(byte, b'{' | b'\n'));
    (eof || is_text || head.len() >= HEAD_BYTES).then_some(Format::Plain)
}

/// `BZh`, a block size from 1 to 9, and the first digits of pi, or (nothing is packed) of its square root.
fn is_bzip2(head: &[u8]) -> bool {
    match head {
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] => {
            rest.starts_with(b"1AY&SY") || rest.starts_with(b"\x17\x72\x45\x38\x50\x90")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_known_as_soon_as_it_can_be() {
        for (head, expected) in [
            (&b""[..], None),
            (b"{", Some(Format::Plain)),
            (b"\x1f", None),
            (b"\x1f\x8b\x08", Some(Format::Gzip)),
            (b"\xff\xfe", None),
            (
                b"\xff\xfe{\0",
                Some(Format::Utf16 {
                    big_endian: false,
                    mark: 2,
                }),
            ),
            (b"{\0\"", None),
            (
                b"{\0\"\0",
                Some(Format::Utf16 {
                    big_endian: false,
                    mark: 0,
                }),
            ),
            (b"PA", None),
            (b"connected", None),
            (b"connected\n", Some(Format::Plain)),
            (b"BZh91AY&SY", Some(Format::Bzip2)),
            (b"BZh is not packed\n", Some(Format::Plain)),
        ] {
            assert_eq!(format_of(head, false), expected, "{head:?}");
        }
        for head in [&b""[..], b"P", b"\x1f", b"connected"] {
            assert_eq!(format_of(head, true), Some(Format::Plain), "{head:?}");
        }
        assert_eq!(format_of(&[b'x'; HEAD_BYTES], false), Some(Format::Plain));
    }
}
