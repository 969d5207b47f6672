//! What a statement may be: the limits at n - 1, n and n + 1, and the kinds of statements.

use headcount_batch::sql::{
    error::SqlError,
    guard::{
        self, ALLOWED, BYTES, CHAIN, IN_LIST, JOINS, LARGEST, NESTING, SET_OPERATIONS, TOKENS,
    },
    request::Format,
};

use crate::support::Tables;

fn state(sql: &str) -> Option<String> {
    guard::check(sql)
        .err()
        .map(|error: SqlError| error.sqlstate)
}

/// At `n` a statement passes and has an answer; beyond it is refused.
async fn bounded(what: &str, n: usize, statement: impl Fn(usize) -> String, refused: &str) {
    let tables = Tables::empty();
    for passing in [n - 1, n] {
        let answer = tables.ask(&statement(passing), Format::Json).await;
        assert!(answer.is_ok(), "{what} at {passing}: {:?}", answer.err());
    }
    assert_eq!(
        state(&statement(n + 1)).as_deref(),
        Some(refused),
        "{what} at {}",
        n + 1
    );
    let far = state(&statement(n * 10));
    assert!(
        matches!(far.as_deref(), Some("54000" | "54001")),
        "{what} at {}: {far:?}",
        n * 10
    );
}

#[tokio::test]
async fn a_statement_has_so_many_bytes() {
    bounded(
        "bytes",
        BYTES,
        |n| {
            format!(
                "SELECT '{}'",
                "é".repeat((n - 9) / 2) + &"a".repeat((n - 9) % 2)
            )
        },
        "54000",
    )
    .await;
}

#[tokio::test]
async fn a_statement_has_so_many_tokens() {
    bounded(
        "tokens",
        TOKENS,
        |n| {
            format!(
                "SELECT 1{}{}",
                ",1".repeat((n - 2) / 2),
                " a".repeat((n - 2) % 2)
            )
        },
        "54000",
    )
    .await;
}

#[tokio::test]
async fn a_statement_is_nested_so_deep() {
    bounded(
        "parentheses",
        NESTING,
        |n| format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
        "54001",
    )
    .await;
    bounded(
        "NOT",
        NESTING,
        |n| format!("SELECT {}true", "NOT ".repeat(n)),
        "54001",
    )
    .await;
    bounded(
        "minus",
        NESTING,
        |n| format!("SELECT {}1", "- ".repeat(n)),
        "54001",
    )
    .await;
    bounded(
        "CASE",
        NESTING,
        |n| {
            format!(
                "SELECT {}1{}",
                "CASE WHEN true THEN ".repeat(n),
                " END".repeat(n)
            )
        },
        "54001",
    )
    .await;
    bounded(
        "derived tables",
        NESTING,
        |n| format!("{}SELECT 1{}", "SELECT * FROM (".repeat(n), ") a".repeat(n)),
        "54001",
    )
    .await;
    // To plan these takes twice as long for each level: their time ends them.
    let nested: [fn(usize) -> String; 2] = [
        |n| format!("SELECT {}1{}", "(SELECT ".repeat(n), ")".repeat(n)),
        |n| {
            format!(
                "{}SELECT 1{}",
                "WITH a AS (".repeat(n),
                ") SELECT * FROM a".repeat(n)
            )
        },
    ];
    for nested in nested {
        assert_eq!(state(&nested(NESTING)), None);
        assert_eq!(state(&nested(NESTING + 1)).as_deref(), Some("54001"));
    }
}

#[tokio::test]
async fn a_chain_is_so_long() {
    for (operand, operator) in [
        ("1", "+"),
        ("1", "*"),
        ("'a'", "||"),
        ("true", " OR "),
        ("true", " AND "),
    ] {
        let chain = |n: usize| {
            format!(
                "SELECT {operand}{}",
                format!("{operator}{operand}").repeat(n)
            )
        };
        bounded(operator, CHAIN, chain, "54001").await;
    }
    bounded(
        "casts",
        CHAIN,
        |n| format!("SELECT 1{}", "::int".repeat(n)),
        "54001",
    )
    .await;
    bounded(
        "WHEN",
        CHAIN,
        |n| format!("SELECT CASE {}END", "WHEN false THEN 1 ".repeat(n)),
        "54001",
    )
    .await;
}

#[tokio::test]
async fn a_list_has_so_many_items() {
    bounded(
        "IN",
        IN_LIST,
        |n| format!("SELECT 1 IN (1{})", ",1".repeat(n - 1)),
        "54000",
    )
    .await;
}

