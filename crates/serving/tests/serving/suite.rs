//! What every store promises. Each is given a store that nobody else uses.

use std::{sync::Arc, time::Duration};

use headcount_engine::{
    Changes, CountryPart, Delta, EventKey, EventStatistic, Row, SnapshotComplete, Statistics,
    Table, VenuePart,
};
use headcount_serving::{ChangelogEntry, ReplicaEvent, Serving, ServingIdentity, follow};

use tokio::sync::mpsc::Receiver;

use crate::wait::next_event;

pub(crate) const IDENTITY: ServingIdentity = ServingIdentity {
    journal: 0x0123_4567_89ab_cdef,
    partitions: 3,
};

/// Runs all, each with a store from `open`.
pub(crate) async fn all<F: Future<Output = Serving>>(open: impl Fn() -> F) {
    what_is_written_is_found(open().await).await;
    what_is_older_changes_nothing(open().await).await;
    pieces_make_no_commit(open().await).await;
    an_event_is_found_under_its_name(open().await).await;
    totals_are_of_all_partitions(open().await).await;
    a_response_has_a_row_if_a_schema_has_it(open().await).await;
    a_country_that_is_not_told_anew_is_gone(open().await).await;
    a_venue_has_one_name(open().await).await;
    any_text_is_taken(open().await).await;
    the_changelog_leads_from_commit_to_commit(open().await).await;
    a_long_commit_is_followed(open().await).await;
    a_follower_learns_all(open().await).await;
    a_partition_that_is_not_there_is_refused(open().await).await;
}

fn row(table: Table, number: u32, body: &str) -> Row {
    Row {
        table,
        number,
        body: body.into(),
    }
}

fn commit(offset: u64, rows: Vec<Row>) -> Changes {
    Changes {
        offset,
        rows,
        snapshot_complete: Some(SnapshotComplete {
            offset,
            meta: meta(offset),
            covered_by_delta: false,
        }),
        ..Changes::default()
    }
}

fn meta(offset: u64) -> Vec<u8> {
    format!("meta {offset}").into_bytes()
}

fn delta(previous: u64, offset: u64, rows: Vec<Row>) -> Delta {
    Delta {
        previous,
        offset,
        rows,
        meta: meta(offset),
    }
}

fn pulses(offset: u64) -> Vec<u8> {
    format!("[{offset}]").into_bytes()
}

fn told(offset: u64, statistics: Statistics) -> Changes {
    Changes {
        statistics,
        ..commit(offset, Vec::new())
    }
}

fn country(country: &str, yes: u64, no: u64) -> CountryPart {
    CountryPart {
        country: country.into(),
        yes,
        no,
        maybe: None,
        heads: yes + 1,
    }
}

fn countries(offset: u64, countries: Vec<CountryPart>) -> Changes {
    told(
        offset,
        Statistics {
            countries,
            ..Statistics::default()
        },
    )
}

fn event(id: &str, name: &str, yes: u64, no: u64) -> EventStatistic {
    EventStatistic {
        event_id: id.into(),
        event_name: name.into(),
        group_name: "Group".into(),
        country: "us".into(),
        yes,
        no,
        maybe: None,
        heads: yes + 2,
        event_url: Some("https://example.org/".into()),
        time: Some(1_500_000_000_000),
    }
}

fn events(offset: u64, events: Vec<EventStatistic>, renamed: &[(&str, &str)]) -> Changes {
    let renamed = renamed
        .iter()
        .map(|(event_name, event_id)| EventKey {
            event_name: (*event_name).into(),
            event_id: (*event_id).into(),
        })
        .collect();
    told(
        offset,
        Statistics {
            events,
            renamed,
            ..Statistics::default()
        },
    )
}

fn venue(venue_id: i64, name: &str, yes: u64, latest: u64) -> VenuePart {
    VenuePart {
        venue_id,
        name: name.into(),
        lat: Some(51.507_408),
        lon: Some(-0.127_72),
        group_city: "London".into(),
        country: "gb".into(),
        yes,
        no: 1,
        maybe: 0,
        latest: (latest, 7),
    }
}

