//! A journal that is made up: partitions whose state at an offset is a function of seed and offset alone, and what a
//! process that counts them would tell.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use headcount_engine::{
    Changes, CountryPart, EventKey, EventStatistic, Row, SnapshotComplete, Statistics, Table,
    VenuePart,
};

const COUNTRIES: [&str; 4] = ["us", "gb", "zz", ""];
const EVENTS: u64 = 4;
const VENUES: i64 = 3;

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) partitions: u16,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Event {
    name: Arc<str>,
    country: Arc<str>,
    venue: i64,
    content: u64,
    yes: u64,
    no: u64,
    latest: (u64, u32),
}

type State = BTreeMap<u64, Event>;

/// Totals by what people see.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Totals {
    /// yes, no, heads; those without answers are left out.
    pub(crate) countries: BTreeMap<String, (u64, u64, u64)>,
    pub(crate) yes: u64,
    pub(crate) no: u64,
    /// Name, id: yes.
    pub(crate) venues: BTreeMap<(String, i64), u64>,
    /// Name, id: yes, no.
    pub(crate) events: BTreeMap<(String, String), (u64, u64)>,
}

impl World {
    /// What is told of a partition at `to` by a process that has told it up to `from`, or begins anew.
    pub(crate) fn changes(&self, partition: u16, from: Option<u64>, to: u64) -> Changes {
        let now = self.state(partition, to);
        let before = from
            .map(|from| self.state(partition, from))
            .unwrap_or_default();
        let changed: Vec<_> = now
            .iter()
            .filter(|(id, event)| from.is_none() || before.get(id) != Some(event))
            .collect();
        let (countries_now, venues_now) = (countries(&now), venues(&now));
        // Also what was another value on the way, and is again what it was: somebody may have stored it.
        let way: Vec<_> = from
            .into_iter()
            .flat_map(|from| from..to)
            .map(|at| self.state(partition, at))
            .collect();
        let statistics = Statistics {
            countries: touched(&countries_now, way.iter().map(countries))
                .iter()
                .map(|country| country_part(country, &countries_now))
                .collect(),
            venues: touched(&venues_now, way.iter().map(venues))
                .into_iter()
                .map(|venue| {
                    venues_now
                        .get(&venue)
                        .cloned()
                        .unwrap_or_else(|| gone(venue))
                })
                .collect(),
            events: changed
                .iter()
                .map(|(id, event)| statistic(partition, **id, event))
                .collect(),
            renamed: renamed(partition, &way, &now),
        };
        Changes {
            offset: to,
            rows: changed.iter().map(|(id, event)| row(**id, event)).collect(),
            statistics,
            full_refresh: from.is_none(),
            snapshot_complete: Some(SnapshotComplete {
                offset: to,
                meta: format!("meta {partition} {to}").into_bytes(),
                covered_by_delta: false,
            }),
        }
    }

    /// What is right when every partition is counted up to `end`.
    pub(crate) fn totals(&self, end: u64) -> Totals {
        let mut totals = Totals::default();
        let mut places: BTreeMap<i64, Vec<VenuePart>> = BTreeMap::new();
        for partition in 0..self.partitions {
            let state = self.state(partition, end);
            for (country, (yes, no)) in countries(&state) {
                let code = match &*country {
                    "us" => "USA",
                    "gb" => "GBR",
                    "zz" => "ZZ",
                    _ => "UNKNOWN",
                };
                let sum = totals.countries.entry(code.to_owned()).or_default();
                *sum = (sum.0 + yes, sum.1 + no, sum.2 + 2 * yes);
                totals.yes += yes;
                totals.no += no;
            }
            for (venue, part) in venues(&state) {
                places.entry(venue).or_default().push(part);
            }
            for (id, event) in &state {
                let key = (event.name.to_string(), event_id(partition, *id).to_string());
                totals.events.insert(key, (event.yes, event.no));
            }
        }
        totals.countries.retain(|_, sum| *sum != (0, 0, 0));
        for (venue, parts) in places {
            let yes: u64 = parts.iter().map(|part| part.yes).sum();
            let latest = parts.iter().max_by_key(|part| part.latest);
            if let Some(latest) = latest.filter(|_| yes > 0) {
                totals.venues.insert((latest.name.to_string(), venue), yes);
            }
        }
        totals
    }

