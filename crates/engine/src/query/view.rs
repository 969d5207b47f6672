//! What the counts are at one commit, ready to be shown.
//!
//! A view is a plain value: it is computed by one pass over the event rows of every partition and
//! never changes afterwards. All times are milliseconds since 1970, all counts are of winners.

use std::{collections::BTreeMap, sync::Arc};

use headcount_record::{Response, Topic};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use crate::{ledger::Ledger, query::filter::Filter};

/// For figures that answers leave out while they are 0: no Meetup record has ever made any.
fn is_zero(figure: &u64) -> bool {
    *figure == 0
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
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    /// Guests brought by those who said `yes`.
    pub guests: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
    /// Events that somebody has answered to.
    pub events: u64,
    /// Venues of these events.
    pub venues: u64,
    /// Groups that these events are of.
    pub groups: u64,
    /// Countries that these groups are in.
    pub countries: u64,
    /// Answers per second, mean of the last two complete windows of 5 s of record time.
    pub rate: f64,
    /// What is answered, under the filter but for what it says of answers.
    pub responses: ResponseTotals,
}

/// Answers by what they say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResponseTotals {
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

/// A country in the list of countries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountryRow {
    /// ISO 3166 alpha-2 in lower case, `unknown`, or `other` for those beyond the bound.
    pub country: Arc<str>,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
}

/// A city in the list of cities: of the group, not of the venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CityRow {
    /// Its name.
    pub city: Arc<str>,
    /// Empty outside the US and Canada.
    pub state: Arc<str>,
    /// Of the group, ISO 3166 alpha-2 in lower case.
    pub country: Arc<str>,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

/// A topic in the list of topics. An answer counts for every topic of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicRow {
    /// The topic's `urlkey`.
    pub topic: Arc<str>,
    /// What people read.
    pub name: Arc<str>,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

/// A venue in the list of venues.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VenueRow {
    /// The number that stands for its identity.
    pub venue_id: i64,
    /// As the latest event there tells it.
    pub name: Arc<str>,
    /// City and country of the group of the latest event there.
    pub city: Arc<str>,
    /// Of the group, ISO 3166 alpha-2 in lower case.
    pub country: Arc<str>,
    /// Absent when the feed gave none, or 0,0.
    pub lat: Option<f64>,
    /// Degrees east; absent when the feed gave none, or 0,0.
    pub lon: Option<f64>,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

/// An event in the list of trending events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrendingRow {
    /// The event's id, as the feed has it.
    pub event_id: Arc<str>,
    /// The event's name.
    pub name: Arc<str>,
    /// The group's name; empty when the event has no group.
    pub group: Arc<str>,
    /// Of the group, ISO 3166 alpha-2 in lower case.
    pub country: Arc<str>,
    /// The group's city.
    pub city: Arc<str>,
    /// The venue's name, if it is known.
    pub venue: Option<Arc<str>>,
    /// When the event takes place.
    pub time: Option<i64>,
    /// The event's page, if it is known.
    pub url: Option<Arc<str>>,
    /// Those who said `yes` within the last 10 minutes of the stream.
    pub recent: u64,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
    /// Its category as a model sees it; absent until a model has looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<LikelyCategory>,
    /// The url keys of its group's topics, for models; no part of answers.
    #[serde(skip)]
    pub topics: Box<[Arc<Topic>]>,
}

/// A category that a model gives an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikelyCategory {
    /// The category's short name.
    pub value: Arc<str>,
    /// The probability that this is it, in hundredths.
    pub percent: u8,
}

impl Serialize for LikelyCategory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("LikelyCategory", 2)?;
        fields.serialize_field("value", &self.value)?;
        fields.serialize_field("probability", &(f64::from(self.percent) / 100.0))?;
        fields.end()
    }
}

/// Answers in consecutive windows, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct History {
    /// Begin of the first window.
    pub start: i64,
    /// The length of a window, ms.
    pub step_ms: i64,
    /// `yes` by window.
    pub yes: Vec<u64>,
    /// `no` by window.
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
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// What was answered.
    pub response: Response,
    /// Of the group, ISO 3166 alpha-2 in lower case.
    pub country: Arc<str>,
}

