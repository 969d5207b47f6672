//! `docs/sql.md`: every row of its tables is asked, here and, where there is one, of a PostgreSQL server.

use std::sync::Arc;

use headcount_batch::sql::{child::Statements, error::SqlError, request::Format};

use crate::support::{self, Tables};

const DOCUMENT: &str = include_str!("../../../../docs/sql.md");
/// Where a PostgreSQL server is, as `host=… user=…`; its time zone must be UTC.
const SERVER: &str = "HEADCOUNT_TEST_POSTGRES";

/// A row of a table: a statement, PostgreSQL's answer, and ours.
#[derive(Debug)]
struct Line {
    statement: String,
    postgres: String,
    here: String,
}

/// The rows of all tables that begin with a statement.
fn lines() -> Vec<Line> {
    let cells = |line: &str| -> Vec<String> {
        let line = line.replace("\\|", "\u{1}");
        let cells = line.trim_matches('|').split('|');
        cells
            .map(|cell| cell.trim().trim_matches('`').replace('\u{1}', "|"))
            .collect()
    };
    let lines = DOCUMENT.lines().filter(|line| {
        ["| `SELECT", "| `WITH", "| `VALUES"]
            .iter()
            .any(|begin| line.starts_with(begin))
    });
    lines
        .map(|line| match cells(line).as_slice() {
            [statement, both] => (statement, both, both).into(),
            [statement, postgres, here] => (statement, postgres, here).into(),
            other => panic!("a row of {} cells: {line}", other.len()),
        })
        .collect()
}

impl From<(&String, &String, &String)> for Line {
    fn from((statement, postgres, here): (&String, &String, &String)) -> Self {
        Self {
            statement: statement.clone(),
            postgres: postgres.clone(),
            here: here.clone(),
        }
    }
}

fn answer(result: Result<Vec<u8>, SqlError>) -> String {
    match result {
        Err(error) => format!("error {}", error.sqlstate),
        Ok(table) => {
            let table = String::from_utf8(table).unwrap();
            let row = table.lines().nth(2).unwrap_or_default();
            row.strip_prefix(' ').unwrap_or(row).to_owned()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_the_document_is_so() {
    let tables = Arc::new(Tables::empty());
    let statements: Statements = support::statements();
    let mut tasks = Vec::new();
    for (place, line) in lines().into_iter().enumerate() {
        // No more than may run and wait.
        if place >= 4 {
            let earlier: &mut tokio::task::JoinHandle<(Line, String, String)> =
                &mut tasks[place - 4];
            while !earlier.is_finished() {
                tokio::task::yield_now().await;
            }
        }
        let (tables, statements) = (tables.clone(), statements.clone());
        tasks.push(tokio::spawn(async move {
            let request = tables.request(&line.statement, Format::Table { width: 0 });
            let result = match statements.run(&request).await {
                Ok(answer) => answer.whole().await.map(|(table, _)| table),
                Err(error) => Err(error),
            };
            let message = result
                .as_ref()
                .err()
                .map(ToString::to_string)
                .unwrap_or_default();
            (line, answer(result), message)
        }));
    }
    let mut wrong = Vec::new();
    for task in tasks {
        let (line, found, message) = task.await.unwrap();
        if found != line.here && found.trim() != line.here {
            wrong.push(format!(
                "{}\n  expected: {}\n  found:    {found} {message}",
                line.statement, line.here
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} lines\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn postgresql_answers_as_the_document_says() {
    let Ok(server) = std::env::var(SERVER) else {
        eprintln!("not run: {SERVER} is not set");
        return;
    };
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut wrong = Vec::new();
    for line in lines() {
        let found = match client.simple_query(&line.statement).await {
            Err(error) => format!("error {}", error.code().map_or("", |code| code.code())),
            Ok(messages) => {
                let row = messages.iter().find_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => {
                        Some(row.get(0).unwrap_or("NULL"))
                    }
                    _ => None,
                });
                row.unwrap_or_default().to_owned()
            }
        };
        let found = match found.as_str() {
            "t" => "true",
            "f" => "false",
            other => other,
        };
        if found != line.postgres {
            wrong.push(format!(
                "{}\n  written: {}\n  found:   {found}",
                line.statement, line.postgres
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
