//! The world of a seed: its groups, their events, who belongs to them, and who meets when.

use super::{
    dice::{Dice, Quantiles, mix},
    event::{DAY_MS, Schedule, SimulatedEvent},
    group::{SimulatedGroup, Trait},
    member::SimulatedMember,
    place::{CityIndex, HOUR_MS, Spread, draw_city},
};

/// Few enough that a file of a million records meets most of them, so most records are of a group
/// seen before; enough that a file of a few thousand meets hardly any twice. Both are as recorded.
const GROUPS: u64 = 45_000;
const SHARED_VENUES: u64 = GROUPS / 3;
const MEMBERS: u64 = GROUPS * 60;
/// Of a thousand answers, those of a member who belongs to many groups.
const JOINERS: u32 = 250;

/// Time from an answer to its event, in hours.
const LEAD_H: Quantiles = Quantiles(&[
    (0, 0),
    (2_500, 5),
    (4_500, 18),
    (6_200, 65),
    (8_200, 170),
    (9_350, 360),
    (9_950, 1_400),
    (10_000, 12_000),
]);
/// How often another group is tried whose event fits the wished lead better.
const TRIES: u32 = 4;

/// Events that are talked about at one time, and of a thousand answers, how many they draw.
const TALKED_ABOUT: u32 = 12;
const TALK: u32 = 24;

pub(super) struct World {
    pub(super) key: u64,
    pub(super) groups: Spread,
    pub(super) shared_venues: Spread,
    pub(super) members: Spread,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            key: mix(seed, 1),
            groups: Spread::new(GROUPS),
            shared_venues: Spread::new(SHARED_VENUES),
            members: Spread::new(MEMBERS),
        }
    }

    /// An event that gets an answer at `ms`.
    pub(super) fn draw_event(&self, ms: i64, dice: &mut Dice) -> SimulatedEvent {
        if dice.chance(TALK)
            && let Some(event) = self.talked_about(ms, dice)
        {
            return event;
        }
        let mut best: Option<(u64, SimulatedEvent)> = None;
        for _ in 0..TRIES {
            let group = self.draw_group(draw_city(ms, dice), dice);
            // Later than the answer itself by a minute or more.
            let lead = LEAD_H.draw(dice) * HOUR_MS + i64::from(dice.below(HOUR_MS as u32));
            let event = Schedule::of(&group).event_near(group, ms + lead, ms + 60_000);
            let away = event.starts.abs_diff(ms + lead);
            if away < lead.unsigned_abs() / 2 {
                return event;
            }
            if best.is_none_or(|(least, _)| away < least) {
                best = Some((away, event));
            }
        }
        best.expect("one was tried").1
    }

    pub(super) fn draw_group(&self, city: CityIndex, dice: &mut Dice) -> SimulatedGroup {
        let rank = dice.skewed_below(self.groups.count(city));
        SimulatedGroup::new(self.key, self.groups.first(city) + rank, city)
    }

    /// A member who attends the group's events.
    pub(super) fn draw_member(&self, group: &SimulatedGroup, dice: &mut Dice) -> SimulatedMember {
        let (first, count) = (
            self.members.first(group.city),
            self.members.count(group.city),
        );
        let within = if dice.chance(JOINERS) {
            dice.skewed_below(count)
        } else {
            let mut members = group.dice(Trait::Members);
            let size = 60 + members.skewed_below(1500);
            let seat = dice.skewed_below(size);
            Dice::of(members.throw(), seat.into()).below(count)
        };
        SimulatedMember::new(self.key, first + within)
    }

    /// One of the events that everybody answers to for a while, if its time is now.
    fn talked_about(&self, ms: i64, dice: &mut Dice) -> Option<SimulatedEvent> {
        let topic = u64::from(dice.below(TALKED_ABOUT));
        // Each has its own rhythm, rises to its middle and falls again.
        let length = (20 + 7 * topic as i64) * 60_000;
        let (round, along) = (ms.div_euclid(length), ms.rem_euclid(length));
        if i64::from(dice.below(length as u32 / 2)) > along.min(length - along) {
            return None;
        }
        let mut talk = Dice::of(mix(mix(self.key, 41), topic), round as u64);
        let begin = round * length;
        let city = draw_city(begin, &mut talk);
        let lead = i64::from(1 + talk.below(12)) * DAY_MS;
        let group = self.draw_group(city, &mut talk);
        Some(Schedule::of(&group).event_near(group, begin + lead, begin + length))
    }
}
