//! Old clients against the stand-in, and its pace with time that is advanced, not waited for.

#![allow(clippy::unwrap_used)]

mod clients;
mod pace;

use std::sync::Arc;

use super::*;
use headcount_simulator::{DEFAULT_START_MS, Rate, Seed, Simulator};

/// Simulated records of all feeds, 0.1 s apart.
fn simulated(records: u64) -> Vec<String> {
    let rate = Rate::new(10.0).unwrap();
    let simulator = Simulator::with_feeds(
        Seed(9),
        DEFAULT_START_MS,
        rate,
        &headcount_record::Feed::ALL,
    );
    let line = |index| {
        let mut line = Vec::new();
        simulator.write(index, &mut line);
        String::from_utf8(line).unwrap()
    };
    (0..records).map(line).collect()
}

/// The least of an RSVP.
fn rsvp(id: u32, mtime: i64) -> String {
    format!(
        r#"{{"rsvp_id":{id},"mtime":{mtime},"event":{{"event_id":"e{}"}}}}"#,
        id % 3
    )
}
