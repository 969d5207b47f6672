//! The conformance suite on every backend: one line each.
#![allow(clippy::unwrap_used)]

mod suite;

use headcount_journal::{Journal, Options, Result};

/// Segments in a folder of their own.
struct Segments(tempfile::TempDir);

impl suite::Subject for Segments {
    const KNOWS_OFFSETS: bool = true;

    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self, partitions: Option<u16>) -> Result<Journal> {
        let options = Options {
            partitions,
            // Small, so that the suite crosses from segment to segment.
            segment_bytes: 64 << 10,
            ..Options::default()
        };
        Journal::open(self.0.path().join("journal"), options)
    }
}

conformance!(segments, Segments);
