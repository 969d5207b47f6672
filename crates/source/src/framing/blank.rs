//! What stands around values and means nothing.

/// What some programs put before a text.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// JSON's own white space.
#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What stands before a value and is none of its own: the record separator of RFC 7464, and the zeros that a machine
/// leaves in a log when its power fails.
pub(super) fn is_mark(byte: u8) -> bool {
    matches!(byte, 0x1e | 0)
}

/// The length without what is blank at the end.
pub(super) fn trimmed_length(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|&byte| !is_blank(byte) && !is_mark(byte))
        .map_or(0, |last| last + 1)
}
