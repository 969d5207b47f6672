//! What a piece of the journal changes in the tables.

use crate::model::{GroupTopic, Rows};

/// Rows to write and rows to delete, with the piece of the journal that they follow from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Absolute rows, to insert or to put in place of the row with the same key; no key twice.
    pub rows: Rows,
    /// Rows of `group_topics` to delete: the only deletions there are.
    pub gone: Vec<GroupTopic>,
    /// The offset of each partition before.
    pub from: Vec<u64>,
    /// The offset of each partition after.
    pub to: Vec<u64>,
}
