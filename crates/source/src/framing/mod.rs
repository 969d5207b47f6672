//! Where one value ends and the next begins.
//!
//! Files and streams may hold values one a line, in an array, one after another or pretty-printed, with the heads of `curl -i` in
//! front. [`Splitter`] finds them in a buffer it does not own; [`Framer`] owns the buffer and hands out shared bytes;
//! [`BlockReader`] reads big blocks for counting on all cores; [`values_in`] looks into one line.

mod blank;
mod block;
mod framer;
mod line_judge;
mod oversized;
mod scan;
mod span;
mod splitter;
#[cfg(test)]
mod tests;

pub use block::{Block, BlockReader};
pub use framer::{Framed, Framer};
pub(crate) use oversized::Oversized;
pub use scan::DEPTH_MAX;
pub use span::{EXCERPT_BYTES, ScanMode, VALUE_MAX, ValueSpan};
pub use splitter::Splitter;

/// What a line holds that was handed over unseen and that the decoder refused: its values, its malformed parts.
///
/// Ranges and offsets count from the beginning of the line.
pub fn values_in(line: &[u8]) -> Vec<ValueSpan> {
    let mut splitter = Splitter::new(ScanMode::Proved);
    std::iter::from_fn(|| splitter.next(line, true)).collect()
}
