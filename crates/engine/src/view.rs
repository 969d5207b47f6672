//! What the counts are at one commit, ready to be shown.
//!
//! A view is a plain value: it is computed by one pass over the event rows of every partition and
//! never changes afterwards. All times are milliseconds since 1970, all counts are of winners.

use std::{collections::BTreeMap, sync::Arc};

use headcount_record::Response;
use serde::{Deserialize, Serialize, Serializer};

use crate::ledger::Ledger;

/// For figures that answers leave out while they are 0: no Meetup record has ever made any.
fn is_zero(figure: &u64) -> bool {
    *figure == 0
}

/// Which events are counted. An empty list leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Filter {
    /// Countries of the group, ISO 3166 alpha-2 in lower case as in the feed; several mean "or".
    /// `unknown` stands for events of which nobody has told a country.
    pub country: Vec<String>,
}

impl Filter {
    /// A filter of these countries in the one spelling that compares equal.
    #[must_use]
    pub fn of_countries<'a>(countries: impl IntoIterator<Item = &'a str>) -> Self {
        let mut country: Vec<String> = countries
            .into_iter()
            .map(|code| code.trim().to_lowercase())
            .filter(|code| !code.is_empty())
            .collect();
        country.sort();
        country.dedup();
        Self { country }
    }

    /// Whether it leaves nothing out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.country.is_empty()
    }

    /// Whether it lets a country through.
    pub(crate) fn lets(&self, country: &str) -> bool {
        self.is_empty() || self.country.iter().any(|wanted| wanted == country)
    }
}

/// How far the journal had been read when the figures were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// One past the last entry counted, by partition.
    pub offsets: Vec<u64>,
    /// The watermark: how far record time has come; absent before the first live record.
    pub stream_time: Option<i64>,
}

/// The figures at the top of the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// RSVPs that are, whatever they answer.
    pub rsvps: u64,
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    /// Guests brought by those who said `yes`.
    pub guests: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
    pub events: u64,
    pub venues: u64,
    pub groups: u64,
    pub countries: u64,
    /// Answers per second, mean of the last two complete windows of 5 s of record time.
    pub rate: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountryRow {
    pub country: Arc<str>,
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    pub heads: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CityRow {
    pub city: Arc<str>,
    pub state: Arc<str>,
    pub country: Arc<str>,
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicRow {
    /// The topic's `urlkey`.
    pub topic: Arc<str>,
    pub name: Arc<str>,
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VenueRow {
    pub venue_id: i64,
    pub name: Arc<str>,
    /// City and country of the group of the latest event there.
    pub city: Arc<str>,
    pub country: Arc<str>,
    /// Absent when the feed gave none, or 0,0.
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrendingRow {
    pub event_id: Arc<str>,
    pub name: Arc<str>,
    pub group: Arc<str>,
    pub country: Arc<str>,
    pub city: Arc<str>,
    pub venue: Option<Arc<str>>,
    /// When the event takes place.
    pub time: Option<i64>,
    pub url: Option<Arc<str>>,
    /// Those who said `yes` within the last 10 minutes of the stream.
    pub recent: u64,
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    pub heads: u64,
}

/// Answers in consecutive windows, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct History {
    /// Begin of the first window.
    pub start: i64,
    pub step_ms: i64,
    pub yes: Vec<u64>,
    pub no: Vec<u64>,
    /// Empty if there is none in any of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maybe: Vec<u64>,
}

/// A place on the map: longitude, latitude, RSVPs, country.
pub type Dot = (f64, f64, u64, Arc<str>);

/// One counted answer, for the map to flash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pulse {
    pub lon: f64,
    pub lat: f64,
    pub response: Response,
    pub country: Arc<str>,
}

/// All figures of the Live page under one filter, at one commit.
///
/// Lists are by people who come, ties by the key as text, and leave out what nobody comes to.
/// No list is longer than its bound, whatever the data: the first 50 cities, topics and venues,
/// 20 events, 5,000 dots, 300 countries and then `other`.
///
/// Every panel is filtered by every dimension but its own, so `countries` is always of the world.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    pub filter: Filter,
    pub as_of: AsOf,
    pub totals: Totals,
    /// Unfiltered RSVPs.
    pub all_rsvps: u64,
    pub countries: Vec<CountryRow>,
    pub cities: Vec<CityRow>,
    pub topics: Vec<TopicRow>,
    pub venues: Vec<VenueRow>,
    pub trending: Vec<TrendingRow>,
    /// The last 5 minutes in windows of 5 s.
    pub history: History,
    pub dots: Vec<Dot>,
    pub ledger: Ledger,
}

/// A row of the third system's table: a venue with at least one `yes`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VenueTotal {
    pub count: u64,
    pub group_city: Arc<str>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub venue_name: Arc<str>,
}

