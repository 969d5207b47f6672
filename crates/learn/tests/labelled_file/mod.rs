//! Reads the recordings that models are tried on: for tests and for benchmarks.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each of them uses a part

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use headcount_learn::{LabelledEvent, Spot, places::PlacePoint};
use serde_json::Value;

/// The folder of the recordings, if there is one.
pub fn shared_data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("HEADCOUNT_SHARED_DATA")
        .map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.join("events_labelled.ndjson.gz").is_file() {
        return Some(folder);
    }
    eprintln!(
        "NOT TESTED: the recordings are not in {} (set HEADCOUNT_SHARED_DATA to where they are)",
        folder.display()
    );
    None
}

/// The events of the groups that `wanted` chooses by their id.
pub fn events(folder: &Path, wanted: impl Fn(i64) -> bool) -> Vec<LabelledEvent> {
    // Only lines of wanted groups are parsed: all of them take long without optimisation.
    let is_wanted = |line: &String| group_id(line).is_none_or(&wanted);
    lines(folder)
        .filter(is_wanted)
        .map(|line| event(&serde_json::from_str(&line).unwrap()))
        .collect()
}

/// The id of the group as the recording writes it.
fn group_id(line: &str) -> Option<i64> {
    let (_, rest) = line.rsplit_once("\"group\":{\"id\":")?;
    rest.split(',').next()?.parse().ok()
}

/// The venues of the labelled events and of one recording of RSVPs.
pub fn venues(folder: &Path) -> Vec<PlacePoint> {
    let mut venues = BTreeMap::new();
    for line in lines(folder) {
        let line: Value = serde_json::from_str(&line).unwrap();
        let group = &line["group"];
        let city = line["venue"]["city"].as_str().or(group["city"].as_str());
        let people = line["yes_rsvp_count"].as_u64().unwrap_or(0);
        add(
            &mut venues,
            (&line["venue"], "id"),
            (city, &group["country"], &group["topics"]),
            people,
        );
    }
    let recording = std::fs::read_to_string(folder.join("rsvps/2017-03-19.ndjson")).unwrap();
    // Six of its lines are no JSON.
    for line in recording
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let group = &line["group"];
        let people = if line["response"] == "yes" {
            1 + line["guests"].as_u64().unwrap_or(0)
        } else {
            0
        };
        let of = (
            group["group_city"].as_str(),
            &group["group_country"],
            &group["group_topics"],
        );
        add(&mut venues, (&line["venue"], "venue_id"), of, people);
    }
    venues.into_values().collect()
}

fn add(
    venues: &mut BTreeMap<i64, PlacePoint>,
    (venue, id): (&Value, &str),
    (city, country, topics): (Option<&str>, &Value, &Value),
    people: u64,
) {
    let (Some(id), Some(lat), Some(lon)) = (
        venue[id].as_i64(),
        venue["lat"].as_f64(),
        venue["lon"].as_f64(),
    ) else {
        return;
    };
    let point = venues.entry(id).or_insert_with(|| PlacePoint {
        lat,
        lon,
        city: city.unwrap_or_default().to_owned(),
        country: country.as_str().unwrap_or_default().to_lowercase(),
        ..PlacePoint::default()
    });
    point.people += people as u32;
    for topic in keys(topics) {
        if !point.topics.contains(&topic) {
            point.topics.push(topic);
        }
    }
}

fn lines(folder: &Path) -> impl Iterator<Item = String> {
    let file = File::open(folder.join("events_labelled.ndjson.gz")).unwrap();
    BufReader::new(GzDecoder::new(file))
        .lines()
        .map(Result::unwrap)
}

fn event(line: &Value) -> LabelledEvent {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let count = |value: &Value| value.as_u64().map(|count| count as u32);
    let group = &line["group"];
    let venue = &line["venue"];
    let spot = venue["lat"]
        .as_f64()
        .zip(venue["lon"].as_f64())
        .map(|(lat, lon)| Spot { lat, lon });
    LabelledEvent {
        id: text(&line["id"]).unwrap_or_default(),
        name: text(&line["name"]).unwrap_or_default(),
        description: text(&line["description"]).unwrap_or_default(),
        time: line["time"].as_i64(),
        utc_offset: line["utc_offset"].as_i64(),
        created: line["created"].as_i64(),
        rsvp_limit: count(&line["rsvp_limit"]),
        waitlist_count: count(&line["waitlist_count"]),
        yes_rsvp_count: count(&line["yes_rsvp_count"]),
        paid: Some(!line["fee"].is_null()),
        venue: spot.filter(|spot| spot.lat != 0.0 || spot.lon != 0.0),
        group_id: group["id"].as_i64(),
        category: text(&group["category"]["shortname"]),
        city: text(&group["city"]),
        country: text(&group["country"]).map(|country| country.to_lowercase()),
        members: count(&group["members"]),
        topics: keys(&group["topics"]),
    }
}

fn keys(topics: &Value) -> Vec<String> {
    topics
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|topic| topic["urlkey"].as_str().map(str::to_owned))
        .collect()
}
