//! Events of a group: one in each of its periods, at its hours.

use super::{
    dice::{Dice, mix},
    group::{Description, SimulatedGroup, Trait},
    pattern::{Filling, Pattern, ShortText},
    place::city,
    tables::TABLES,
    venue::SimulatedVenue,
    world::World,
};

/// Characters of an event's name.
const NAME_MAX: usize = 80;
/// Periods are counted from 2000-01-01T00:00:00Z, a Saturday.
const FIRST_DAY_MS: i64 = 946_684_800_000;
pub(super) const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// Of a thousand groups, those with one recurring event, whose ids are letters.
const SERIES: u32 = 280;
/// Of a thousand events, those without a date yet.
const DATELESS: u32 = 6;
/// Of a thousand events, those without a venue.
const NO_VENUE: u32 = 186;
/// Of a thousand events, those renamed or moved after the first answers.
const REVISED: u32 = 30;
const LOCAL_NAMES: u32 = 300;
const ORNAMENTS: [&str; 10] = [
    " 🎉",
    " ☕",
    " ★",
    "!!! ★★★",
    " – last spots",
    " (it’s free)",
    " ❤",
    " 😀",
    " • new venue",
    " 🍕",
];

/// Days between two events.
const PERIODS: [i64; 10] = [3, 7, 7, 7, 7, 14, 14, 28, 28, 28];
/// Local minutes of the day at which events begin.
const HOURS: [i64; 16] = [
    19 * 60,
    19 * 60,
    19 * 60,
    19 * 60,
    18 * 60 + 30,
    18 * 60 + 30,
    18 * 60,
    18 * 60,
    19 * 60 + 30,
    20 * 60,
    10 * 60,
    9 * 60,
    11 * 60,
    14 * 60,
    12 * 60 + 15,
    17 * 60 + 45,
];

/// When a group meets.
pub(super) struct Schedule {
    is_series: bool,
    period_days: i64,
    first_day: i64,
    minute: i64,
}

impl Schedule {
    pub(super) fn of(group: &SimulatedGroup) -> Self {
        let mut dice = group.dice(Trait::Schedule);
        let is_series = dice.chance(SERIES);
        let period_days = dice.pick(&PERIODS);
        let first_day = i64::from(dice.below(period_days as u32));
        Self {
            is_series,
            period_days,
            first_day,
            minute: dice.pick(&HOURS),
        }
    }

    /// The event that begins nearest to `wished_ms`, but after `ms`.
    pub(super) fn event_near(
        &self,
        group: SimulatedGroup,
        wished_ms: i64,
        ms: i64,
    ) -> SimulatedEvent {
        let day = (wished_ms - FIRST_DAY_MS).div_euclid(DAY_MS);
        let number = (day - self.first_day).div_euclid(self.period_days);
        let mut best = SimulatedEvent::new(self, group, number - 1);
        // The next but two begins after `ms` in any case.
        for number in number..number + 3 {
            let event = SimulatedEvent::new(self, group, number);
            let nearer = event.starts.abs_diff(wished_ms) < best.starts.abs_diff(wished_ms);
            if best.starts <= ms || nearer {
                best = event;
            }
        }
        best
    }
}

#[derive(Clone, Copy)]
pub(super) struct SimulatedEvent {
    pub(super) group: SimulatedGroup,
    /// Which of the group's events.
    number: i64,
    pub(super) is_series: bool,
    pub(super) starts: i64,
}

impl SimulatedEvent {
    fn new(schedule: &Schedule, group: SimulatedGroup, number: i64) -> Self {
        let mut event = Self {
            group,
            number,
            is_series: schedule.is_series,
            starts: 0,
        };
        let mut day = number * schedule.period_days + schedule.first_day;
        let mut minute = schedule.minute;
        if !schedule.is_series {
            let mut dice = event.dice(Trait::Day);
            day += i64::from(dice.below(schedule.period_days as u32 / 2));
            minute = dice.pick(&HOURS);
        }
        let offset = i64::from(city(group.city).utc_offset_min);
        event.starts = FIRST_DAY_MS + day * DAY_MS + (minute - offset) * MINUTE_MS;
        event
    }