/// How the records of the RSVP feed were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kinds {
    pub new: u64,
    /// Repeated and stale together.
    pub ignored: u64,
    pub replaced: u64,
}

impl Kinds {
    pub(crate) fn add(&mut self, other: &Self) {
        self.new += other.new;
        self.ignored += other.ignored;
        self.replaced += other.replaced;
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CountryTotal {
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    pub heads: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trend {
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

/// Sliding windows that end with the newest record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trends {
    pub five_minutes: Trend,
    pub ten_minutes: Trend,
    pub hour: Trend,
}

/// A window of 5 seconds as a list: its begin, `yes`, `no`, and `maybe` unless it is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusyWindow {
    /// Milliseconds since 1970.
    pub start: i64,
    pub yes: u64,
    pub no: u64,
    pub maybe: u64,
}

impl Serialize for BusyWindow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            start,
            yes,
            no,
            maybe,
        } = *self;
        if maybe == 0 {
            (start, yes, no).serialize(serializer)
        } else {
            (start, yes, no, maybe).serialize(serializer)
        }
    }
}

/// What is known of one feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedTotal {
    /// Well-formed records, repeated ones too.
    pub records: u64,
    /// Distinct identities.
    pub unique: u64,
    /// Identities by the status of their winner: at most 30 statuses, and then `other`.
    pub by_status: BTreeMap<String, u64>,
}

/// The answer of `count` and `summary`: lists are of ten, by count, ties by the key as text.
///
/// Under a filter, counts of answers and of what they are to, lists and windows are of the events
/// it lets through. How records were taken is of the journal, whatever the filter: `records`,
/// `malformed`, `kinds`, `feeds`, `ledger`, `as_of` and `digest`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    #[serde(skip_serializing_if = "Filter::is_empty")]
    pub filter: Filter,
    /// Well-formed records of the RSVP feed.
    pub records: u64,
    pub malformed: u64,
    pub rsvps: u64,
    pub kinds: Kinds,
    pub yes: u64,
    pub no: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    pub guests: u64,
    pub heads: u64,
    pub countries: u64,
    pub events: u64,
    pub venues: u64,
    pub groups: u64,
    /// People who answered; unknown under a filter.
    pub members: Option<u64>,
    pub cities: u64,
    pub topics: u64,
    /// At most 300 countries, those to which most come, and then `other`.
    pub by_country: BTreeMap<Arc<str>, CountryTotal>,
    pub top_events_yes: Vec<(Arc<str>, u64)>,
    pub top_venues_yes: Vec<(i64, u64)>,
    /// Keys are `city|state|country`.
    pub top_cities_yes: Vec<(String, u64)>,
    /// Only of windows that are still kept.
    pub busiest_5s: Vec<BusyWindow>,
    pub top_topics_yes: Vec<(Arc<str>, u64)>,
    /// Answers of the last 5 minutes, 10 minutes and hour of record time.
    pub trends: Trends,
    /// The last day of record time by the minute, from its first answer on, at most 1,447 of them.
    pub minutes: History,
    pub feeds: BTreeMap<Arc<str>, FeedTotal>,
    pub ledger: Ledger,
    pub as_of: AsOf,
    /// Digest over winners and event rows: the same for every order of arrival.
    pub digest: String,
}
