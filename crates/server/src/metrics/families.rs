//! The families of `/metrics`, one function per subject.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use headcount_engine::{Account, View};
use headcount_query::{ClusterPartition, ClusterStatus, Readiness};
use headcount_telemetry::Scrape;

use super::{Metrics, STATUSES};
use crate::{app::App, http::endpoint::Endpoint};

pub(crate) fn write(app: &App, view: Option<&View>) -> String {
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
    let mut text = String::new();
    out.write(&mut text);
    app.metrics.registry.write(&mut text);
    // What the other rooms of the process count.
    headcount_telemetry::global().write(&mut text);
    text
}

fn about(out: &mut Scrape, app: &App) {
    let build = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("build", &*app.page.build()),
    ];
    out.gauge(
        "headcount_build_info",
        "Version and build of the running program; always 1.",
    )
    .sample(&build, 1_u8);
    let ready = u8::from(*app.state.ready.borrow() == Readiness::Ready);
    out.gauge(
        "headcount_ready",
        "1 while the program is ready, as its probe says, otherwise 0.",
    )
    .sample(&[], ready);
}

fn figures(out: &mut Scrape, view: &View) {
    let totals = &view.totals;
    out.gauge("headcount_rsvps", "Current RSVPs by response.")
        .sample(&[("response", "yes")], totals.yes)
        .sample(&[("response", "no")], totals.no);
    out.gauge(
        "headcount_heads",
        "People coming: every yes and its guests.",
    )
    .sample(&[], totals.heads);
    out.gauge("headcount_events", "Events with at least one RSVP.")
        .sample(&[], totals.events);
    if let Some(time) = view.as_of.stream_time {
        let help = "Stream time, the watermark of record time, in seconds since 1970.";
        out.gauge("headcount_stream_time_seconds", help)
            .sample(&[], seconds(time));
    }
    let family = out.gauge(
        "headcount_journal_offset",
        "Journal entries counted so far, by partition.",
    );
    for (partition, offset) in view.as_of.offsets.iter().enumerate() {
        family.sample(&[("partition", &partition.to_string())], *offset);
    }
}

/// received = kept + rejected, kept = new + replaced + repeated + stale + quarantined: by source.
fn ledger(out: &mut Scrape, view: &View) {
    let ledger = &view.ledger;
    let help = "1 while every received record is accounted for, otherwise 0.";
    out.gauge("headcount_ledger_balanced", help)
        .sample(&[], u8::from(ledger.balanced));

    let help = "Records that changed totals but no window: older than every open window, or far ahead of the stream.";
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
        "Records received, by source.",
        |account| account.received,
    );
    each(
        "headcount_records_kept_total",
        "Records accepted into the journal, by source.",
        |account| account.kept,
    );
    each(
        "headcount_records_repaired_total",
        "Records kept after half an emoji in a text was replaced, by source.",
        |account| account.repaired,
    );
    each(
        "headcount_values_blanked_total",
        "Values masked because the records' schema does not know them, by source. If it grows, the source sends new fields.",
        |account| account.blanked,
    );
    let help = "Interruptions in which a source may have lost records, by source.";
    each("headcount_gaps_total", help, |account| account.gaps);

    let family = out.counter(
        "headcount_records_counted_total",
        "Records kept, by source and by what became of them.",
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
        "Records kept in the journal but not counted, by source and reason.",
    );
    for (source, account) in &ledger.sources {
        for (reason, count) in &account.tally.quarantined {
            family.sample(&[("source", source), ("reason", reason)], *count);
        }
    }
    let family = out.counter(
        "headcount_records_rejected_total",
        "Records rejected because they could not be read, by source and reason.",
    );
    for (source, account) in &ledger.sources {
        for (reason, count) in &account.rejected {
            family.sample(&[("source", source), ("reason", reason)], *count);
        }
    }
}

fn sources(out: &mut Scrape, app: &App) {
    let sources = app.state.sources.borrow().clone();
    let family = out.gauge(
        "headcount_source_state",
        "1 for the current state of each source.",
    );
    for source in sources.iter() {
        family.sample(
            &[("source", &source.name), ("state", source.state.word())],
            1_u8,
        );
    }
    let family = out.counter(
        "headcount_source_reconnects_total",
        "Times a source has connected again after its first connection.",
    );
    for source in sources.iter() {
        family.sample(&[("source", &source.name)], source.reconnects);
    }
    let help =
        "1 while a source has a notice, for example about this machine's clock, otherwise 0.";
    let family = out.gauge("headcount_source_notice", help);
    for source in sources.iter() {
        let noticed = u8::from(source.notice.is_some());
        family.sample(&[("source", &source.name)], noticed);
    }
    let help = "When the last record of a source arrived, in seconds since 1970.";
    let family = out.gauge("headcount_source_last_record_seconds", help);
    for source in sources.iter() {
        if let Some(at) = source.last_record_at {
            family.sample(&[("source", &source.name)], seconds(at));
        }
    }
}

fn workers(out: &mut Scrape, cluster: &ClusterStatus) {
    let help = "Processes of the cluster, with their versions and roles; always 1.";
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
    let help = "When a process last reported that it is running, in seconds since 1970.";
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
    let mut each = |name, help, value: fn(&ClusterPartition) -> Option<u64>| {
        let family = out.gauge(name, help);
        for partition in &cluster.partitions {
            if let Some(value) = value(partition) {
                family.sample(&[("partition", &partition.partition.to_string())], value);
            }
        }
    };
    each(
        "headcount_partition_lag",
        "Journal entries that are not counted yet, by partition.",
        |partition| partition.lag,
    );
    each(
        "headcount_partition_epoch",
        "Ownership epoch of a partition; it grows with every change of owner.",
        |partition| Some(partition.epoch),
    );
    each(
        "headcount_partition_offset",
        "Journal entries counted by the owner of a partition.",
        |partition| Some(partition.offset),
    );
    each(
        "headcount_partition_served_offset",
        "Journal entries that are included in the served tables, by partition.",
        |partition| partition.served_offset,
    );
    each(
        "headcount_partition_checkpoint_offset",
        "Journal entries covered by the newest checkpoint, by partition.",
        |partition| partition.checkpoint_offset,
    );
}

fn live(out: &mut Scrape, app: &App) {
    let live = &app.metrics.live;
    let load = |counter: &AtomicU64| counter.load(Relaxed);
    out.gauge("headcount_live_clients", "Open live streams.")
        .sample(&[], app.hub.clients());
    out.gauge(
        "headcount_live_filters",
        "Different filters that live streams watch.",
    )
    .sample(&[], load(&live.filters));
    out.counter(
        "headcount_live_snapshots_total",
        "Snapshots sent to live streams.",
    )
    .sample(&[], load(&live.snapshots));
    out.counter(
        "headcount_live_ticks_total",
        "Ticks made; each goes to all clients of a filter.",
    )
    .sample(&[], load(&live.ticks));
    out.counter(
        "headcount_live_lagged_total",
        "Times a client fell behind and got a snapshot instead of the ticks it missed.",
    )
    .sample(&[], load(&live.lagged));
}

fn connections(out: &mut Scrape, app: &App) {
    out.gauge("headcount_connections", "Open HTTP connections.")
        .sample(&[], app.connections.count());
}

fn requests(out: &mut Scrape, metrics: &Metrics) {
    let help = "HTTP requests answered, by route and status.";
    let family = out.counter("headcount_http_requests_total", help);
    for (route, name) in Endpoint::ALL {
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
