//! What a statement's child process is asked, and what it says at the end.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::catalog::settings;
use crate::snapshot::{TablesAsOf, TablesSnapshot};

/// In which form the rows of an answer come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// One object: columns, rows as arrays, and what is known at the end.
    Json,
    /// One array of objects.
    Objects,
    /// RFC 4180: NULL is empty, an empty text is `""`.
    Csv,
    /// As `Csv`, for spreadsheets: what they would take for a formula gets a `'` in front.
    CsvExport,
    /// Arrow's streaming IPC.
    Arrow,
    /// One Parquet file.
    Parquet,
    /// Rows of PostgreSQL's protocol, as text or binary as the statement was [bound](BoundStatement).
    Wire,
    /// Aligned columns for a terminal of so many columns; 0: as wide as they are.
    Table {
        /// Of the terminal, in characters.
        width: u16,
    },
}

/// What one statement may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLimits {
    /// Address space of the process, bytes.
    pub memory: u64,
    /// Processor time, seconds.
    pub cpu_seconds: u64,
    /// Time from the start to the last byte taken, ms.
    pub wall_ms: u64,
    /// Rows of the answer; what is beyond is cut off, and the answer says so.
    pub rows: Option<u64>,
    /// Bytes of the answer in its format; likewise.
    pub bytes: Option<u64>,
    /// Threads that execute it.
    pub threads: usize,
}

impl StatementLimits {
    /// For statements that come over a network.
    #[must_use]
    pub const fn served() -> Self {
        Self {
            memory: 1 << 30,
            cpu_seconds: 20,
            wall_ms: 20_000,
            rows: Some(100_000),
            bytes: Some(16 << 20),
            threads: 2,
        }
    }

    /// For statements of the person at the terminal: nothing is cut off, and they may take an hour.
    #[must_use]
    pub const fn local() -> Self {
        Self {
            memory: 4 << 30,
            cpu_seconds: 7200,
            wall_ms: 3_600_000,
            rows: None,
            bytes: None,
            threads: 2,
        }
    }
}

/// What a child may do. It is read and put into force before the statement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What it may use.
    pub limits: StatementLimits,
    /// Folders and files it may read.
    pub readable: Vec<PathBuf>,
    /// Whether it may open connections: only where tables are in an object store.
    pub network: bool,
}

/// A statement for a child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatementRequest {
    /// The statement.
    pub sql: String,
    /// In which form the rows come.
    pub format: AnswerFormat,
    /// What it may use.
    pub limits: StatementLimits,
    /// What it sees.
    pub snapshot: TablesSnapshot,
    /// Values for its parameters, and who asks; none for statements that have neither.
    pub bound: Option<BoundStatement>,
}

/// What a client of PostgreSQL's protocol gives along with a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundStatement {
    /// The values of `$1`, `$2` and so on.
    pub parameters: Vec<StatementParameter>,
    /// Only the columns and the types of the parameters are wanted: these come as JSON, and no rows do.
    pub only_described: bool,
    /// Which columns come in binary form: none, all alike, or one for each.
    pub binary: Vec<bool>,
    /// Who asks.
    pub session: AskingSession,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementParameter {
    /// PostgreSQL's short name of its type, as in `pg_type`; none to find it from where it stands.
    pub type_name: Option<String>,
    /// As PostgreSQL writes it; none for NULL.
    pub value: Option<String>,
}

/// Who asks, as the catalogue's functions tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskingSession {
    /// The user that it says it is.
    pub user: String,
    /// The number by which it can be cancelled; 0 where it cannot.
    pub process: i32,
    /// Its settings.
    pub settings: BTreeMap<String, String>,
}

impl Default for AskingSession {
    fn default() -> Self {
        Self {
            user: "headcount".to_owned(),
            process: 0,
            settings: settings::defaults(),
        }
    }
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerColumn {
    /// Its name; names may repeat.
    pub name: String,
    /// PostgreSQL's name of its type.
    #[serde(rename = "type")]
    pub column_type: String,
}

/// What is known when the last row has gone out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerEnd {
    /// Whether rows were cut off by a limit.
    pub truncated: bool,
    /// Rows of the answer.
    pub row_count: u64,
    /// From reading the statement to the last row, ms.
    pub elapsed_ms: u64,
    /// Bytes of table files that were read; unknown where the scan does not say.
    pub bytes_read: Option<u64>,
    /// The moment of the answer.
    pub as_of: TablesAsOf,
}
