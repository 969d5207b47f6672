//! The stream is pure, and its distributions are those of the real recordings.

#![allow(clippy::unwrap_used)]

mod distributions;
mod purity;

use serde::Deserialize;

use super::*;

pub(super) fn line(simulator: &Simulator, index: u64) -> String {
    let mut bytes = Vec::new();
    simulator.write(index, &mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// What the tests look at in an RSVP.
#[derive(Deserialize)]
pub(super) struct Rsvp {
    pub(super) rsvp_id: i64,
    pub(super) mtime: i64,
    pub(super) response: String,
    pub(super) guests: i64,
    pub(super) visibility: String,
    pub(super) event: Event,
    pub(super) group: Group,
    pub(super) member: Member,
    pub(super) venue: Option<Venue>,
}

#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) event_id: String,
    pub(super) event_name: String,
    pub(super) event_url: String,
    pub(super) time: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Group {
    pub(super) group_id: i64,
    pub(super) group_name: String,
    pub(super) group_urlname: String,
    pub(super) group_country: String,
    pub(super) group_state: Option<String>,
    pub(super) group_lat: f64,
    pub(super) group_lon: f64,
    pub(super) group_topics: Vec<Topic>,
}

#[derive(Deserialize)]
pub(super) struct Topic {
    pub(super) urlkey: String,
}

#[derive(Deserialize)]
pub(super) struct Member {
    pub(super) member_id: i64,
    pub(super) member_name: String,
    pub(super) photo: Option<String>,
    pub(super) other_services: Option<serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct Venue {
    pub(super) venue_id: i64,
    pub(super) venue_name: String,
    pub(super) lat: serde_json::Number,
    pub(super) lon: serde_json::Number,
}
