//! Changes on their way into the tables, within one transaction.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;

use crate::{
    model::{GroupTopic, LakeTable, TableRow},
    tables::TableChanges,
};

use super::{
    connection::Connection, failure::RequestFailure, lines::Lines, refused::RefusedRow,
    sink::WrittenRows, statements::TableStatements,
};

/// The statements of all tables.
pub(super) struct AllStatements {
    upserting: Vec<TableStatements>,
    deleting: TableStatements,
}

impl AllStatements {
    pub(super) fn new() -> Self {
        Self {
            upserting: LakeTable::ALL.map(TableStatements::upserting).into(),
            deleting: TableStatements::deleting(LakeTable::GroupTopics),
        }
    }

    /// Makes the staging tables, once a session.
    pub(super) fn create(&self) -> String {
        let all = self.upserting.iter().chain([&self.deleting]);
        let create: Vec<_> = all.map(|statements| statements.create.as_str()).collect();
        create.join("; ")
    }
}

/// A row that the server does not take.
struct RowRefusal {
    /// Its place among the lines.
    row: usize,
    sqlstate: String,
    message: String,
}

/// One transaction's way through the tables.
pub(super) struct Load<'a> {
    connection: &'a Connection,
    written: WrittenRows,
    /// How many rows are set aside, as this transaction sees it.
    set_aside: u64,
    /// Tables of which a row was accepted now that was refused before: others may have waited for it.
    accepted: BTreeSet<LakeTable>,
    /// Whether the staging table in use holds rows.
    is_staged: bool,
}

impl<'a> Load<'a> {
    /// Begins with as many rows set aside as there are.
    pub(super) fn new(connection: &'a Connection, set_aside: u64) -> Self {
        Self {
            connection,
            written: WrittenRows::default(),
            set_aside,
            accepted: BTreeSet::new(),
            is_staged: false,
        }
    }

    /// Writes all changes, what others refer to first. Returns what was written, and how many rows are set aside now.
    pub(super) async fn write(
        mut self,
        statements: &AllStatements,
        changes: &TableChanges,
    ) -> Result<(WrittenRows, u64), RequestFailure> {
        self.delete(&statements.deleting, &changes.gone).await?;
        for statements in &statements.upserting {
            self.is_staged = false;
            let references = statements.table.references();
            if references
                .iter()
                .any(|reference| self.accepted.contains(&reference.to))
            {
                self.try_again(statements).await?;
            }
            self.upsert(statements, changes).await?;
        }
        Ok((self.written, self.set_aside))
    }

    async fn upsert(
        &mut self,
        statements: &TableStatements,
        changes: &TableChanges,
    ) -> Result<(), RequestFailure> {
        let table = statements.table;
        let count = changes.rows.count(table);
        let mut batch = None;
        let mut first = 0;
        while first < count {
            let lines = Lines::of(count, first, |row, out| {
                out.push_str(&changes.rows.copy(table, row, 1));
            });
            let (written, refusals) = self.apply(statements, &lines).await?;
            self.written.rows += written;
            for refusal in refusals {
                let batch: &RecordBatch = batch.get_or_insert_with(|| changes.rows.batch(table));
                let line = lines.line(refusal.row);
                let row = RefusedRow::of(table, batch, first + refusal.row, line);
                self.set_aside(&row, &refusal).await?;
            }
            first += lines.count();
        }
        Ok(())
    }

    async fn delete(
        &mut self,
        statements: &TableStatements,
        gone: &[GroupTopic],
    ) -> Result<(), RequestFailure> {
        let mut first = 0;
        while first < gone.len() {
            let lines = Lines::of(gone.len(), first, |row, out| gone[row].copy(out));
            let (deleted, refusals) = self.apply(statements, &lines).await?;
            self.written.deleted += deleted;
            // A row that cannot be sent is not in the table, but may be set aside.
            for refusal in refusals {
                let batch = GroupTopic::batch(&gone[first + refusal.row..][..1]);
                let row = RefusedRow::of(statements.table, &batch, 0, lines.line(refusal.row));
                if row.forget(self.connection).await? {
                    self.set_aside -= 1;
                    self.written.accepted += 1;
                }
            }
            first += lines.count();
        }
        Ok(())
    }

    /// Tries rows again that wait for others, some of which have come.
    async fn try_again(&mut self, statements: &TableStatements) -> Result<(), RequestFailure> {
        let mut after = Vec::new();
        loop {
            let rows = RefusedRow::waiting(self.connection, statements.table, &after).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after.clone_from(&last.key_digest);
            let mut first = 0;
            while first < rows.len() {
                let lines = Lines::of(rows.len(), first, |row, out| {
                    out.push_str(&rows[row].line);
                    out.push('\n');
                });
                let (written, refusals) = self.apply(statements, &lines).await?;
                self.written.rows += written;
                for refusal in refusals {
                    self.set_aside(&rows[first + refusal.row], &refusal).await?;
                }
                first += lines.count();
            }
        }
    }

    async fn set_aside(
        &mut self,
        row: &RefusedRow,
        refusal: &RowRefusal,
    ) -> Result<(), RequestFailure> {
        let RowRefusal {
            sqlstate, message, ..
        } = refusal;
        let is_new = row.set_aside(self.connection, sqlstate, message).await?;
        self.set_aside += u64::from(is_new);
        if self.written.refused == 0 {
            let table = row.table();
            tracing::warn!(
                "PostgreSQL refuses a row of {table}, which is set aside in refused_rows: {message} (SQLSTATE {sqlstate})"
            );
        }
        self.written.refused += 1;
        Ok(())
    }

    /// Writes lines, and halves those that the server refuses until it refuses single rows. Returns how many rows were
    /// changed, and the rows that were not.
    async fn apply(
        &mut self,
        statements: &TableStatements,
        lines: &Lines,
    ) -> Result<(u64, Vec<RowRefusal>), RequestFailure> {
        let mut changed = 0;
        let mut refusals = Vec::new();
        let mut ranges: Vec<_> = std::iter::once(0..lines.count()).collect();
        while let Some(range) = ranges.pop() {
            match self.attempt(statements, lines.range(range.clone())).await {
                Ok(count) => changed += count,
                Err(failure) if failure.is_of_row() => {
                    self.connection.run("ROLLBACK TO SAVEPOINT piece").await?;
                    match failure {
                        RequestFailure::Server { sqlstate, message } if range.len() == 1 => {
                            refusals.push(RowRefusal {
                                row: range.start,
                                sqlstate,
                                message,
                            });
                        }
                        _ => {
                            let middle = range.start + range.len() / 2;
                            // The first half is taken next.
                            ranges.extend([middle..range.end, range.start..middle]);
                        }
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok((changed, refusals))
    }

    /// Writes lines within a savepoint, which is still there if it fails.
    async fn attempt(
        &mut self,
        statements: &TableStatements,
        lines: &str,
    ) -> Result<u64, RequestFailure> {
        let connection = self.connection;
        connection.run("SAVEPOINT piece").await?;
        if self.is_staged {
            connection.run(&statements.clear).await?;
        }
        connection.copy(&statements.copy, lines).await?;
        let changed = connection.change(&statements.apply).await?;
        let accepted = match self.set_aside {
            0 => 0,
            _ => connection.change(&statements.accept).await?,
        };
        connection.run("RELEASE SAVEPOINT piece").await?;
        self.is_staged = true;
        if accepted > 0 {
            self.set_aside -= accepted;
            self.written.accepted += accepted;
            self.accepted.insert(statements.table);
        }
        Ok(changed)
    }
}
