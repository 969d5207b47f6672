//! Jobs by workers that are processes.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    process::Command,
};

use headcount_batch::{
    model::{Rows, Rsvp, Table},
    schedule::{Every, Jobs, Success, newest_snapshot},
    snapshot::TableSnapshot,
};
use headcount_lake::{Lake, LakeAddress};
use headcount_test_servers::S3;

use crate::{
    processes::{Cluster, Process},
    tables,
};

const HOUR: i64 = 3_600_000;

const SQL: &str = "SELECT response, count(*) AS n, sum(guests) AS guests FROM rsvps WHERE mtime >= $from AND mtime < $to GROUP BY 1 ORDER BY 1";

/// What `SQL` answers for each hour of these RSVPs, as CSV, computed without SQL.
fn expected(rsvps: &[Rsvp]) -> BTreeMap<i64, String> {
    let mut hours: BTreeMap<i64, BTreeMap<&str, (i64, i64)>> = BTreeMap::new();
    for rsvp in rsvps {
        let sums = hours
            .entry(rsvp.mtime.0.div_euclid(HOUR))
            .or_default()
            .entry(&rsvp.response)
            .or_default();
        sums.0 += 1;
        sums.1 += i64::from(rsvp.guests);
    }
    let line = |(response, (n, guests)): (&str, (i64, i64))| format!("{response},{n},{guests}\r\n");
    let hours = hours.into_iter();
    hours
        .map(|(hour, sums)| {
            (
                hour,
                "response,n,guests\r\n".to_owned()
                    + &sums.into_iter().map(line).collect::<String>(),
            )
        })
        .collect()
}

/// Writes a cut as the tables' writer does, and jobs: one that works and one that cannot.
fn prepare(lake: &Lake, snapshot: &[TableSnapshot], stream_time: i64, jobs: &Path) {
    let versions = snapshot
        .iter()
        .filter_map(|table| Some((table.table.name(), table.delta.as_ref()?.version)));
    let versions: HashMap<_, _> = versions.collect();
    let cut = serde_json::json!({"number": 3, "offsets": [40], "stream_time": stream_time, "tables": versions});
    lake.put(
        "tables/snapshots/00000000000000000003.json",
        cut.to_string().as_bytes(),
    )
    .expect("the cut");
    lake.put(
        "tables/snapshots/00000000000000000002.json",
        b"an older one",
    )
    .expect("a cut");
    let file = serde_json::json!({"jobs": [
        {"name": "responses", "sql": SQL, "every": "hour", "from": "2017-03-19T05"},
        {"name": "wrong", "sql": "SELECT no_such_column FROM rsvps", "every": "day", "from": "2017-03-18"},
    ]});
    std::fs::write(jobs, file.to_string()).expect("the jobs");
}

/// Two workers over the lake make the reports of all hours but the last, which has not ended.
fn two_workers(address: &str, lake: &Lake, rows: &Rows, jobs: &Path, more: &[&str]) {
    let mut arguments = vec![
        "run-jobs",
        "--lake",
        address,
        "--jobs",
        jobs.to_str().expect("UTF-8"),
        "--once",
    ];
    arguments.extend(more);
    let mut workers: Vec<_> = (0..2).map(|_| Process::start(&arguments, &[])).collect();
    let mut made = 0;
    for worker in &mut workers {
        let line = worker.line("reports were made");
        made += line
            .split_whitespace()
            .filter_map(|word| word.parse::<usize>().ok())
            .next()
            .expect("a number");
        worker.ended();
    }
    let mut expected = expected(&rows.rsvps);
    expected.pop_last();
    assert_eq!(made, expected.len(), "each hour once");
    for (hour, csv) in expected {
        let period = Every::Hour.ended_at((hour + 1) * HOUR);
        let folder = format!("reports/responses/{}", period.folder());
        let get = |name: &str| {
            lake.get(&format!("{folder}/{name}"))
                .expect("the lake")
                .expect(name)
                .0
        };
        assert_eq!(String::from_utf8_lossy(&get("responses.csv")), csv);
        assert_eq!(&get("responses.parquet")[..4], b"PAR1");
        let success: Success = serde_json::from_slice(&get("_SUCCESS")).expect("a report");
        assert_eq!(
            (success.from, success.to, success.offsets),
            (period.from(), period.to(), vec![40])
        );
    }

    // A further worker finds nothing to do but for the job that is wrong, which waits.
    let mut third = Process::start(&arguments, &[]);
    third.line("0 reports were made, and 0 attempts failed");
    assert!(third.ended().success());
}

