//! The winners of the feeds that are not RSVPs: distinct identities by status.

use std::collections::{BTreeMap, HashMap};

use headcount_record::{Feed, Identity, Other, Version};
use serde::{Deserialize, Serialize};

use crate::{ledger::Tally, view::FeedTotal};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OtherWinner {
    pub(crate) version: Version,
    pub(crate) content: u32,
    pub(crate) status: Option<Box<str>>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Others {
    winners: HashMap<Identity, OtherWinner>,
}

impl Others {
    /// Lets a record compete for its identity and enters the outcome in `tally`.
    pub(crate) fn offer(&mut self, other: Other, tally: &mut Tally) {
        let challenger = OtherWinner {
            version: other.version,
            content: other.content,
            status: other.status,
        };
        match self.winners.get_mut(&other.identity) {
            None => {
                tally.new += 1;
                self.winners.insert(other.identity, challenger);
            }
            Some(winner)
                if (challenger.version, challenger.content) > (winner.version, winner.content) =>
            {
                tally.replaced += 1;
                *winner = challenger;
            }
            Some(winner) if challenger.version.second() == winner.version.second() => {
                tally.repeated += 1;
            }
            Some(_) => tally.stale += 1,
        }
    }

    /// Adds what is known of each feed to `totals`.
    pub(crate) fn total(&self, totals: &mut BTreeMap<&'static str, FeedTotal>) {
        let mut by_status: HashMap<(Feed, Option<&str>), u64> = HashMap::default();
        for (identity, winner) in &self.winners {
            *by_status
                .entry((identity.feed, winner.status.as_deref()))
                .or_default() += 1;
        }
        for ((feed, status), count) in by_status {
            let total = totals.entry(feed.name()).or_default();
            total.unique += count;
            if let Some(status) = status {
                *total.by_status.entry(status.to_owned()).or_default() += count;
            }
        }
    }

    pub(crate) fn winners(&self) -> impl Iterator<Item = (&Identity, &OtherWinner)> {
        self.winners.iter()
    }
}
