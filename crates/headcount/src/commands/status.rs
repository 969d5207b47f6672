//! `headcount status`: the whole cluster, from the heartbeats and claims in the lake.

use std::fmt::Write;

use anyhow::Result;
use headcount_clock::now_ms;
use headcount_lake::claims::{Claims, StoredClaim, WorkerHeartbeat};
use serde::Serialize;

use super::{print, print_json};
use crate::{
    cli,
    engines::open_lake_to_read,
    opening_notice::OpeningNotice,
    text::{number, plain},
};

/// A process without a heartbeat for this long is shown as silent.
const SILENT_MS: i64 = 15_000;

#[derive(Serialize)]
struct ClusterReport {
    workers: Vec<WorkerHeartbeat>,
    partitions: Vec<StoredClaim>,
}

pub(crate) fn run(args: cli::StatusArgs) -> Result<()> {
    let waiting = OpeningNotice::on(&args.lake);
    let claims = Claims::new(&open_lake_to_read(&args.lake)?);
    let cluster = ClusterReport {
        workers: claims.workers()?,
        partitions: claims.partitions()?,
    };
    drop(waiting);
    if args.json {
        return print_json(&cluster);
    }
    print(&to_text(&cluster, now_ms()))
}

fn to_text(cluster: &ClusterReport, now: i64) -> String {
    let mut out = String::from("worker            version   roles                   seen\n");
    for worker in &cluster.workers {
        let _ = writeln!(
            out,
            "{:<16}  {:<8}  {:<22}  {}",
            plain(&worker.name),
            plain(&worker.version),
            worker.roles.join(" "),
            seen(worker.at, now)
        );
    }
    out += "\npartition  owner             epoch        offset       behind    in tables  checkpoint  archived to\n";
    for part in &cluster.partitions {
        let served = part.progress.served.map_or("-".to_owned(), number);
        let archived = part.progress.archived.map_or("-".to_owned(), number);
        let _ = writeln!(
            out,
            "{:>9}  {:<16}  {:>5}  {:>12}  {:>11}  {served:>11}  {:>10}  {archived:>11}",
            part.partition,
            part.owner.as_deref().map_or("nobody".to_owned(), plain),
            part.epoch,
            number(part.progress.offset),
            number(part.progress.lag),
            number(part.progress.checkpointed),
        );
    }
    out
}

fn seen(at: i64, now: i64) -> String {
    let ago = (now - at).max(0);
    if ago > SILENT_MS {
        format!("silent for {} s", ago / 1000)
    } else {
        "alive".to_owned()
    }
}
