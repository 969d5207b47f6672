//! Drivers: psycopg with SQLAlchemy and pandas, pgjdbc, and tokio-postgres.

use std::process::{Command, Output};

use headcount_batch::model::LakeTable;
use serde_json::{Value, json};

use crate::{
    data::text,
    python::Scripts,
    server::{WireServer, postgres},
};

const SCRIPTS: Scripts = Scripts {
    folder: "wire",
    requirements: include_str!("requirements.txt"),
};

fn names() -> Vec<&'static str> {
    LakeTable::ALL.map(LakeTable::name).into()
}

#[test]
fn psycopg_asks_in_all_of_its_ways() {
    let server = WireServer::shared();
    let job = json!({ "port": server.port });
    let answer = SCRIPTS.run("psycopg_ways.py", &job);
    let number = server.data.number("SELECT count(*) FROM rsvps");
    assert_eq!(answer["rsvps"], json!(number));
    let as_of: Value = serde_json::from_str(answer["as_of"].as_str().unwrap()).unwrap();
    assert_eq!(as_of["offsets"].as_array().unwrap().len(), 3);
}

#[test]
fn sqlalchemy_inspects_what_postgresql_shows_and_pandas_reads_it() {
    let server = WireServer::shared();
    let job = |port: u16| json!({ "port": port, "tables": names() });
    let ours = SCRIPTS.run("inspector.py", &job(server.port));
    let theirs = SCRIPTS.run("inspector.py", &job(postgres().port()));
    for what in [
        "schemas",
        "tables",
        "columns",
        "keys",
        "references",
        "uniques",
        "checks",
        "indexes",
    ] {
        assert_eq!(ours[what], theirs[what], "{what}");
    }
    assert_eq!(ours["views"].as_array().unwrap().len(), 6);
    let number = server.data.number("SELECT count(*) FROM rsvps");
    assert_eq!(ours["read_table"], json!(number));
    assert_eq!(ours["read_sql"], json!(number));
}

fn java(port: u16) -> Output {
    let jars = headcount_test_servers::pgjdbc_jars().join("*");
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire/Jdbc.java");
    Command::new("java")
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(jars)
        .args([program, &port.to_string()])
        .env("TZ", "Europe/Amsterdam")
        .output()
        .expect("java is installed (apt-get install openjdk-17-jdk-headless)")
}

#[test]
fn pgjdbc_describes_what_postgresql_describes_and_prepares() {
    let (ours, theirs) = (java(WireServer::shared().port), java(postgres().port()));
    assert!(ours.status.success(), "{}", text(&ours));
    assert!(theirs.status.success(), "{}", text(&theirs));
    let lines = |output: &Output| -> Vec<String> {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // PostgreSQL has no live tables here.
        let live = ["live_", "sources|", "dead_letters|"];
        let lines = text
            .lines()
            .filter(|line| !live.iter().any(|name| line.starts_with(name)));
        lines.map(str::to_owned).collect()
    };
    let (ours, theirs) = (lines(&ours), lines(&theirs));
    assert!(theirs.len() > 60, "{theirs:#?}");
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn tokio_postgres_finds_types_and_binds_in_binary_form() {
    let server = WireServer::shared();
    let client = server.client().await;
    let statement = "SELECT count(*) AS n, min(mtime) AS first FROM rsvps WHERE guests >= $1 AND response = $2 AND mtime < $3";
    let prepared = client.prepare(statement).await.unwrap();
    let types: Vec<_> = prepared.params().iter().map(|kind| kind.name()).collect();
    assert_eq!(types, ["int4", "text", "timestamptz"]);
    let columns: Vec<_> = prepared
        .columns()
        .iter()
        .map(|column| (column.name(), column.type_().name()))
        .collect();
    assert_eq!(columns, [("n", "int8"), ("first", "timestamptz")]);
    let until = std::time::UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000);
    let row = client
        .query_one(&prepared, &[&0_i32, &"yes", &until])
        .await
        .unwrap();
    let number = server
        .data
        .number("SELECT count(*) FROM rsvps WHERE guests >= 0 AND response = 'yes'");
    assert_eq!(row.get::<_, i64>(0).cast_unsigned(), number);
    assert!(row.get::<_, std::time::SystemTime>(1) > std::time::UNIX_EPOCH);
    // An injection is a text.
    let evil = "x' OR 'a' = 'a";
    let row = client
        .query_one("SELECT count(*) FROM rsvps WHERE response = $1", &[&evil])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    let row = client.query_one("SELECT $1::text", &[&evil]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), evil);
    let limited = client
        .query(
            "SELECT event_id FROM rsvps LIMIT $1 OFFSET $2",
            &[&3_i64, &1_i64],
        )
        .await
        .unwrap();
    assert_eq!(limited.len(), 3);
}
