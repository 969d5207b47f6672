//! The forms in which sources, groups and event rows are stored, in checkpoints and elsewhere.

use std::{
    collections::{BTreeMap, HashSet},
    hash::Hash,
    sync::Arc,
};

use headcount_record::{Event, Group, Key, Known, Topic, Version};
use serde::{Deserialize, Serialize};

use crate::{
    events::{EventRow, SnapshotKeys},
    ledger::{Account, Tally},
    source::JournaledSource,
    window::{Buckets, Window},
};

/// A source as this partition knows it.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredSource {
    name: String,
    account: AccountParts,
}

/// The parts of an account, for a format that does not know flattened members.
#[derive(Serialize, Deserialize)]
struct AccountParts {
    received: u64,
    kept: u64,
    repaired: u64,
    blanked: u64,
    rejected: BTreeMap<String, u64>,
    tally: Tally,
    gaps: u64,
}

/// An event row without what is only of use to who counts.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    content: Arc<Event>,
    version: Version,
    record: u32,
    pub(crate) group: Option<u32>,
    pub(crate) venue: Option<u32>,
    yes: u32,
    no: u32,
    maybe: u32,
    guests: u32,
    recent: Buckets,
}

impl StoredSource {
    pub(crate) fn of(state: &JournaledSource) -> Self {
        let Account {
            received,
            kept,
            repaired,
            blanked,
            rejected,
            tally,
            gaps,
        } = state.account.clone();
        Self {
            name: state.name.clone(),
            account: AccountParts {
                received,
                kept,
                repaired,
                blanked,
                rejected,
                tally,
                gaps,
            },
        }
    }

    pub(crate) fn into_state(self) -> JournaledSource {
        let AccountParts {
            received,
            kept,
            repaired,
            blanked,
            rejected,
            tally,
            gaps,
        } = self.account;
        JournaledSource {
            name: self.name,
            account: Account {
                received,
                kept,
                repaired,
                blanked,
                rejected,
                tally,
                gaps,
            },
        }
    }
}

impl StoredEvent {
    pub(crate) fn of(row: &EventRow) -> Self {
        Self::with(row, row.recent.clone())
    }

    /// The row without the windows before one, which are not kept any more.
    pub(crate) fn since(row: &EventRow, oldest: Window) -> Self {
        Self::with(row, row.recent.kept(oldest))
    }

    fn with(row: &EventRow, recent: Buckets) -> Self {
        Self {
            content: Arc::clone(&row.content.content),
            version: row.version,
            record: row.record,
            group: row.group.map(|group| group.index() as u32),
            venue: row.venue,
            yes: row.yes,
            no: row.no,
            maybe: row.maybe,
            guests: row.guests,
            recent,
        }
    }

    pub(crate) fn into_row(self) -> EventRow {
        let Self {
            content,
            version,
            record,
            group,
            venue,
            yes,
            no,
            maybe,
            guests,
            recent,
        } = self;
        EventRow {
            content: Known::new(content),
            keys: SnapshotKeys::default(),
            version,
            record,
            group: group.and_then(Key::new),
            venue,
            yes,
            no,
            maybe,
            guests,
            recent,
        }
    }
}

/// Texts and topics that many groups have. In stored form each group has its own.
#[derive(Default)]
pub(crate) struct GroupInterner {
    texts: HashSet<Arc<str>>,
    topics: HashSet<Arc<Topic>>,
}

impl GroupInterner {
    pub(crate) fn group(&mut self, group: Arc<Group>) -> Group {
        let mut group = Arc::unwrap_or_clone(group);
        let texts = [&mut group.city, &mut group.state].into_iter();
        for text in texts.chain(&mut group.country) {
            share(&mut self.texts, text);
        }
        for topic in &mut group.topics {
            share(&mut self.topics, topic);
        }
        group
    }
}

/// Puts the one known before in the place of an equal one.
fn share<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>>, one: &mut Arc<T>) {
    match known.get(one) {
        Some(known) => *one = Arc::clone(known),
        None => {
            known.insert(Arc::clone(one));
        }
    }
}
