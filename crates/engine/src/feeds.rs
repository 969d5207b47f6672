//! The feeds of a journal as a partition knows them: what became of their records.

use std::{collections::BTreeMap, sync::Arc};

use headcount_record::{Kind, Namespace, Schema};
use serde::{Deserialize, Serialize};

use crate::ledger::Tally;

/// Feeds by the kind of their records.
pub(crate) type Feeds = BTreeMap<Kind, FeedState>;

/// One feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FeedState {
    /// Its name in answers.
    pub(crate) name: Arc<str>,
    /// If its records are answers: whose.
    pub(crate) answers: Option<Namespace>,
    pub(crate) tally: Tally,
}

impl FeedState {
    /// The feeds of a schema, without a record.
    pub(crate) fn of(schema: &dyn Schema) -> impl Iterator<Item = Self> {
        let namespace = schema.namespace();
        let feeds = schema.feeds().iter().enumerate();
        feeds.map(move |(at, name)| Self {
            name: (*name).into(),
            // The first feed of a schema is that of the answers.
            answers: (at == 0).then_some(namespace),
            tally: Tally::default(),
        })
    }
}
