//! The statements that write a table, made of its columns.

use crate::model::{LakeTable, TableColumn};

use super::digest;

/// What carries rows from a staging table into a table, or takes them out of it.
pub(super) struct TableStatements {
    pub(super) table: LakeTable,
    /// Makes the staging table, once a session.
    pub(super) create: String,
    /// Takes lines into it.
    pub(super) copy: String,
    /// Empties it.
    pub(super) clear: String,
    /// Writes what is in it.
    pub(super) apply: String,
    /// Forgets of the rows in it that they were ever refused.
    pub(super) accept: String,
}

impl TableStatements {
    /// Inserts rows, and puts each in place of the row with its key as a whole. A row that is there already stays as it
    /// is, down to its place on the disk.
    pub(super) fn upserting(table: LakeTable) -> Self {
        let columns = names(table.columns(), "");
        let key = names(table.key(), "");
        let rest = &table.columns()[table.key_columns()..];
        let staging = format!("staging_{table}");
        let conflict = match rest {
            [] => "DO NOTHING".to_owned(),
            rest => {
                let set = |column: &TableColumn| format!("{0} = excluded.{0}", column.name);
                let sets: Vec<_> = rest.iter().map(set).collect();
                // Bits are compared, not values: zero may become minus zero.
                format!("DO UPDATE SET {} WHERE t.* *<> excluded.*", sets.join(", "))
            }
        };
        let apply = format!(
            "INSERT INTO {table} AS t ({columns}) SELECT {columns} FROM {staging} ON CONFLICT ({key}) {conflict}"
        );
        Self::with(table, &staging, apply)
    }

    /// Deletes the rows with the keys of those in the staging table.
    pub(super) fn deleting(table: LakeTable) -> Self {
        let staging = format!("deleting_{table}");
        let equal = |column: &TableColumn| format!("t.{0} = s.{0}", column.name);
        let equal: Vec<_> = table.key().iter().map(equal).collect();
        let apply = format!(
            "DELETE FROM {table} AS t USING {staging} AS s WHERE {}",
            equal.join(" AND ")
        );
        Self::with(table, &staging, apply)
    }

    fn with(table: LakeTable, staging: &str, apply: String) -> Self {
        Self {
            table,
            create: format!(
                "CREATE TEMPORARY TABLE {staging} (LIKE {table}) ON COMMIT DELETE ROWS"
            ),
            copy: format!("COPY {staging} ({}) FROM STDIN", names(table.columns(), "")),
            clear: format!("TRUNCATE {staging}"),
            apply,
            accept: format!(
                "DELETE FROM refused_rows AS r USING {staging} AS s WHERE r.table_name = '{table}' \
                 AND r.key_digest = {}",
                key_digest(table, "s")
            ),
        }
    }
}

/// By what the key of a row is known in `refused_rows`, in SQL: keys may be too long for an index.
fn key_digest(table: LakeTable, relation: &str) -> String {
    let text = digest::text_in_sql(table.key(), relation);
    format!("sha256(convert_to({text}, 'UTF8'))")
}

/// How many rows a table has and the sum of their digests, in SQL. A row whose newest version was refused counts as that
/// version, so that the answer is that of a server that refuses nothing.
pub(super) fn table_digest(table: LakeTable, some_are_refused: bool) -> String {
    let text = digest::text_in_sql(table.columns(), "t");
    let eight = format!("encode(substring(sha256(convert_to({text}, 'UTF8')) FOR 8), 'hex')");
    let rows = format!("SELECT ('x' || {eight})::bit(64)::bigint AS digest FROM {table} AS t");
    let rows = match some_are_refused {
        false => rows,
        true => format!(
            "{rows} WHERE NOT EXISTS (SELECT FROM refused_rows AS r WHERE r.table_name = '{table}' \
             AND r.key_digest = {}) UNION ALL SELECT digest FROM refused_rows WHERE table_name = '{table}'",
            key_digest(table, "t")
        ),
    };
    format!("SELECT count(*), coalesce(sum(digest), 0)::text FROM ({rows}) AS rows")
}

fn names(columns: &[TableColumn], prefix: &str) -> String {
    let names: Vec<_> = columns
        .iter()
        .map(|column| format!("{prefix}{}", column.name))
        .collect();
    names.join(", ")
}
