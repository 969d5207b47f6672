//! The account of every record received: it must always balance.
//!
//! ```text
//! received = kept + rejected(reason)
//! kept     = new + replaced + repeated + stale + quarantined(reason)
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What became of the records of one feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The first record of its identity.
    pub new: u64,
    /// Greater than the winner, and the winner from then on.
    pub replaced: u64,
    /// Not greater than the winner, in the same rounded second.
    pub repeated: u64,
    /// Not greater than the winner, from an earlier second.
    pub stale: u64,
    /// Kept in the journal and counted nowhere, by reason.
    pub quarantined: BTreeMap<String, u64>,
}

impl Tally {
    /// Records kept: the right side of the second equation.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.new
            + self.replaced
            + self.repeated
            + self.stale
            + self.quarantined.values().sum::<u64>()
    }

    /// Adds records that are counted nowhere.
    pub(crate) fn quarantine(&mut self, reason: &str, records: u64) {
        if records > 0 {
            *self.quarantined.entry(reason.to_owned()).or_default() += records;
        }
    }

    /// Adds what became of other records.
    pub fn add(&mut self, other: &Self) {
        self.new += other.new;
        self.replaced += other.replaced;
        self.repeated += other.repeated;
        self.stale += other.stale;
        for (reason, count) in &other.quarantined {
            *self.quarantined.entry(reason.clone()).or_default() += count;
        }
    }
}

/// The account of one source, or of all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Records the source delivered.
    pub received: u64,
    /// Records accepted into the journal.
    pub kept: u64,
    /// Records among those kept in which half an emoji was repaired to U+FFFD.
    pub repaired: u64,
    /// Values in them that were masked because their schema does not know them: more than 0 means
    /// that a source sends what it did not send before.
    pub blanked: u64,
    /// Records refused before the journal, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// What became of those kept, all feeds together.
    #[serde(flatten)]
    pub tally: Tally,
    /// Interruptions in which records may have been lost.
    pub gaps: u64,
}

impl Account {
    /// Whether both equations hold.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.received == self.kept + self.rejected.values().sum::<u64>()
            && self.kept == self.tally.kept()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.kept += other.kept;
        self.repaired += other.repaired;
        self.blanked += other.blanked;
        for (reason, count) in &other.rejected {
            *self.rejected.entry(reason.clone()).or_default() += count;
        }
        self.tally.add(&other.tally);
        self.gaps += other.gaps;
    }
}

/// The accounts of all sources and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// The sum of the accounts.
    #[serde(flatten)]
    pub all: Account,
    /// Whether both equations hold for every account.
    pub balanced: bool,
    /// Winners older than every window that is kept at this stream time: they are in totals only.
    pub late: u64,
    /// Winners newer than every window shown at this stream time: re-sent records that are far
    /// ahead of all live ones. They are in totals only, until the stream has come there.
    pub ahead: u64,
    /// By the source's name: at most 400 of them, those that delivered most, and then `other`.
    pub sources: BTreeMap<String, Account>,
}

impl Ledger {
    /// Adds one partition's account of a source.
    pub(crate) fn add(&mut self, source: &str, account: &Account) {
        self.all.add(account);
        self.sources
            .entry(source.to_owned())
            .or_default()
            .add(account);
    }

    /// Adds the ledger of another partition.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (source, account) in &other.sources {
            self.add(source, account);
        }
        self.late += other.late;
        self.ahead += other.ahead;
        self.close();
    }

    /// Draws the line under the columns.
    pub(crate) fn close(&mut self) {
        self.balanced = self.all.balances() && self.sources.values().all(Account::balances);
    }
}
