//! Aggregates of partitions, and of a whole journal.

use crate::{
    partition::Partition,
    query::filter::Filter,
    query::partial_aggregate::{PartialAggregate, Scope},
    query::pass::Facts,
    watermark::stream_time_of_all,
};

impl Partition {
    /// Aggregates the partition.
    #[must_use]
    pub fn aggregate(&self, scope: &Scope) -> PartialAggregate {
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
        let mut aggregate = facts.aggregate(scope);
        if scope.whole {
            aggregate.digest = self.digest();
        }
        aggregate
    }
}

impl PartialAggregate {
    /// Aggregates all partitions of a journal, cut at the stream time of the whole.
    #[must_use]
    pub fn of(partitions: &[&Partition], filter: Filter, whole: bool) -> Self {
        let times = partitions.iter().map(|partition| partition.stream_time());
        let scope = Scope {
            filter,
            stream_time: stream_time_of_all(times),
            whole,
            list: None,
        };
        let aggregates = partitions
            .iter()
            .map(|partition| partition.aggregate(&scope));
        aggregates.reduce(Self::and).unwrap_or_default()
    }
}
