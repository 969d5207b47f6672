//! Answers to hostile data are short, and what they leave out is said.

use serde_json::Value;

use headcount_record::{Feed, Kind, Namespace, partition_of};

use super::{BASE, aggregate, one, put, summary};
use crate::{Account, Filter, Ledger, Partition, Summary, View};

/// Of every list, whatever the data.
const ITEMS_MAX: usize = 5_000;
/// Of every text.
const TEXT_MAX: usize = 2_000;

/// Every list and text within bounds, wherever it is.
#[track_caller]
fn assert_bounded(value: &Value, path: &str) {
    match value {
        Value::Array(items) => {
            assert!(items.len() <= ITEMS_MAX, "{path} has {} items", items.len());
            for item in items {
                assert_bounded(item, path);
            }
        }
        Value::Object(members) => {
            assert!(members.len() <= 401, "{path} has {} members", members.len());
            for (name, member) in members {
                assert!(name.len() <= TEXT_MAX, "{path} has a long name");
                assert_bounded(member, &format!("{path}.{name}"));
            }
        }
        Value::String(text) => assert!(text.len() <= TEXT_MAX, "{path} has {}", text.len()),
        _ => {}
    }
}

fn answers(parts: &[Partition]) -> (Summary, View) {
    let answers = (summary(parts), aggregate(parts, Filter::default()).view());
    assert_bounded(&serde_json::to_value(&answers.0).expect("JSON"), "summary");
    assert_bounded(&serde_json::to_value(&answers.1).expect("JSON"), "view");
    answers
}

/// Partitions that have taken these records.
fn fed(records: impl Iterator<Item = (String, String)>, partitions: u16) -> Vec<Partition> {
    let mut parts: Vec<_> = (0..partitions).map(|_| Partition::new()).collect();
    for (event, record) in records {
        let at = usize::from(partition_of(Namespace::MEETUP, &event, partitions));
        let feed = if record.contains("rsvp_id") {
            Feed::Rsvps
        } else {
            Feed::OpenEvents
        };
        put(&mut parts[at], 0, Kind::of(feed), record.as_bytes());
    }
    parts
}

/// A record in which all that can differ does, and every text is long.
fn hostile(n: u64) -> (String, String) {
    let long = "x".repeat(3_000);
    let event = format!("e{n}");
    let record = format!(
        r#"{{"venue":{{"venue_id":{n},"venue_name":"{n}{long}","lat":{lat},"lon":9.5}},"rsvp_id":1,"response":"{response}","guests":1,"mtime":{mtime},"member":{{"member_id":{n}}},"event":{{"event_id":"{event}","event_name":"{n}{long}","event_url":"http://{n}{long}"}},"group":{{"group_id":{n},"group_name":"{n}{long}","group_country":"c{n}","group_city":"{n}{long}","group_state":"{n}{long}","group_topics":[{{"urlkey":"{n}{long}","topic_name":"{n}{long}"}}]}}}}"#,
        lat = n % 80,
        response = if n.is_multiple_of(4) { "no" } else { "yes" },
        mtime = BASE + 1 + n as i64 * 1_000,
    );
    (event, record)
}

#[test]
fn lists_by_name_end_and_their_rest_is_summed_up() {
    const RECORDS: u64 = 1_000;
    for partitions in [1, 3] {
        let (summary, view) = answers(&fed((1..=RECORDS).map(hostile), partitions));
        assert_eq!(
            (summary.countries, summary.by_country.len()),
            (RECORDS, 301)
        );
        let sum = |of: fn(&crate::CountryTotal) -> u64| -> u64 {
            summary.by_country.values().map(of).sum()
        };
        assert_eq!(sum(|total| total.yes), summary.yes);
        assert_eq!(sum(|total| total.no), summary.no);
        assert_eq!(sum(|total| total.heads), summary.heads);
        assert_eq!(view.countries.len(), 301);
        let rows = view.countries.iter();
        assert_eq!(rows.map(|row| row.yes + row.no).sum::<u64>(), RECORDS);
        assert_eq!(&*view.countries[300].country, "other");
        assert_eq!(
            (view.cities.len(), view.topics.len(), view.venues.len()),
            (50, 50, 50)
        );
        assert_eq!((view.trending.len(), view.dots.len()), (20, 1_000));
        // All texts are too long, and half an address leads nowhere.
        assert!(view.trending.iter().all(|row| row.url.is_none()));
    }
}

/// What is stored of a partition at every commit, however many statuses a feed has.
#[test]
fn statuses_beyond_the_bound_are_summed_up_wherever_they_are_stored() {
    let stored = |statuses: u64| {
        let records = (0..statuses).map(|n| {
            let record = format!(
                r#"{{"id":"e{n}","status":"status {n}","event_url":"http://x","mtime":{}}}"#,
                BASE + 1
            );
            ("e1".to_owned(), record)
        });
        let mut part = fed(records, 1).remove(0);
        let aggregate = aggregate(std::slice::from_ref(&part), Filter::default());
        let known = aggregate.feeds["open_events"].by_status.clone();
        assert_eq!(known.values().sum::<u64>(), statuses);
        let meta = part
            .take_changes()
            .snapshot_complete
            .expect("one piece")
            .meta;
        (known, meta.len())
    };
    let (most, _) = stored(1_000);
    assert_eq!((most.len(), most.get("other")), (1_000, None));
    let (few, bytes) = stored(1_001);
    assert_eq!((few.len(), few["other"]), (1_001, 1));
    let (many, more_bytes) = stored(3_000);
    assert_eq!((many.len(), many["other"]), (1_001, 2_000));
    // Three times the statuses; only their names are a letter longer.
    assert!(
        more_bytes < bytes * 3 / 2,
        "{more_bytes} bytes, {bytes} before"
    );
}

