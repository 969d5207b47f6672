//! What each slot of the stream is for, without remembering any other slot.
//!
//! Four fifths of all slots are first answers. The others look back: a re-sent record or a change
//! of mind needs an earlier slot, found by arithmetic. Most re-sends must hit an RSVP that no
//! other re-send hits, or fewer RSVPs would be re-sent than in reality. So slots are paired:
//!
//! ```text
//! slots   . . . . . . . . . . . .     every `lanes` slots in a row give one step to each lane
//! a lane  | p p p p | r r r r | p p | r r | p | r | p p | ...
//!           promises  re-sends          nodes of 2^level steps, halved
//! ```
//!
//! Each lane is cut into nodes of many sizes. A slot in the first half of a node may promise that
//! it will be re-sent; its partner in the second half then is that re-send. A node's size sets
//! the delay, so the shares of the sizes give the distribution of delays.

use headcount_record::Feed;

use super::{
    clock::Slot,
    dice::{Dice, Quantiles, mix},
};

/// Of a million slots in each category (the feed's own share is cut off before).
const CHANGES: u32 = 49_000;
const REPEATS_AGAIN: u32 = 8_000;
const REPEATS_OF_OLD: u32 = 17_000;
/// How many of the slots in first halves promise a re-send, of a million.
const PROMISES: u32 = 355_000;

/// Share of the re-sends by delay: from 0.25 s, each twice the one before.
const DELAYS: [u64; 13] = [
    250, 900, 1600, 2100, 2000, 1500, 850, 420, 180, 90, 50, 25, 15,
];
const DELAY_LEAST_S: f64 = 0.25;
/// Lanes stand beside one another so that delays of every size occur at any time.
const LANES_MAX: u32 = 16;
/// Steps of a lane should last no longer than the shortest delays.
const STEP_S: f64 = 0.75;

/// Delay of a change of mind behind the answer it changes, in ms.
const CHANGE_DELAY: Quantiles = Quantiles(&[
    (0, 1_200),
    (1_000, 2_800),
    (2_500, 5_500),
    (5_000, 12_300),
    (7_500, 55_000),
    (9_000, 700_000),
    (9_700, 86_400_000),
    (10_000, 3_456_000_000),
]);
/// Delay of a record that is re-sent once more behind the re-send before, in ms.
const AGAIN_DELAY: Quantiles = Quantiles(&[
    (0, 300),
    (3_000, 2_000),
    (6_000, 20_000),
    (9_000, 300_000),
    (10_000, 1_800_000),
]);
/// Age of an RSVP that was touched long after it was made, in ms.
const OLD_DELAY: Quantiles = Quantiles(&[
    (0, 800_000),
    (800, 3_000_000),
    (2_000, 14_000_000),
    (5_000, 70_000_000),
    (8_000, 1_100_000_000),
    (9_500, 4_000_000_000),
    (10_000, 12_355_200_000),
]);

/// What a slot was made for. Whether a slot that looks back finds what it needs is for the
/// caller to see; if not, it is a first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotRole {
    /// A first answer.
    First,
    /// An answer changes that was made about `delay_ms` before.
    Change { delay_ms: i64 },
    /// What this slot said is sent again.
    Repeat { of: Slot },
    /// The content of a re-send about `delay_ms` before is sent again.
    RepeatAgain { delay_ms: i64 },
    /// The content of a slot about `delay_ms` before is sent again.
    RepeatOfOld { delay_ms: i64 },
    /// A record of another feed.
    Other(Feed),
}

pub(super) struct Script {
    key: u64,
    lanes_log: u32,
    /// The largest nodes have 2^this steps.
    level_max: u32,
    /// For each level from 1: how likely a node of that size is not cut again, of 2^32.
    kept: Vec<u32>,
    /// Of a million slots, those up to each number belong to that feed.
    others: Vec<(u32, Feed)>,
}

impl Script {
    /// `shares`: of a million slots, how many belong to each feed but the RSVPs.
    pub(super) fn new(key: u64, rate: f64, shares: &[(u32, Feed)]) -> Self {
        let mut lanes_log = 0;
        while 1 << lanes_log < LANES_MAX && f64::from(2 << lanes_log) <= rate * STEP_S {
            lanes_log += 1;
        }
        let step_s = f64::from(1 << lanes_log) / rate;
        let kept = shares_kept(&shares_of_levels(step_s));
        let mut end = 0;
        let others = shares.iter().map(|&(share, feed)| {
            end += share;
            (end, feed)
        });
        Self {
            key,
            lanes_log,
            level_max: kept.len() as u32,
            others: others.collect(),
            kept,
        }
    }

    /// What the slot is for.
    pub(super) fn role_of(&self, slot: Slot) -> SlotRole {
        match self.cast(slot) {
            SlotRole::First => self
                .promised_by(slot)
                .map_or(SlotRole::First, |of| SlotRole::Repeat { of }),
            role => role,
        }
    }

