//! The latest version of recent answers, so that none is learnt twice.
use serde::{Deserialize, Serialize};

use super::answer::AnswerVersion;

/// How many answers are remembered at most: of the public stream those of about a day. A record that was sent again came within 22 minutes.
const SLOTS: usize = 1 << 17;

/// An answer has one of so many slots, and takes that of the oldest if none is free.
const WAYS: usize = 8;

/// Answers by their hash.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct LatestAnswers {
    slots: Vec<LatestAnswer>,
}

/// What is kept of an answer.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct LatestAnswer {
    /// Hash of event and answer; 0 in an empty slot.
    key: u64,
    pub(super) version: AnswerVersion,
    pub(super) yes: bool,
    pub(super) guests: u32,
}

impl LatestAnswers {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![LatestAnswer::default(); SLOTS],
        }
    }

    pub(super) fn get(&self, key: u64) -> Option<LatestAnswer> {
        self.slots[ways(key)]
            .iter()
            .find(|latest| latest.key == key.max(1))
            .copied()
    }

    pub(super) fn put(&mut self, key: u64, version: AnswerVersion, yes: bool, guests: u32) {
        let ways = &mut self.slots[ways(key)];
        let own = ways.iter().position(|latest| latest.key == key.max(1));
        let oldest = || (0..WAYS).min_by_key(|way| (ways[*way].key != 0, ways[*way].version));
        if let Some(way) = own.or_else(oldest) {
            ways[way] = LatestAnswer {
                key: key.max(1),
                version,
                yes,
                guests,
            };
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.slots.len() == SLOTS
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower bits choose the slots"
)]
fn ways(key: u64) -> std::ops::Range<usize> {
    let first = key as usize % (SLOTS / WAYS) * WAYS;
    first..first + WAYS
}
