//! How often surprise raises an alarm on recorded events, in their own time and with times shuffled, and what it costs.
//!
//!     cargo run --release -p headcount-learn --example bench_learning_surprise
//!
//! What happens is that an event was announced, counted by the hour for cities and for topics. Shuffled, every event is
//! announced when another one was: whatever alarm is left is false.
#![allow(clippy::unwrap_used)]

#[path = "../../crates/learn/tests/labelled_file/mod.rs"]
mod labelled_file;
#[path = "learning/measuring.rs"]
mod measuring;

use std::collections::BTreeMap;

use headcount_learn::LabelledEvent;
use headcount_learn::surprise::SurpriseModel;
use measuring::{cpu_seconds, figure, peak_mb};
use xxhash_rust::xxh3::xxh3_64;

/// The keys that an event counts for.
type KeysOf<'a> = &'a dyn Fn(&LabelledEvent) -> Vec<u64>;

const HOUR_MS: i64 = 3_600_000;

/// So many weeks are learnt before alarms are counted.
const LEARNT_HOURS: i64 = 8 * 168;

fn main() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let events = labelled_file::events(&folder, |_| true);
    // In this year most of them were announced.
    let first = events.iter().filter_map(|event| event.time).min().unwrap();
    let announced: Vec<(i64, &LabelledEvent)> = events
        .iter()
        .map(|event| (event.created.unwrap().div_euclid(HOUR_MS), event))
        .filter(|(hour, _)| *hour >= first.div_euclid(HOUR_MS))
        .collect();
    let cities = |event: &LabelledEvent| {
        event
            .city
            .iter()
            .map(|city| xxh3_64(city.as_bytes()))
            .collect::<Vec<_>>()
    };
    let topics = |event: &LabelledEvent| {
        event
            .topics
            .iter()
            .map(|topic| xxh3_64(topic.as_bytes()))
            .collect::<Vec<_>>()
    };
    let kinds: [(&str, KeysOf<'_>); 2] = [("cities", &cities), ("topics", &topics)];
    for (variant, keys) in kinds {
        let happened: Vec<(i64, Vec<u64>)> = announced
            .iter()
            .map(|(hour, event)| (*hour, keys(event)))
            .collect();
        run(variant, &happened);
        let mut shuffled: Vec<Vec<u64>> = happened.iter().map(|(_, keys)| keys.clone()).collect();
        fastrand::Rng::with_seed(0).shuffle(&mut shuffled);
        let hours = happened.iter().map(|(hour, _)| *hour);
        run(
            &format!("{variant}, times shuffled"),
            &hours.zip(shuffled).collect::<Vec<_>>(),
        );
    }
    figure("surprise", "all", None, "peak_mb", peak_mb());
}

fn run(variant: &str, happened: &[(i64, Vec<u64>)]) {
    let say = |measure: &str, value: f64| figure("surprise", variant, None, measure, value);
    let mut hours = BTreeMap::<i64, BTreeMap<u64, u32>>::new();
    for (hour, keys) in happened {
        for key in keys {
            *hours.entry(*hour).or_default().entry(*key).or_default() += 1;
        }
    }
    let (first, last) = (*hours.keys().next().unwrap(), *hours.keys().last().unwrap());
    let mut model = SurpriseModel::new();
    let (mut with_alarm, mut alarms, mut scored, mut looked_at) = (0, 0, 0, 0);
    let begin = cpu_seconds();
    for hour in first..=last {
        let counts: Vec<(u64, u32)> = hours
            .get(&hour)
            .into_iter()
            .flatten()
            .map(|(key, count)| (*key, *count))
            .collect();
        let scores = model.close_hour(hour, &counts);
        scored += scores.len();
        if hour >= first + LEARNT_HOURS {
            let raised = scores.iter().filter(|score| score.alarm).count();
            with_alarm += usize::from(raised > 0);
            alarms += raised;
            looked_at += 1;
        }
    }
    say("seconds", cpu_seconds() - begin);
    say(
        "hours with an alarm",
        with_alarm as f64 / f64::from(looked_at),
    );
    say("alarms", alarms as f64);
    say("keys", model.keys() as f64);
    say("checkpoint_mb", model.to_bytes().len() as f64 / 1e6);
    let begin = cpu_seconds();
    let mut sum = 0.0;
    for counts in hours.values() {
        for (key, count) in counts {
            sum += model.surprise(*key, last + 1, *count).probability;
        }
    }
    assert!(sum > 0.0);
    say(
        "scores a second",
        scored as f64 / (cpu_seconds() - begin).max(0.01),
    );
}