fn made_up() -> (Rows, i64) {
    let rows = tables::rows(9_000);
    let last = rows
        .rsvps
        .iter()
        .map(|rsvp| rsvp.mtime.0)
        .max()
        .expect("RSVPs");
    (rows, last)
}

#[test]
fn jobs_over_a_folder_here_and_on_a_cluster() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (rows, last) = made_up();
    for place in ["here", "there"] {
        let dir = folder.path().join(place);
        std::fs::create_dir(&dir).expect("a folder");
        let url = url::Url::from_directory_path(&dir).expect("a URL");
        let tables = runtime.block_on(tables::write(url.as_str(), &rows, &HashMap::new()));
        let address = dir.to_str().expect("UTF-8");
        let lake = Lake::open(address).expect("a lake");
        let jobs = folder.path().join("jobs.json");
        prepare(&lake, &tables, last, &jobs);
        let snapshot = newest_snapshot(&lake, &LakeAddress::Disk(dir.clone()))
            .expect("the lake")
            .expect("a cut");
        assert_eq!(snapshot.tables.len(), Table::ALL.len());
        assert_eq!(
            snapshot
                .tables
                .iter()
                .filter(|table| table.delta.is_some())
                .count(),
            9
        );
        match place {
            "here" => two_workers(address, &lake, &rows, &jobs, &[]),
            _ => {
                let cluster = Cluster::start(address, 1, Vec::new());
                let address_of_it = cluster.address.to_string();
                two_workers(address, &lake, &rows, &jobs, &["--cluster", &address_of_it]);
            }
        }
    }
}

/// The lake takes its credentials from the environment, and a test cannot change its own: it runs itself with another.
#[test]
fn jobs_over_s3() {
    const ADDRESS: &str = "HEADCOUNT_TEST_JOBS_LAKE";
    let Ok(address) = std::env::var(ADDRESS) else {
        let s3 = S3::shared();
        let address = format!(
            "s3://{}/jobs?endpoint={}&region={}",
            s3.bucket(),
            s3.endpoint(),
            s3.region()
        );
        let run = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "jobs::jobs_over_s3", "--nocapture"])
            .env(ADDRESS, address)
            .env("AWS_ACCESS_KEY_ID", s3.access_key())
            .env("AWS_SECRET_ACCESS_KEY", s3.secret_key())
            .env("AWS_ENDPOINT_URL", s3.endpoint())
            .env("AWS_REGION", s3.region())
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_CONDITIONAL_PUT", "etag")
            .status();
        assert!(run.expect("it runs").success());
        return;
    };
    deltalake::aws::register_handlers(None);
    let (rows, last) = made_up();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let root = format!("{}/", address.split('?').next().expect("an address"));
    let tables = runtime.block_on(tables::write(&root, &rows, &HashMap::new()));
    let lake = Lake::open(&address).expect("a lake");
    let folder = tempfile::tempdir().expect("a folder");
    let jobs = folder.path().join("jobs.json");
    prepare(&lake, &tables, last, &jobs);
    two_workers(&address, &lake, &rows, &jobs, &[]);
}

#[test]
fn a_job_that_fails_is_said_and_tried_again_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (rows, last) = made_up();
    let url = url::Url::from_directory_path(folder.path()).expect("a URL");
    let tables = runtime.block_on(tables::write(url.as_str(), &rows, &HashMap::new()));
    let address = folder.path().to_str().expect("UTF-8");
    let lake = Lake::open(address).expect("a lake");
    let jobs = folder.path().join("jobs.json");
    prepare(&lake, &tables, last, &jobs);
    let arguments = [
        "run-jobs",
        "--lake",
        address,
        "--jobs",
        jobs.to_str().expect("UTF-8"),
    ];
    let mut worker = Process::start(&arguments, &[]);
    let line = worker.line("wrong failed for 2017-03-18");
    assert!(
        line.contains("no_such_column") && line.contains("is tried again after"),
        "{line}"
    );
    worker.line("the report for 2017-03-19T06Z is in reports/responses/date=2017-03-19/hour=06");
    worker.terminate();
    worker.line("ends as it was told to");
    assert!(worker.ended().success());
    let jobs = Jobs::read(&jobs).expect("the jobs");
    assert_eq!(jobs.jobs.len(), 2);
}
