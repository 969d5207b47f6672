//! The latest record by key of the feeds that are not RSVPs: distinct identities by status.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use headcount_record::{Kind, Other, Version};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    feeds::Feeds,
    ledger::Tally,
    query::lists::{PARTITION_STATUSES_MAX, bound_counts},
    query::view::FeedTotal,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecondaryWinner {
    pub(crate) version: Version,
    pub(crate) content: u32,
    pub(crate) status: Option<Box<str>>,
}

/// Winners by their kind and what they are of.
pub(crate) type SecondaryWinners = HashMap<(Kind, Box<str>), SecondaryWinner>;

#[derive(Default)]
pub(crate) struct Secondary {
    winners: SecondaryWinners,
    totals: SecondaryTotals,
}

impl Secondary {
    pub(crate) fn from_winners(winners: SecondaryWinners) -> Self {
        let mut totals = SecondaryTotals::default();
        for ((kind, _), winner) in &winners {
            totals.add(*kind, winner);
        }
        Self { winners, totals }
    }

    /// Lets a record of a feed compete for its identity and enters the outcome in `tally`. A digest
    /// that is kept follows.
    pub(crate) fn offer(
        &mut self,
        kind: Kind,
        feed: &str,
        other: Other,
        tally: &mut Tally,
        digest: Option<&mut u128>,
    ) {
        let Other {
            id,
            version,
            content,
            status,
            ..
        } = other;
        let challenger = SecondaryWinner {
            version,
            content,
            status,
        };
        let identity = (kind, id);
        let known = self.winners.get(&identity);
        match known {
            None => tally.new += 1,
            Some(winner)
                if (challenger.version, challenger.content) > (winner.version, winner.content) =>
            {
                tally.replaced += 1;
                self.totals.remove(kind, winner);
            }
            Some(winner) if challenger.version.second() == winner.version.second() => {
                tally.repeated += 1;
                return;
            }
            Some(_) => {
                tally.stale += 1;
                return;
            }
        }
        // The digest is a sum, so that it follows a change without the other winners.
        if let Some(digest) = digest {
            let of = |winner: &SecondaryWinner| secondary_digest(feed, &identity.1, winner);
            *digest = digest
                .wrapping_sub(known.map_or(0, of))
                .wrapping_add(of(&challenger));
        }
        self.totals.add(kind, &challenger);
        self.winners.insert(identity, challenger);
    }

    pub(crate) fn totals(&self) -> &SecondaryTotals {
        &self.totals
    }

    pub(crate) fn winners(&self) -> &SecondaryWinners {
        &self.winners
    }
}

/// Distinct identities of each feed, also by the status of their winner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecondaryTotals(BTreeMap<Kind, FeedTotal>);

impl SecondaryTotals {
    fn add(&mut self, kind: Kind, winner: &SecondaryWinner) {
        let total = self.0.entry(kind).or_default();
        total.unique += 1;
        if let Some(status) = winner.status.as_deref() {
            match total.by_status.get_mut(status) {
                Some(count) => *count += 1,
                None => {
                    total.by_status.insert(status.to_owned(), 1);
                }
            }
        }
    }

    fn remove(&mut self, kind: Kind, winner: &SecondaryWinner) {
        let total = self.0.entry(kind).or_default();
        total.unique -= 1;
        let Some(status) = winner.status.as_deref() else {
            return;
        };
        if let Some(count) = total.by_status.get_mut(status) {
            *count -= 1;
            if *count == 0 {
                total.by_status.remove(status);
            }
        }
    }

    /// The totals as they are sent and shown. What people may write into records must not decide how
    /// much is stored at every commit: a feed has at most [`PARTITION_STATUSES_MAX`] statuses, and
    /// then `other`.
    pub(crate) fn bounded(&self) -> Cow<'_, Self> {
        let is_long = |total: &FeedTotal| total.by_status.len() > PARTITION_STATUSES_MAX;
        if !self.0.values().any(is_long) {
            return Cow::Borrowed(self);
        }
        let mut totals = self.clone();
        for total in totals.0.values_mut() {
            bound_counts(&mut total.by_status, PARTITION_STATUSES_MAX);
        }
        Cow::Owned(totals)
    }

    /// Adds what is known of each feed by status to `totals`.
    pub(crate) fn count_statuses(&self, feeds: &Feeds, totals: &mut BTreeMap<Arc<str>, FeedTotal>) {
        for (kind, known) in &self.0 {
            let total = totals.entry(Arc::clone(&feeds[kind].name)).or_default();
            for (status, count) in &known.by_status {
                *total.by_status.entry(status.clone()).or_default() += count;
            }
        }
    }
}

/// The digest of a winner, as those of [`digest`](crate::digest) are.
pub(crate) fn secondary_digest(feed: &str, id: &str, winner: &SecondaryWinner) -> u128 {
    let mut bytes = Vec::new();
    let number = |bytes: &mut Vec<u8>, number: u64| bytes.extend(number.to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        number(bytes, text.len() as u64);
        bytes.extend(text.as_bytes());
    };
    number(&mut bytes, 3);
    text(&mut bytes, feed);
    text(&mut bytes, id);
    number(&mut bytes, winner.version.to_bits());
    number(&mut bytes, winner.content.into());
    text(&mut bytes, winner.status.as_deref().unwrap_or_default());
    xxh3_128(&bytes)
}
