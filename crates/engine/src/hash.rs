//! Quick hashes for tables whose keys are compared on a hit.

/// Mixes an id and a row number: ids come in sequence, so every bit must reach every other.
pub(crate) fn mix(id: u64, row: u32) -> u64 {
    let wide = u128::from(id ^ 0x9e37_79b9_7f4a_7c15)
        * u128::from(u64::from(row) << 1 | 0xd6e8_feb8_6659_fd93);
    (wide >> 64) as u64 ^ wide as u64
}