#[tokio::test]
async fn there_are_so_many_joins_and_unions() {
    let joins = |n: usize| {
        (0..n)
            .map(|at| format!(" CROSS JOIN (SELECT 1) b{at}"))
            .collect::<String>()
    };
    bounded(
        "joins",
        JOINS,
        |n| format!("SELECT 1 FROM (SELECT 1) a{}", joins(n)),
        "54000",
    )
    .await;
    bounded(
        "commas",
        JOINS,
        |n| {
            format!(
                "SELECT 1 FROM (SELECT 1) a{}",
                (0..n)
                    .map(|at| format!(", (SELECT 1) b{at}"))
                    .collect::<String>()
            )
        },
        "54000",
    )
    .await;
    bounded(
        "UNION",
        SET_OPERATIONS,
        |n| format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(n)),
        "54000",
    )
    .await;
}

#[test]
fn what_is_made_large_must_be_written_there() {
    let passes = |sql: &str| assert_eq!(state(sql), None, "{sql}");
    let refused = |sql: &str, code: &str| assert_eq!(state(sql).as_deref(), Some(code), "{sql}");
    for (text, code) in [
        ("SELECT length(repeat('a', N))", "54000"),
        ("SELECT lpad('a', N)", "54000"),
        ("SELECT rpad('a', N, 'b')", "54000"),
        ("SELECT count(*) FROM generate_series(1, N)", "54000"),
        ("SELECT count(*) FROM generate_series(N, 1, -1)", "54000"),
        ("SELECT generate_series(1, N)", "54000"),
    ] {
        passes(&text.replace('N', &(LARGEST - 1).to_string()));
        passes(&text.replace('N', &LARGEST.to_string()));
        refused(&text.replace('N', &(LARGEST + 1).to_string()), code);
        refused(&text.replace('N', "2000000000"), code);
        refused(&text.replace('N', "(SELECT 5)"), "42501");
        refused(&text.replace('N', "5 + 5"), "42501");
    }
    passes("SELECT repeat(repeat('a', 1000), 1000)");
    refused("SELECT repeat(repeat('a', 1000), 1001)", "54000");
    refused("SELECT repeat(lpad('a', 1000), 1001)", "54000");
    refused("SELECT count(*) FROM generate_series(1, 5, 0)", "22023");
    refused(
        "SELECT count(*) FROM generate_series(1, 1000000000000)",
        "54000",
    );
    refused("SELECT pg_sleep(10)", "42883");
    refused("SELECT * FROM read_parquet('x')", "42501");
    refused("SELECT * FROM range(5)", "42501");
    let mut sorted = ALLOWED.to_vec();
    sorted.sort_unstable();
    assert_eq!(ALLOWED, sorted, "they are looked up by halves");
}

