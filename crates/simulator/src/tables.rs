//! The tables the world is made of: real cities and topics, written-out names and words.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    dice::Weighted,
    json::JsonWriter,
    pattern::{Pattern, PatternKind},
};

pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

pub(super) struct Tables {
    pub(super) cities: Vec<TableCity>,
    pub(super) zones: Vec<Zone>,
    pub(super) categories: Vec<Category>,
    pub(super) by_weight: Weighted,
    pub(super) topics: Vec<TableTopic>,
    /// Topics that groups of any category take.
    pub(super) common_topics: Vec<u16>,
    pub(super) locales: Vec<Locale>,
    pub(super) comments: Vec<Pattern>,
    pub(super) sentences: Vec<Pattern>,
}

pub(super) struct TableCity {
    pub(super) name: &'static str,
    /// Of cities in the United States and Canada.
    pub(super) state: Option<&'static str>,
    pub(super) country: &'static str,
    /// In hundredths of a degree.
    pub(super) lat: i32,
    pub(super) lon: i32,
    pub(super) utc_offset_min: i32,
    pub(super) weight: u64,
    pub(super) locale: Option<usize>,
}

/// Cities with one offset from UTC.
pub(super) struct Zone {
    pub(super) utc_offset_min: i32,
    pub(super) weight: u64,
    pub(super) cities: Vec<u16>,
    pub(super) by_weight: Weighted,
}

pub(super) struct Category {
    pub(super) name: &'static str,
    pub(super) id: u32,
    pub(super) shortname: &'static str,
    pub(super) topics: Vec<u16>,
    pub(super) by_weight: Weighted,
    pub(super) words: Vec<&'static str>,
    pub(super) groups: Vec<Pattern>,
    pub(super) events: Vec<Pattern>,
    pub(super) venues: Vec<Pattern>,
}

pub(super) struct TableTopic {
    pub(super) name: &'static str,
    pub(super) urlkey: &'static str,
    /// The topic as an object of JSON.
    pub(super) json: Vec<u8>,
}

impl TableTopic {
    fn new(urlkey: &'static str, name: &'static str) -> Self {
        let mut json = Vec::new();
        json.put(r#"{"urlkey":""#);
        json.text(urlkey.as_bytes());
        json.put(r#"","topic_name":""#);
        json.text(name.as_bytes());
        json.put(r#""}"#);
        Self { name, urlkey, json }
    }
}

/// How groups of a place with its own language name things.
#[derive(Default)]
pub(super) struct Locale {
    pub(super) groups: Vec<Pattern>,
    pub(super) events: Vec<Pattern>,
    pub(super) venues: Vec<Pattern>,
}

const CITIES: &str = include_str!("../tables/cities.tsv");
const CATEGORIES: &str = include_str!("../tables/categories.tsv");
const TOPICS: &str = include_str!("../tables/topics.tsv");
const WORDS: &str = include_str!("../tables/words.tsv");
const PATTERNS: &str = include_str!("../tables/patterns.tsv");
const LOCAL_PATTERNS: &str = include_str!("../tables/local_patterns.tsv");

const COMMON_TOPICS: [&str; 6] = [
    "social",
    "newintown",
    "socialnetwork",
    "fun-times",
    "self-improvement",
    "professional-networking",
];

/// The rows of a table below its head, cut into `N` cells.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        cells
            .try_into()
            .expect("tables are part of the program, and tested")
    })
}

fn number<T: std::str::FromStr>(cell: &str) -> T {
    cell.parse()
        .ok()
        .expect("tables are part of the program, and tested")
}

/// `-73.99` as -7399.
fn hundredths(cell: &str) -> i32 {
    let degrees: f64 = number(cell);
    (degrees * 100.0).round() as i32
}

