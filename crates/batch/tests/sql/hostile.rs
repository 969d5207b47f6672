//! Statements that mean harm: they end within their limits, and the next one works.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use headcount_batch::sql::{
    child::{Piece, StatementRunner},
    error::SqlError,
    request::{AnswerFormat, Grant, StatementLimits, StatementRequest},
};
use tokio::task::JoinSet;

use crate::support::{self, Tables};

fn request(sql: &str) -> StatementRequest {
    StatementRequest {
        limits: StatementLimits {
            wall_ms: 6_000,
            ..StatementLimits::served()
        },
        ..Tables::empty().request(sql, AnswerFormat::Json)
    }
}

async fn ask(statements: &StatementRunner, request: &StatementRequest) -> Result<(), SqlError> {
    statements.run(request).await?.whole().await.map(|_| ())
}

/// The statement ends with one of these, and the next one works.
async fn survived(statements: &StatementRunner, sql: &str, codes: &[&str]) {
    match ask(statements, &request(sql)).await {
        Err(error) => assert!(codes.contains(&error.sqlstate.as_str()), "{sql}: {error:?}"),
        Ok(()) => assert!(codes.is_empty(), "{sql} has an answer"),
    }
    let next = ask(statements, &support::limited("SELECT 1")).await;
    assert!(next.is_ok(), "after {sql}: {next:?}");
}

#[tokio::test]
async fn long_chains_are_refused() {
    let statements = support::statements();
    for terms in [500, 5_000, 50_000] {
        survived(
            &statements,
            &format!("SELECT 1{}", "+1".repeat(terms)),
            &["54001", "54000"],
        )
        .await;
    }
    for chain in [
        " OR true",
        " AND true",
        "||'a'",
        " UNION ALL SELECT true",
        "::bool",
    ] {
        survived(
            &statements,
            &format!("SELECT true{}", chain.repeat(5_000)),
            &["54001", "54000"],
        )
        .await;
        survived(
            &statements,
            &format!("SELECT true{}", chain.repeat(500)),
            &["54001", "54000"],
        )
        .await;
    }
    survived(
        &statements,
        &format!("SELECT {}1{}", "(".repeat(8_000), ")".repeat(8_000)),
        &["54001", "54000"],
    )
    .await;
    survived(
        &statements,
        &format!("SELECT {}a", "a,".repeat(100_000)),
        &["54000"],
    )
    .await;
    survived(
        &statements,
        &format!("SELECT 1 IN (1{})", ",1".repeat(5_000)),
        &["54000"],
    )
    .await;
}

#[tokio::test]
async fn what_takes_too_long_or_too_much_is_ended() {
    let statements = support::statements();
    let ended = ["57014", "53200", "42601", "2201B"];
    for sql in [
        "SELECT count(*) FROM generate_series(1, 1000000) a(x), generate_series(1, 1000000) b(y) WHERE x + y > 5",
        "SELECT count(*) FROM generate_series(1,9999) a, generate_series(1,9999) b, generate_series(1,9999) c, generate_series(1,9999) d",
        "SELECT string_agg(x::text, '') ~ '((a{1000}){1000}){1000}' FROM generate_series(1, 1000000) a(x)",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
        "SELECT array_agg(x) FROM generate_series(1, 1000000) a(x), generate_series(1, 1000) b(y)",
        "SELECT length(string_agg(repeat('x', 1000000), '')) FROM generate_series(1, 100000)",
        "SELECT count(DISTINCT repeat('x', 1000) || x) FROM generate_series(1, 1000000) a(x), generate_series(1, 10) b(y)",
        "SELECT x, y FROM generate_series(1, 1000000) a(x), generate_series(1, 1000) b(y) ORDER BY random()",
        "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY x + y) AS n FROM generate_series(1, 1000000) a(x), generate_series(1, 1000) b(y)) AS w",
    ] {
        survived(&statements, sql, &ended).await;
    }
}

