//! The families of `/metrics`, one function per subject.

use headcount_query::{ClusterStatus, PartitionStatus, Readiness};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use headcount_engine::{Account, View};
use headcount_telemetry::Scrape;

use super::{Metrics, STATUSES};
use crate::{app::App, routes::Route};

pub(super) fn scrape(app: &App, view: Option<&View>) -> Scrape {
    let mut out = Scrape::default();
    about(&mut out, app);
    if let Some(view) = view {
        figures(&mut out, view);
        ledger(&mut out, view);
    }
    sources(&mut out, app);
    if let Some(cluster) = app.state.cluster.borrow().as_deref() {
        workers(&mut out, cluster);
        partitions(&mut out, cluster);
    }
    live(&mut out, app);
    connections(&mut out, app);
    requests(&mut out, &app.metrics);
    out
}

fn about(out: &mut Scrape, app: &App) {
    let build = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("build", &*app.page.build()),
    ];
    out.gauge("headcount_build_info", "The running program.")
        .sample(&build, 1_u8);
    let ready = u8::from(*app.state.ready.borrow() == Readiness::Ready);
    out.gauge("headcount_ready", "1 when figures are served.")
        .sample(&[], ready);
}

fn figures(out: &mut Scrape, view: &View) {
    let totals = &view.totals;
    out.gauge("headcount_rsvps", "RSVPs that are, by answer.")
        .sample(&[("response", "yes")], totals.yes)
        .sample(&[("response", "no")], totals.no);
    out.gauge("headcount_heads", "People coming, guests included.")
        .sample(&[], totals.heads);
    out.gauge("headcount_events", "Events with an RSVP.")
        .sample(&[], totals.events);
    if let Some(time) = view.as_of.stream_time {
        let help = "How far record time has come, in seconds since 1970.";
        out.gauge("headcount_stream_time_seconds", help)
            .sample(&[], seconds(time));
    }
    let family = out.gauge(
        "headcount_journal_offset",
        "Journal entries counted, by partition.",
    );
    for (partition, offset) in view.as_of.offsets.iter().enumerate() {
        family.sample(&[("partition", &partition.to_string())], *offset);
    }
}

/// received = kept + rejected, kept = new + replaced + repeated + stale + quarantined: by source.
fn ledger(out: &mut Scrape, view: &View) {
    let ledger = &view.ledger;
    let help = "1 when every received record is accounted for.";
    out.gauge("headcount_ledger_balanced", help)
        .sample(&[], u8::from(ledger.balanced));

    let help =
        "Winners in totals only: older than every window that is kept, or far ahead of the stream.";
    out.gauge("headcount_winners_outside_windows", help)
        .sample(&[("side", "late")], ledger.late)
        .sample(&[("side", "ahead")], ledger.ahead);

    let mut each = |name, help, value: fn(&Account) -> u64| {
        let family = out.counter(name, help);
        for (source, account) in &ledger.sources {
            family.sample(&[("source", source)], value(account));
        }
    };
    each(
        "headcount_records_received_total",
        "Records delivered.",
        |account| account.received,
    );
    each(
        "headcount_records_kept_total",
        "Records in the journal.",
        |account| account.kept,
    );
    each(
        "headcount_records_repaired_total",
        "Kept records in which half an emoji was repaired to U+FFFD.",
        |account| account.repaired,
    );
    let help = "Interruptions in which records may have been lost.";
    each("headcount_gaps_total", help, |account| account.gaps);

    let family = out.counter(
        "headcount_records_counted_total",
        "What became of kept records.",
    );
    for (source, account) in &ledger.sources {
        let tally = &account.tally;
        for (outcome, count) in [
            ("new", tally.new),
            ("replaced", tally.replaced),
            ("repeated", tally.repeated),
            ("stale", tally.stale),
        ] {
            family.sample(&[("source", source), ("outcome", outcome)], count);
        }
    }
    let family = out.counter(
        "headcount_records_quarantined_total",
        "Records kept and counted nowhere.",
    );
    for (source, account) in &ledger.sources {
        for (reason, count) in &account.tally.quarantined {
            family.sample(&[("source", source), ("reason", reason)], *count);
        }
    }
    let family = out.counter(
        "headcount_records_rejected_total",
        "Records refused at the door.",
    );
    for (source, account) in &ledger.sources {
        for (reason, count) in &account.rejected {
            family.sample(&[("source", source), ("reason", reason)], *count);
        }
    }
}

