//! A record depends on seed, rate and its place in the stream, and on nothing else.

use std::collections::HashMap;

use super::*;

fn simulator(seed: u64, rate: f64) -> Simulator {
    Simulator::new(Seed(seed), DEFAULT_START_MS, Rate::new(rate).unwrap())
}

#[test]
fn a_record_is_the_same_whoever_asks_and_whenever() {
    let one = simulator(7, 50.0);
    let forwards: Vec<String> = (0..2_000).map(|index| line(&one, index)).collect();
    let other = simulator(7, 50.0);
    for index in (0..2_000).rev() {
        assert_eq!(
            line(&other, index),
            forwards[index as usize],
            "record {index}"
        );
    }
}

#[test]
fn what_was_written_stays_written() {
    // If this fails, recordings made before by seed are no longer the ones made now.
    let hash = |seed, rate| {
        let simulator = simulator(seed, rate);
        let lines: String = (0..1_000)
            .map(|index| line(&simulator, index) + "\n")
            .collect();
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(lines.as_bytes()))
    };
    assert_eq!(
        [hash(0, 50.0), hash(1, 1.5), hash(2, 1e6)],
        ["686a052ffc41befa", "e085983ed1b4b206", "bc0dfe4e0a98e791"],
    );
}

#[test]
fn two_starts_are_parts_of_one_stream() {
    let early = simulator(7, 50.0);
    let late = Simulator::new(Seed(7), DEFAULT_START_MS + 3_600_000, Rate::DEFAULT);
    let joined = early.index_at(DEFAULT_START_MS + 3_600_000);
    assert!(joined > 170_000);
    for index in 0..100 {
        assert_eq!(line(&late, index), line(&early, joined + index));
        assert_eq!(late.time_of(index), early.time_of(joined + index));
    }
}

#[test]
fn seed_and_rate_make_a_difference() {
    let base = line(&simulator(7, 50.0), 0);
    assert_ne!(line(&simulator(8, 50.0), 0), base);
    assert_ne!(line(&simulator(7, 51.0), 0), base);
}

#[test]
fn time_never_falls_and_keeps_the_rate() {
    for rate in [0.01, 0.7, 50.0, 1_234.5, 1_000_000.0] {
        let simulator = simulator(3, rate);
        let mut before = DEFAULT_START_MS;
        for index in 0..20_000 {
            let time = simulator.time_of(index);
            assert!(
                time >= before,
                "rate {rate}, record {index}: {time} < {before}"
            );
            before = time;
        }
        let hour = (3_600.0 * rate) as u64 * 100;
        let expected = DEFAULT_START_MS + 360_000_000;
        let away = (simulator.time_of(hour) - expected).abs();
        let slot_ms = (1_000.0 / rate) as i64;
        assert!(
            away < 80_000 + 2 * slot_ms,
            "rate {rate}: {away} ms away after 100 hours"
        );
    }
}

#[test]
fn the_index_at_a_time_is_the_first_that_arrives_then() {
    let simulator = simulator(3, 50.0);
    assert_eq!(simulator.index_at(0), 0);
    for ms in (0..100_000).step_by(997).map(|ms| DEFAULT_START_MS + ms) {
        let index = simulator.index_at(ms);
        assert!(simulator.time_of(index) >= ms);
        assert!(index == 0 || simulator.time_of(index - 1) < ms);
    }
}

#[test]
fn a_version_has_one_content() {
    // Slow and dense streams too: at a million a second, many records share a millisecond.
    for rate in [0.01, 1.5, 50.0, 1_000_000.0] {
        let simulator = simulator(5, rate);
        let mut versions: HashMap<(String, i64, i64), String> = HashMap::new();
        for index in 0..12_000 {
            let line = line(&simulator, index);
            let rsvp: Rsvp = serde_json::from_str(&line).unwrap();
            let version = (rsvp.event.event_id, rsvp.rsvp_id, rsvp.mtime);
            if let Some(known) = versions.get(&version) {
                assert_eq!(*known, line, "rate {rate}, record {index}");
            }
            versions.insert(version, line);
        }
    }
}

#[test]
fn extreme_indices_and_starts_are_taken() {
    for start_ms in [i64::MIN, 0, 1_300_000_000_000, i64::MAX] {
        for rate in [0.001, 1_000_000.0] {
            let simulator = Simulator::new(Seed(u64::MAX), start_ms, Rate::new(rate).unwrap());
            for index in [0, 1, 1 << 40] {
                let rsvp: Rsvp = serde_json::from_str(&line(&simulator, index)).unwrap();
                assert!(rsvp.rsvp_id >= 0);
            }
        }
    }
}

#[test]
fn a_rate_out_of_range_is_refused() {
    for text in ["0", "-1", "NaN", "2e6", "many", ""] {
        let refused = text.parse::<Rate>().unwrap_err().to_string();
        assert!(refused.contains("give 0.001 to 1000000"), "{refused}");
    }
    assert_eq!("12.5".parse::<Rate>().unwrap().per_second(), 12.5);
}

#[test]
fn the_other_feeds_have_their_own_records() {
    let simulator = Simulator::with_feeds(Seed(1), DEFAULT_START_MS, Rate::DEFAULT, &Feed::ALL);
    let mut counts = HashMap::new();
    let mut versions: HashMap<(Feed, String, i64), serde_json::Value> = HashMap::new();
    for index in 0..20_000 {
        let feed = simulator.feed_of(index);
        *counts.entry(feed).or_insert(0_i32) += 1;
        let value: serde_json::Value = serde_json::from_str(&line(&simulator, index)).unwrap();
        let id = match feed {
            Feed::Rsvps => &value["rsvp_id"],
            Feed::Photos => &value["photo_id"],
            Feed::OpenEvents | Feed::EventComments | Feed::OpenVenues => &value["id"],
        };
        assert!(!id.is_null(), "{feed}: {value}");
        let version = (feed, id.to_string(), value["mtime"].as_i64().unwrap());
        if let Some(known) = versions.insert(version, value.clone()) {
            assert_eq!(known, value, "{feed}");
        }
    }
    for (feed, share) in [
        (Feed::Rsvps, 780),
        (Feed::OpenEvents, 150),
        (Feed::EventComments, 40),
        (Feed::Photos, 20),
    ] {
        let found = counts[&feed] / 20;
        assert!((found - share).abs() < 20, "{feed}: {found} of a thousand");
    }
    let events = Simulator::with_feeds(
        Seed(1),
        DEFAULT_START_MS,
        Rate::DEFAULT,
        &[Feed::OpenEvents],
    );
    assert!((0..1_000).all(|index| events.feed_of(index) == Feed::OpenEvents));
}

#[test]
fn every_record_is_taken_by_the_decoder() {
    let simulator = Simulator::with_feeds(Seed(2), DEFAULT_START_MS, Rate::DEFAULT, &Feed::ALL);
    let mut decoder = headcount_record::Decoder::new();
    for index in 0..10_000 {
        let line = line(&simulator, index);
        let record = decoder.decode(line.as_bytes());
        let feed = match record.unwrap_or_else(|reason| panic!("{reason}: {line}")) {
            headcount_record::Record::Rsvp(_) => Feed::Rsvps,
            headcount_record::Record::Other(other) => Feed::ALL[usize::from(other.feed)],
            headcount_record::Record::Event(_) | headcount_record::Record::Withdrawal(_) => {
                panic!("not Meetup's: {line}")
            }
        };
        assert_eq!(feed, simulator.feed_of(index), "{line}");
    }
}