/// One of each kind of statement that the parser knows, beside those that read.
const OTHERS: &str = "\
ANALYZE rsvps; SET a = 1; SET TIME ZONE 'UTC'; SET ROLE x; RESET ALL; TRUNCATE rsvps; MSCK REPAIR TABLE rsvps;
INSERT INTO rsvps VALUES (1); INSTALL httpfs; LOAD httpfs; CALL f(); DO 'x'; COPY rsvps TO '/tmp/x'; COPY rsvps FROM STDIN;
OPEN c; CLOSE c; UPDATE rsvps SET guests = 1; DELETE FROM rsvps; CREATE VIEW v AS SELECT 1; CREATE TABLE t (a int);
CREATE TABLE t AS SELECT 1; CREATE TEMPORARY TABLE t (a int); CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd';
CREATE VIRTUAL TABLE t USING x; CREATE INDEX i ON rsvps (guests); CREATE ROLE r; CREATE USER u; CREATE SECRET s (TYPE x);
CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE POLICY p ON rsvps; CREATE CONNECTOR c TYPE 'x'; CREATE OPERATOR + (FUNCTION = f);
ALTER TABLE rsvps ADD COLUMN x int; ALTER SCHEMA s RENAME TO t; ALTER INDEX i RENAME TO j; ALTER VIEW v AS SELECT 1;
ALTER TYPE t RENAME TO u; ALTER ROLE r RENAME TO s; ALTER POLICY p ON rsvps RENAME TO q; ALTER USER u SET x = 1;
ATTACH DATABASE 'x' AS y; ATTACH 'x'; DETACH x; DROP TABLE rsvps; DROP VIEW v; DROP SCHEMA public; DROP FUNCTION f;
DROP DOMAIN d; DROP PROCEDURE p; DROP SECRET s; DROP POLICY p ON rsvps; DROP EXTENSION e; DROP TRIGGER t ON rsvps; DROP ROLE r;
DECLARE c CURSOR FOR SELECT 1; CREATE EXTENSION e; FETCH NEXT FROM c; FLUSH TABLES; DISCARD ALL; SHOW FUNCTIONS;
SHOW ALL; SHOW TABLES; SHOW COLUMNS FROM rsvps; SHOW CREATE TABLE rsvps; SHOW DATABASES; USE x; START TRANSACTION; BEGIN;
COMMENT ON TABLE rsvps IS 'x'; COMMIT; END; ROLLBACK; CREATE SCHEMA s; CREATE DATABASE d; CREATE FUNCTION f() RETURNS int AS 'x' LANGUAGE sql;
CREATE TRIGGER t BEFORE INSERT ON rsvps EXECUTE FUNCTION f(); CREATE PROCEDURE p() AS BEGIN END; CREATE MACRO m() AS 1; CREATE STAGE s;
ASSERT 1 = 1; GRANT SELECT ON rsvps TO x; REVOKE SELECT ON rsvps FROM x; DENY SELECT ON rsvps TO x; DEALLOCATE a; EXECUTE a;
PREPARE a AS INSERT INTO rsvps VALUES (1); PREPARE a AS SELECT 1; KILL 1; DESCRIBE rsvps; EXPLAIN ANALYZE SELECT 1; EXPLAIN DELETE FROM rsvps;
SAVEPOINT a; RELEASE SAVEPOINT a; MERGE INTO rsvps USING events ON true WHEN MATCHED THEN DELETE; CACHE TABLE rsvps; UNCACHE TABLE rsvps;
CREATE SEQUENCE s; CREATE DOMAIN d AS int; CREATE TYPE t AS (a int); PRAGMA x; LOCK TABLE rsvps; LOCK TABLES rsvps READ; UNLOCK TABLES;
UNLOAD (SELECT 1) TO 's3://x'; OPTIMIZE TABLE rsvps; LISTEN x; UNLISTEN x; NOTIFY x; LOAD DATA INPATH '/x' INTO TABLE rsvps;
RENAME TABLE a TO b; LIST @x; REMOVE @x; RAISERROR('x', 1, 1); THROW; PRINT 'x'; WAITFOR DELAY '1'; RETURN 1; VACUUM; VACUUM FULL rsvps;
EXPORT DATA OPTIONS (x = 1) AS SELECT 1; REINDEX TABLE rsvps; CLUSTER rsvps; CHECKPOINT; REFRESH MATERIALIZED VIEW v; SECURITY LABEL ON TABLE rsvps IS 'x';
WITH a AS (INSERT INTO rsvps VALUES (1) RETURNING *) SELECT * FROM a; WITH a AS (DELETE FROM rsvps RETURNING *) SELECT * FROM a;
SELECT 1 INTO t; SELECT * INTO OUTFILE '/tmp/x' FROM rsvps; SELECT * FROM rsvps FOR UPDATE; SELECT * FROM rsvps FOR SHARE;
SELECT * FROM '/etc/passwd'; SELECT * FROM rsvps TABLESAMPLE BERNOULLI (1); SELECT TRY_CAST('a' AS int);
SELECT * FROM rsvps WITH ORDINALITY; EXPLAIN EXPLAIN SELECT 1";

#[tokio::test]
async fn nothing_but_reading_is_allowed() {
    let tables = Tables::empty();
    let mut read_only = 0;
    for statement in OTHERS.split(';').map(str::trim) {
        let error = match guard::check(statement) {
            Err(error) => error,
            // Refused when it is planned.
            Ok(_) => tables
                .ask(statement, Format::Json)
                .await
                .expect_err(statement),
        };
        let known = ["25006", "42501", "42601", "42883", "42P01", "0A000"];
        assert!(
            known.contains(&error.sqlstate.as_str()),
            "{statement}: {error:?}"
        );
        read_only += usize::from(error.sqlstate == "25006");
    }
    assert!(read_only > 80, "most of them parse: {read_only}");
    for statement in [
        "SELECT 1",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1), (2)",
        "EXPLAIN SELECT 1",
        "SELECT 1;",
    ] {
        let answer = tables.ask(statement, Format::Json).await;
        assert!(answer.is_ok(), "{statement}: {:?}", answer.err());
    }
}

#[test]
fn what_does_not_read_is_refused_with_its_place() {
    for (statement, code, position) in [
        ("", "42601", None),
        (" ; ", "42601", None),
        ("-- nothing", "42601", None),
        ("SELECT 1; SELECT 2", "42601", None),
        (
            "SELECT 1 /*! ; DROP TABLE rsvps */; DELETE FROM rsvps",
            "42601",
            None,
        ),
        ("SELECT 'abc", "42601", Some(8)),
        ("SELECT /* open /* nested */", "42601", None),
        ("SELECT $a$ open $b$", "42601", None),
        ("SELECT 1\nFROM\n  é é é", "42601", Some(21)),
        ("SELECT 'a\0b'", "42601", Some(10)),
    ] {
        let error = guard::check(statement).unwrap_err();
        assert_eq!(error.sqlstate, code, "{statement}: {error:?}");
        if position.is_some() {
            assert_eq!(error.position, position, "{statement}: {error:?}");
        }
    }
    assert_eq!(
        state("SELECT /* a /* b */ ; */ 1"),
        None,
        "a semicolon in a comment ends nothing"
    );
    assert_eq!(
        state(&format!("SELECT 1 AS \"{}\"", "a".repeat(1 << 20))).as_deref(),
        Some("54000")
    );
}
