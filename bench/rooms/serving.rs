//! How fast are changes written to what is served: rows a second, and the CPU that this process takes for them.
//!
//! ```text
//! cargo run --release -p headcount-serving --features cassandra --example bench_serving -- cassandra://localhost/bench 10000 30
//! ```
//!
//! The address (the keyspace is to be new, or from this example), events a commit, commits. A commit is what a partition
//! tells of so many events that changed: a row and a statistic of each, 8 venues for every 10 events, 40 countries.

use std::{env, process::ExitCode, time::Instant};

use headcount_engine::{
    Changes, CountryPart, EventStatistic, Row, SnapshotComplete, Statistics, Table, VenuePart,
};
use headcount_serving::{Result, Serving, ServingIdentity};

/// Events there are; commits change some of them, all over.
const EVENTS: u32 = 500_000;
const COUNTRIES: [&str; 8] = ["us", "gb", "de", "fr", "es", "ca", "au", "in"];
/// Of an event as the engine stores it, on the average.
const BODY_BYTES: usize = 160;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "memory:".to_owned());
    let mut number = |default| {
        let given = arguments.next().and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (events, commits) = (number(10_000), number(30));
    match run(&address, events, commits).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(address: &str, events: u32, commits: u32) -> Result<()> {
    let identity = ServingIdentity {
        journal: 1,
        partitions: 1,
    };
    let serving = Serving::open(&address.parse()?, identity).await?;
    let (mut rows, mut puts) = (0, 0);
    let mut slowest = 0.0_f64;
    let begun = Instant::now();
    for commit in 0..commits {
        let changes = changes(commit, events);
        rows += changes.rows.len();
        let statistics = &changes.statistics;
        // Two rows an event, a part and a total for the others.
        puts += changes.rows.len()
            + 2 * statistics.events.len()
            + 2 * (statistics.venues.len() + statistics.countries.len());
        let written = Instant::now();
        serving.write(0, &changes).await?;
        slowest = slowest.max(written.elapsed().as_secs_f64());
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{commits} commits of {events} events in {seconds:.1} s: {:.0} events/s, {:.0} rows/s, slowest commit {slowest:.2} s",
        rows as f64 / seconds,
        puts as f64 / seconds,
    );
    Ok(())
}

fn changes(commit: u32, events: u32) -> Changes {
    let ids = move || {
        (0..events).map(move |at| at.wrapping_mul(7_919).wrapping_add(commit * 104_729) % EVENTS)
    };
    let country = |id: u32| COUNTRIES[id as usize % COUNTRIES.len()];
    let offset = u64::from(commit + 1) * u64::from(events);
    Changes {
        offset,
        snapshot_complete: Some(SnapshotComplete {
            offset,
            meta: vec![1; 4_000],
            covered_by_delta: false,
        }),
        rows: ids()
            .map(|id| Row {
                table: Table::Events,
                number: id,
                body: id.to_le_bytes().repeat(BODY_BYTES / 4),
            })
            .collect(),
        statistics: Statistics {
            countries: (0..40)
                .map(|at| CountryPart {
                    country: format!("{}{at}", country(at)).into(),
                    yes: offset,
                    no: 1,
                    maybe: None,
                    heads: offset,
                })
                .collect(),
            venues: ids()
                .step_by(5)
                .flat_map(|id| (0..4).map(move |at| id / 4 + at * 125_000))
                .map(|id| VenuePart {
                    venue_id: i64::from(id),
                    name: format!("The venue of number {id}").into(),
                    lat: Some(f64::from(id) / 10_000.0),
                    lon: Some(-0.5),
                    group_city: "London".into(),
                    country: country(id).into(),
                    yes: offset,
                    no: 1,
                    maybe: 0,
                    latest: (offset, id),
                })
                .collect(),
            events: ids()
                .map(|id| EventStatistic {
                    event_id: format!("{id}xyz").into(),
                    event_name: format!("A meeting with a name of some length, number {id}").into(),
                    group_name: "A group with a name of its own".into(),
                    country: country(id).into(),
                    yes: offset,
                    no: 1,
                    maybe: None,
                    heads: offset,
                    event_url: Some(
                        format!("https://www.example.org/group/events/{id}xyz/").into(),
                    ),
                    time: Some(1_500_000_000_000),
                })
                .collect(),
            renamed: Vec::new(),
        },
        ..Changes::default()
    }
}
