//! The families of `/metrics`, one function per subject.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use headcount_engine::{Account, View};
use headcount_query::{ClusterPartition, ClusterStatus, Readiness};

use super::{BUCKETS_US, Metrics, Requests, STATUSES, exposition::Exposition};
use crate::{app::App, http::endpoint::Endpoint};

pub(crate) fn write(app: &App, view: Option<&View>) -> String {
    let mut out = Exposition::default();
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
    out.finish()
}

fn about(out: &mut Exposition, app: &App) {
    let build = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("build", &*app.page.build()),
    ];
    out.family(
        "headcount_build_info",
        "gauge",
        "Version and build of the running program; always 1.",
    )
    .sample(&build, 1);
    let ready = u8::from(*app.state.ready.borrow() == Readiness::Ready);
    out.family(
        "headcount_ready",
        "gauge",
        "1 while the program is ready, as its probe says, otherwise 0.",
    )
    .sample(&[], ready);
}

fn figures(out: &mut Exposition, view: &View) {
    let totals = &view.totals;
    out.family("headcount_rsvps", "gauge", "Current RSVPs by response.")
        .sample(&[("response", "yes")], totals.yes)
        .sample(&[("response", "no")], totals.no);
    out.family(
        "headcount_heads",
        "gauge",
        "People coming: every yes and its guests.",
    )
    .sample(&[], totals.heads);
    out.family(
        "headcount_events",
        "gauge",
        "Events with at least one RSVP.",
    )
    .sample(&[], totals.events);
    if let Some(time) = view.as_of.stream_time {
        let help = "Stream time, the watermark of record time, in seconds since 1970.";
        out.family("headcount_stream_time_seconds", "gauge", help)
            .sample(&[], seconds(time));
    }
    out.family(
        "headcount_journal_offset",
        "gauge",
        "Journal entries counted so far, by partition.",
    );
    for (partition, offset) in view.as_of.offsets.iter().enumerate() {
        out.sample(&[("partition", &partition.to_string())], offset);
    }
}

