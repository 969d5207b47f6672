//! psql: its commands that describe, and a statement that Ctrl-C ends.

use std::process::{Command, Output};

use headcount_batch::model::LakeTable;

use crate::{
    data::text,
    server::{WireServer, postgres},
};

fn psql(port: u16, commands: &[&str]) -> Output {
    let mut psql = Command::new("psql");
    psql.args([
        "-X",
        "-h",
        "127.0.0.1",
        "-U",
        "headcount",
        "-d",
        "headcount",
    ])
    .args(["-p", &port.to_string()])
    .env("PGCONNECT_TIMEOUT", "30")
    .env("LC_ALL", "C.UTF-8");
    for command in commands {
        psql.args(["-c", command]);
    }
    psql.output()
        .expect("psql is installed (apt-get install postgresql-client)")
}

fn said(port: u16, command: &str) -> String {
    let output = psql(port, &[command]);
    assert!(output.status.success(), "{command}: {}", text(&output));
    assert!(output.stderr.is_empty(), "{command}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn tables_are_described_as_postgresql_describes_them() {
    let (ours, theirs) = (WireServer::shared().port, postgres().port());
    let mut commands = vec!["\\dt".to_owned(), "\\di".to_owned(), "\\dn".to_owned()];
    for table in LakeTable::ALL {
        commands.push(format!("\\d {table}"));
        commands.push(format!("\\d {table}_pkey"));
    }
    for command in commands {
        let (ours, theirs) = (said(ours, &command), said(theirs, &command));
        assert_eq!(ours, theirs, "{command}");
    }
}

#[test]
fn the_live_tables_are_views_and_all_is_listed() {
    let port = WireServer::shared().port;
    let listed = said(port, "\\d");
    for name in ["rsvps", "rsvp_versions", "live_events", "dead_letters"] {
        assert!(listed.contains(name), "{listed}");
    }
    assert!(listed.contains("| live_minutes   | view "), "{listed}");
    let described = said(port, "\\d live_minutes");
    assert!(
        described.contains("minute | timestamp with time zone"),
        "{described}"
    );
    let about = said(port, "\\dt+ rsvps");
    assert!(about.contains("the winner of each"), "{about}");
    for command in [
        "\\d+ rsvps",
        "\\dv",
        "\\l",
        "\\du",
        "\\df",
        "\\dT",
        "\\dp",
        "\\conninfo",
    ] {
        said(port, command);
    }
}

#[test]
fn a_statement_answers_and_an_error_names_its_place() {
    let server = WireServer::shared();
    let answer = said(server.port, "SELECT count(*) FROM rsvps");
    let number = server.data.number("SELECT count(*) FROM rsvps");
    assert_eq!(answer.lines().nth(2).unwrap().trim(), number.to_string());
    let wrong = psql(server.port, &["SELECT 1 +* 2 FROM rsvps"]);
    let stderr = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        stderr.contains("LINE 1: SELECT 1 +* 2 FROM rsvps"),
        "{stderr}"
    );
    for (statement, word) in [
        ("INSERT INTO rsvps VALUES (1)", "only SELECT"),
        ("COPY rsvps TO STDOUT", "COPY is not available"),
        ("DROP TABLE rsvps", "only SELECT"),
        ("SELECT nothing FROM rsvps", "nothing"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT * FROM pg_catalog.nowhere", "nowhere"),
        ("SELECT relname FROM pg_class, rsvps", "catalogue"),
        ("SELECT pg_read_file('/etc/passwd')", "pg_read_file"),
    ] {
        let refused = psql(server.port, &[statement]);
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{statement}: {stderr}");
        assert!(stderr.contains(word), "{statement}: {stderr}");
    }
    // The next statement works.
    said(server.port, "SELECT 1");
}

#[test]
fn settings_and_transactions_are_those_of_a_server_that_reads() {
    let port = WireServer::shared().port;
    let output = psql(
        port,
        &[
            "BEGIN; SET LOCAL statement_timeout = '5s'; SHOW statement_timeout; COMMIT",
            "SELECT current_schema(), current_database(), current_user, version() LIKE 'PostgreSQL 15%'",
            "SHOW server_version_num",
            "SET TIME ZONE 'Europe/Amsterdam'",
            "SHOW TIME ZONE",
            "SELECT current_setting('search_path')",
            "DISCARD ALL",
            "SHOW transaction_read_only",
        ],
    );
    let all = text(&output);
    assert!(output.status.success(), "{all}");
    for word in [
        "5000ms",
        " public ",
        " headcount ",
        " t\n",
        "150000",
        "answers stay in UTC",
        " UTC",
        "\"$user\", public",
        "DISCARD ALL",
        " on",
    ] {
        assert!(all.contains(word), "{word}: {all}");
    }
}
