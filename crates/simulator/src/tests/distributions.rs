//! Shares and quantiles over 200,000 records against those of the real recordings
//! (7,717 RSVPs of 2015 to 2021), within tolerances.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::*;

const RECORDS: u64 = 200_000;

static SAMPLE: LazyLock<Vec<(usize, Rsvp)>> = LazyLock::new(|| {
    let simulator = Simulator::new(Seed(1), DEFAULT_START_MS, Rate::DEFAULT);
    let decode = |index| {
        let line = line(&simulator, index);
        (line.len(), serde_json::from_str(&line).unwrap())
    };
    (0..RECORDS).map(decode).collect()
});

fn rsvps() -> impl Iterator<Item = &'static Rsvp> {
    SAMPLE.iter().map(|(_, rsvp)| rsvp)
}

#[track_caller]
fn check(what: &str, found: f64, from: f64, to: f64) {
    assert!(
        (from..=to).contains(&found),
        "{what}: {found} is not within {from} to {to}"
    );
}

/// How many of a hundred have it.
fn percent<T>(all: impl IntoIterator<Item = T>, has: impl Fn(&T) -> bool) -> f64 {
    let (mut count, mut having) = (0.0, 0.0);
    for item in all {
        count += 1.0;
        having += if has(&item) { 1.0 } else { 0.0 };
    }
    100.0 * having / count
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() as f64 * share) as usize).min(values.len() - 1)]
}

fn is_live(rsvp: &Rsvp) -> bool {
    rsvp.mtime % 1000 != 0
}