fn venues(offset: u64, venues: Vec<VenuePart>) -> Changes {
    told(
        offset,
        Statistics {
            venues,
            ..Statistics::default()
        },
    )
}

async fn write(serving: &Serving, partition: u16, changes: &Changes) {
    serving.write(partition, changes).await.unwrap();
}

async fn write_delta(serving: &Serving, partition: u16, delta: &Delta) {
    let pulses = pulses(delta.offset);
    serving
        .write_delta(partition, delta, &pulses)
        .await
        .unwrap();
}

async fn rows(serving: &Serving, partition: u16, table: Table, page: u32) -> Vec<(u32, String)> {
    let rows = serving.rows(partition, table, page).await.unwrap();
    rows.into_iter()
        .inspect(|row| assert_eq!(row.table, table))
        .map(|row| (row.number, String::from_utf8(row.body).unwrap()))
        .collect()
}

async fn event_rows(serving: &Serving, name: &str) -> Vec<(String, String, u64)> {
    let rows = serving.event_statistics(name).await.unwrap();
    rows.into_iter()
        .map(|row| (row.event_id, row.response, row.total_rsvps))
        .collect()
}

async fn country_rows(serving: &Serving) -> Vec<(String, u64, u64, u64)> {
    let rows = serving.country_statistics().await.unwrap();
    rows.into_iter()
        .map(|row| (row.event_country, row.yes, row.no, row.heads))
        .collect()
}

async fn responses(serving: &Serving) -> Vec<(String, u64)> {
    let rows = serving.response_statistics().await.unwrap();
    rows.into_iter()
        .map(|row| (row.response, row.total_rsvps))
        .collect()
}

async fn venue_rows(serving: &Serving) -> Vec<(i64, String, u64)> {
    let rows = serving.venue_statistics().await.unwrap();
    rows.into_iter()
        .map(|row| (row.venue_id, row.venue_name, row.count))
        .collect()
}

async fn what_is_written_is_found(serving: Serving) {
    assert_eq!(serving.latest().await.unwrap(), []);
    assert_eq!(serving.identity(), IDENTITY);
    let all = vec![
        row(Table::Events, 1025, "e1025"),
        row(Table::Groups, 0, "g0"),
        row(Table::Events, 0, "e0"),
        row(Table::Members, 3, ""),
        row(Table::Events, 7, "e7"),
    ];
    write(&serving, 1, &commit(10, all)).await;
    let meta = (1, 10, b"meta 10".to_vec());
    assert_eq!(serving.latest().await.unwrap(), [meta]);
    let events = rows(&serving, 1, Table::Events, 0).await;
    assert_eq!(events, [(0, "e0".to_owned()), (7, "e7".to_owned())]);
    let events = rows(&serving, 1, Table::Events, 1).await;
    assert_eq!(events, [(1025, "e1025".to_owned())]);
    let groups = rows(&serving, 1, Table::Groups, 0).await;
    assert_eq!(groups, [(0, "g0".to_owned())]);
    assert_eq!(
        rows(&serving, 1, Table::Members, 0).await,
        [(3, String::new())]
    );
    assert_eq!(rows(&serving, 1, Table::Venues, 0).await, []);
    assert_eq!(rows(&serving, 0, Table::Events, 0).await, []);
}

async fn what_is_older_changes_nothing(serving: Serving) {
    let late = Changes {
        rows: vec![row(Table::Events, 0, "late")],
        ..countries(20, vec![country("us", 5, 1)])
    };
    let early = Changes {
        rows: vec![row(Table::Events, 0, "early"), row(Table::Events, 1, "one")],
        ..countries(10, vec![country("us", 9, 9)])
    };
    for changes in [&late, &early, &late, &late] {
        write(&serving, 0, changes).await;
    }
    let events = rows(&serving, 0, Table::Events, 0).await;
    assert_eq!(events, [(0, "late".to_owned()), (1, "one".to_owned())]);
    assert_eq!(serving.latest().await.unwrap()[0].1, 20);
    assert_eq!(country_rows(&serving).await, [("USA".to_owned(), 5, 1, 6)]);
}

