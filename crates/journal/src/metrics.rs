//! What the journal counts of itself, on `/metrics` of the process.

use std::sync::LazyLock;
use std::time::Duration;

use headcount_telemetry::{Counter, Gauge, Histograms, Label, global};

/// Where entries become durable.
#[derive(Debug, Clone, Copy)]
pub(crate) enum JournalBackend {
    Segments,
    #[cfg(feature = "kafka")]
    Kafka,
    #[cfg(feature = "kinesis")]
    Kinesis,
}

impl Label for JournalBackend {
    const KEY: &'static str = "backend";
    const VALUES: &'static [(Self, &'static str)] = &[
        (Self::Segments, "segments"),
        #[cfg(feature = "kafka")]
        (Self::Kafka, "kafka"),
        #[cfg(feature = "kinesis")]
        (Self::Kinesis, "kinesis"),
    ];
}

/// Of all journals of the process.
pub(crate) struct JournalMetrics {
    pub(crate) queue_batches: Gauge,
    pub(crate) queue_bytes: Gauge,
    commit_seconds: Histograms<JournalBackend>,
    entries: Counter,
    bytes: Counter,
    pub(crate) deleted_bytes: Counter,
}

pub(crate) static METRICS: LazyLock<JournalMetrics> = LazyLock::new(|| JournalMetrics {
    queue_batches: global().gauge(
        "headcount_journal_queue_batches",
        "Batches that wait to be committed to the journal.",
    ),
    queue_bytes: global().gauge(
        "headcount_journal_queue_bytes",
        "Bytes of the batches that wait to be committed to the journal.",
    ),
    commit_seconds: global().histograms(
        "headcount_journal_commit_seconds",
        "Time until a group of batches was durable.",
    ),
    entries: global().counter(
        "headcount_journal_committed_entries_total",
        "Entries made durable: records and controls.",
    ),
    bytes: global().counter(
        "headcount_journal_committed_bytes_total",
        "Bytes of the entries made durable.",
    ),
    deleted_bytes: global().counter(
        "headcount_journal_deleted_bytes_total",
        "Bytes of the segments that retention deleted.",
    ),
});

impl JournalMetrics {
    /// A group of batches is durable.
    pub(crate) fn committed(&self, to: JournalBackend, entries: u64, bytes: u64, took: Duration) {
        self.commit_seconds.of(to).observe(took.as_secs_f64());
        self.entries.inc_by(entries);
        self.bytes.inc_by(bytes);
    }
}

/// Declares the journal's metrics, so that they are shown before anything is counted.
pub fn declare_metrics() {
    LazyLock::force(&METRICS);
}
