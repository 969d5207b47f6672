//! Statements on a scheduler and executors that are processes, over Delta tables in a folder and on S3.

use std::{collections::HashMap, path::Path, sync::Arc, time::Instant};

use arrow::{record_batch::RecordBatch, util::pretty::pretty_format_batches};
use datafusion::prelude::SessionContext;
use headcount_batch::{
    cluster::{LakeStores, Liveness, collect, session_on_cluster, session_on_this_machine},
    snapshot::TableSnapshot,
};
use headcount_lake::LakeAddress;
use headcount_test_servers::S3;

use crate::{
    processes::{Cluster, LIMIT, Process},
    tables,
};

/// Each in an order that leaves nothing to chance.
const STATEMENTS: [&str; 13] = [
    "SELECT count(*) FROM rsvps",
    "SELECT response, count(*) AS n, sum(guests) AS guests, min(mtime), max(mtime) FROM rsvps GROUP BY 1 ORDER BY 1",
    "SELECT g.country, count(DISTINCT r.event_id) AS events, count(DISTINCT r.member_id) AS people FROM rsvps r \
     JOIN events e ON e.event_id = r.event_id JOIN groups g ON g.group_id = e.group_id \
     WHERE r.response = 'yes' GROUP BY 1 ORDER BY 2 DESC, 1",
    "SELECT c.name, t.name, count(*) FROM groups g JOIN categories c ON c.category_id = g.category_id \
     JOIN group_topics gt ON gt.group_id = g.group_id JOIN topics t ON t.urlkey = gt.urlkey \
     GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 25",
    "SELECT member_id, count(*) AS answers FROM rsvps GROUP BY 1 HAVING count(*) > 2 ORDER BY 2 DESC, 1 LIMIT 50",
    "SELECT date_trunc('hour', mtime) AS hour, count(*) FROM rsvps WHERE mtime >= timestamptz '2017-03-19T06:00:00Z' \
     GROUP BY 1 ORDER BY 1",
    "SELECT extract(hour FROM e.time) AS hour, avg(extract(epoch FROM e.time) - extract(epoch FROM r.mtime)) AS lead \
     FROM rsvps r JOIN events e USING (event_id) GROUP BY 1 ORDER BY 1",
    "WITH ranked AS (SELECT event_id, heads, cast(row_number() OVER (ORDER BY heads DESC, event_id) AS bigint) AS place \
     FROM (SELECT event_id, sum(1 + guests) AS heads FROM rsvps WHERE response = 'yes' GROUP BY 1) AS h) \
     SELECT r.place, r.heads, e.name, v.name FROM ranked r JOIN events e USING (event_id) \
     LEFT JOIN venues v ON v.venue_id = e.venue_id WHERE r.place <= 20 ORDER BY 1",
    "SELECT count(*) FROM events WHERE venue_id IS NULL OR rsvp_limit < (SELECT avg(guests) FROM rsvps)",
    "SELECT g.name FROM groups g WHERE NOT EXISTS (SELECT 1 FROM group_topics t WHERE t.group_id = g.group_id) \
     ORDER BY g.group_id LIMIT 30",
    "SELECT country, city, lat, lon, name FROM groups WHERE country <> '' ORDER BY group_id OFFSET 17 LIMIT 40",
    "SELECT count(*), count(photo_id) FROM photos",
    // With PostgreSQL's meaning, wherever it is computed.
    "SELECT to_char(mtime, 'YYYY-MM-DD HH24') AS hour, sum(2 ^ guests) AS powers, count(*) FILTER (WHERE response SIMILAR TO '(y|n)o?') AS n, \
     min(cast(mtime AS text)) AS first, max(cast(2.5 * guests AS int)) AS rounded FROM rsvps GROUP BY 1 ORDER BY 1",
];

/// Stages follow each other, and the second takes seconds.
const LONG: &str = "SELECT count(*) AS pairs, sum(a.guests * b.guests) AS guests, min(a.rsvp_id + b.rsvp_id) AS least \
     FROM (SELECT member_id % 40 AS k, guests, rsvp_id FROM rsvps) AS a \
     JOIN (SELECT member_id % 40 AS k, guests, rsvp_id FROM rsvp_versions JOIN rsvps USING (event_id, rsvp_id, guests, member_id)) AS b \
     ON a.k = b.k WHERE a.rsvp_id <> b.rsvp_id AND (a.rsvp_id * b.rsvp_id) % 7 <> 3";

