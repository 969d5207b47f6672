//! The winners of the feeds that are not RSVPs: distinct identities by status.

use std::collections::{BTreeMap, HashMap};

use headcount_record::{Feed, Identity, Other, Version};
use serde::{Deserialize, Serialize};

use crate::{digest::other_digest, ledger::Tally, view::FeedTotal};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OtherWinner {
    pub(crate) version: Version,
    pub(crate) content: u32,
    pub(crate) status: Option<Box<str>>,
}

/// Winners by what they are of.
pub(crate) type OtherWinners = HashMap<Identity, OtherWinner>;

#[derive(Default)]
pub(crate) struct Others {
    winners: OtherWinners,
    totals: OtherTotals,
}

impl Others {
    pub(crate) fn from_winners(winners: OtherWinners) -> Self {
        let mut totals = OtherTotals::default();
        for (identity, winner) in &winners {
            totals.add(identity.feed, winner);
        }
        Self { winners, totals }
    }

    /// Lets a record compete for its identity and enters the outcome in `tally`. A digest that is
    /// kept follows.
    pub(crate) fn offer(&mut self, other: Other, tally: &mut Tally, digest: Option<&mut u128>) {
        let Other {
            identity,
            version,
            content,
            status,
            ..
        } = other;
        let challenger = OtherWinner {
            version,
            content,
            status,
        };
        let known = self.winners.get(&identity);
        match known {
            None => tally.new += 1,
            Some(winner)
                if (challenger.version, challenger.content) > (winner.version, winner.content) =>
            {
                tally.replaced += 1;
                self.totals.remove(identity.feed, winner);
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
        if let Some(digest) = digest {
            let before = known.map_or(0, |winner| other_digest(&identity, winner));
            *digest = digest
                .wrapping_sub(before)
                .wrapping_add(other_digest(&identity, &challenger));
        }
        self.totals.add(identity.feed, &challenger);
        self.winners.insert(identity, challenger);
    }

    pub(crate) fn totals(&self) -> &OtherTotals {
        &self.totals
    }

    pub(crate) fn winners(&self) -> &OtherWinners {
        &self.winners
    }
}

/// Distinct identities of each feed, also by the status of their winner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OtherTotals(BTreeMap<Feed, FeedTotal>);

impl OtherTotals {
    fn add(&mut self, feed: Feed, winner: &OtherWinner) {
        let total = self.0.entry(feed).or_default();
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

    fn remove(&mut self, feed: Feed, winner: &OtherWinner) {
        let total = self.0.entry(feed).or_default();
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

    /// Adds what is known of each feed to `totals`.
    pub(crate) fn total(&self, totals: &mut BTreeMap<&'static str, FeedTotal>) {
        for (feed, known) in &self.0 {
            let total = totals.entry(feed.name()).or_default();
            total.unique += known.unique;
            for (status, count) in &known.by_status {
                *total.by_status.entry(status.clone()).or_default() += count;
            }
        }
    }
}