type Key = (&'static str, i64);

fn key(rsvp: &'static Rsvp) -> Key {
    (&rsvp.event.event_id, rsvp.rsvp_id)
}

#[test]
fn every_fifth_record_repeats_an_rsvp() {
    let distinct: HashSet<Key> = rsvps().map(key).collect();
    // Real: 21 %; re-sent ones (whole seconds) 18 %, of which a tenth come alone: 1.8 % of all.
    check(
        "repeats",
        100.0 - distinct.len() as f64 / RECORDS as f64 * 100.0,
        19.5,
        23.0,
    );
    check(
        "whole seconds",
        percent(rsvps(), |rsvp| !is_live(rsvp)),
        17.0,
        20.0,
    );
    let mut seen = HashSet::new();
    let lonely = rsvps()
        .filter(|rsvp| seen.insert(key(rsvp)) && !is_live(rsvp))
        .count();
    check(
        "re-sent without their live record",
        lonely as f64 / RECORDS as f64 * 100.0,
        1.0,
        2.2,
    );
}

#[test]
fn what_is_re_sent_is_mostly_a_yes() {
    let mut live: HashMap<(Key, i64), (i64, usize)> = HashMap::new();
    let mut first: HashMap<Key, bool> = HashMap::new();
    let mut resent = HashSet::new();
    let mut delays = Vec::new();
    let mut latest = 0;
    for (place, rsvp) in rsvps().enumerate() {
        if is_live(rsvp) {
            latest = latest.max(rsvp.mtime);
            live.insert((key(rsvp), (rsvp.mtime + 500) / 1000), (rsvp.mtime, place));
            first.entry(key(rsvp)).or_insert(rsvp.response == "yes");
        } else if let Some(&(mtime, original)) = live.get(&(key(rsvp), rsvp.mtime / 1000)) {
            let (_, original) = &SAMPLE[original];
            assert_eq!(
                (&rsvp.response, rsvp.guests),
                (&original.response, original.guests)
            );
            assert_eq!(rsvp.event.event_name, original.event.event_name);
            if resent.insert((key(rsvp), rsvp.mtime)) {
                delays.push((latest - mtime) as f64 / 1000.0);
            }
        }
    }
    let resent: HashSet<Key> = resent.into_iter().map(|(key, _)| key).collect();
    let of = |yes| {
        first
            .iter()
            .filter(move |&(_, &is_yes)| is_yes == yes)
            .map(|(key, _)| key)
    };
    check(
        "re-sent of yes",
        percent(of(true), |key| resent.contains(*key)),
        25.0,
        29.0,
    );
    check(
        "re-sent of no",
        percent(of(false), |key| resent.contains(*key)),
        1.2,
        2.6,
    );
    check(
        "yes of first answers",
        percent(first.values(), |yes| **yes),
        69.0,
        77.0,
    );
    check("delay p10 in s", quantile(&mut delays, 0.1), 0.4, 1.4);
    check("delay p50 in s", quantile(&mut delays, 0.5), 3.0, 4.8);
    check("delay p90 in s", quantile(&mut delays, 0.9), 18.0, 36.0);
    check("delay p99 in s", quantile(&mut delays, 0.99), 120.0, 450.0);
}

#[test]
fn minds_change_forward_in_time() {
    let mut last: HashMap<Key, &Rsvp> = HashMap::new();
    let (mut to_no, mut to_yes, mut guests) = (0, 0, 0);
    let mut gaps = Vec::new();
    for rsvp in rsvps().filter(|rsvp| is_live(rsvp)) {
        if let Some(before) = last.insert(key(rsvp), rsvp) {
            match (before.response.as_str(), rsvp.response.as_str()) {
                ("yes", "no") => to_no += 1,
                ("no", "yes") => to_yes += 1,
                _ => guests += 1,
            }
            gaps.push((rsvp.mtime - before.mtime) as f64 / 1000.0);
        }
    }
    let changes = f64::from(to_no + to_yes + guests);
    // Real: 4.6 % of the records, some older than the recording; 108 to no, 36 to yes, 221 guests.
    check("changes", changes / RECORDS as f64 * 100.0, 3.6, 5.2);
    check(
        "changes to no",
        f64::from(to_no) / changes * 100.0,
        25.0,
        36.0,
    );
    check(
        "changes to yes",
        f64::from(to_yes) / changes * 100.0,
        7.0,
        13.0,
    );
    check("gap p50 in s", quantile(&mut gaps, 0.5), 8.0, 17.0);
    // Two changes of one answer may overtake each other, as live messages do, but rarely.
    check(
        "backward changes",
        percent(&gaps, |gap| **gap < 0.0),
        0.0,
        0.5,
    );
}

#[test]
fn live_records_are_hardly_late() {
    let mut latest = 0;
    let mut late = Vec::new();
    for rsvp in rsvps().filter(|rsvp| is_live(rsvp)) {
        late.push((latest - rsvp.mtime).max(0) as f64);
        latest = latest.max(rsvp.mtime);
    }
    check("in order", percent(&late, |late| **late == 0.0), 97.0, 99.0);
    check("lateness p99 in ms", quantile(&mut late, 0.99), 50.0, 160.0);
    check(
        "lateness p99.9 in ms",
        quantile(&mut late, 0.999),
        3_000.0,
        6_500.0,
    );
    check(
        "lateness max in ms",
        quantile(&mut late, 1.0),
        5_000.0,
        8_001.0,
    );
}

#[test]
fn what_is_optional_is_as_often_there() {
    check(
        "without venue",
        percent(rsvps(), |rsvp| rsvp.venue.is_none()),
        16.5,
        20.0,
    );
    let venues = || rsvps().filter_map(|rsvp| rsvp.venue.as_ref());
    let is_nowhere =
        |venue: &&Venue| venue.lat.as_i64() == Some(0) && venue.lon.as_i64() == Some(0);
    check(
        "venues at 0, 0 as integers",
        percent(venues(), is_nowhere),
        3.3,
        5.3,
    );
    check(
        "without time",
        percent(rsvps(), |rsvp| rsvp.event.time.is_none()),
        0.3,
        0.9,
    );
    check(
        "with photo",
        percent(rsvps(), |rsvp| rsvp.member.photo.is_some()),
        93.6,
        95.6,
    );
    let services = percent(rsvps(), |rsvp| rsvp.member.other_services.is_some());
    check("with services", services, 8.0, 10.2);
    for rsvp in rsvps() {
        let has_states = matches!(rsvp.group.group_country.as_str(), "us" | "ca");
        assert_eq!(rsvp.group.group_state.is_some(), has_states);
        assert_eq!(rsvp.visibility, "public");
        assert!(rsvp.member.member_name.starts_with("Member "));
        assert!(rsvp.event.event_url.contains(&rsvp.group.group_urlname));
    }
}

#[test]
fn guests_come_with_a_yes_only() {
    check(
        "with guests",
        percent(rsvps(), |rsvp| rsvp.guests > 0),
        5.8,
        7.8,
    );
    let sum: i64 = rsvps().map(|rsvp| rsvp.guests).sum();
    check("guests per record", sum as f64 / RECORDS as f64, 0.13, 0.20);
    assert!(rsvps().all(|rsvp| rsvp.guests == 0 || rsvp.response == "yes"));
}

#[test]
fn events_are_ahead() {
    let lead = |rsvp: &Rsvp| Some((rsvp.event.time? - rsvp.mtime) as f64 / 3_600_000.0);
    let mut leads: Vec<f64> = rsvps().filter_map(lead).collect();
    check("lead p0 in hours", quantile(&mut leads, 0.0), 0.0, 1.0);
    check("lead p10 in hours", quantile(&mut leads, 0.1), 5.0, 30.0);
    check("lead p50 in hours", quantile(&mut leads, 0.5), 110.0, 170.0);
    check("lead p90 in hours", quantile(&mut leads, 0.9), 600.0, 900.0);
    check(
        "lead p99 in hours",
        quantile(&mut leads, 0.99),
        2_500.0,
        4_500.0,
    );
    let is_series = |rsvp: &&Rsvp| {
        rsvp.event
            .event_id
            .bytes()
            .any(|byte| byte.is_ascii_lowercase())
    };
    check("ids of letters", percent(rsvps(), is_series), 25.0, 31.0);
}

#[test]
fn names_are_as_long_and_as_foreign() {
    let mut lengths: Vec<f64> = SAMPLE.iter().map(|(length, _)| *length as f64).collect();
    check("bytes p50", quantile(&mut lengths, 0.5), 1_250.0, 1_450.0);
    check("bytes p99", quantile(&mut lengths, 0.99), 1_700.0, 2_100.0);
    let names = |rsvp: &Rsvp| {
        let venue = rsvp.venue.as_ref().map_or("", |venue| &venue.venue_name);
        [&rsvp.group.group_name, &rsvp.event.event_name, venue].concat()
    };
    check(
        "not ASCII",
        percent(rsvps(), |rsvp| !names(rsvp).is_ascii()),
        7.5,
        11.5,
    );
    check(
        "beyond the first plane",
        percent(rsvps(), |rsvp| names(rsvp).contains(|c| c > '\u{ffff}')),
        0.5,
        1.5,
    );
    for rsvp in rsvps() {
        assert!(rsvp.group.group_name.chars().count() <= 60);
        assert!(rsvp.event.event_name.chars().count() <= 80);
        assert!(!names(rsvp).contains('{'), "{}", names(rsvp));
    }
}

#[test]
fn topics_are_many_and_each_once() {
    let mut counts = Vec::new();
    for rsvp in rsvps() {
        let topics: HashSet<&str> = rsvp
            .group
            .group_topics
            .iter()
            .map(|topic| &*topic.urlkey)
            .collect();
        assert_eq!(topics.len(), rsvp.group.group_topics.len());
        counts.push(topics.len() as f64);
    }
    check("topics p50", quantile(&mut counts, 0.5), 10.0, 13.0);
    check("topics max", quantile(&mut counts, 1.0), 18.0, 21.0);
    let has = |key: &str| {
        percent(rsvps(), |rsvp| {
            rsvp.group
                .group_topics
                .iter()
                .any(|topic| topic.urlkey == key)
        })
    };
    check("with the topic social", has("social"), 20.0, 33.0);
}

#[test]
fn ids_belong_to_one_thing() {
    let mut group_of = HashMap::new();
    let mut urlnames = HashMap::new();
    let mut names = HashMap::new();
    for rsvp in rsvps() {
        let group = &rsvp.group;
        assert_eq!(
            *group_of
                .entry(&rsvp.event.event_id)
                .or_insert(group.group_id),
            group.group_id
        );
        assert_eq!(
            *urlnames
                .entry(&group.group_urlname)
                .or_insert(group.group_id),
            group.group_id
        );
        if let Some(venue) = &rsvp.venue {
            let name = names.entry(venue.venue_id).or_insert(&venue.venue_name);
            assert_eq!(*name, &venue.venue_name);
        }
    }
}

/// Share of the commonest hundredth, and of all distinct values, in percent.
fn skew<T: std::hash::Hash + Eq>(values: impl Iterator<Item = T>) -> (f64, f64) {
    let mut counts: HashMap<T, u64> = HashMap::new();
    let mut total = 0.0;
    for value in values {
        *counts.entry(value).or_insert(0) += 1;
        total += 1.0;
    }
    let mut counts: Vec<u64> = counts.into_values().collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    let top: u64 = counts[..counts.len().div_ceil(100)].iter().sum();
    (
        top as f64 / total * 100.0,
        counts.len() as f64 / total * 100.0,
    )
}

#[test]
fn some_are_met_more_often_than_others() {
    // As many records as the real recordings have together.
    let few = || rsvps().take(7_717);
    let groups = skew(few().map(|rsvp| rsvp.group.group_id));
    check("groups: top hundredth", groups.0, 3.5, 9.0);
    check("groups: distinct", groups.1, 50.0, 75.0);
    let events = skew(few().map(|rsvp| &rsvp.event.event_id));
    check("events: top hundredth", events.0, 3.0, 7.0);
    check("events: distinct", events.1, 60.0, 80.0);
    let members = skew(few().map(|rsvp| rsvp.member.member_id));
    check("members: top hundredth", members.0, 2.0, 7.0);
    check("members: distinct", members.1, 62.0, 82.0);
    let places = |rsvp: &Rsvp| {
        (
            (rsvp.group.group_lat * 100.0) as i32,
            (rsvp.group.group_lon * 100.0) as i32,
        )
    };
    check("places: distinct", skew(few().map(places)).1, 15.0, 60.0);
    // Long streams are of groups seen before.
    check(
        "groups in all: distinct",
        skew(rsvps().map(|rsvp| rsvp.group.group_id)).1,
        5.0,
        22.0,
    );
}

#[test]
fn the_day_follows_the_sun() {
    // Two whole days.
    let simulator = Simulator::new(
        Seed(1),
        DEFAULT_START_MS,
        Rate::new(60_000.0 / 172_800.0).unwrap(),
    );
    let mut hours: HashMap<(String, i64), f64> = HashMap::new();
    let mut countries: HashMap<String, f64> = HashMap::new();
    for index in 0..60_000 {
        let rsvp: Rsvp = serde_json::from_str(&line(&simulator, index)).unwrap();
        let country = rsvp.group.group_country;
        let hour = simulator.time_of(index) / 3_600_000 % 24;
        *hours.entry((country.clone(), hour)).or_default() += 1.0;
        *countries.entry(country).or_default() += 1.0 / 600.0;
    }
    check("share of us", countries["us"], 57.0, 67.0);
    check("share of au", countries["au"], 5.0, 9.5);
    check("share of gb", countries["gb"], 5.0, 8.5);
    assert!(countries.len() > 40);
    // At 19:00 UTC it is evening in London and early morning in Sydney; at 9:00 the other way.
    let at = |country: &str, hour| hours[&(country.to_owned(), hour)];
    check(
        "London's evening to its night",
        at("gb", 19) / at("gb", 3),
        5.0,
        40.0,
    );
    check(
        "Sydney's evening to its night",
        at("au", 9) / at("au", 18),
        4.0,
        40.0,
    );
}
