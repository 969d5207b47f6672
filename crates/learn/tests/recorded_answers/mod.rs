//! Reads recordings of answers: for tests and for benchmarks.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each of them uses a part

use std::path::Path;

use headcount_learn::response::{AnswerSeen, EventSeen, offset_by_longitude};
use serde_json::Value;

/// The recordings, from the earliest.
pub const RECORDINGS: [&str; 4] = [
    "2015-03-08.ndjson",
    "2017-03-19.ndjson",
    "2017-05-07.ndjson",
    "2018-05-20-pretty.json",
];

/// One record, with what [`AnswerSeen`] borrows.
pub struct RecordedAnswer {
    record: Value,
    topics: Vec<String>,
}

impl RecordedAnswer {
    /// The url keys of its group's topics.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(String::as_str)
    }
}

/// All records of a recording in the order in which they came, those that were sent again too. What is no JSON is left out.
pub fn records(folder: &Path, name: &str) -> Vec<RecordedAnswer> {
    let text = std::fs::read_to_string(folder.join("rsvps").join(name)).unwrap();
    let values: Vec<Value> = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text).unwrap()
    } else {
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    };
    values
        .into_iter()
        .map(|record| {
            let topics = record["group"]["group_topics"].as_array();
            let keys = topics.into_iter().flatten();
            let topics = keys
                .filter_map(|topic| topic["urlkey"].as_str().map(str::to_owned))
                .collect();
            RecordedAnswer { record, topics }
        })
        .collect()
}

/// Calls `each` with every record as an answer.
pub fn for_each(records: &[RecordedAnswer], mut each: impl FnMut(&AnswerSeen<'_>)) {
    for recorded in records {
        let topics: Vec<&str> = recorded.topics().collect();
        each(&answer(recorded, &topics));
    }
}

/// The record as an answer.
pub fn answer<'a>(recorded: &'a RecordedAnswer, topics: &'a [&'a str]) -> AnswerSeen<'a> {
    let record = &recorded.record;
    let (event, group) = (&record["event"], &record["group"]);
    AnswerSeen {
        event_id: event["event_id"].as_str().unwrap(),
        rsvp_id: record["rsvp_id"].as_u64().unwrap(),
        mtime: record["mtime"].as_i64().unwrap(),
        yes: record["response"] == "yes",
        guests: record["guests"].as_u64().unwrap_or(0) as u32,
        member: record["member"]["member_id"].as_u64(),
        event: EventSeen {
            name: event["event_name"].as_str().unwrap_or_default(),
            time: event["time"].as_i64(),
            utc_offset: group["group_lon"].as_f64().map(offset_by_longitude),
            group_id: group["group_id"].as_i64(),
            country: group["group_country"].as_str().unwrap_or_default(),
            topics,
            guests_allowed: None,
            has_venue: Some(record.get("venue").is_some()),
        },
    }
}
