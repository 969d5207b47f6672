//! Surveys of partitions, and of a whole journal.

use crate::{
    partition::Partition,
    query::pass::Facts,
    query::survey::{Scope, Survey},
    query::view::Filter,
    watermark::stream_time_of_all,
};

impl Partition {
    /// Surveys the partition.
    #[must_use]
    pub fn survey(&self, scope: &Scope) -> Survey {
        let facts = Facts {
            next_offset: self.next_offset,
            sources: &self.sources,
            feeds: &self.feeds,
            secondary: self.secondary.totals().bounded(),
            oldest: self.watermark.oldest_window(),
            events: self.rsvps.events.rows(),
            members: self.rsvps.members.rows(),
            catalog: &self.rsvps.catalog,
        };
        let mut survey = facts.survey(scope);
        if scope.whole {
            survey.digest = self.digest();
        }
        survey
    }
}

impl Survey {
    /// Surveys all partitions of a journal, cut at the stream time of the whole.
    #[must_use]
    pub fn of(partitions: &[&Partition], filter: Filter, whole: bool) -> Self {
        let times = partitions.iter().map(|partition| partition.stream_time());
        let scope = Scope {
            filter,
            stream_time: stream_time_of_all(times),
            whole,
        };
        let surveys = partitions.iter().map(|partition| partition.survey(&scope));
        surveys.reduce(Self::and).unwrap_or_default()
    }
}
