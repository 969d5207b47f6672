//! Rows that the server refuses, set aside with the reason until a version of them is accepted.

use arrow::array::RecordBatch;
use sha2::{Digest, Sha256};

use crate::model::LakeTable;

use super::{
    connection::Connection,
    digest::{self, ColumnValues},
    failure::RequestFailure,
};

/// How many rows that wait for others are tried again at once.
const PAGE: i64 = 4096;

/// The row is of a kind that waits for another one: a foreign key refers to nothing.
const WAITS: &str = "23503";

/// A refused row.
#[derive(Clone, Debug)]
pub(super) struct RefusedRow {
    table: LakeTable,
    /// As people read it.
    key: String,
    pub(super) key_digest: Vec<u8>,
    /// The digest of the whole row.
    digest: i64,
    /// As COPY writes it.
    pub(super) line: String,
}

impl RefusedRow {
    /// A row of a batch of all rows of a table.
    pub(super) fn of(table: LakeTable, batch: &RecordBatch, row: usize, line: &str) -> Self {
        let values =
            |columns| ColumnValues::of(columns, batch).expect("a batch of the table's own columns");
        let key = values(table.key());
        Self {
            table,
            key: key.shown(row),
            key_digest: Sha256::digest(key.text(row)).to_vec(),
            digest: digest::digest(&values(table.columns()).text(row)),
            line: line.to_owned(),
        }
    }

    pub(super) fn table(&self) -> LakeTable {
        self.table
    }

    /// Sets it aside; `true` unless another version of it was set aside before.
    pub(super) async fn set_aside(
        &self,
        connection: &Connection,
        sqlstate: &str,
        message: &str,
    ) -> Result<bool, RequestFailure> {
        let sql = "INSERT INTO refused_rows (table_name, key, key_digest, digest, sqlstate, message, row) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (table_name, key_digest) DO UPDATE SET \
                   digest = excluded.digest, sqlstate = excluded.sqlstate, message = excluded.message, \
                   row = excluded.row, at = excluded.at RETURNING xmax = 0";
        let (table, key, line) = (self.table.name(), shown(&self.key), shown(&self.line));
        let message = shown(message);
        let row = connection
            .row(
                sql,
                &[
                    &table,
                    &key,
                    &self.key_digest,
                    &self.digest,
                    &sqlstate,
                    &message,
                    &line,
                ],
            )
            .await?;
        Ok(row.get(0))
    }

    /// Forgets that it was refused; `true` if it was.
    pub(super) async fn forget(&self, connection: &Connection) -> Result<bool, RequestFailure> {
        let sql = "DELETE FROM refused_rows WHERE table_name = $1 AND key_digest = $2";
        let count = connection
            .execute(sql, &[&self.table.name(), &self.key_digest])
            .await?;
        Ok(count > 0)
    }

    /// Those of a table that wait for rows that they refer to, after the one with this key, as many as are tried again
    /// at once.
    pub(super) async fn waiting(
        connection: &Connection,
        table: LakeTable,
        after: &[u8],
    ) -> Result<Vec<Self>, RequestFailure> {
        let sql = "SELECT key, key_digest, digest, row FROM refused_rows \
                   WHERE table_name = $1 AND sqlstate = $2 AND key_digest > $3 ORDER BY key_digest LIMIT $4";
        let rows = connection
            .rows(sql, &[&table.name(), &WAITS, &after, &PAGE])
            .await?;
        let row = |row: tokio_postgres::Row| Self {
            table,
            key: row.get(0),
            key_digest: row.get(1),
            digest: row.get(2),
            line: row.get(3),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

/// How many rows are set aside.
pub(super) async fn count(connection: &Connection) -> Result<u64, RequestFailure> {
    let row = connection
        .row("SELECT count(*) FROM refused_rows", &[])
        .await?;
    Ok(row.get::<_, i64>(0).unsigned_abs())
}

/// Text that a column can hold: U+0000 may be why the row was refused.
fn shown(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}