async fn pieces_make_no_commit(serving: Serving) {
    let piece = Changes {
        full_refresh: true,
        snapshot_complete: None,
        ..commit(10, vec![row(Table::Events, 0, "piece")])
    };
    write(&serving, 0, &piece).await;
    assert_eq!(serving.latest().await.unwrap(), []);
    assert_eq!(serving.snapshot_offset(0).await.unwrap(), None);
    assert_eq!(rows(&serving, 0, Table::Events, 0).await.len(), 1);
    let last = Changes {
        offset: 12,
        ..commit(10, vec![row(Table::Events, 1, "last")])
    };
    write(&serving, 0, &last).await;
    assert_eq!(serving.latest().await.unwrap(), [(0, 10, meta(10))]);
    assert_eq!(serving.snapshot_offset(0).await.unwrap(), Some(10));
    assert_eq!(rows(&serving, 0, Table::Events, 0).await.len(), 2);
    assert_eq!(serving.changes_since(0, 5).await.unwrap(), None);
}

async fn an_event_is_found_under_its_name(serving: Serving) {
    let both = vec![event("a", "Picnic", 3, 1), event("b", "Picnic", 0, 2)];
    write(&serving, 0, &events(10, both, &[])).await;
    let row = |id: &str, response: &str, total| (id.to_owned(), response.to_owned(), total);
    assert_eq!(
        event_rows(&serving, "Picnic").await,
        [
            row("a", "no", 1),
            row("b", "no", 2),
            row("a", "yes", 3),
            row("b", "yes", 0)
        ]
    );
    let first = &serving.event_statistics("Picnic").await.unwrap()[2];
    assert_eq!(first.group_name, "Group");
    assert_eq!(first.event_country, "USA");
    assert_eq!(first.heads, 5);
    assert_eq!(first.time, Some(1_500_000_000_000));

    // Another name, and back again within one commit.
    let other = vec![event("a", "Hike", 4, 1), event("b", "Picnic", 1, 2)];
    let renamed = [("Picnic", "a"), ("Picnic", "b")];
    let change = events(20, other, &renamed);
    write(&serving, 0, &change).await;
    write(&serving, 0, &change).await;
    let picnic = [row("b", "no", 2), row("b", "yes", 1)];
    assert_eq!(event_rows(&serving, "Picnic").await, picnic);
    let hike = [row("a", "no", 1), row("a", "yes", 4)];
    assert_eq!(event_rows(&serving, "Hike").await, hike);

    let back = events(30, vec![event("a", "Picnic", 4, 1)], &[("Hike", "a")]);
    write(&serving, 0, &back).await;
    assert_eq!(event_rows(&serving, "Hike").await, []);
    assert_eq!(event_rows(&serving, "Picnic").await.len(), 4);
}

