//! Metrics of the roles, on `/metrics` of the process.

use std::sync::LazyLock;

use headcount_telemetry::{Counter, Counters, Gauge, Gauges, Histograms, Label, global};

use crate::roles::process::acked_offsets::Channel;

/// Where records are decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DecodeStage {
    /// Before they are stored.
    Ingest,
    /// When they are counted.
    Process,
}

impl Label for DecodeStage {
    const KEY: &'static str = "stage";
    const VALUES: &'static [(Self, &'static str)] =
        &[(Self::Ingest, "ingest"), (Self::Process, "process")];
}

impl Label for Channel {
    const KEY: &'static str = "channel";
    const VALUES: &'static [(Self, &'static str)] = &[
        (Self::Tables, "tables"),
        (Self::Deltas, "deltas"),
        (Self::Checkpoints, "checkpoints"),
    ];
}

/// The metrics of all roles of the process.
pub(crate) struct RoleMetrics {
    pub(crate) ingest_queue_batches: Gauge,
    pub(crate) decode_fallbacks: Counters<DecodeStage>,
    pub(crate) publish_busy: Gauges<Channel>,
    pub(crate) publish_seconds: Histograms<Channel>,
    pub(crate) publish_failures: Counters<Channel>,
    pub(crate) checkpoint_bytes: Counter,
    pub(crate) disk_free_bytes: Gauge,
    pub(crate) disk_free_inodes: Gauge,
    pub(crate) disk_level: Gauge,
    pub(crate) batch_worker_up: Gauge,
    pub(crate) batch_worker_restarts: Counter,
}

pub(crate) static METRICS: LazyLock<RoleMetrics> = LazyLock::new(|| {
    RoleMetrics {
    ingest_queue_batches: global().gauge(
        "headcount_ingest_queue_batches",
        "Batches of sources that are waiting to be decoded.",
    ),
    decode_fallbacks: global().counters(
        "headcount_decode_fallbacks_total",
        "Records that the fast decoder passed to the complete one.",
    ),
    publish_busy: global().gauges(
        "headcount_publish_busy",
        "Partitions that are publishing on a channel at present.",
    ),
    publish_seconds: global().histograms(
        "headcount_publish_seconds",
        "Time that publishing on a channel took, until the data was stored.",
    ),
    publish_failures: global().counters(
        "headcount_publish_failures_total",
        "Failed attempts to publish. They are retried; checkpoints at their next interval.",
    ),
    checkpoint_bytes: global().counter(
        "headcount_checkpoint_bytes_total",
        "Bytes of the checkpoints written.",
    ),
    disk_free_bytes: global().gauge(
        "headcount_disk_free_bytes",
        "Bytes that may still be written to the disk of the data folder; 0 where this process has none.",
    ),
    disk_free_inodes: global().gauge(
        "headcount_disk_free_inodes",
        "Files that may still be created on the disk of the data folder; 0 where that has no limit.",
    ),
    disk_level: global().gauge(
        "headcount_disk_level",
        "Room on the disk of the data folder: 0 enough, 1 low, 2 the archive and checkpoints stopped, 3 records are not \
         taken either.",
    ),
    batch_worker_up: global().gauge(
        "headcount_batch_worker_up",
        "1 while the batch worker of this process answers, otherwise 0.",
    ),
    batch_worker_restarts: global().counter(
        "headcount_batch_worker_restarts_total",
        "Times that this process started its batch worker again because it had ended.",
    ),
}
});

/// Declares the metrics of all rooms, so that they are shown before anything is counted.
pub(crate) fn declare() {
    LazyLock::force(&METRICS);
    headcount_journal::declare_metrics();
    headcount_lake::archive::declare_metrics();
    #[cfg(feature = "cassandra")]
    headcount_serving::declare_metrics();
}