    /// The rows that a partition has.
    pub(crate) fn rows(&self, partition: u16, end: u64) -> Vec<Row> {
        let state = self.state(partition, end);
        state.iter().map(|(id, event)| row(*id, event)).collect()
    }

    /// The names of all events that there ever are.
    pub(crate) fn names() -> impl Iterator<Item = String> {
        (0..3).map(|name| format!("name {name}"))
    }

    fn state(&self, partition: u16, offset: u64) -> State {
        let mut state = State::new();
        for at in 0..offset {
            let mut dice = Dice(self.seed ^ (u64::from(partition) << 32) ^ at.wrapping_mul(31));
            let event = state.entry(dice.below(EVENTS)).or_default();
            event.name = format!("name {}", dice.below(3)).into();
            event.country = COUNTRIES[dice.below(4) as usize].into();
            event.venue = dice.below(VENUES.cast_unsigned()).cast_signed();
            event.content = dice.below(2);
            event.yes = dice.below(4);
            event.no = dice.below(3);
            event.latest = (at + 1, partition.into());
        }
        state
    }
}

fn renamed(partition: u16, way: &[State], now: &State) -> Vec<EventKey> {
    let old = way.iter().flatten();
    old.filter(|(id, event)| event.name != now[id].name)
        .map(|(id, event)| EventKey {
            event_name: event.name.clone(),
            event_id: event_id(partition, *id),
        })
        .collect()
}

fn countries(state: &State) -> BTreeMap<Arc<str>, (u64, u64)> {
    let mut sums: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    for event in state.values() {
        let sum = sums.entry(event.country.clone()).or_default();
        *sum = (sum.0 + event.yes, sum.1 + event.no);
    }
    sums
}

fn venues(state: &State) -> BTreeMap<i64, VenuePart> {
    let mut parts: BTreeMap<i64, VenuePart> = BTreeMap::new();
    for event in state.values() {
        let part = parts
            .entry(event.venue)
            .or_insert_with(|| gone(event.venue));
        part.yes += event.yes;
        part.no += event.no;
        if event.latest > part.latest {
            part.latest = event.latest;
            part.name = format!("venue {}.{}", event.venue, event.content).into();
            (part.lat, part.lon) = (Some(51.5), Some(-0.25));
            part.group_city = "London".into();
            part.country = event.country.clone();
        }
    }
    parts
}

/// The keys of all that is not on the whole way what it is now; without a way, all.
fn touched<K: Ord + Clone, V: PartialEq>(
    now: &BTreeMap<K, V>,
    way: impl ExactSizeIterator<Item = BTreeMap<K, V>>,
) -> BTreeSet<K> {
    if way.len() == 0 {
        return now.keys().cloned().collect();
    }
    let mut keys = BTreeSet::new();
    for then in way {
        let all = now.keys().chain(then.keys());
        keys.extend(all.filter(|key| now.get(key) != then.get(key)).cloned());
    }
    keys
}

fn country_part(country: &Arc<str>, now: &BTreeMap<Arc<str>, (u64, u64)>) -> CountryPart {
    let (yes, no) = now.get(country).copied().unwrap_or_default();
    CountryPart {
        country: country.clone(),
        yes,
        no,
        maybe: None,
        heads: 2 * yes,
    }
}

fn gone(venue_id: i64) -> VenuePart {
    VenuePart {
        venue_id,
        ..VenuePart::default()
    }
}

fn statistic(partition: u16, id: u64, event: &Event) -> EventStatistic {
    EventStatistic {
        event_id: event_id(partition, id),
        event_name: event.name.clone(),
        group_name: "group".into(),
        country: event.country.clone(),
        yes: event.yes,
        no: event.no,
        maybe: None,
        heads: 2 * event.yes,
        event_url: None,
        time: None,
    }
}

fn event_id(partition: u16, id: u64) -> Arc<str> {
    format!("event {partition}.{id}").into()
}

fn row(id: u64, event: &Event) -> Row {
    Row {
        table: Table::Events,
        number: u32::try_from(id).unwrap(),
        body: format!("{event:?}").into_bytes(),
    }
}

/// The same numbers for the same seed for ever (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