fn shown(batches: &[RecordBatch]) -> String {
    pretty_format_batches(batches).expect("a table").to_string()
}

async fn answer(session: &SessionContext, statement: &str) -> String {
    let rows = tokio::time::timeout(LIMIT, collect(session, statement))
        .await
        .expect("it ends");
    shown(&rows.unwrap_or_else(|e| panic!("{statement}\n{e}")))
}

/// A folder with tables, and what is needed to read them.
struct Lake {
    folder: tempfile::TempDir,
    stores: Arc<LakeStores>,
    tables: Vec<TableSnapshot>,
}

impl Lake {
    async fn new(rsvps: i64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = url::Url::from_directory_path(folder.path()).expect("a URL");
        let tables = tables::write(url.as_str(), &tables::rows(rsvps), &HashMap::new()).await;
        let address = LakeAddress::Disk(folder.path().to_owned());
        let stores = Arc::new(LakeStores::open(&address).expect("the lake"));
        Self {
            folder,
            stores,
            tables,
        }
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().expect("UTF-8")
    }

    async fn embedded(&self, statement: &str) -> String {
        let session = session_on_this_machine(Arc::clone(&self.stores), &self.tables).await;
        answer(&session.expect("a session"), statement).await
    }

    async fn on(&self, cluster: &Cluster) -> SessionContext {
        session_on_cluster(&cluster.address, &self.stores, &self.tables)
            .await
            .expect("a session on the cluster")
    }
}