async fn totals_are_of_all_partitions(serving: Serving) {
    let all = vec![country("us", 5, 1), country("gb", 2, 2)];
    write(&serving, 0, &countries(10, all)).await;
    write(&serving, 1, &countries(7, vec![country("us", 1, 1)])).await;
    // Not in the table of codes, and one that is written in two ways.
    let odd = vec![country("zz", 1, 0), country("ZZ", 1, 0), country("", 1, 0)];
    write(&serving, 2, &countries(3, odd)).await;
    write(&serving, 0, &countries(12, vec![country("us", 4, 2)])).await;
    let row = |code: &str, yes, no, heads| (code.to_owned(), yes, no, heads);
    assert_eq!(
        country_rows(&serving).await,
        [
            row("GBR", 2, 2, 3),
            row("UNKNOWN", 1, 0, 2),
            row("USA", 5, 3, 7),
            row("ZZ", 2, 0, 4)
        ]
    );
    let totals = [("no", 5), ("yes", 10)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(responses(&serving).await, totals);
}

/// A row for an answer that nobody can give would be wrong in every chart; one that nobody has given yet
/// is a 0.
async fn a_response_has_a_row_if_a_schema_has_it(serving: Serving) {
    write(&serving, 0, &countries(10, vec![country("us", 5, 1)])).await;
    let rows = |rows: &[(&str, u64)]| -> Vec<(String, u64)> {
        let rows = rows.iter();
        rows.map(|&(name, count)| (name.to_owned(), count))
            .collect()
    };
    let asked = [("no", 1), ("yes", 5)];
    assert_eq!(responses(&serving).await, rows(&asked));
    // Another partition has got records of a schema that has it.
    let maybe = |maybe| CountryPart {
        maybe: Some(maybe),
        ..country("gb", 2, 0)
    };
    write(&serving, 1, &countries(7, vec![maybe(0)])).await;
    let asked = [("maybe", 0), ("no", 1), ("yes", 7)];
    assert_eq!(responses(&serving).await, rows(&asked));
    write(&serving, 1, &countries(8, vec![maybe(3)])).await;
    let asked = [("maybe", 3), ("no", 1), ("yes", 7)];
    assert_eq!(responses(&serving).await, rows(&asked));
}

async fn a_country_that_is_not_told_anew_is_gone(serving: Serving) {
    let all = vec![country("us", 5, 1), country("gb", 2, 2)];
    write(&serving, 0, &countries(10, all)).await;
    let anew = Changes {
        full_refresh: true,
        ..countries(20, vec![country("us", 6, 1)])
    };
    write(&serving, 0, &anew).await;
    let row = |code: &str, yes, no, heads| (code.to_owned(), yes, no, heads);
    let there = [row("GBR", 0, 0, 0), row("USA", 6, 1, 7)];
    assert_eq!(country_rows(&serving).await, there);
    let totals = [("no", 1), ("yes", 6)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(responses(&serving).await, totals);
}

async fn a_venue_has_one_name(serving: Serving) {
    let row = |id, name: &str, count| (id, name.to_owned(), count);
    let two = vec![venue(1, "Pub", 2, 100), venue(2, "Pub", 1, 100)];
    write(&serving, 0, &venues(10, two)).await;
    let there = [row(1, "Pub", 2), row(2, "Pub", 1)];
    assert_eq!(venue_rows(&serving).await, there);
    let first = serving.venue_statistics().await.unwrap().remove(0);
    assert_eq!((&*first.lat, &*first.lon), ("51.507408", "-0.12772"));
    assert_eq!(first.group_city, "London");

    // The name of the later event, in whichever partition.
    write(&serving, 1, &venues(5, vec![venue(1, "Old pub", 3, 50)])).await;
    assert_eq!(venue_rows(&serving).await[0], row(1, "Pub", 5));
    write(&serving, 1, &venues(6, vec![venue(1, "Bar", 3, 200)])).await;
    let there = [row(1, "Bar", 5), row(2, "Pub", 1)];
    assert_eq!(venue_rows(&serving).await, there);

    // Nobody goes there any more; a part without events has no name.
    let nobody = VenuePart {
        venue_id: 1,
        ..VenuePart::default()
    };
    write(&serving, 1, &venues(7, vec![nobody.clone()])).await;
    let there = [row(1, "Pub", 2), row(2, "Pub", 1)];
    assert_eq!(venue_rows(&serving).await, there);
    write(&serving, 0, &venues(11, vec![nobody])).await;
    assert_eq!(venue_rows(&serving).await, [row(2, "Pub", 1)]);

    // Moved, without coordinates, and back.
    let nowhere = VenuePart {
        lat: None,
        lon: None,
        ..venue(2, "Pub", 1, 300)
    };
    write(&serving, 0, &venues(12, vec![nowhere])).await;
    let moved = serving.venue_statistics().await.unwrap();
    assert_eq!(moved.len(), 1);
    assert_eq!((&*moved[0].lat, &*moved[0].lon), ("", ""));
    write(&serving, 0, &venues(13, vec![venue(2, "Pub", 4, 301)])).await;
    let back = serving.venue_statistics().await.unwrap();
    assert_eq!((back.len(), back[0].count), (1, 4));
    assert_eq!(&*back[0].lat, "51.507408");
}

async fn any_text_is_taken(serving: Serving) {
    let long: Arc<str> = "ü'\"\0💥".repeat(20_000).into();
    let odd = EventStatistic {
        event_name: long.clone(),
        group_name: long.clone(),
        ..event(&long, "", 1, 1)
    };
    let nameless = event("nameless", "", 1, 1);
    let mut change = events(10, vec![odd, nameless], &[("", "other"), (&long, "other")]);
    change.statistics.venues = vec![
        VenuePart {
            name: long.clone(),
            group_city: long.clone(),
            lat: Some(f64::MIN_POSITIVE),
            ..venue(-1, "", 1, 1)
        },
        venue(i64::MIN, "", 1, 1),
    ];
    change.statistics.countries = vec![country(&long, 1, 1)];
    write(&serving, 0, &change).await;
    assert_eq!(event_rows(&serving, "(untitled)").await.len(), 2);
    let names = venue_rows(&serving).await;
    assert_eq!(names.len(), 1, "a venue without a name has no row");
    assert!(long.starts_with(&names[0].1));
    assert_eq!(event_rows(&serving, &names[0].1).await.len(), 2);
    assert_eq!(country_rows(&serving).await.len(), 1);
}

async fn the_changelog_leads_from_commit_to_commit(serving: Serving) {
    let rows = |offset: u64| vec![row(Table::Events, 0, &format!("e{offset}"))];
    assert_eq!(serving.changes_since(0, 0).await.unwrap(), None);
    write(&serving, 0, &commit(10, rows(10))).await;
    assert_eq!(
        serving.changes_since(0, 10).await.unwrap(),
        Some(Vec::new())
    );
    assert_eq!(serving.changes_since(0, 9).await.unwrap(), None);
    assert_eq!(serving.changes_since(0, 11).await.unwrap(), None);
    for (previous, offset) in [(10, 10), (10, 13), (13, 17), (13, 17), (17, 20)] {
        write_delta(&serving, 0, &delta(previous, offset, rows(offset))).await;
    }
    let entry = |offset: u64| ChangelogEntry {
        offset,
        rows: rows(offset),
        pulses: pulses(offset),
    };
    let all = vec![entry(13), entry(17), entry(20)];
    assert_eq!(
        serving.changes_since(0, 10).await.unwrap(),
        Some(all.clone())
    );
    assert_eq!(serving.changes_since(0, 12).await.unwrap(), Some(all));
    assert_eq!(
        serving.changes_since(0, 13).await.unwrap().unwrap().len(),
        2
    );
    // The tables are behind, and what they come to later tells nobody anything new.
    assert_eq!(serving.snapshot_offset(0).await.unwrap(), Some(10));
    let mut later = commit(17, rows(17));
    later.snapshot_complete.as_mut().unwrap().covered_by_delta = true;
    write(&serving, 0, &later).await;
    assert_eq!(serving.snapshot_offset(0).await.unwrap(), Some(17));
    assert_eq!(serving.latest().await.unwrap(), [(0, 20, meta(20))]);

    // When no delta leads there, nobody can follow; then again everybody.
    write(&serving, 0, &commit(30, rows(30))).await;
    assert_eq!(serving.changes_since(0, 20).await.unwrap(), None);
    write_delta(&serving, 0, &delta(30, 31, rows(31))).await;
    let last = Some(vec![entry(31)]);
    assert_eq!(serving.changes_since(0, 30).await.unwrap(), last);
}

async fn a_long_commit_is_followed(serving: Serving) {
    write(&serving, 0, &commit(10, Vec::new())).await;
    // Several chunks however well it is compressed.
    let noise = |number: u32| -> String {
        let mut x = u64::from(number) + 1;
        let mut digit = || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + ((x >> 33) % 90) as u8)
        };
        (0..400).map(|_| digit()).collect()
    };
    let all: Vec<_> = (0..3_000)
        .map(|number| row(Table::Events, number, &noise(number)))
        .collect();
    write_delta(&serving, 0, &delta(10, 3_010, all.clone())).await;
    let tails = serving.changes_since(0, 10).await.unwrap().unwrap();
    assert_eq!(tails.len(), 1);
    assert!(tails[0].rows == all);
    write(&serving, 0, &commit(3_010, all)).await;
    for page in 0..3 {
        let page_rows = rows(&serving, 0, Table::Events, page).await;
        assert_eq!(page_rows.len(), if page == 2 { 952 } else { 1024 });
    }
}