    /// Draws that belong to this event and to one of its traits.
    pub(super) const fn dice(&self, of: Trait) -> Dice {
        Dice::of(mix(self.group.series(), self.number as u64), of as u64)
    }

    /// When it takes place, if that is known.
    pub(super) fn time(&self) -> Option<i64> {
        (!self.dice(Trait::Date).chance(DATELESS)).then_some(self.starts)
    }

    /// The number in its address: 17 bits of the group, 12 of the event, shuffled.
    pub(super) const fn address_number(&self) -> u64 {
        let bits = (self.number as u32 & 0xfff) << 17 | self.group.index;
        200_000_000 + self.group.shuffled(bits, 29) as u64
    }

    /// Its id: a number, or letters if it recurs.
    pub(super) fn id(&self) -> ShortText {
        let mut id = ShortText::new();
        if !self.is_series {
            id.push_number(self.address_number());
            return id;
        }
        // Six letters name the series, four its event.
        let mut series = self.group.shuffled(self.group.index, 28);
        let mut letters = *b"______yw____";
        for letter in &mut letters[..6] {
            *letter = b'a' + (series % 26) as u8;
            series /= 26;
        }
        for (place, letter) in letters[8..].iter_mut().enumerate() {
            *letter = b"bcdfghjklmnpqrst"[(self.number >> (4 * place) & 15) as usize];
        }
        id.push(str::from_utf8(&letters).expect("letters are ASCII"));
        id
    }

    /// Whether by `second` it had been renamed or moved.
    fn is_revised(&self, second: i64) -> bool {
        let mut dice = self.dice(Trait::Revision);
        dice.chance(REVISED) && second * 1000 > self.starts - i64::from(dice.below(240)) * 3_600_000
    }

    /// Where it takes place, as known at `second`.
    pub(super) fn venue(&self, world: &World, second: i64) -> Option<SimulatedVenue> {
        let group = &self.group;
        if self.is_revised(second) {
            return Some(SimulatedVenue::draw(
                world,
                group,
                &mut self.dice(Trait::NewVenue),
            ));
        }
        // A series keeps its place.
        let mut dice = if self.is_series {
            group.dice(Trait::Venue)
        } else {
            self.dice(Trait::Venue)
        };
        (!dice.chance(NO_VENUE)).then(|| SimulatedVenue::draw(world, group, &mut dice))
    }

    /// What it is called, as known at `second`.
    pub(super) fn name(
        &self,
        group: &Description,
        venue: Option<&ShortText>,
        second: i64,
    ) -> ShortText {
        let dice = |of| {
            if self.is_series {
                self.group.dice(of)
            } else {
                self.dice(of)
            }
        };
        let mut choice = dice(Trait::Name);
        let locale = city(self.group.city)
            .locale
            .map(|locale| &TABLES.locales[locale].events);
        let pattern: &Pattern = match locale {
            Some(local) if !local.is_empty() && choice.chance(LOCAL_NAMES) => choice.choose(local),
            _ => choice.choose(&TABLES.categories[group.category].events),
        };
        let topics = group.topics.ids();
        let topic = || {
            self.dice(Trait::Topics)
                .pick(&topics[..topics.len().min(4)])
        };
        let filling = Filling {
            topics: (topic(), topics[0]),
            city: city(self.group.city).name,
            category: group.category,
            venue: venue.map(ShortText::as_str),
        };
        let mut name = ShortText::new();
        pattern.write(&filling, &mut dice(Trait::NameFillings), &mut name);
        let mut ornament = self.dice(Trait::Ornament);
        if ornament.chance(24) {
            name.push(ornament.pick(&ORNAMENTS));
        }
        if self.is_revised(second) {
            name.push(" (updated)");
        }
        name.cut(NAME_MAX);
        name
    }
}
