//! One event as training and prediction see it, whatever it was read from.

use serde::{Deserialize, Serialize};

/// An event with what is known of it. Training gets past events; prediction gets events of which any field may be missing.
///
/// The fields are those of Meetup's REST answers, in which the labelled recordings are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelledEvent {
    /// The event's id.
    pub id: String,
    /// Its title, as it came; empty where it has none.
    pub name: String,
    /// Its description: HTML as it came; empty where it has none.
    pub description: String,
    /// When it begins: milliseconds since 1970 UTC.
    pub time: Option<i64>,
    /// What to add to UTC for the group's local time, in milliseconds.
    pub utc_offset: Option<i64>,
    /// When it was announced: milliseconds since 1970 UTC.
    pub created: Option<i64>,
    /// How many may come.
    pub rsvp_limit: Option<u32>,
    /// How many wait for a place.
    pub waitlist_count: Option<u32>,
    /// How many said yes in the end, or up to now for an event that is still to come.
    pub yes_rsvp_count: Option<u32>,
    /// Whether it costs money.
    pub paid: Option<bool>,
    /// Where it takes place; none for an event without a venue. 0,0 is a venue of which nobody knows where it is.
    pub venue: Option<Spot>,
    /// Who holds it; none where that is not known. Splits are made by it.
    pub group_id: Option<i64>,
    /// The short name of the group's category: what the classifier learns.
    pub category: Option<String>,
    /// The city of the group.
    pub city: Option<String>,
    /// The country of the group: two letters, lower case.
    pub country: Option<String>,
    /// How many members the group has.
    pub members: Option<u32>,
    /// The url keys of the group's topics.
    pub topics: Vec<String>,
}

/// A point on the globe in degrees: latitude in -90..=90, longitude in -180..=180.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Spot {
    /// Degrees north of the equator.
    pub lat: f64,
    /// Degrees east of Greenwich.
    pub lon: f64,
}
