//! `headcount-batch sql`: a statement, or a prompt for many.

mod prompt;

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::runtime::Runtime;

use super::current::current;
use crate::{
    cli::DataPlace,
    cluster::{ClusterAddress, answer_on_cluster},
    data::DataFolder,
    named::{Filters, all, find},
    sql::{
        child::{Piece, StatementRunner},
        error::SqlError,
        request::{AnswerEnd, AnswerFormat, StatementLimits, StatementRequest},
    },
};

/// `EX_DATAERR` of sysexits: the statement is wrong, or took more than it may.
const WRONG: u8 = 65;

/// What the command is told.
#[derive(Args, Debug)]
pub(crate) struct SqlArgs {
    /// The statement; `-` reads it from standard input. Without one, a prompt asks for it.
    statement: Option<String>,
    #[command(flatten)]
    place: DataPlace,
    /// One JSON array of objects.
    #[arg(long, conflicts_with_all = ["csv", "parquet"])]
    json: bool,
    /// CSV: NULL is empty, an empty text is "".
    #[arg(long, conflicts_with = "parquet")]
    csv: bool,
    /// A Parquet file instead of standard output.
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// One of the statements that come with headcount.
    #[arg(long, value_name = "NAME", conflicts_with = "statement")]
    named: Option<String>,
    /// Run the statement on a cluster, over the newest cut of the tables and not what the journal holds beyond it.
    #[arg(long, value_name = "df://HOST:PORT")]
    cluster: Option<ClusterAddress>,
}

/// Runs the command.
///
/// # Errors
/// If there are no tables, or if the answer cannot be written. What is wrong with a statement is told on standard error
/// and by the exit code.
pub(crate) fn run(args: &SqlArgs) -> Result<ExitCode> {
    let program = std::env::current_exe().context("find this program's own file")?;
    let session = SqlSession {
        statements: StatementRunner::new(program),
        runtime: Runtime::new().context("start the runtime")?,
        place: &args.place,
        cluster: args.cluster.as_ref(),
        format: format(args),
    };
    let statement = match (&args.named, args.statement.as_deref()) {
        (Some(name), _) => named(name)?,
        (None, Some("-")) => standard_input()?,
        (None, Some(statement)) => statement.to_owned(),
        (None, None) if io::stdin().is_terminal() && io::stdout().is_terminal() => {
            prompt::run(&session)?;
            return Ok(ExitCode::SUCCESS);
        }
        (None, None) => standard_input()?,
    };
    let answered = match &args.parquet {
        Some(path) => session.save(&statement, path)?,
        None => session.print(&statement)?,
    };
    Ok(match answered {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&statement, &error);
            ExitCode::from(WRONG)
        }
    })
}

fn format(args: &SqlArgs) -> AnswerFormat {
    if args.parquet.is_some() {
        AnswerFormat::Parquet
    } else if args.json {
        AnswerFormat::Objects
    } else if args.csv {
        AnswerFormat::Csv
    } else {
        AnswerFormat::Table { width: width() }
    }
}

/// How wide the terminal is; 0 where there is none.
fn width() -> u16 {
    if !io::stdout().is_terminal() {
        return 0;
    }
    console::Term::stdout().size().1
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    io::stdin()
        .take(1 << 20)
        .read_to_string(&mut text)
        .context("read the statement from standard input")?;
    Ok(text)
}

/// What statements of one command have in common.
struct SqlSession<'a> {
    statements: StatementRunner,
    runtime: Runtime,
    place: &'a DataPlace,
    cluster: Option<&'a ClusterAddress>,
    format: AnswerFormat,
}