/// The events of partition 2 until the next commit: whether it begins anew, how many rows, the last of them, and the
/// commit's offset, meta and number of pulses.
async fn until_commit(events: &mut Receiver<ReplicaEvent>) -> (bool, usize, Option<Row>, Commit) {
    let (mut anew, mut count, mut last) = (false, 0, None);
    loop {
        match next_event(events, |_| true).await {
            ReplicaEvent::Reset { partition: 2 } => anew = true,
            ReplicaEvent::Rows { partition: 2, rows } => {
                count += rows.len();
                last = rows.last().cloned();
            }
            ReplicaEvent::Commit {
                partition: 2,
                offset,
                meta,
                pulses,
            } => return (anew, count, last, (offset, meta, pulses.len())),
            other => panic!("{other:?}"),
        }
    }
}

type Commit = (u64, Vec<u8>, usize);

async fn a_follower_learns_all(serving: Serving) {
    let many: Vec<_> = (0..5_000)
        .map(|number| row(Table::Events, number, "first"))
        .collect();
    write(&serving, 2, &commit(10, many)).await;
    let one = |body: &str| row(Table::Events, 3, body);
    let poll = Duration::from_millis(10);
    let mut events = follow(serving.clone(), poll);
    let (anew, count, _, commit) = until_commit(&mut events).await;
    assert_eq!((anew, count, commit), (true, 5_000, (10, meta(10), 0)));
    write_delta(&serving, 2, &delta(10, 11, vec![one("second")])).await;
    let (anew, count, last, commit) = until_commit(&mut events).await;
    assert_eq!((anew, count, last), (false, 1, Some(one("second"))));
    assert_eq!(commit, (11, meta(11), 1));
    // Whoever comes now loads the tables, which are behind, and what has followed.
    let mut late = follow(serving.clone(), poll);
    let (anew, count, last, commit) = until_commit(&mut late).await;
    assert_eq!((anew, count, last), (true, 5_001, Some(one("second"))));
    assert_eq!(commit, (11, meta(11), 0));
    // A commit to which nothing leads: whoever comes is shown what the tables have, the others what they had.
    write_delta(&serving, 2, &delta(17, 20, vec![one("third")])).await;
    let mut later = follow(serving.clone(), poll);
    let (anew, _, _, commit) = until_commit(&mut later).await;
    assert_eq!((anew, commit), (true, (10, meta(10), 0)));
    write_delta(&serving, 2, &delta(10, 21, vec![one("fourth")])).await;
    for events in [&mut events, &mut late, &mut later] {
        let (anew, count, last, commit) = until_commit(events).await;
        assert_eq!((anew, count, last), (false, 1, Some(one("fourth"))));
        assert_eq!(commit, (21, meta(21), 1));
    }
}

async fn a_partition_that_is_not_there_is_refused(serving: Serving) {
    let error = serving.write(3, &commit(1, Vec::new())).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
}
