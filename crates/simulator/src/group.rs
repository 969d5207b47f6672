//! Groups: what they are called, where they are, what they are about.

use super::{
    dice::{Dice, Quantiles, mix},
    pattern::{Filling, Pattern, ShortText},
    place::{CityIndex, city},
    tables::{Category, TABLES},
};

/// Characters of a group's name.
const NAME_MAX: usize = 60;
const TOPICS_MAX: usize = 21;
const TOPICS: Quantiles = Quantiles(&[
    (0, 1),
    (500, 3),
    (1_000, 5),
    (2_500, 9),
    (5_000, 12),
    (7_500, 14),
    (9_000, 16),
    (9_900, 18),
    (10_000, 22),
]);
/// Of a thousand groups whose place has a language of its own, those that use it.
const LOCAL_NAMES: u32 = 330;
const ORNAMENTS: [&str; 8] = [
    " ★",
    " ♥",
    " – all welcome",
    " ❤",
    "™",
    " 20’s & 30’s",
    " ☕",
    " 🎉",
];

/// A group's place among all, and what its other traits are drawn from.
#[derive(Clone, Copy)]
pub(super) struct SimulatedGroup {
    pub(super) index: u32,
    pub(super) city: CityIndex,
    key: u64,
    /// Makes the numbers of each world its own.
    mask: u32,
}

impl SimulatedGroup {
    pub(super) const fn new(world: u64, index: u32, city: CityIndex) -> Self {
        Self {
            index,
            city,
            key: mix(mix(world, 11), index as u64),
            mask: mix(world, 12) as u32,
        }
    }

    /// Draws that belong to this group and to one of its traits.
    pub(super) const fn dice(&self, of: Trait) -> Dice {
        Dice::of(self.key, of as u64)
    }

    /// What its events are drawn from.
    pub(super) const fn series(&self) -> u64 {
        mix(self.key, Trait::Series as u64)
    }

    pub(super) fn category(&self) -> usize {
        TABLES.by_weight.draw(&mut self.dice(Trait::Category))
    }

    /// Its number: below 2^25 indices stay different.
    pub(super) const fn id(&self) -> u32 {
        1_000_000 + self.shuffled(self.index, 25)
    }

    /// A number below 2^`bits`, shuffled among them in a way that is the world's own.
    pub(super) const fn shuffled(&self, number: u32, bits: u32) -> u32 {
        (number ^ self.mask).wrapping_mul(0x0b7d_5a2b) & ((1 << bits) - 1)
    }

    /// One of a few places in and about the city, in hundredths of a degree.
    pub(super) fn place(&self) -> (i32, i32) {
        let mut dice = self.dice(Trait::Place);
        let city = city(self.city);
        let off = |dice: &mut Dice| dice.pick(&[-3, -1, 0, 0, 0, 1, 2]);
        (city.lat + off(&mut dice), city.lon + off(&mut dice))
    }

    /// Whether its records were written by the older of the two servers, with its key order.
    pub(super) fn is_old_style(&self) -> bool {
        self.dice(Trait::Style).chance(300)
    }

    pub(super) fn describe(&self) -> Description {
        let category = self.category();
        let topics = GroupTopics::draw(&TABLES.categories[category], &mut self.dice(Trait::Topics));
        let filling = Filling {
            topics: topics.leading(),
            city: city(self.city).name,
            category,
            venue: None,
        };
        let mut name = ShortText::new();
        self.name_pattern(category)
            .write(&filling, &mut self.dice(Trait::NameFillings), &mut name);
        let mut dice = self.dice(Trait::Ornament);
        if dice.chance(28) {
            name.push(dice.pick(&ORNAMENTS));
        }
        name.cut(NAME_MAX);
        let urlname = self.urlname(&name);
        Description {
            category,
            topics,
            name,
            urlname,
        }
    }

    fn name_pattern(&self, category: usize) -> &'static Pattern {
        let mut dice = self.dice(Trait::Name);
        let locale = city(self.city)
            .locale
            .map(|locale| &TABLES.locales[locale].groups);
        match locale {
            Some(local) if !local.is_empty() && dice.chance(LOCAL_NAMES) => dice.choose(local),
            _ => dice.choose(&TABLES.categories[category].groups),
        }
    }

    /// The name's letters and digits with hyphens between words, and a number that is its own.
    fn urlname(&self, name: &ShortText) -> ShortText {
        let mut urlname = ShortText::new();
        let words = name
            .as_str()
            .split(|char: char| !char.is_ascii_alphanumeric());
        for word in words.filter(|word| !word.is_empty()) {
            if urlname.len() + word.len() > 40 {
                break;
            }
            urlname.push(word);
            urlname.push("-");
        }
        if urlname.len() < 4 {
            urlname.push("meetup-group-");
        }
        urlname.push_number(self.index.into());
        urlname
    }
}

/// What is drawn for a group or one of its events, each from dice of its own.
#[derive(Clone, Copy)]
pub(super) enum Trait {
    Category,
    Date,
    Day,
    Details,
    Fate,
    Members,
    Mood,
    Name,
    NameFillings,
    NewVenue,
    Ornament,
    Place,
    Republished,
    Revision,
    Schedule,
    Series,
    Style,
    Topics,
    Venue,
}

pub(super) struct Description {
    pub(super) category: usize,
    pub(super) topics: GroupTopics,
    pub(super) name: ShortText,
    pub(super) urlname: ShortText,
}

/// The topics of a group, each once, the most telling first.
pub(super) struct GroupTopics {
    ids: [u16; TOPICS_MAX],
    count: usize,
}

impl GroupTopics {
    fn draw(category: &Category, dice: &mut Dice) -> Self {
        let wanted = TOPICS.draw(dice).clamp(1, TOPICS_MAX as i64) as usize;
        let mut topics = Self {
            ids: [0; TOPICS_MAX],
            count: 0,
        };
        // Drawing with repetition: a category with few topics gives fewer than wanted.
        for _ in 0..wanted * 3 {
            if topics.count == wanted {
                break;
            }
            let topic = if dice.chance(15) {
                dice.pick(&TABLES.common_topics)
            } else {
                category.topics[category.by_weight.draw(dice)]
            };
            topics.add(topic);
        }
        topics
    }

    fn add(&mut self, topic: u16) {
        if !self.ids().contains(&topic) {
            self.ids[self.count] = topic;
            self.count += 1;
        }
    }

    pub(super) fn ids(&self) -> &[u16] {
        &self.ids[..self.count]
    }

    /// The two that names speak of.
    fn leading(&self) -> (u16, u16) {
        (self.ids[0], self.ids[1.min(self.count - 1)])
    }
}
