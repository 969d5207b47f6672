//! What writing to Cassandra counts of itself, on `/metrics` of the process.

use std::sync::LazyLock;
use std::time::Duration;

use headcount_telemetry::{Counter, Gauge, Histograms, Label, global};

/// What became of a write.
#[derive(Debug, Clone, Copy)]
pub(super) enum WriteOutcome {
    Taken,
    Failed,
}

impl Label for WriteOutcome {
    const KEY: &'static str = "outcome";
    const VALUES: &'static [(Self, &'static str)] =
        &[(Self::Taken, "taken"), (Self::Failed, "failed")];
}

/// Of all keyspaces of the process.
pub(super) struct CassandraMetrics {
    pub(super) window_writes: Gauge,
    pub(super) halvings: Counter,
    pub(super) write_seconds: Histograms<WriteOutcome>,
}

pub(super) static METRICS: LazyLock<CassandraMetrics> = LazyLock::new(|| CassandraMetrics {
    window_writes: global().gauge(
        "headcount_cassandra_window_writes",
        "Writes to Cassandra that may be under way at once.",
    ),
    halvings: global().counter(
        "headcount_cassandra_window_halvings_total",
        "Times the window of writes was halved because an answer was late or failed.",
    ),
    write_seconds: global().histograms(
        "headcount_cassandra_write_seconds",
        "Time until Cassandra answered a write.",
    ),
});

impl CassandraMetrics {
    /// A write that was answered, or given up.
    pub(super) fn wrote(&self, taken: bool, took: Duration) {
        let outcome = if taken {
            WriteOutcome::Taken
        } else {
            WriteOutcome::Failed
        };
        self.write_seconds.of(outcome).observe(took.as_secs_f64());
    }
}

/// Declares the metrics of Cassandra, so that they are shown before anything is counted.
pub fn declare_metrics() {
    LazyLock::force(&METRICS);
}