    /// Whether the slot's answer, if its kind allows, is re-sent by its partner.
    pub(super) fn promises(&self, slot: Slot) -> bool {
        let (lane, step) = self.lane_of(slot);
        let node = self.node_of(lane, step);
        step & (node.half * 2 - 1) < node.half && self.is_promise(lane, step)
    }

    /// What chance alone says of a slot.
    fn cast(&self, slot: Slot) -> SlotRole {
        let mut dice = Dice::of(mix(self.key, 1), slot as u64);
        let ticket = dice.below(1_000_000);
        if let Some(&(_, feed)) = self.others.iter().find(|(end, _)| ticket < *end) {
            return SlotRole::Other(feed);
        }
        let lot = dice.below(1_000_000);
        if lot < CHANGES {
            SlotRole::Change {
                delay_ms: CHANGE_DELAY.draw(&mut dice),
            }
        } else if lot < CHANGES + REPEATS_AGAIN {
            SlotRole::RepeatAgain {
                delay_ms: AGAIN_DELAY.draw(&mut dice),
            }
        } else if lot < CHANGES + REPEATS_AGAIN + REPEATS_OF_OLD {
            SlotRole::RepeatOfOld {
                delay_ms: OLD_DELAY.draw(&mut dice),
            }
        } else {
            SlotRole::First
        }
    }

    /// The slot that promised to be re-sent at this one.
    fn promised_by(&self, slot: Slot) -> Option<Slot> {
        let (lane, step) = self.lane_of(slot);
        let node = self.node_of(lane, step);
        let along = step & (node.half * 2 - 1);
        if along < node.half {
            return None;
        }
        // An odd factor permutes the numbers below a power of two.
        let shuffled = ((along - node.half) as u64).wrapping_mul(node.key | 1);
        let partner = shuffled.wrapping_add(node.key >> 32) as i64 & (node.half - 1);
        let promise = step - along + partner;
        if !self.is_promise(lane, promise) {
            return None;
        }
        let of = self.slot_of(lane, promise);
        matches!(self.cast(of), SlotRole::First | SlotRole::Change { .. }).then_some(of)
    }

    fn is_promise(&self, lane: i64, step: i64) -> bool {
        Dice::of(mix(self.key, 2 << 32 | lane as u64), step as u64).below(1_000_000) < PROMISES
    }

    fn node_of(&self, lane: i64, step: i64) -> ScriptNode {
        let mut level = self.level_max;
        loop {
            let place = step >> level;
            let key = mix(
                mix(self.key, 3 << 32 | i64::from(level) as u64),
                (place << 4 | lane) as u64,
            );
            if key as u32 <= self.kept[level as usize - 1] {
                return ScriptNode {
                    half: 1 << (level - 1),
                    key,
                };
            }
            level -= 1;
        }
    }

    /// The lane a slot is in, and its step there. Which slot of a row belongs to which lane turns
    /// from row to row, or delays would be whole multiples of the number of lanes.
    fn lane_of(&self, slot: Slot) -> (i64, i64) {
        let step = slot >> self.lanes_log;
        ((slot + self.turn(step)) & self.lane_mask(), step)
    }

    fn slot_of(&self, lane: i64, step: i64) -> Slot {
        step << self.lanes_log | ((lane - self.turn(step)) & self.lane_mask())
    }

    fn turn(&self, step: i64) -> i64 {
        mix(mix(self.key, 4), step as u64) as i64 & self.lane_mask()
    }

    const fn lane_mask(&self) -> i64 {
        (1 << self.lanes_log) - 1
    }
}

struct ScriptNode {
    /// Steps in each of its halves.
    half: i64,
    key: u64,
}

/// How much of the time nodes of each level, from 1, should take.
fn shares_of_levels(step_s: f64) -> Vec<u64> {
    let mut shares = Vec::new();
    let mut waiting = 0;
    let mut half_s = step_s;
    let mut delay_s = DELAY_LEAST_S;
    // Delays shorter than a step go to the first level.
    for share in DELAYS {
        while half_s * 1.5 < delay_s {
            shares.push(0);
            half_s *= 2.0;
        }
        waiting += share;
        if half_s <= delay_s * 1.5 {
            shares.push(waiting);
            waiting = 0;
            half_s *= 2.0;
        }
        delay_s *= 2.0;
    }
    if waiting > 0 {
        shares.push(waiting);
    }
    shares
}

/// How likely a node is kept whole, so that the levels get their shares: of 2^32, from level 1.
fn shares_kept(shares: &[u64]) -> Vec<u32> {
    let mut below = 0;
    let kept = |share: &u64| {
        below += share;
        // The first level must be kept, even if it should not take any time.
        if below == *share {
            u32::MAX
        } else {
            ((share << 32) / below).min(u64::from(u32::MAX)) as u32
        }
    };
    shares.iter().map(kept).collect()
}
