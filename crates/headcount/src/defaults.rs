//! Defaults of options that several commands have.

/// Partitions of a new journal: enough for the cores of a laptop.
pub(crate) const PARTITIONS: u16 = 2;

/// Seconds between two checkpoints: a restart recounts what came since within a moment.
pub(crate) const CHECKPOINT_SECONDS: u64 = 30;