/// received = kept + rejected, kept = new + replaced + repeated + stale + quarantined: by source.
fn ledger(out: &mut Exposition, view: &View) {
    let ledger = &view.ledger;
    let help = "1 while every received record is accounted for, otherwise 0.";
    out.family("headcount_ledger_balanced", "gauge", help)
        .sample(&[], u8::from(ledger.balanced));

    let help = "Records that changed totals but no window: older than every open window, or far ahead of the stream.";
    out.family("headcount_winners_outside_windows", "gauge", help)
        .sample(&[("side", "late")], ledger.late)
        .sample(&[("side", "ahead")], ledger.ahead);

    let mut each = |name, help, value: fn(&Account) -> u64| {
        out.family(name, "counter", help);
        for (source, account) in &ledger.sources {
            out.sample(&[("source", source)], value(account));
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
    let help = "Interruptions in which a source may have lost records, by source.";
    each("headcount_gaps_total", help, |account| account.gaps);

    out.family(
        "headcount_records_counted_total",
        "counter",
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
            out.sample(&[("source", source), ("outcome", outcome)], count);
        }
    }
    out.family(
        "headcount_records_quarantined_total",
        "counter",
        "Records kept in the journal but not counted, by source and reason.",
    );
    for (source, account) in &ledger.sources {
        for (reason, count) in &account.tally.quarantined {
            out.sample(&[("source", source), ("reason", reason)], count);
        }
    }
    out.family(
        "headcount_records_rejected_total",
        "counter",
        "Records rejected because they could not be read, by source and reason.",
    );
    for (source, account) in &ledger.sources {
        for (reason, count) in &account.rejected {
            out.sample(&[("source", source), ("reason", reason)], count);
        }
    }
}

fn sources(out: &mut Exposition, app: &App) {
    let sources = app.state.sources.borrow().clone();
    out.family(
        "headcount_source_state",
        "gauge",
        "1 for the current state of each source.",
    );
    for source in sources.iter() {
        out.sample(
            &[("source", &source.name), ("state", source.state.word())],
            1,
        );
    }
    out.family(
        "headcount_source_reconnects_total",
        "counter",
        "Times a source has connected again after its first connection.",
    );
    for source in sources.iter() {
        out.sample(&[("source", &source.name)], source.reconnects);
    }
    let help =
        "1 while a source has a notice, for example about this machine's clock, otherwise 0.";
    out.family("headcount_source_notice", "gauge", help);
    for source in sources.iter() {
        let noticed = u8::from(source.notice.is_some());
        out.sample(&[("source", &source.name)], noticed);
    }
    let help = "When the last record of a source arrived, in seconds since 1970.";
    out.family("headcount_source_last_record_seconds", "gauge", help);
    for source in sources.iter() {
        if let Some(at) = source.last_record_at {
            out.sample(&[("source", &source.name)], seconds(at));
        }
    }
}

fn workers(out: &mut Exposition, cluster: &ClusterStatus) {
    let help = "Processes of the cluster, with their versions and roles; always 1.";
    out.family("headcount_worker_info", "gauge", help);
    for worker in &cluster.workers {
        let roles = worker.roles.join(",");
        let labels = [
            ("worker", &*worker.name),
            ("version", &*worker.version),
            ("roles", &*roles),
        ];
        out.sample(&labels, 1);
    }
    let help = "When a process last reported that it is running, in seconds since 1970.";
    out.family("headcount_worker_seen_seconds", "gauge", help);
    for worker in &cluster.workers {
        out.sample(&[("worker", &worker.name)], seconds(worker.seen));
    }
}

fn partitions(out: &mut Exposition, cluster: &ClusterStatus) {
    let help = "1 for the process that counts a partition.";
    out.family("headcount_partition_owner", "gauge", help);
    for partition in &cluster.partitions {
        if let Some(owner) = &partition.owner {
            let number = partition.partition.to_string();
            out.sample(&[("partition", &number), ("owner", owner)], 1);
        }
    }
    let mut each = |name, help, value: fn(&ClusterPartition) -> Option<u64>| {
        out.family(name, "gauge", help);
        for partition in &cluster.partitions {
            if let Some(value) = value(partition) {
                out.sample(&[("partition", &partition.partition.to_string())], value);
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

fn live(out: &mut Exposition, app: &App) {
    let live = &app.metrics.live;
    let load = |counter: &AtomicU64| counter.load(Relaxed);
    out.family("headcount_live_clients", "gauge", "Open live streams.")
        .sample(&[], app.hub.clients());
    out.family(
        "headcount_live_filters",
        "gauge",
        "Different filters that live streams watch.",
    )
    .sample(&[], load(&live.filters));
    out.family(
        "headcount_live_snapshots_total",
        "counter",
        "Snapshots sent to live streams.",
    )
    .sample(&[], load(&live.snapshots));
    out.family(
        "headcount_live_ticks_total",
        "counter",
        "Ticks made; each goes to all clients of a filter.",
    )
    .sample(&[], load(&live.ticks));
    out.family(
        "headcount_live_lagged_total",
        "counter",
        "Times a client fell behind and got a snapshot instead of the ticks it missed.",
    )
    .sample(&[], load(&live.lagged));
}

fn connections(out: &mut Exposition, app: &App) {
    let metrics = &app.metrics;
    out.family("headcount_connections", "gauge", "Open HTTP connections.")
        .sample(&[], app.connections.count());
    let help = "Connections closed at once because too many were open, by limit.";
    out.family("headcount_connections_refused_total", "counter", help);
    for (counter, limit) in metrics.refused.iter().zip(["total", "address"]) {
        out.sample(&[("limit", limit)], counter.load(Relaxed));
    }
    out.family(
        "headcount_connections_overdue_total",
        "counter",
        "Connections closed because the client took too long, by deadline.",
    );
    for (counter, limit) in metrics.overdue.iter().zip(["header", "idle", "unread"]) {
        out.sample(&[("limit", limit)], counter.load(Relaxed));
    }
}

fn requests(out: &mut Exposition, metrics: &Metrics) {
    let routes = || {
        Endpoint::ALL
            .iter()
            .map(|(route, name)| (*name, &metrics.routes[*route as usize]))
    };
    out.family(
        "headcount_http_requests_total",
        "counter",
        "HTTP requests answered, by route and status.",
    );
    for (name, requests) in routes() {
        for (status, counter) in STATUSES.iter().zip(&requests.by_status) {
            let count = counter.load(Relaxed);
            if count > 0 {
                out.sample(&[("route", name), ("status", &status.to_string())], count);
            }
        }
    }
    let help = "Time from the end of a request's header to the start of its response.";
    out.family("headcount_http_request_seconds", "histogram", help);
    for (name, requests) in routes() {
        histogram(out, name, requests);
    }
}

fn histogram(out: &mut Exposition, name: &str, requests: &Requests) {
    let total: u64 = requests
        .by_status
        .iter()
        .map(|counter| counter.load(Relaxed))
        .sum();
    if total == 0 {
        return;
    }
    let mut below = 0;
    for (bound, bucket) in BUCKETS_US.iter().zip(&requests.buckets) {
        below += bucket.load(Relaxed);
        let bound = (*bound as f64 / 1e6).to_string();
        out.part("_bucket", &[("route", name), ("le", &bound)], below);
    }
    let total = total.max(below); // counters are read one after another
    out.part("_bucket", &[("route", name), ("le", "+Inf")], total);
    out.part(
        "_sum",
        &[("route", name)],
        requests.sum_us.load(Relaxed) as f64 / 1e6,
    );
    out.part("_count", &[("route", name)], total);
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1e3
}
