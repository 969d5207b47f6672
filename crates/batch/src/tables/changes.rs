//! What has changed in the tables between two states of the journal.

use crate::model::{GroupTopic, TableRows};

/// Changes that bring tables from one state of the journal to another. Applying them twice does no harm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableChanges {
    /// Rows to insert, or to put in place of the row with the same key. No key stands twice.
    pub rows: TableRows,
    /// Rows to delete: topics that a group has no more. Nothing else is ever deleted.
    pub gone: Vec<GroupTopic>,
    /// The offset of each partition before them.
    pub from: Vec<u64>,
    /// The offset of each partition after them.
    pub to: Vec<u64>,
}
