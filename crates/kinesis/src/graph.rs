//! Which shard comes after which: a pure account of splits and merges.
//!
//! ```text
//!        ┌── b ──┐              a is split into b and c, c into d and e, and b and d are merged into f:
//!   a ───┤       ├── f          f is read when both b and d were read to their ends.
//!        └── c ──┤── d
//!                └── e
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::hash_key::HashKey;

/// A shard as the stream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its id, such as `shardId-000000000001`.
    pub id: String,
    /// None, one (after a split) or two (after a merge).
    pub parents: Vec<String>,
    /// The hash keys that it takes.
    pub keys: RangeInclusive<HashKey>,
    /// Whether it takes records.
    pub is_open: bool,
}

impl Shard {
    /// `None` if the listing leaves out what every shard has.
    pub(crate) fn of(listed: &aws_sdk_kinesis::types::Shard) -> Option<Self> {
        let keys = listed.hash_key_range()?;
        let parents = [listed.parent_shard_id(), listed.adjacent_parent_shard_id()];
        let sequence = listed.sequence_number_range()?;
        Some(Shard {
            id: listed.shard_id().to_owned(),
            parents: parents.into_iter().flatten().map(str::to_owned).collect(),
            keys: keys.starting_hash_key().parse().ok()?..=keys.ending_hash_key().parse().ok()?,
            is_open: sequence.ending_sequence_number().is_none(),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShardState {
    Waiting,
    Reading,
    Ended,
}

#[derive(Debug)]
struct ShardNode {
    parents: Vec<String>,
    state: ShardState,
}

/// The shards that are known, and how far each was read.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<String, ShardNode>,
}

impl Graph {
    /// Takes up a complete listing. Shards that are listed no more are forgotten unless they are being read.
    pub fn learn(&mut self, listed: &[Shard]) {
        let ids: BTreeSet<&str> = listed.iter().map(|shard| shard.id.as_str()).collect();
        self.nodes
            .retain(|id, node| node.state == ShardState::Reading || ids.contains(id.as_str()));
        for shard in listed {
            self.nodes
                .entry(shard.id.clone())
                .or_insert_with(|| ShardNode {
                    parents: shard.parents.clone(),
                    state: ShardState::Waiting,
                });
        }
    }

    /// The shards that may be read now; they count as being read from here on. A parent that is not listed has nothing
    /// any more.
    pub fn start(&mut self) -> Vec<String> {
        let is_due = |node: &ShardNode| {
            node.state == ShardState::Waiting
                && node.parents.iter().all(|parent| {
                    self.nodes
                        .get(parent)
                        .is_none_or(|parent| parent.state == ShardState::Ended)
                })
        };
        let due: Vec<String> = self
            .nodes
            .iter()
            .filter(|(_, node)| is_due(node))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &due {
            self.set(id, ShardState::Reading);
        }
        due
    }

    /// A closed shard was read to its end.
    pub fn end(&mut self, id: &str) {
        self.set(id, ShardState::Ended);
    }

    /// Everything before a shard that is known to have been read was read to its end before.
    pub fn end_before(&mut self, id: &str) {
        let mut parents = self.parents(id);
        while let Some(id) = parents.pop() {
            if self
                .nodes
                .get(&id)
                .is_some_and(|node| node.state != ShardState::Ended)
            {
                self.end(&id);
                parents.extend(self.parents(&id));
            }
        }
    }

    fn parents(&self, id: &str) -> Vec<String> {
        self.nodes
            .get(id)
            .map_or_else(Vec::new, |node| node.parents.clone())
    }

    fn set(&mut self, id: &str, state: ShardState) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.state = state;
        }
    }
}

#[cfg(test)]
mod tests;
