//! Where people answer: cities by their weight and by the hour of their day.

use std::sync::LazyLock;

use super::{
    dice::{Dice, Weighted},
    tables::{TABLES, TableCity},
};

pub(super) const HOUR_MS: i64 = 3_600_000;

/// How busy each hour of a local day is.
const BUSY: [u64; 24] = [
    30, 17, 10, 7, 6, 9, 18, 34, 55, 72, 82, 86, 90, 88, 84, 84, 86, 90, 96, 100, 100, 94, 78, 52,
];

/// Zones of the world by weight at each hour of the day in UTC.
static ZONES_BY_HOUR: LazyLock<Vec<Weighted>> = LazyLock::new(|| {
    let at = |hour: i32| {
        TABLES.zones.iter().map(move |zone| {
            let local = (hour * 60 + zone.utc_offset_min)
                .div_euclid(60)
                .rem_euclid(24);
            zone.weight * BUSY[local as usize]
        })
    };
    (0..24).map(|hour| Weighted::new(at(hour))).collect()
});

/// Which city, as an index of the table.
pub(super) type CityIndex = u16;

/// A city from which an answer comes at `ms`.
pub(super) fn draw_city(ms: i64, dice: &mut Dice) -> CityIndex {
    // Up to an hour later, so that the hours' differences melt into each other.
    let at = ms + i64::from(dice.below(HOUR_MS as u32));
    let hour = at.div_euclid(HOUR_MS).rem_euclid(24);
    let zone = &TABLES.zones[ZONES_BY_HOUR[hour as usize].draw(dice)];
    zone.cities[zone.by_weight.draw(dice)]
}

pub(super) fn city(index: CityIndex) -> &'static TableCity {
    &TABLES.cities[usize::from(index)]
}

/// How many of something each city has, in proportion to its weight: a city's own begin at
/// `first[city]` and end where the next city's begin.
pub(super) struct Spread {
    first: Vec<u32>,
}

impl Spread {
    pub(super) fn new(total: u64) -> Self {
        let weight: u64 = TABLES.cities.iter().map(|city| city.weight).sum();
        let mut first = vec![0];
        let mut end = 0;
        for city in &TABLES.cities {
            end += (total * city.weight).div_ceil(weight) as u32;
            first.push(end);
        }
        Self { first }
    }

    pub(super) fn first(&self, city: CityIndex) -> u32 {
        self.first[usize::from(city)]
    }

    pub(super) fn count(&self, city: CityIndex) -> u32 {
        self.first[usize::from(city) + 1] - self.first(city)
    }
}