/// Waits until some file of a stage is in an executor's folder, hence a stage has ended there and a later one has not.
async fn until_a_stage_ended(work_dir: &Path) {
    let until = Instant::now() + LIMIT;
    loop {
        let mut folders = vec![work_dir.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let file = entry.path();
                match file.is_dir() {
                    true => folders.push(file),
                    false if file.extension().is_some_and(|ext| ext == "arrow") => return,
                    false => {}
                }
            }
        }
        assert!(Instant::now() < until, "no stage ended");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_over_a_folder_answer_as_the_embedded_engine_does() {
    let lake = Lake::new(4_000).await;
    let cluster = Cluster::start(lake.path(), 2, Vec::new());
    let session = lake.on(&cluster).await;
    for statement in STATEMENTS {
        let (here, there) = (
            lake.embedded(statement).await,
            answer(&session, statement).await,
        );
        assert_eq!(here, there, "{statement}");
        assert!(
            here.lines().count() > 4,
            "{statement} says nothing:\n{here}"
        );
    }
    let error = collect(&session, "SELECT no_such_column FROM rsvps")
        .await
        .expect_err("a wrong statement");
    assert!(error.to_string().contains("no_such_column"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_over_s3_answer_as_the_embedded_engine_does_over_a_folder() {
    let s3 = S3::shared();
    let lake = format!(
        "s3://{}/cluster?endpoint={}&region={}",
        s3.bucket(),
        s3.endpoint(),
        s3.region()
    );
    let credentials = vec![
        ("AWS_ACCESS_KEY_ID", s3.access_key().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", s3.secret_key().to_owned()),
    ];
    deltalake::aws::register_handlers(None);
    let options: HashMap<String, String> = credentials
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .chain([
            ("AWS_ENDPOINT_URL".to_owned(), s3.endpoint()),
            ("AWS_REGION".to_owned(), s3.region().to_owned()),
            ("AWS_ALLOW_HTTP".to_owned(), "true".to_owned()),
            ("aws_conditional_put".to_owned(), "etag".to_owned()),
        ])
        .collect();
    let folder = Lake::new(1_000).await;
    let url = format!("s3://{}/cluster/", s3.bucket());
    let tables = tables::write(&url, &tables::rows(1_000), &options).await;
    let cluster = Cluster::start(&lake, 2, credentials);
    // The client needs credentials too, and a test cannot set its own environment: they are given to it.
    let address = LakeAddress::parse(&lake).expect("an address");
    let stores = LakeStores::open_with(&address, options.into_iter()).expect("the lake");
    let session = session_on_cluster(&cluster.address, &stores, &tables)
        .await
        .expect("a session on the cluster");
    for statement in STATEMENTS {
        let (here, there) = (
            folder.embedded(statement).await,
            answer(&session, statement).await,
        );
        assert_eq!(here, there, "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_killed_in_the_middle_changes_nothing() {
    let lake = Lake::new(6_000).await;
    let mut cluster = Cluster::start(lake.path(), 1, Vec::new());
    let work_dir = tempfile::tempdir().expect("a folder");
    cluster.add(Some(work_dir.path()));
    let session = lake.on(&cluster).await;
    let statement = tokio::spawn(async move { answer(&session, LONG).await });
    until_a_stage_ended(work_dir.path()).await;
    cluster.executors[1].kill();
    assert!(
        !statement.is_finished(),
        "it was over before; make it longer"
    );
    let there = statement.await.expect("an answer");
    assert_eq!(there, lake.embedded(LONG).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_last_executor_is_lost_the_statement_ends_with_an_error() {
    let lake = Lake::new(6_000).await;
    let mut cluster = Cluster::start(lake.path(), 0, Vec::new());
    let work_dir = tempfile::tempdir().expect("a folder");
    cluster.add(Some(work_dir.path()));
    let session = lake.on(&cluster).await;
    let statement = tokio::spawn(async move { collect(&session, LONG).await });
    until_a_stage_ended(work_dir.path()).await;
    cluster.executors[0].kill();
    let liveness = Liveness::new(Liveness::LEAST).expect("the least");
    let limit = liveness.until_failure() + LIMIT / 4;
    let result = tokio::time::timeout(limit, statement)
        .await
        .expect("it ends within the grace");
    let error = result
        .expect("no panic")
        .expect_err("nobody is left")
        .to_string();
    assert!(error.contains("all executors were lost"), "{error}");

    // Another executor, and the same scheduler answers again.
    cluster.add(None);
    let session = lake.on(&cluster).await;
    assert_eq!(
        answer(&session, STATEMENTS[1]).await,
        lake.embedded(STATEMENTS[1]).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_end_when_told_to_and_leave_nothing() {
    let lake = Lake::new(100).await;
    let mut cluster = Cluster::start(lake.path(), 1, Vec::new());
    let work_dir = tempfile::tempdir().expect("a folder");
    cluster.add(Some(work_dir.path()));
    let session = lake.on(&cluster).await;
    assert_eq!(
        answer(&session, STATEMENTS[2]).await,
        lake.embedded(STATEMENTS[2]).await
    );
    let mut second = cluster.executors.remove(1);
    second.terminate();
    assert!(second.ended().success());
    let left = std::fs::read_dir(work_dir.path())
        .expect("the folder")
        .count();
    assert_eq!(left, 0, "the executor left something");

    // The other one takes over at once: the one that ended has said so.
    assert_eq!(
        answer(&session, STATEMENTS[3]).await,
        lake.embedded(STATEMENTS[3]).await
    );
    cluster.scheduler.terminate();
    assert!(cluster.scheduler.ended().success());
    let mut first = cluster.executors.remove(0);
    first.terminate();
    assert!(first.ended().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_reads_nothing_but_its_lake() {
    let (lake, other) = (Lake::new(100).await, Lake::new(100).await);
    let cluster = Cluster::start(other.path(), 1, Vec::new());
    let session = lake.on(&cluster).await;
    let error = collect(&session, STATEMENTS[1])
        .await
        .expect_err("another lake")
        .to_string();
    assert!(error.contains("outside the lake"), "{error}");
}

#[test]
fn what_cannot_work_is_refused_with_the_way_out() {
    let refused = |arguments: &[&str], says: &str| {
        let mut process = Process::start(arguments, &[]);
        process.line(says);
        assert!(!process.ended().success(), "{arguments:?}");
    };
    refused(&["scheduler", "--listen", "0.0.0.0:0"], "--unprotected");
    refused(
        &["scheduler", "--listen", "0.0.0.0:0", "--unprotected"],
        "--advertise",
    );
    refused(
        &["scheduler", "--executor-timeout", "3"],
        "6 s is the least",
    );
    refused(
        &["executor", "--lake", "/no/such/folder"],
        "/no/such/folder",
    );
    let folder = tempfile::tempdir().expect("a folder");
    let lake = folder.path().to_str().expect("UTF-8");
    refused(
        &["executor", "--lake", lake, "--listen", "192.0.2.1:1"],
        "--unprotected",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    refused(
        &["scheduler", "--listen", &address],
        "choose another with --listen",
    );
    refused(
        &["executor", "--lake", lake, "--listen", &address],
        "choose another with --listen",
    );
}
