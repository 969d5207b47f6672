//! The RSVPs of the stream in their order: what each slot says, given what earlier ones said.

use headcount_record::Feed;

use super::{
    answer::{SimulatedAnswer, mtime_of, rounded_second},
    clock::{Clock, Slot},
    dice::{Dice, mix},
    script::{Script, SlotRole},
    world::World,
};

/// How far a slot that looks back goes on looking for what it needs.
const SEARCH_MAX: Slot = 64;
/// A change is later than the answer by more than this, so both have their own rounded second.
const CHANGE_LEAST_MS: i64 = 1_000;
/// Of a thousand changes, those of a no.
const CHANGES_OF_NO: u32 = 100;
/// Of a thousand promises of a no that was changed to by its member, those that are kept.
const REPEATED_NO: u32 = 60;

/// A record: a version of an answer, or something of another feed.
pub(super) enum SlotRecord {
    Rsvp { answer: SimulatedAnswer, mtime: i64 },
    Other(Feed),
}

pub(super) struct SimulatedStream {
    pub(super) key: u64,
    pub(super) clock: Clock,
    pub(super) script: Script,
    pub(super) world: World,
}

impl SimulatedStream {
    pub(super) fn record_at(&self, slot: Slot) -> SlotRecord {
        let role = self.script.role_of(slot);
        if let SlotRole::Other(feed) = role {
            return SlotRecord::Other(feed);
        }
        let (root, mtime) = self.version_at(slot, role);
        SlotRecord::Rsvp {
            answer: self.answer_at(root),
            mtime,
        }
    }

    /// The `mtime` of the live record of `slot`.
    pub(super) fn mtime_of(&self, slot: Slot) -> i64 {
        mtime_of(self.key, slot, self.clock.time_of(slot))
    }

    fn answer_at(&self, slot: Slot) -> SimulatedAnswer {
        let promised = self.script.promises(slot);
        SimulatedAnswer::new(&self.world, self.key, slot, self.mtime_of(slot), promised)
    }

    /// The slot of the first answer, and which of its versions this slot brings.
    fn version_at(&self, slot: Slot, role: SlotRole) -> (Slot, i64) {
        let found = match role {
            SlotRole::First | SlotRole::Other(_) => None,
            SlotRole::Change { delay_ms } => self.changed_by(slot, delay_ms),
            SlotRole::Repeat { of } => self.kept_promise(of),
            SlotRole::RepeatAgain { delay_ms } => self.repeated_before(slot, delay_ms),
            SlotRole::RepeatOfOld { delay_ms } => self.old_before(slot, delay_ms),
        };
        found.unwrap_or_else(|| (slot, self.mtime_of(slot)))
    }

    /// The answer that changes at `slot`: a first answer, changed before its event begins.
    fn changed_by(&self, slot: Slot, delay_ms: i64) -> Option<(Slot, i64)> {
        let mtime = self.mtime_of(slot);
        let wants_yes = !Dice::of(mix(self.key, 61), slot as u64).chance(CHANGES_OF_NO);
        self.slots_before(slot, delay_ms).find_map(|root| {
            if self.script.role_of(root) != SlotRole::First {
                return None;
            }
            let answer = self.answer_at(root);
            let fits = answer.is_yes() == wants_yes
                && answer.mtime + CHANGE_LEAST_MS < mtime
                && mtime < answer.event.starts;
            fits.then_some((root, mtime))
        })
    }

    /// What `of` said, as it is re-sent. A no that came from a change mostly is not.
    fn kept_promise(&self, of: Slot) -> Option<(Slot, i64)> {
        let role = self.script.role_of(of);
        let (root, mtime) = self.version_at(of, role);
        if root != of {
            let said = self.answer_at(root).said_at(mtime);
            if !said.yes && !Dice::of(mix(self.key, 62), of as u64).chance(REPEATED_NO) {
                return None;
            }
        }
        Some((root, rounded_second(mtime) * 1000))
    }

    fn repeated_before(&self, slot: Slot, delay_ms: i64) -> Option<(Slot, i64)> {
        self.slots_before(slot, delay_ms)
            .find_map(|earlier| match self.script.role_of(earlier) {
                SlotRole::Repeat { of } => self.kept_promise(of),
                _ => None,
            })
    }

    fn old_before(&self, slot: Slot, delay_ms: i64) -> Option<(Slot, i64)> {
        self.slots_before(slot, delay_ms).find_map(|root| {
            let is_yes = || self.answer_at(root).is_yes();
            (self.script.role_of(root) == SlotRole::First && is_yes())
                .then(|| (root, rounded_second(self.mtime_of(root)) * 1000))
        })
    }

    /// The slots to search, from the one so long before, backwards.
    fn slots_before(&self, slot: Slot, delay_ms: i64) -> impl Iterator<Item = Slot> {
        let nearest = slot - self.clock.slots_in(delay_ms).max(1);
        (nearest - SEARCH_MAX..=nearest).rev()
    }
}
