//! The prompt: a statement ends with `;`, an answer comes, and the next may follow.

use std::{
    io::{self, BufRead, Write},
    time::Instant,
};

use anyhow::{Context, Result};

use super::{SqlSession, tell};
use crate::model::Table;

const HELP: &str = "\
A statement ends with a semicolon. Besides:
  \\d        the tables
  \\d NAME   the columns of a table
  \\q        the end (or Ctrl-D)
`rlwrap headcount sql` edits lines and keeps a history.";

/// Reads statements and answers them until the end of input.
pub(super) fn run(session: &SqlSession<'_>) -> Result<()> {
    eprintln!(
        "headcount {}: SQL with PostgreSQL's meaning. \\h for help.",
        env!("CARGO_PKG_VERSION")
    );
    let mut lines = io::stdin().lock().lines();
    let mut statement = String::new();
    loop {
        show(if statement.is_empty() {
            "headcount=> "
        } else {
            "headcount-> "
        })?;
        let Some(line) = lines.next() else {
            eprintln!();
            return Ok(());
        };
        let line = line.context("read from the terminal")?;
        match line.trim() {
            "\\q" | "quit" | "exit" => return Ok(()),
            "\\h" | "\\?" | "help" => eprintln!("{HELP}"),
            command if command.starts_with("\\d") => describe(command[2..].trim()),
            _ => {
                statement.push_str(&line);
                statement.push('\n');
                if line.trim_end().ends_with(';') {
                    answer(session, &std::mem::take(&mut statement))?;
                } else if statement.trim().is_empty() {
                    statement.clear();
                }
            }
        }
    }
}

fn show(prompt: &str) -> Result<()> {
    let mut out = io::stderr();
    write!(out, "{prompt}")
        .and_then(|()| out.flush())
        .context("write to the terminal")
}

fn answer(session: &SqlSession<'_>, statement: &str) -> Result<()> {
    let started = Instant::now();
    match session.print(statement)? {
        Ok(_) => eprintln!("{} ms", started.elapsed().as_millis()),
        Err(error) => tell(statement, &error),
    }
    Ok(())
}

fn describe(name: &str) {
    if name.is_empty() {
        for table in Table::ALL {
            let columns: Vec<_> = table.columns().iter().map(|column| column.name).collect();
            println!("{:<14} {}", table.name(), columns.join(", "));
        }
        return;
    }
    match name.parse::<Table>() {
        Ok(table) => {
            for column in table.columns() {
                let null = if column.nullable { "" } else { "not null" };
                println!(
                    "{:<16} {:<17} {null}",
                    column.name,
                    column.column_type.postgres()
                );
            }
        }
        Err(error) => eprintln!("{error}"),
    }
}
