//! PostgreSQL keeps what was committed when it is killed, and asks for a password where it should.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

use headcount_test_servers::Postgres;

/// A statement by psql: what it printed.
fn psql(connection: &str, password: &str, statement: &str) -> Output {
    let parameters = format!("{connection} user=headcount dbname=headcount connect_timeout=30");
    Command::new("psql")
        .args([&parameters, "-AtXc", statement])
        .env("PGPASSWORD", password)
        .output()
        .unwrap()
}

fn said(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap().trim_end()
}

#[test]
fn what_was_committed_outlives_the_server() {
    let server = Postgres::with_settings(&["max_connections=7"]);
    let connection = format!("host=127.0.0.1 port={}", server.port());
    let run = |statement: &str| psql(&connection, "", statement);
    assert_eq!(said(&run("SHOW max_connections")), "7");
    assert_eq!(said(&run("SHOW server_encoding")), "UTF8");
    said(&run("CREATE TABLE t AS SELECT generate_series(1, 1000)"));
    for _ in 0..3 {
        server.kill();
        assert!(!run("SELECT 1").status.success());
        server.restart();
        assert_eq!(said(&run("SELECT count(*) FROM t")), "1000");
    }
}

#[test]
fn a_protected_server_asks_for_a_password_over_tls() {
    let server = Postgres::with_password_and_tls();
    let ca = server.ca();
    let verified = format!(
        "host=localhost port={} sslmode=verify-full sslrootcert={}",
        server.port(),
        ca.display()
    );
    let tls = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(said(&psql(&verified, server.password(), tls)), "t");
    assert!(!psql(&verified, "wrong", tls).status.success());
    let plain = format!("host=localhost port={} sslmode=disable", server.port());
    assert!(!psql(&plain, server.password(), tls).status.success());
}

#[test]
fn a_shared_server_is_one() {
    assert_eq!(Postgres::shared().contact(), Postgres::shared().contact());
}
