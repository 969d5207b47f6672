//! Records whose time is too far ahead of the clock to be believed.
//!
//! A record time is held against the record's arrival. The clock of the machine that took it may have
//! been behind, as after a sleep; then good records were kept out. A rebuild brings them in: it
//! holds times against a moment of its own too. That moment is a part of the state, so the same
//! journal and the same moment give the same counts. Until then it is known of which files records
//! were kept out, so that those can be read again.

use std::collections::BTreeMap;

use headcount_record::{TIME_END, Version};
use serde::{Deserialize, Serialize};

use crate::watermark::FUTURE_MS;

/// Keeps records of the future out, and remembers where they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Times are held against this moment (ms since 1970) where it is later than the arrival.
    judged_at: Option<i64>,
    /// The least time that was kept out when a source was last read, by what it is read from.
    kept_out: BTreeMap<String, i64>,
    /// The same of the batch at hand. Nothing at a commit.
    #[serde(skip)]
    batch: Option<i64>,
}

impl Quarantine {
    /// Holds times against this moment, ms since 1970, where it is later than a record's arrival.
    #[must_use]
    pub fn judging_at(moment: i64) -> Self {
        Self {
            judged_at: Some(moment),
            ..Self::default()
        }
    }

    /// From now on times are held against this moment.
    pub(crate) fn judge_at(&mut self, moment: i64) {
        self.judged_at = Some(moment);
    }

    pub(crate) fn judged_at(&self) -> Option<i64> {
        self.judged_at
    }

    /// Whether a record claims a time too far ahead to be believed; it is noted then.
    pub fn keeps_out(&mut self, version: Version, arrived: i64) -> bool {
        let clock = self.judged_at.map_or(arrived, |moment| moment.max(arrived));
        let (time, end) = (version.time(), clock.min(TIME_END) + FUTURE_MS);
        if time > end {
            self.batch = Some(self.batch.map_or(time, |least| least.min(time)));
        }
        time > end
    }

    /// A batch is complete: a part of what `of` names, from which reading has begun `again` if this
    /// part was there before.
    pub(crate) fn settle(&mut self, of: &str, again: bool) {
        let batch = self.batch.take();
        if again {
            self.kept_out.remove(of);
        }
        if let Some(time) = batch {
            let least = self.kept_out.entry(of.to_owned()).or_insert(time);
            *least = time.min(*least);
        }
    }

    /// The same of a source that cannot be read again.
    pub(crate) fn settle_once(&mut self) {
        self.batch = None;
    }

    /// What has records that are kept out, and the least of their times.
    pub(crate) fn kept_out(&self) -> &BTreeMap<String, i64> {
        &self.kept_out
    }
}
