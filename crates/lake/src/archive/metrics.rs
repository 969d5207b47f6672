//! What archivers count of themselves, on `/metrics` of the process.

use std::sync::LazyLock;

use headcount_telemetry::{Counter, Gauge, Histogram, Share, global};

/// Of all archivers of the process.
pub(super) struct ArchiveMetrics {
    lag_entries: Gauge,
    held_bytes: Gauge,
    pub(super) store_seconds: Histogram,
    pub(super) objects: Counter,
    pub(super) bytes: Counter,
    pub(super) failures: Counter,
}

pub(super) static METRICS: LazyLock<ArchiveMetrics> = LazyLock::new(|| ArchiveMetrics {
    lag_entries: global().gauge(
        "headcount_archive_lag_entries",
        "Entries read from the journal that are not in the lake yet.",
    ),
    held_bytes: global().gauge(
        "headcount_archive_held_bytes",
        "Memory held for objects of the archive that are not stored yet.",
    ),
    store_seconds: global().histogram(
        "headcount_archive_store_seconds",
        "Time that storing the objects of a cut in the lake took.",
    ),
    objects: global().counter(
        "headcount_archive_objects_total",
        "Objects stored in the lake.",
    ),
    bytes: global().counter(
        "headcount_archive_stored_bytes_total",
        "Bytes of the objects stored in the lake, compressed.",
    ),
    failures: global().counter(
        "headcount_archive_failures_total",
        "Failed attempts to read the journal or to write to the lake. They are retried.",
    ),
});

/// One archiver's part of the gauges.
#[derive(Debug)]
pub(super) struct ArchiveShare {
    pub(super) lag_entries: Share,
    pub(super) bytes: Share,
}

impl Default for ArchiveShare {
    fn default() -> Self {
        Self {
            lag_entries: Share::of(&METRICS.lag_entries),
            bytes: Share::of(&METRICS.held_bytes),
        }
    }
}

/// Declares the metrics of the archive, so that they are shown before anything is counted.
pub fn declare_metrics() {
    LazyLock::force(&METRICS);
}
