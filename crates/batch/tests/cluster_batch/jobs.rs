//! Jobs by workers that are processes.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    process::Command,
};

use headcount_batch::{
    cluster::answer_on_cluster,
    model::{Rows, Rsvp},
    schedule::{Every, Jobs, Success},
    snapshot::TableSnapshot,
    sql::request::Format,
};
use headcount_lake::{Lake, LakeAddress};
use headcount_test_servers::S3;

use crate::{
    processes::{Cluster, Process},
    tables,
};

const HOUR: i64 = 3_600_000;

const SQL: &str = "SELECT response, count(*) AS n, sum(guests) AS guests FROM rsvps WHERE mtime >= $from AND mtime < $to GROUP BY 1 ORDER BY 1";

/// Of each hour, how many RSVPs and guests each response has; computed without SQL.
type Hours<'a> = BTreeMap<i64, BTreeMap<&'a str, (i64, i64)>>;

fn expected(rsvps: &[Rsvp]) -> Hours<'_> {
    let mut hours = Hours::new();
    for rsvp in rsvps {
        let hour = hours.entry(rsvp.mtime.0.div_euclid(HOUR)).or_default();
        let (n, guests) = hour.entry(&*rsvp.response).or_default();
        *n += 1;
        *guests += i64::from(rsvp.guests);
    }
    hours
}

/// Writes a cut as the tables' writer does, and jobs: one that works and one that cannot.
fn prepare(lake: &Lake, snapshot: &[TableSnapshot], stream_time: i64, jobs: &Path) {
    let versions = snapshot
        .iter()
        .filter_map(|table| Some((table.table.name(), table.delta.as_ref()?.version)));
    let versions: HashMap<_, _> = versions.collect();
    let cut = serde_json::json!({"magic": "headcount-cut", "version": 1, "journal": 1, "number": 3, "offsets": [40], "stream_time": stream_time, "tables": versions});
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
        {"name": "by-named", "named": "responses", "every": "hour", "from": "2017-03-19T05", "formats": ["csv"]},
        {"name": "wrong", "sql": "SELECT no_such_column FROM rsvps", "every": "day", "from": "2017-03-18"},
    ]});
    std::fs::write(jobs, file.to_string()).expect("the jobs");
}

/// A line of the named statement: the response, its RSVPs and its guests.
fn named_line(line: &str) -> (&str, (i64, i64)) {
    let fields: Vec<_> = line.split(',').collect();
    let [response, rsvps, _events, guests] = fields[..] else {
        panic!("{line}")
    };
    let number = |text: &str| text.parse().expect("a number");
    (response, (number(rsvps), number(guests)))
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
    assert_eq!(made, 2 * expected.len(), "each hour once");
    for (hour, sums) in expected {
        let period = Every::Hour.ended_at((hour + 1) * HOUR);
        let get = |job: &str, name: &str| {
            let key = format!("reports/{job}/{}/{name}", period.folder());
            lake.get(&key).expect("the lake").expect(name).0
        };
        let lines = sums
            .iter()
            .map(|(response, (n, guests))| format!("{response},{n},{guests}\r\n"));
        let csv = "response,n,guests\r\n".to_owned() + &lines.collect::<String>();
        let found = get("responses", "responses.csv");
        assert_eq!(String::from_utf8_lossy(&found), csv);
        assert_eq!(&get("responses", "responses.parquet")[..4], b"PAR1");
        let success: Success =
            serde_json::from_slice(&get("responses", "_SUCCESS")).expect("a report");
        let (from, to) = (period.from(), period.to());
        assert_eq!(
            (success.from, success.to, success.offsets),
            (from, to, vec![40])
        );

        // The named statement has the hour as its filter.
        let named = get("by-named", "by-named.csv");
        let named = String::from_utf8_lossy(&named);
        let found: BTreeMap<_, _> = named.lines().skip(1).map(named_line).collect();
        assert_eq!(found, sums);
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
        match place {
            "here" => two_workers(address, &lake, &rows, &jobs, &[]),
            _ => {
                let cluster = Cluster::start(address, 1, Vec::new());
                let address_of_it = cluster.address.to_string();
                two_workers(address, &lake, &rows, &jobs, &["--cluster", &address_of_it]);
                runtime.block_on(answers_from_the_newest_cut(
                    &cluster,
                    &LakeAddress::Disk(dir),
                ));
            }
        }
    }
}

async fn answers_from_the_newest_cut(cluster: &Cluster, lake: &LakeAddress) {
    let sql = "SELECT response, count(*) AS n FROM rsvps GROUP BY 1 ORDER BY 1";
    let answer = async |sql: &str, rows| {
        let mut out = Vec::new();
        let end = answer_on_cluster(&cluster.address, lake, sql, Format::Csv, rows, &mut out);
        (
            end.await.expect("the lake answers"),
            String::from_utf8(out).expect("UTF-8"),
        )
    };
    let (end, csv) = answer(sql, None).await;
    let end = end.expect("an answer");
    assert_eq!(csv, "response,n\r\nno,2250\r\nyes,6750\r\n");
    assert_eq!(
        (end.row_count, end.truncated, end.as_of.offsets),
        (2, false, vec![40])
    );
    let (end, csv) = answer(sql, Some(1)).await;
    let end = end.expect("an answer");
    assert_eq!(csv, "response,n\r\nno,2250\r\n");
    assert_eq!((end.row_count, end.truncated), (1, true));
    let (end, csv) = answer("DELETE FROM rsvps", None).await;
    end.expect_err("it would change something");
    assert_eq!(csv, "");
    let LakeAddress::Disk(folder) = lake else {
        panic!("the lake is a folder")
    };
    let command = Command::new(env!("CARGO_BIN_EXE_headcount-batch"))
        .args([
            "sql",
            "--csv",
            "--cluster",
            &cluster.address.to_string(),
            sql,
            "--lake",
        ])
        .arg(folder)
        .output()
        .expect("it runs");
    assert_eq!(
        String::from_utf8_lossy(&command.stdout),
        "response,n\r\nno,2250\r\nyes,6750\r\n"
    );
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
    assert_eq!(jobs.jobs.len(), 3);
}