/// All figures of the Live page under one filter, at one commit.
///
/// Lists are by people who come, ties by the key as text, and leave out what nobody comes to.
/// No list is longer than its bound, whatever the data: the first 50 cities, topics and venues,
/// 20 events, 5,000 dots, 300 countries and then `other`.
///
/// Every panel is filtered by every dimension but its own: `countries` by all but the country, `trending` by all but the
/// event, and so on. The map, the history and the totals are of what the whole filter lets through. Where it lets no
/// `yes` through, what it does let through decides the order of lists instead.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    /// The events that are counted.
    pub filter: Filter,
    /// The commit that these are the figures of.
    pub as_of: AsOf,
    /// The figures at the top.
    pub totals: Totals,
    /// Unfiltered RSVPs.
    pub all_rsvps: u64,
    /// Countries, under the filter but for what it says of countries.
    pub countries: Vec<CountryRow>,
    /// The first 50 cities.
    pub cities: Vec<CityRow>,
    /// The first 50 topics.
    pub topics: Vec<TopicRow>,
    /// The first 50 venues.
    pub venues: Vec<VenueRow>,
    /// The first 20 events, by those who have just said `yes`.
    pub trending: Vec<TrendingRow>,
    /// The last 5 minutes in windows of 5 s.
    pub history: History,
    /// Places on the map.
    pub dots: Vec<Dot>,
    /// The account of every record received.
    pub ledger: Ledger,
    /// Records of the feeds of answers, whatever the filter.
    pub records: u64,
    /// How they were taken.
    pub kinds: Kinds,
}

/// A row of the third system's table: a venue with at least one `yes`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VenueTotal {
    /// RSVPs that answer `yes`.
    pub count: u64,
    /// The city of the group of the latest event there.
    pub group_city: Arc<str>,
    /// Degrees north; absent when the feed gave none.
    pub lat: Option<f64>,
    /// Degrees east; absent when the feed gave none.
    pub lon: Option<f64>,
    /// As the latest event there tells it.
    pub venue_name: Arc<str>,
}

/// How the records of the RSVP feed were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kinds {
    /// The first record of its RSVP.
    pub new: u64,
    /// Repeated and stale together.
    pub ignored: u64,
    /// Greater than the winner, and the winner from then on.
    pub replaced: u64,
}

impl Kinds {
    pub(crate) fn add(&mut self, other: &Self) {
        self.new += other.new;
        self.ignored += other.ignored;
        self.replaced += other.replaced;
    }
}

/// The answers of one country in a summary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CountryTotal {
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
}

/// Answers in one sliding window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trend {
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
}

/// Sliding windows that end with the newest record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trends {
    /// The last 5 minutes.
    pub five_minutes: Trend,
    /// The last 10 minutes.
    pub ten_minutes: Trend,
    /// The last hour.
    pub hour: Trend,
}

/// A window of 5 seconds as a list: its begin, `yes`, `no`, and `maybe` unless it is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusyWindow {
    /// Milliseconds since 1970.
    pub start: i64,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
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
    /// The events that are counted.
    #[serde(skip_serializing_if = "Filter::is_empty")]
    pub filter: Filter,
    /// Well-formed records of the RSVP feed.
    pub records: u64,
    /// Records that were rejected.
    pub malformed: u64,
    /// RSVPs that are, whatever they answer.
    pub rsvps: u64,
    /// How the records of the RSVP feed were taken.
    pub kinds: Kinds,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    #[serde(skip_serializing_if = "is_zero")]
    pub maybe: u64,
    /// Guests brought by those who said `yes`.
    pub guests: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
    /// Countries of groups.
    pub countries: u64,
    /// Events that somebody has answered to.
    pub events: u64,
    /// Venues of these events.
    pub venues: u64,
    /// Groups that these events are of.
    pub groups: u64,
    /// People who answered; unknown under a filter.
    pub members: Option<u64>,
    /// Cities of groups.
    pub cities: u64,
    /// Topics of groups.
    pub topics: u64,
    /// At most 300 countries, those to which most come, and then `other`.
    pub by_country: BTreeMap<Arc<str>, CountryTotal>,
    /// Events by id, with their `yes`.
    pub top_events_yes: Vec<(Arc<str>, u64)>,
    /// Venues by number, with their `yes`.
    pub top_venues_yes: Vec<(i64, u64)>,
    /// Keys are `city|state|country`.
    pub top_cities_yes: Vec<(String, u64)>,
    /// Only of windows that are still kept.
    pub busiest_5s: Vec<BusyWindow>,
    /// Topics by `urlkey`, with their `yes`.
    pub top_topics_yes: Vec<(Arc<str>, u64)>,
    /// Answers of the last 5 minutes, 10 minutes and hour of record time.
    pub trends: Trends,
    /// The last day of record time by the minute, from its first answer on, at most 1,447 of them.
    pub minutes: History,
    /// Every feed that has records, by name.
    pub feeds: BTreeMap<Arc<str>, FeedTotal>,
    /// The account of every record received.
    pub ledger: Ledger,
    /// The commit that these are the figures of.
    pub as_of: AsOf,
    /// Digest over winners and event rows: the same for every order of arrival.
    pub digest: String,
}
