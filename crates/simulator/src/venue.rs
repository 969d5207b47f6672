//! Venues: a few of each group's own, and in each city some that many groups share.

use super::{
    dice::{Dice, mix},
    group::SimulatedGroup,
    pattern::{Filling, Pattern, ShortText},
    place::{CityIndex, city},
    tables::TABLES,
    world::World,
};

/// Of a thousand choices, those of a venue that the city's groups share.
const SHARED: u32 = 350;
/// Of a thousand venues, those whose place is unknown and given as 0, 0.
const PLACELESS: u32 = 43;
const LOCAL_NAMES: u32 = 250;
/// Venues of a group's own.
const OWN: u32 = 4;
/// Shared venues have the ids below this, before shuffling.
const SHARED_END: u32 = 1 << 18;

/// Distance from the group in units of 10^-5 degrees of latitude (1.1 m), by share.
const AWAY: super::dice::Quantiles = super::dice::Quantiles(&[
    (0, 50),
    (2_500, 1_700),
    (5_000, 4_200),
    (7_500, 10_500),
    (9_000, 21_000),
    (9_700, 52_000),
    (9_840, 90_000),
    (9_950, 210_000),
    (10_000, 600_000),
]);
/// Directions, as thousandths of a whole step east and north.
const DIRECTIONS: [(i64, i64); 16] = [
    (1000, 0),
    (924, 383),
    (707, 707),
    (383, 924),
    (0, 1000),
    (-383, 924),
    (-707, 707),
    (-924, 383),
    (-1000, 0),
    (-924, -383),
    (-707, -707),
    (-383, -924),
    (0, -1000),
    (383, -924),
    (707, -707),
    (924, -383),
];
/// 1 / cos(latitude) in tenths, by tens of degrees.
const STRETCH: [i64; 10] = [10, 10, 11, 12, 13, 16, 20, 29, 58, 100];

pub(super) struct SimulatedVenue {
    id: u32,
    key: u64,
    city: CityIndex,
    category: usize,
    /// Where the group that first met there is, in hundredths of a degree.
    near: (i32, i32),
}

impl SimulatedVenue {
    pub(super) fn draw(world: &World, group: &SimulatedGroup, dice: &mut Dice) -> Self {
        let key = |index| mix(mix(world.key, 21), u64::from(index));
        // Below 2^24 indices stay different.
        let id = |index| 1_000_000 + group.shuffled(index, 24);
        let shared = &world.shared_venues;
        let near = city(group.city);
        if dice.chance(SHARED) {
            let rank = dice.skewed_below(shared.count(group.city));
            let index = shared.first(group.city) + rank;
            let category = TABLES.by_weight.draw(&mut Dice::of(key(index), 1));
            let near = (near.lat, near.lon);
            return Self {
                id: id(index),
                key: key(index),
                city: group.city,
                category,
                near,
            };
        }
        let index = SHARED_END + group.index * OWN + dice.skewed_below(OWN);
        let (city, category, near) = (group.city, group.category(), group.place());
        Self {
            id: id(index),
            key: key(index),
            city,
            category,
            near,
        }
    }

    pub(super) const fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn name(&self) -> ShortText {
        let mut dice = Dice::of(self.key, 2);
        let locale = city(self.city)
            .locale
            .map(|locale| &TABLES.locales[locale].venues);
        let pattern: &Pattern = match locale {
            Some(local) if !local.is_empty() && dice.chance(LOCAL_NAMES) => dice.choose(local),
            _ => dice.choose(&TABLES.categories[self.category].venues),
        };
        let topics = (TABLES.common_topics[0], TABLES.common_topics[1]);
        let city = city(self.city).name;
        let filling = Filling {
            topics,
            city,
            category: self.category,
            venue: None,
        };
        let mut name = ShortText::new();
        pattern.write(&filling, &mut dice, &mut name);
        name
    }

    /// Latitude and longitude in millionths of a degree, or 0, 0 when unknown.
    pub(super) fn place(&self) -> (i32, i32) {
        let mut dice = Dice::of(self.key, 3);
        if dice.chance(PLACELESS) {
            return (0, 0);
        }
        // A little off the quantile, so that no two venues stand on one ring.
        let away = AWAY.draw(&mut dice) * 10 + i64::from(dice.below(10));
        let (east, north) = dice.pick(&DIRECTIONS);
        let (turn_east, turn_north) = dice.pick(&DIRECTIONS);
        let (lat, lon) = self.near;
        let stretch = STRETCH[(lat.unsigned_abs() / 1000).min(9) as usize];
        let north = (north * 4 + turn_north) * away / 5000;
        let east = (east * 4 + turn_east) * away / 5000 * stretch / 10;
        let lat = (i64::from(lat) * 10_000 + north).clamp(-89_999_999, 89_999_999);
        let lon = (i64::from(lon) * 10_000 + east).clamp(-179_999_999, 179_999_999);
        (lat as i32, lon as i32)
    }

    /// Draws for what only other feeds tell.
    pub(super) const fn dice(&self) -> Dice {
        Dice::of(self.key, 4)
    }

    pub(super) const fn city(&self) -> CityIndex {
        self.city
    }
}