impl Tables {
    fn read() -> Self {
        let (locales, locale_of) = read_locales();
        let cities: Vec<TableCity> = rows(CITIES)
            .map(
                |[name, state, country, lat, lon, offset, weight]| TableCity {
                    name,
                    state: (!state.is_empty()).then_some(state),
                    country,
                    lat: hundredths(lat),
                    lon: hundredths(lon),
                    utc_offset_min: number(offset),
                    weight: number(weight),
                    locale: locale_of
                        .get(state)
                        .or_else(|| locale_of.get(country))
                        .copied(),
                },
            )
            .collect();
        let topics = read_topics();
        let by_urlkey: HashMap<&str, u16> = topics
            .iter()
            .enumerate()
            .map(|(id, topic)| (topic.urlkey, id as u16))
            .collect();
        let categories = read_categories(&by_urlkey);
        let by_weight =
            Weighted::new(rows::<4>(CATEGORIES).map(|[_, _, _, weight]| number(weight)));
        let common_topics = COMMON_TOPICS.map(|urlkey| by_urlkey[urlkey]).to_vec();
        let zones = zones_of(&cities);
        Self {
            cities,
            zones,
            categories,
            by_weight,
            topics,
            common_topics,
            locales,
            comments: patterns_of(PatternKind::Comment, "*"),
            sentences: patterns_of(PatternKind::Sentence, "*"),
        }
    }
}

/// Topics, each once: some stand under several categories.
fn read_topics() -> Vec<TableTopic> {
    let mut topics: Vec<TableTopic> = Vec::new();
    for [_, urlkey, name, _] in rows(TOPICS) {
        if !topics.iter().any(|known| known.urlkey == urlkey) {
            topics.push(TableTopic::new(urlkey, name));
        }
    }
    topics
}

fn read_categories(by_urlkey: &HashMap<&str, u16>) -> Vec<Category> {
    let words: HashMap<&str, &str> = rows(WORDS)
        .map(|[category, words]| (category, words))
        .collect();
    let read = |[name, id, shortname, _]: [&'static str; 4]| {
        let (mut topics, mut weights) = (Vec::new(), Vec::new());
        for [_, urlkey, _, groups] in rows::<4>(TOPICS).filter(|[category, ..]| *category == name) {
            topics.push(by_urlkey[urlkey]);
            weights.push(number(groups));
        }
        // A name is drawn evenly: what fits any category must not drown what fits this one.
        let patterns = |kind, own: usize| {
            let special = patterns_of(kind, name);
            let mut all = patterns_of(kind, "*");
            for _ in 0..own {
                all.extend(special.iter().cloned());
            }
            all
        };
        Category {
            name,
            id: number(id),
            shortname,
            topics,
            by_weight: Weighted::new(weights),
            words: words[name].split(' ').collect(),
            groups: patterns(PatternKind::Group, 1),
            events: patterns(PatternKind::Event, 1),
            venues: patterns(PatternKind::Venue, 3),
        }
    };
    rows(CATEGORIES).map(read).collect()
}

fn patterns_of(kind: PatternKind, scope: &str) -> Vec<Pattern> {
    rows(PATTERNS)
        .filter(|[of, within, _]| *of == kind.name() && *within == scope)
        .map(|[_, _, pattern]| Pattern::read(pattern))
        .collect()
}

/// The locales, and which of them each country (or Canadian province) has.
fn read_locales() -> (Vec<Locale>, HashMap<&'static str, usize>) {
    let (mut locales, mut locale_of) = (Vec::<Locale>::new(), HashMap::new());
    for [places, kind, pattern] in rows(LOCAL_PATTERNS) {
        let first = places.split(' ').next().unwrap_or_default();
        let locale = *locale_of.entry(first).or_insert_with(|| {
            locales.push(Locale::default());
            locales.len() - 1
        });
        for place in places.split(' ') {
            locale_of.insert(place, locale);
        }
        let locale = &mut locales[locale];
        let list = match kind {
            "group" => &mut locale.groups,
            "event" => &mut locale.events,
            _ => &mut locale.venues,
        };
        list.push(Pattern::read(pattern));
    }
    (locales, locale_of)
}

fn zones_of(cities: &[TableCity]) -> Vec<Zone> {
    let mut offsets: Vec<i32> = cities.iter().map(|city| city.utc_offset_min).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let zone = |utc_offset_min| {
        let within = |index: &usize| cities[*index].utc_offset_min == utc_offset_min;
        let members: Vec<u16> = (0..cities.len())
            .filter(within)
            .map(|index| index as u16)
            .collect();
        let weights = || members.iter().map(|&city| cities[usize::from(city)].weight);
        Zone {
            utc_offset_min,
            weight: weights().sum(),
            by_weight: Weighted::new(weights()),
            cities: members,
        }
    };
    offsets.into_iter().map(zone).collect()
}
