//! A source that has been journaled.

use crate::ledger::Account;

/// A source as this partition knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JournaledSource {
    /// Its name; empty until the journal gives it.
    pub name: String,
    /// What it delivered and what became of that.
    pub account: Account,
}