impl SqlSession<'_> {
    /// Writes the answer to standard output as it comes.
    fn print(&self, statement: &str) -> Result<Result<AnswerEnd, SqlError>> {
        let mut out = io::stdout().lock();
        let answered = self.write(statement, &mut out)?;
        out.flush()?;
        Ok(answered)
    }

    /// Writes the answer to a file, which is there only if it is whole.
    fn save(&self, statement: &str, path: &Path) -> Result<Result<AnswerEnd, SqlError>> {
        let Some(name) = path.file_name() else {
            bail!("{} is no name of a file", path.display());
        };
        let mut beside = name.to_owned();
        beside.push(".part");
        let beside = path.with_file_name(beside);
        let written = || -> Result<Result<AnswerEnd, SqlError>> {
            let mut file = File::create(&beside)?;
            let answered = self.write(statement, &mut file)?;
            file.sync_all()?;
            Ok(answered)
        };
        let answered = written().with_context(|| format!("write {}", beside.display()));
        if matches!(answered, Ok(Ok(_))) {
            std::fs::rename(&beside, path).with_context(|| format!("write {}", path.display()))?;
        } else {
            let _ = std::fs::remove_file(&beside);
        }
        answered
    }

    fn write(&self, statement: &str, out: &mut impl Write) -> Result<Result<AnswerEnd, SqlError>> {
        if let Some(cluster) = self.cluster {
            return self.write_from(cluster, statement, out);
        }
        self.runtime.block_on(async {
            // It is held until the answer is complete.
            let current = current(self.place).await?;
            let request = StatementRequest {
                sql: statement.to_owned(),
                format: self.format,
                limits: StatementLimits::local(),
                snapshot: current.snapshot.clone(),
                bound: None,
            };
            let mut answer = match self.statements.run(&request).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Err(error)),
            };
            loop {
                let piece = tokio::select! {
                    piece = answer.next() => piece,
                    // The child ends when the answer is dropped.
                    _ = tokio::signal::ctrl_c() => return Ok(Err(interrupted())),
                };
                match piece {
                    Some(Ok(Piece::Data(bytes))) => out.write_all(&bytes)?,
                    Some(Ok(Piece::End(end))) => return Ok(Ok(end)),
                    Some(Err(error)) => return Ok(Err(error)),
                    None => return Ok(Err(interrupted())),
                }
            }
        })
    }

    /// The same on a cluster.
    fn write_from(
        &self,
        cluster: &ClusterAddress,
        statement: &str,
        out: &mut impl Write,
    ) -> Result<Result<AnswerEnd, SqlError>> {
        let data = DataFolder::new(self.place.data.clone());
        let tables = data.tables(self.place.lake.clone())?;
        let lake = tables.lake();
        self.runtime.block_on(async {
            tokio::select! {
                answered = answer_on_cluster(cluster, lake, statement, self.format, None, out) => answered,
                _ = tokio::signal::ctrl_c() => Ok(Err(interrupted())),
            }
        })
    }
}

/// The text of a statement that comes with headcount.
fn named(name: &str) -> Result<String> {
    let Some(named) = find(name) else {
        let names: Vec<_> = all().iter().map(|named| named.name).collect();
        bail!(
            "no statement has the name {name}; there are {}",
            names.join(", ")
        );
    };
    Ok(named.statement(&Filters::default()))
}

fn interrupted() -> SqlError {
    SqlError::new(
        crate::sql::error::sqlstate::CANCELED,
        "the statement was interrupted",
    )
}

/// Tells what is wrong with a statement, and where.
fn tell(statement: &str, error: &SqlError) {
    eprintln!("error: {error} ({})", error.sqlstate);
    let Some(position) = error.position.and_then(|at| usize::try_from(at).ok()) else {
        return;
    };
    let before: String = statement.chars().take(position.saturating_sub(1)).collect();
    let number = before.matches('\n').count();
    let column = before.chars().rev().take_while(|c| *c != '\n').count();
    let Some(line) = statement.lines().nth(number) else {
        return;
    };
    let head = format!("line {}: ", number + 1);
    eprintln!("{head}{line}\n{}^", " ".repeat(head.len() + column));
}
