//! The same statements in one process and on a scheduler with two executors, over the same Delta tables in a folder.
//!
//!     cargo build --release -p headcount-batch
//!     cargo run --release -p headcount-batch --example bench_cluster [RSVPS]

#[path = "../../crates/batch/tests/cluster_batch/processes.rs"]
#[allow(dead_code)]
mod processes;
#[path = "../../crates/batch/tests/cluster_batch/tables.rs"]
mod tables;

use std::{collections::HashMap, error::Error, sync::Arc, time::Instant};

use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use headcount_batch::cluster::{LakeStores, collect, session_on_cluster, session_on_this_machine};
use headcount_lake::LakeAddress;
use processes::Cluster;

const STATEMENTS: [(&str, &str); 5] = [
    ("count of RSVPs", "SELECT count(*) FROM rsvps"),
    (
        "one event's answers",
        "SELECT response, count(*) FROM rsvps WHERE event_id = 'e77' GROUP BY 1 ORDER BY 1",
    ),
    (
        "RSVPs by response",
        "SELECT response, count(*), sum(guests) FROM rsvps GROUP BY 1 ORDER BY 1",
    ),
    (
        "most active members",
        "SELECT member_id, count(*) AS n FROM rsvps GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
    ),
    (
        "people and events by country",
        "SELECT g.country, count(DISTINCT r.event_id), count(DISTINCT r.member_id) FROM rsvps r \
         JOIN events e ON e.event_id = r.event_id JOIN groups g ON g.group_id = e.group_id \
         WHERE r.response = 'yes' GROUP BY 1 ORDER BY 1",
    ),
];

/// The answer, and the median of five times in milliseconds.
async fn measure(
    session: &SessionContext,
    statement: &str,
) -> Result<(String, u128), Box<dyn Error>> {
    let mut times = Vec::new();
    let mut answer = String::new();
    for _ in 0..5 {
        let began = Instant::now();
        let rows = collect(session, statement).await?;
        times.push(began.elapsed().as_millis());
        answer = pretty_format_batches(&rows)?.to_string();
    }
    times.sort_unstable();
    Ok((answer, times[2]))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rsvps: i64 = arguments
        .next()
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let url = url::Url::from_directory_path(folder.path()).map_err(|()| "the folder has no URL")?;
    let tables = tables::write(url.as_str(), &tables::rows(rsvps), &HashMap::new()).await;
    let lake = folder
        .path()
        .to_str()
        .ok_or("the folder's name is not UTF-8")?;
    let stores = Arc::new(LakeStores::open(&LakeAddress::Disk(
        folder.path().to_owned(),
    ))?);
    let cluster = Cluster::start(lake, 2, Vec::new());

    println!("| {rsvps} RSVPs | one process, ms | scheduler + 2 executors, ms |\n|---|---|---|");
    for (name, statement) in STATEMENTS {
        let here = session_on_this_machine(Arc::clone(&stores), &tables).await?;
        let there = session_on_cluster(&cluster.address, &stores, &tables).await?;
        let (here, there) = (
            measure(&here, statement).await?,
            measure(&there, statement).await?,
        );
        assert_eq!(here.0, there.0, "{name}: the answers differ");
        println!("| {name} | {} | {} |", here.1, there.1);
    }
    Ok(())
}