fn sources(out: &mut Scrape, app: &App) {
    let sources = app.state.sources.borrow().clone();
    let family = out.gauge("headcount_source_state", "1 for the state a source is in.");
    for source in sources.iter() {
        family.sample(
            &[("source", &source.name), ("state", source.state.word())],
            1_u8,
        );
    }
    let family = out.counter(
        "headcount_source_reconnects_total",
        "Connections after the first.",
    );
    for source in sources.iter() {
        family.sample(&[("source", &source.name)], source.reconnects);
    }
    let help = "When the last record arrived, in seconds since 1970.";
    let family = out.gauge("headcount_source_last_record_seconds", help);
    for source in sources.iter() {
        if let Some(at) = source.last_record_at {
            family.sample(&[("source", &source.name)], seconds(at));
        }
    }
}

fn workers(out: &mut Scrape, cluster: &ClusterStatus) {
    let help = "1 for every process of the cluster.";
    let family = out.gauge("headcount_worker_info", help);
    for worker in &cluster.workers {
        let roles = worker.roles.join(",");
        let labels = [
            ("worker", &*worker.name),
            ("version", &*worker.version),
            ("roles", &*roles),
        ];
        family.sample(&labels, 1_u8);
    }
    let help = "When a process was last heard of, in seconds since 1970.";
    let family = out.gauge("headcount_worker_seen_seconds", help);
    for worker in &cluster.workers {
        family.sample(&[("worker", &worker.name)], seconds(worker.seen));
    }
}

fn partitions(out: &mut Scrape, cluster: &ClusterStatus) {
    let help = "1 for the process that counts a partition.";
    let family = out.gauge("headcount_partition_owner", help);
    for partition in &cluster.partitions {
        if let Some(owner) = &partition.owner {
            let number = partition.partition.to_string();
            family.sample(&[("partition", &number), ("owner", owner)], 1_u8);
        }
    }
    let mut each = |name, help, value: fn(&PartitionStatus) -> Option<u64>| {
        let family = out.gauge(name, help);
        for partition in &cluster.partitions {
            if let Some(value) = value(partition) {
                family.sample(&[("partition", &partition.partition.to_string())], value);
            }
        }
    };
    each(
        "headcount_partition_lag",
        "Journal entries that are not counted yet.",
        |partition| partition.lag,
    );
    each(
        "headcount_partition_epoch",
        "Grows with every change of owner.",
        |partition| Some(partition.epoch),
    );
    each(
        "headcount_partition_offset",
        "Journal entries counted.",
        |partition| Some(partition.offset),
    );
    each(
        "headcount_partition_served_offset",
        "Journal entries in the tables served.",
        |partition| partition.served_offset,
    );
    each(
        "headcount_partition_checkpoint_offset",
        "Journal entries in the newest checkpoint.",
        |partition| partition.checkpoint_offset,
    );
}

fn live(out: &mut Scrape, app: &App) {
    let live = &app.metrics.live;
    let load = |counter: &AtomicU64| counter.load(Relaxed);
    out.gauge("headcount_live_clients", "Open live streams.")
        .sample(&[], app.hub.clients());
    out.gauge("headcount_live_filters", "Filters computed for them.")
        .sample(&[], load(&live.filters));
    out.counter("headcount_live_snapshots_total", "Snapshots sent.")
        .sample(&[], load(&live.snapshots));
    out.counter(
        "headcount_live_ticks_total",
        "Ticks made, each for all clients of a filter.",
    )
    .sample(&[], load(&live.ticks));
    out.counter(
        "headcount_live_lagged_total",
        "Times a client missed ticks.",
    )
    .sample(&[], load(&live.lagged));
}

fn connections(out: &mut Scrape, app: &App) {
    out.gauge("headcount_connections", "Open connections.")
        .sample(&[], app.connections.count());
}

fn requests(out: &mut Scrape, metrics: &Metrics) {
    let family = out.counter("headcount_http_requests_total", "Requests answered.");
    for (route, name) in Route::ALL {
        for (status, counter) in STATUSES.iter().zip(&metrics.by_status[route as usize]) {
            let count = counter.load(Relaxed);
            if count > 0 {
                let status = status.to_string();
                family.sample(&[("route", name), ("status", &status)], count);
            }
        }
    }
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1e3
}