#[test]
fn two_records_of_2001_and_of_now_make_a_short_answer() {
    const Y2001: i64 = 990_000_000_001;
    for partitions in [1, 2, 16] {
        for (old, new) in [(Y2001, BASE + 1), (Y2001, BASE), (Y2001 - 1, BASE)] {
            let records = [(1, old), (2, new)].map(|(event, mtime)| {
                let told = super::RsvpSpec {
                    event,
                    ..one(1, mtime)
                };
                (format!("e{event}"), told.json())
            });
            let (summary, _) = answers(&fed(records.into_iter(), partitions));
            assert_eq!((summary.rsvps, summary.minutes.yes.len()), (2, 1));
            let outside = summary.ledger.late + summary.ledger.ahead;
            assert_eq!(summary.minutes.yes[0] + outside, 2, "{:?}", summary.minutes);
        }
    }
}

#[test]
fn a_day_of_minutes_is_the_most_there_are() {
    let records = (0..3_000_u64).map(|n| {
        let told = one(n + 1, BASE + 1 + n as i64 * 60_000 - 2_999 * 60_000);
        ("e1".to_owned(), told.json())
    });
    let (summary, _) = answers(&fed(records, 1));
    assert_eq!(summary.minutes.yes.len(), 1_441);
    let shown: u64 = summary.minutes.yes.iter().sum();
    assert_eq!(shown + summary.ledger.late, 3_000);
}

#[test]
fn statuses_are_few() {
    let records = (0..500_u64).map(|n| {
        let mtime = BASE + n as i64;
        let record =
            format!(r#"{{"id":"{n}","mtime":{mtime},"status":"s{n}","yes_rsvp_count":1}}"#);
        (n.to_string(), record)
    });
    let (summary, _) = answers(&fed(records, 2));
    let feed = &summary.feeds["open_events"];
    assert_eq!((feed.unique, feed.by_status.len()), (500, 31));
    assert_eq!(feed.by_status.values().sum::<u64>(), 500);
    assert_eq!(feed.by_status["other"], 470);
}

#[test]
fn accounts_are_few_and_still_balance() {
    let mut ledger = Ledger::default();
    for n in 0..2_000_u64 {
        let mut account = Account {
            received: n,
            kept: 0,
            ..Account::default()
        };
        account.rejected.insert(format!("reason{n}"), n);
        ledger.add(&format!("file:{n}"), &account);
    }
    ledger.close();
    assert!(ledger.balanced);
    let all = ledger.all.received;
    let mut shown = ledger.bounded();
    assert_bounded(&serde_json::to_value(&shown).expect("JSON"), "ledger");
    assert_eq!(shown.sources.len(), 401);
    let received = shown.sources.values().map(|account| account.received);
    assert_eq!(received.sum::<u64>(), all);
    shown.close();
    assert!(shown.balanced);
}

#[test]
fn nobody_coming_is_in_no_list_and_people_decide_the_order() {
    let answers = [
        ("a", "yes", 2),
        ("b", "no", 9),
        ("c", "yes", 3),
        ("d", "yes", 2),
        ("d", "no", 5),
    ];
    let mut n = 0;
    let mut records = Vec::new();
    for (place, response, count) in answers {
        for _ in 0..count {
            n += 1;
            let id = place.as_bytes()[0] - b'a' + 1;
            let record = format!(
                r#"{{"venue":{{"venue_id":{id},"venue_name":"{place}"}},"rsvp_id":{n},"response":"{response}","guests":0,"mtime":{mtime},"member":{{"member_id":{n}}},"event":{{"event_id":"{place}"}},"group":{{"group_id":{id},"group_country":"{place}","group_city":"{place}","group_topics":[{{"urlkey":"{place}"}}]}}}}"#,
                mtime = BASE + 1 + n,
            );
            records.push((place.to_owned(), record));
        }
    }
    let parts = fed(records.into_iter(), 2);
    let (summary, view) = self::answers(&parts);
    let expected = ["c", "a", "d"];
    let names =
        |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        names(&mut view.cities.iter().map(|row| &*row.city)),
        expected
    );
    assert_eq!(
        names(&mut view.topics.iter().map(|row| &*row.topic)),
        expected
    );
    assert_eq!(
        names(&mut view.venues.iter().map(|row| &*row.name)),
        expected
    );
    assert_eq!(
        names(&mut view.trending.iter().map(|row| &*row.event_id)),
        expected
    );
    assert_eq!(view.trending[0].recent, 3);
    let venues = aggregate(&parts, Filter::default()).venue_totals();
    assert_eq!(
        names(&mut venues.iter().map(|venue| &*venue.venue_name)),
        expected
    );
    let cities = summary.top_cities_yes.iter().map(|(key, _)| &key[..1]);
    assert_eq!(cities.collect::<Vec<_>>(), expected);
    let topics = summary.top_topics_yes.iter().map(|(key, _)| &**key);
    assert_eq!(topics.collect::<Vec<_>>(), expected);
    assert_eq!(summary.top_venues_yes.len(), 3);
    // A country to which nobody comes can still be chosen, and is the last.
    assert_eq!(
        names(&mut view.countries.iter().map(|row| &*row.country)),
        ["c", "a", "d", "b"]
    );
}
