//! How far each shard was read, and how far of that is durable.
//!
//! A shard's messages are counted from the first one that was ever read, so a message has the same number whenever it is
//! read again: that is what lets every partition skip what it has. The count goes with a place of the shard where it
//! was right: [`Settled`], the end of the newest batch that is durable in all partitions. From there reading goes on.
//!
//! ```text
//!   batch 7      batch 8      batch 9      batch 10
//!  ──────────┬────────────┬────────────┬────────────▶
//!            │            └ in the program's hands
//!            └ let go: was appended, and is durable before anything later is appended: what batch 10 calls settled
//! ```

use std::collections::{BTreeMap, VecDeque};

use headcount_kinesis::{ReadPlan, SequenceNumber, ShardStart, StreamRecord};

use crate::position::{Position, Resume, ResumeState, Settled, ShardMark};
use crate::sink::BatchReceipt;

/// All shards of a stream.
#[derive(Debug)]
pub(super) struct ShardCursors {
    /// What the positions are called, up to the name of the shard.
    prefix: String,
    /// Where shards begin that were never read: from this arrival on (ms since 1970), or from the oldest record.
    begun_ms: Option<i64>,
    shards: BTreeMap<String, ShardCursor>,
}

#[derive(Debug, Default)]
struct ShardCursor {
    /// Messages so far.
    count: u64,
    first: Option<SequenceNumber>,
    settled: Option<Settled>,
    /// Batches that were handed on, oldest first.
    under_way: VecDeque<(BatchReceipt, Settled)>,
}

impl ShardCursors {
    /// `begun_ms` counts only for a stream of which nothing is known.
    pub(super) fn new(prefix: String, begun_ms: Option<i64>, resume: &Resume) -> Self {
        let mut cursors = ShardCursors {
            begun_ms,
            shards: BTreeMap::new(),
            prefix,
        };
        for position in resume.beginning(&cursors.prefix) {
            let ResumeState::Kinesis(mark) = &position.state else {
                continue;
            };
            cursors.begun_ms = mark.begun_ms;
            let shard = ShardCursor {
                count: mark.settled.as_ref().map_or(0, |settled| settled.at),
                first: mark.first.clone().map(SequenceNumber::new),
                settled: mark.settled.clone(),
                under_way: VecDeque::new(),
            };
            let name = &position.of[cursors.prefix.len()..];
            cursors.shards.insert(name.to_owned(), shard);
        }
        cursors
    }

    /// Where every shard goes on.
    pub(super) fn plan(&self, tolerates_loss: bool) -> ReadPlan {
        let start_of = |shard: &ShardCursor| match (&shard.settled, &shard.first) {
            (Some(settled), _) => Some(ShardStart::After {
                sequence: SequenceNumber::new(&settled.after),
                whole_ms: settled.whole_ms,
            }),
            (None, first) => Some(ShardStart::At(first.clone()?)),
        };
        ReadPlan {
            beginning: self.begun_ms.map_or(ShardStart::Oldest, ShardStart::Time),
            starts: self
                .shards
                .iter()
                .filter_map(|(name, shard)| Some((name.clone(), start_of(shard)?)))
                .collect(),
            only: None,
            tolerates_loss,
        }
    }

    /// A record of a shard was read.
    pub(super) fn read(&mut self, shard: &str, record: &StreamRecord) {
        let shard = self.shard(shard);
        shard.first.get_or_insert_with(|| record.sequence.clone());
    }

    /// The number of the next message of a shard.
    pub(super) fn next(&mut self, shard: &str) -> u64 {
        let shard = self.shard(shard);
        shard.count += 1;
        shard.count
    }

    /// The position after what was read of a shard.
    pub(super) fn position(&mut self, shard: &str) -> Position {
        let of = format!("{}{shard}", self.prefix);
        let begun_ms = self.begun_ms;
        let shard = self.shard(shard);
        while let Some((_, settled)) = shard.under_way.pop_front_if(|(taken, _)| taken.is_over()) {
            shard.settled = Some(settled);
        }
        let mark = ShardMark {
            begun_ms,
            first: shard.first.as_ref().map(ToString::to_string),
            settled: shard.settled.clone(),
        };
        Position::new(of, Some(shard.count), ResumeState::Kinesis(mark))
    }

    /// A batch that ends with this record was handed on. Everything that arrived up to `whole_ms` was read.
    pub(super) fn handed_on(
        &mut self,
        shard: &str,
        taken: BatchReceipt,
        after: &SequenceNumber,
        whole_ms: i64,
    ) {
        let shard = self.shard(shard);
        let settled = Settled {
            at: shard.count,
            after: after.to_string(),
            whole_ms,
        };
        shard.under_way.push_back((taken, settled));
    }

    /// All of a shard was read at this time. True if the position says more than before by that.
    pub(super) fn at_tip(&mut self, shard: &str, now_ms: i64) -> bool {
        self.position(shard);
        let shard = self.shard(shard);
        match &mut shard.settled {
            Some(settled) if shard.under_way.is_empty() => {
                settled.whole_ms = now_ms;
                true
            }
            _ => false,
        }
    }

    fn shard(&mut self, name: &str) -> &mut ShardCursor {
        if !self.shards.contains_key(name) {
            self.shards.insert(name.to_owned(), ShardCursor::default());
        }
        self.shards.get_mut(name).expect("it was just put there")
    }
}
