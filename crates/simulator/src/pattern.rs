//! Names and sentences from patterns with placeholders, such as `Beginner {topic} at {venue}`.

use super::{dice::Dice, json::Digits, tables::TABLES};

/// What a pattern is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternKind {
    Group,
    Event,
    Venue,
    Comment,
    Sentence,
}

impl PatternKind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Event => "event",
            Self::Venue => "venue",
            Self::Comment => "comment",
            Self::Sentence => "sentence",
        }
    }
}

#[derive(Clone)]
pub(super) struct Pattern(Vec<PatternPart>);

#[derive(Clone)]
enum PatternPart {
    Literal(&'static str),
    Placeholder(Placeholder),
}

#[derive(Clone, Copy)]
enum Placeholder {
    Topic,
    OtherTopic,
    City,
    Area,
    Venue,
    Day,
    Month,
    Number,
    Word,
    Street,
    Adjective,
    Noun,
    Place,
    Saint,
}

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const STREETS: [&str; 24] = [
    "Main Street",
    "Oak Avenue",
    "Park Lane",
    "Mill Road",
    "Station Road",
    "Church Street",
    "Riverside",
    "Harbour",
    "5th Avenue",
    "Market Square",
    "Maple Drive",
    "Hill Street",
    "Union",
    "Broadway",
    "Victoria",
    "Lakeside",
    "Cedar",
    "King Street",
    "Queens Road",
    "Pine",
    "Westgate",
    "Eastside",
    "Sunset",
    "Washington",
];
const ADJECTIVES: [&str; 16] = [
    "Red", "Golden", "Old", "Blue", "Silver", "Green", "Royal", "Lucky", "White", "Black", "Happy",
    "Quiet", "Rusty", "Bright", "Little", "Grand",
];
const NOUNS: [&str; 28] = [
    "Lion", "Fox", "Anchor", "Barrel", "Crown", "Swan", "Lantern", "Garden", "Bell", "Oak",
    "Raven", "Harbour", "Tiger", "Rose", "Phoenix", "Compass", "Bear", "Olive", "Star", "Moon",
    "Lotus", "Cricket", "Elephant", "Maple", "Owl", "Ship", "Horse", "Plough",
];
const PLACES: [&str; 20] = [
    "Eagle Rock",
    "Mission Peak",
    "Bear Mountain",
    "Castle Hill",
    "Pine Ridge",
    "Black Canyon",
    "Silver Lake",
    "Mount Pleasant",
    "Deer Creek",
    "Blue Hills",
    "Cedar Falls",
    "Stony Brook",
    "Sugarloaf",
    "Hidden Valley",
    "Old Mill",
    "Rocky Point",
    "Cathedral Forest",
    "Sand Dunes",
    "Wolf Run",
    "Garden of the Gods",
];
const NUMBERS: [&str; 8] = ["2", "3", "4", "5", "6", "7", "8", "9"];
const SAINTS: [&str; 6] = ["George", "Mary", "John", "Peter", "Catherine", "Patrick"];

/// What the placeholders are filled with.
pub(super) struct Filling<'a> {
    pub(super) topics: (u16, u16),
    pub(super) city: &'a str,
    pub(super) category: usize,
    pub(super) venue: Option<&'a str>,
}

impl Pattern {
    pub(super) fn read(pattern: &'static str) -> Self {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((text, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').expect("tables are tested");
            if !text.is_empty() {
                parts.push(PatternPart::Literal(text));
            }
            parts.push(PatternPart::Placeholder(Placeholder::named(name)));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(PatternPart::Literal(rest));
        }
        Self(parts)
    }

    pub(super) fn write(&self, filling: &Filling<'_>, dice: &mut Dice, out: &mut ShortText) {
        // One number for all placeholders, as in "2-02".
        let number = dice.pick(&NUMBERS);
        for part in &self.0 {
            match part {
                PatternPart::Literal(text) => out.push(text),
                PatternPart::Placeholder(Placeholder::Number) => out.push(number),
                PatternPart::Placeholder(placeholder) => placeholder.fill(filling, dice, out),
            }
        }
    }
}

impl Placeholder {
    fn named(name: &str) -> Self {
        match name {
            "topic" => Self::Topic,
            "topic2" => Self::OtherTopic,
            "city" => Self::City,
            "area" => Self::Area,
            "venue" => Self::Venue,
            "day" => Self::Day,
            "month" => Self::Month,
            "n" => Self::Number,
            "word" => Self::Word,
            "street" => Self::Street,
            "adjective" => Self::Adjective,
            "noun" | "noun2" => Self::Noun,
            "place" => Self::Place,
            "saint" => Self::Saint,
            _ => panic!("no placeholder is called {name}: tables are tested"),
        }
    }

    fn fill(self, filling: &Filling<'_>, dice: &mut Dice, out: &mut ShortText) {
        let topic = |id: u16| TABLES.topics[usize::from(id)].name;
        match self {
            Self::Topic => out.push(topic(filling.topics.0)),
            Self::OtherTopic => out.push(topic(filling.topics.1)),
            Self::City => out.push(filling.city),
            Self::Area => {
                out.push(dice.pick(&["Greater ", "", "Downtown ", "South ", "North ", "Metro "]));
                out.push(filling.city);
            }
            Self::Venue => out.push(filling.venue.unwrap_or("the usual place")),
            Self::Day => out.push(dice.pick(&DAYS)),
            Self::Month => out.push(dice.pick(&MONTHS)),
            Self::Number => out.push(NUMBERS[0]),
            Self::Word => out.push(dice.pick(&TABLES.categories[filling.category].words)),
            Self::Street => out.push(dice.pick(&STREETS)),
            Self::Adjective => out.push(dice.pick(&ADJECTIVES)),
            Self::Noun => out.push(dice.pick(&NOUNS)),
            Self::Place => out.push(dice.pick(&PLACES)),
            Self::Saint => out.push(dice.pick(&SAINTS)),
        }
    }
}

/// A short text put together without touching the heap.
pub(super) struct ShortText {
    bytes: [u8; TEXT_BYTES],
    length: usize,
}

const TEXT_BYTES: usize = 248;

impl ShortText {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; TEXT_BYTES],
            length: 0,
        }
    }

    /// Appends what fits.
    pub(super) fn push(&mut self, text: &str) {
        let fits = text.floor_char_boundary(TEXT_BYTES - self.length);
        self.bytes[self.length..self.length + fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.length += fits;
    }

    pub(super) fn push_number(&mut self, number: u64) {
        self.push(Digits::of(number).as_str());
    }

    /// Keeps the first `count` characters, as the fields' limits on length do.
    pub(super) fn cut(&mut self, count: usize) {
        if self.length > count
            && let Some((end, _)) = self.as_str().char_indices().nth(count)
        {
            self.length = end;
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.length
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).expect("only whole characters were pushed")
    }
}