#[tokio::test]
async fn what_cannot_be_is_an_error() {
    let statements = support::statements();
    for (sql, code) in [
        ("SELECT '99999999999999999999'::bigint", "22P02"),
        ("SELECT 300::smallint::int * 200::smallint", ""),
        ("SELECT date '999999-01-01'", "22P02"),
        ("SELECT 1::decimal(76, 76)", "22003"),
        ("SELECT 1 LIMIT -1", "42601"),
        ("SELECT 1 LIMIT 1000000000000000000", ""),
        ("SELECT 1 OFFSET 1000000000000000000", ""),
        (
            "SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' ~ '(a+)+$'",
            "",
        ),
        ("SELECT 'x' LIKE '%_%_%_%_%_%_%_%_%_%_%'", ""),
        ("SELECT * FROM read_csv('/etc/passwd')", "42501"),
        ("SELECT * FROM \"/etc/passwd\"", "42P01"),
        ("SELECT * FROM \"file:///etc/passwd\"", "42P01"),
        ("SELECT * FROM \"s3://bucket/key\"", "42P01"),
        ("SELECT nothing FROM rsvps", "42703"),
    ] {
        let codes: &[&str] = if code.is_empty() { &[] } else { &[code] };
        survived(&statements, sql, codes).await;
    }
}

#[tokio::test]
async fn a_place_is_free_when_nobody_wants_the_answer() {
    let statements = support::statements();
    let endless =
        "SELECT x, y FROM generate_series(1, 1000000) a(x), generate_series(1, 1000000) b(y)";
    // More than may run and wait: each goes when its answer is dropped, half read.
    for _ in 0..24 {
        let mut answer = statements.run(&support::limited(endless)).await.unwrap();
        assert!(matches!(answer.next().await, Some(Ok(Piece::Data(_)))));
    }
}

#[tokio::test]
async fn more_than_a_few_statements_at_once_are_refused() {
    let statements = support::statements();
    let slow = "SELECT count(*) FROM generate_series(1, 1000000) a(x), generate_series(1, 1000000) b(y) WHERE x + y > 5";
    let slow = support::limited(slow);
    // Four run, sixteen wait.
    let mut asked = JoinSet::new();
    for _ in 0..24 {
        let (statements, slow) = (statements.clone(), slow.clone());
        asked.spawn(async move { ask(&statements, &slow).await });
    }
    for _ in 20..24 {
        let refused = asked.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(
            (refused.sqlstate.as_str(), refused.http_status()),
            ("53300", 429)
        );
    }
    asked.shutdown().await;
    ask(&statements, &support::limited("SELECT 1"))
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_does_not_read_keeps_no_place() {
    let statements = support::statements();
    let endless = request(
        "SELECT x, y FROM generate_series(1, 1000000) a(x), generate_series(1, 1000000) b(y)",
    );
    let mut unread = Vec::new();
    for _ in 0..4 {
        unread.push(statements.run(&endless).await.unwrap());
    }
    // All four places are taken by statements of which nobody reads a byte; their time ends all the same.
    ask(&statements, &support::limited("SELECT 1"))
        .await
        .unwrap();
    drop(unread);
}

/// Before it has read a statement, a child has no more than its grant.
#[test]
fn a_child_gives_up_its_rights_before_it_reads_a_statement() {
    let grant = serde_json::to_vec(&Grant {
        limits: StatementLimits::served(),
        readable: Vec::new(),
        network: false,
    })
    .unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_headcount-batch"))
        .arg("statement")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let length = u32::try_from(grant.len()).unwrap().to_le_bytes();
    input
        .write_all(&[b"G", &length[..], &grant].concat())
        .unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let limit = |name: &str| {
        let limits = std::fs::read_to_string(&limits).unwrap();
        let line = limits
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned();
        let values = line[name.len()..].split_whitespace().map(str::to_owned);
        values.take(2).collect::<Vec<_>>()
    };
    let begun = Instant::now();
    while limit("Max address space")[1] != (1_u64 << 30).to_string() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the limits are not in force"
        );
        std::thread::yield_now();
    }
    for (name, value) in [
        ("Max core file size", "0"),
        ("Max file size", "0"),
        ("Max open files", "256"),
        ("Max cpu time", "20"),
    ] {
        assert_eq!(limit(name), [value, value], "{name}");
    }
    // Nobody asks: it ends.
    drop(input);
    assert!(!child.wait().unwrap().success());
}
