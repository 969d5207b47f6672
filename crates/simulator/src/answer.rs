//! One RSVP: who answers to what, and what the answer is at each of its versions.

use super::{
    clock::Slot,
    dice::{Dice, Quantiles, mix},
    event::SimulatedEvent,
    group::Trait,
    member::SimulatedMember,
    place::HOUR_MS,
    world::World,
};

/// Of a thousand answers that will be re-sent, those that are a yes.
const YES_OF_PROMISED: i64 = 978;
/// Of a thousand others, before the moods of groups and events and the hurry of the last day.
const YES_OF_OTHERS: i64 = 680;
/// Of a thousand yes, those with guests.
const WITH_GUESTS: u32 = 52;
const GUESTS: [u32; 20] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0];
const MANY_GUESTS: [u32; 17] = [3, 3, 3, 4, 4, 5, 5, 6, 7, 9, 10, 11, 12, 14, 16, 21, 58];
/// Of a thousand changes of a yes, those that take it back; the others change the guests.
const TAKEN_BACK: u32 = 330;

/// How late a live record is behind its slot, in ms.
const LATENESS: Quantiles = Quantiles(&[
    (9_700, 0),
    (9_780, 5),
    (9_900, 101),
    (9_990, 5_000),
    (10_000, 8_000),
]);

/// A first answer, with all that its later versions share.
pub(super) struct SimulatedAnswer {
    pub(super) slot: Slot,
    pub(super) mtime: i64,
    pub(super) event: SimulatedEvent,
    pub(super) member: SimulatedMember,
    first: AnswerContent,
    key: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AnswerContent {
    pub(super) yes: bool,
    pub(super) guests: u32,
}

/// The `mtime` of the live record of `slot`, which arrives at `arrival`.
pub(super) fn mtime_of(key: u64, slot: Slot, arrival: i64) -> i64 {
    arrival - LATENESS.draw(&mut Dice::of(mix(key, 51), slot as u64))
}

/// The `mtime` of a re-sent record, in seconds, from that of the live one.
pub(super) const fn rounded_second(mtime: i64) -> i64 {
    (mtime + 500).div_euclid(1000)
}

impl SimulatedAnswer {
    /// `promised`: whether it will be re-sent.
    pub(super) fn new(world: &World, key: u64, slot: Slot, mtime: i64, promised: bool) -> Self {
        let mut dice = Dice::of(mix(key, 52), slot as u64);
        let event = world.draw_event(mtime, &mut dice);
        let member = world.draw_member(&event.group, &mut dice);
        let yes = i64::from(dice.below(1000)) < yes_share(&event, mtime, promised);
        let guests = if yes && dice.chance(WITH_GUESTS) {
            draw_guests(&mut dice)
        } else {
            0
        };
        Self {
            slot,
            mtime,
            event,
            member,
            first: AnswerContent { yes, guests },
            key: dice.throw(),
        }
    }

    pub(super) const fn is_yes(&self) -> bool {
        self.first.yes
    }

    /// What the version of this time says. It depends on the rounded second only, so a re-sent
    /// record always equals the live one, however often the answer changed.
    pub(super) fn said_at(&self, mtime: i64) -> AnswerContent {
        let second = rounded_second(mtime);
        if second == rounded_second(self.mtime) {
            return self.first;
        }
        let mut dice = Dice::of(self.key, second as u64);
        if !self.first.yes {
            return AnswerContent {
                yes: true,
                guests: 0,
            };
        }
        if dice.chance(TAKEN_BACK) {
            return AnswerContent {
                yes: false,
                guests: 0,
            };
        }
        let guests = if self.first.guests == 0 {
            draw_guests(&mut dice)
        } else {
            0
        };
        AnswerContent { yes: true, guests }
    }
}

/// Of a thousand answers to an event at a time, how many are a yes.
fn yes_share(event: &SimulatedEvent, mtime: i64, promised: bool) -> i64 {
    if promised {
        return YES_OF_PROMISED;
    }
    let mut share = YES_OF_OTHERS;
    share += i64::from(event.group.dice(Trait::Mood).below(240)) - 120;
    share += i64::from(event.dice(Trait::Mood).below(160)) - 80;
    if event.starts - mtime < 24 * HOUR_MS {
        share -= 90;
    }
    share
}

fn draw_guests(dice: &mut Dice) -> u32 {
    match dice.pick(&GUESTS) {
        0 => dice.pick(&MANY_GUESTS),
        few => few,
    }
}
