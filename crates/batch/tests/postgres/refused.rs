//! Rows that the server refuses are set aside, and the others go on.

use std::sync::Arc;

use headcount_batch::{
    model::{GroupTopic, TableRows, Time},
    postgres::WrittenRows,
};
use tokio_postgres::Client;

use crate::{generator::Generator, server::Schema, world::World};

/// Tables, keys and codes of what is set aside.
async fn set_aside(client: &Client) -> Vec<(String, String, String)> {
    let sql = "SELECT table_name, left(key, 20), sqlstate FROM refused_rows ORDER BY 1, 2";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

fn named(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let own = |&(table, key, code): &(&str, &str, &str)| {
        (table.to_owned(), key.to_owned(), code.to_owned())
    };
    rows.iter().map(own).collect()
}

#[tokio::test]
async fn refused_rows_are_found_and_the_rest_goes_on() {
    let schema = Schema::new();
    let mut generator = Generator::new(30, &[], 500);
    let mut sink = schema.sink(3).await;
    let mut changes = generator.first();
    let rows = &mut changes.rows;
    let long: Arc<str> = (0..9_600)
        .map(|_| char::from(33 + generator.below(90) as u8))
        .collect::<String>()
        .into();
    rows.topics.push(headcount_batch::model::Topic {
        urlkey: long.clone(),
        name: "x".into(),
    });
    rows.venues[7].lat = Some(90.5);
    let venue = rows.venues[7].venue_id;
    rows.venues[8].name = Some("a\0b".into());
    let other_venue = rows.venues[8].venue_id;
    for event in &mut rows.events {
        // Nobody else may be held up here.
        event.venue_id = event
            .venue_id
            .filter(|&id| id != venue && id != other_venue);
    }
    rows.members[9].first_seen = Time(i64::MAX / 1000);
    let member = rows.members[9].member_id;
    for id in rows
        .rsvps
        .iter_mut()
        .map(|row| &mut row.member_id)
        .chain(rows.rsvp_versions.iter_mut().map(|row| &mut row.member_id))
    {
        *id = if *id == member {
            (member + 1) % 500
        } else {
            *id
        };
    }
    for id in rows
        .photos
        .iter_mut()
        .map(|row| &mut row.member_id)
        .chain(rows.comments.iter_mut().map(|row| &mut row.member_id))
    {
        *id = id.filter(|&id| id != member);
    }
    rows.rsvps[0].response = "waitlist".into();
    rows.rsvps[1].guests = -1;
    rows.rsvp_versions[2].outcome = "\\N".into();
    let (zeroth, first) = (rows.rsvps[0].clone(), rows.rsvps[1].clone());
    let second = rows.rsvp_versions[2].clone();
    let mut world = World::default();
    world.apply(&changes);

    let written = sink.write(&changes).await.unwrap();
    assert_eq!(
        written,
        WrittenRows {
            rows: 11 * 500 - 6,
            refused: 7,
            ..WrittenRows::default()
        }
    );
    let client = schema.client().await;
    let key = |event: &str, id: i64| format!("{event}, {id}");
    let mut expected = named(&[
        ("members", &member.to_string(), "22007"),
        ("rsvps", &key(&zeroth.event_id, zeroth.rsvp_id), "23514"),
        ("rsvps", &key(&first.event_id, first.rsvp_id), "23514"),
        ("topics", &long[..20], "54000"),
        ("venues", &venue.to_string(), "23514"),
        ("venues", &other_venue.to_string(), "22021"),
    ]);
    let start = format!(
        "{}, {}, {}",
        second.event_id,
        second.rsvp_id,
        second.mtime.0 * 1000
    );
    let found = set_aside(&client).await;
    let (version, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|row| row.0 == "rsvp_versions");
    assert!(
        version.len() == 1 && version[0].1.starts_with(&start) && version[0].2 == "23514",
        "{version:?}"
    );
    expected.sort();
    assert_eq!(others, expected);
    // The digests are those of a server that refuses nothing.
    assert_eq!(sink.verify(&world.digests()).await.unwrap(), []);
    assert_eq!(sink.refused(), 7);

    // The same once more: still seven.
    let again = generator.changes(changes.rows.clone(), Vec::new());
    let written = sink.write(&again).await.unwrap();
    assert_eq!(
        written,
        WrittenRows {
            refused: 7,
            ..WrittenRows::default()
        }
    );
    assert_eq!((sink.refused(), set_aside(&client).await.len()), (7, 7));

    // What is set aside shows the row, as far as a column can hold it.
    let sql = "SELECT row, message FROM refused_rows WHERE sqlstate = '22021'";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert!(row.get::<_, String>(0).contains("a\u{2400}b"));
    assert!(row.get::<_, String>(1).contains("invalid byte sequence"));
}

#[tokio::test]
async fn rows_that_wait_for_a_refused_one_come_with_it() {
    let schema = Schema::new();
    let mut generator = Generator::new(31, &[], 40);
    let mut sink = schema.sink(3).await;
    let mut changes = generator.first();
    // A venue that is refused, the one event there, and the answers to it.
    for event in &mut changes.rows.events {
        event.venue_id = event.venue_id.map(|_| -1);
    }
    for (at, event) in changes.rows.events.iter_mut().enumerate() {
        event.venue_id = Some(if at == 0 { -5 } else { -1 });
    }
    let event = changes.rows.events[0].event_id.clone();
    let at = changes
        .rows
        .venues
        .iter()
        .position(|venue| venue.venue_id == -5)
        .unwrap();
    changes.rows.venues[at].lon = Some(f64::NAN);
    let mut world = World::default();
    world.apply(&changes);
    let written = sink.write(&changes).await.unwrap();
    let waiting = changes
        .rows
        .rsvps
        .iter()
        .filter(|row| row.event_id == event)
        .count()
        + changes
            .rows
            .rsvp_versions
            .iter()
            .filter(|row| row.event_id == event)
            .count()
        + changes
            .rows
            .photos
            .iter()
            .filter(|row| row.event_id.as_ref() == Some(&event))
            .count()
        + changes
            .rows
            .comments
            .iter()
            .filter(|row| row.event_id.as_ref() == Some(&event))
            .count();
    assert!(waiting > 1);
    assert_eq!(written.refused, 2 + waiting as u64);
    let client = schema.client().await;
    let codes = "SELECT string_agg(DISTINCT sqlstate, ' ' ORDER BY sqlstate) FROM refused_rows";
    let codes: String = client.query_one(codes, &[]).await.unwrap().get(0);
    assert_eq!(codes, "23503 23514");
    assert_eq!(sink.verify(&world.digests()).await.unwrap(), []);

    // Another writer, which finds them set aside; the venue comes as it should be, and nothing else.
    let mut sink = schema.sink(3).await;
    let mut venue = changes.rows.venues[at].clone();
    venue.lon = Some(5.0);
    let next = generator.changes(
        TableRows {
            venues: vec![venue],
            ..TableRows::default()
        },
        Vec::new(),
    );
    let written = sink.write(&next).await.unwrap();
    world.apply(&next);
    let all = 2 + waiting as u64;
    assert_eq!(
        written,
        WrittenRows {
            rows: all,
            accepted: all,
            ..WrittenRows::default()
        }
    );
    assert_eq!((sink.refused(), set_aside(&client).await), (0, vec![]));
    schema.assert_holds(&world, &mut sink).await;
}

#[tokio::test]
async fn a_refused_version_leaves_the_row_before_it() {
    let schema = Schema::new();
    let mut generator = Generator::new(32, &[], 20);
    let mut world = World::default();
    let mut sink = schema.sink(3).await;
    let changes = generator.first();
    sink.write(&changes).await.unwrap();
    world.apply(&changes);
    let mut bad = changes.rows.groups[4].clone();
    bad.lat = Some(-91.0);
    let next = generator.changes(
        TableRows {
            groups: vec![bad.clone()],
            ..TableRows::default()
        },
        Vec::new(),
    );
    assert_eq!(sink.write(&next).await.unwrap().refused, 1);
    let client = schema.client().await;
    let count = "SELECT count(*) FROM groups";
    assert_eq!(
        client.query_one(count, &[]).await.unwrap().get::<_, i64>(0),
        20
    );
    let mut refused = World::default();
    refused.apply(&changes);
    refused.apply(&next);
    assert_eq!(sink.verify(&refused.digests()).await.unwrap(), []);
    assert_eq!(sink.verify(&world.digests()).await.unwrap().len(), 1);

    bad.lat = Some(12.25);
    let last = generator.changes(
        TableRows {
            groups: vec![bad],
            ..TableRows::default()
        },
        Vec::new(),
    );
    let written = sink.write(&last).await.unwrap();
    assert_eq!(
        written,
        WrittenRows {
            rows: 1,
            accepted: 1,
            ..WrittenRows::default()
        }
    );
    world.apply(&last);
    schema.assert_holds(&world, &mut sink).await;
}

#[tokio::test]
async fn a_row_that_is_gone_is_not_set_aside_any_more() {
    let schema = Schema::new();
    let mut generator = Generator::new(33, &[], 20);
    let mut world = World::default();
    let mut sink = schema.sink(3).await;
    let mut changes = generator.first();
    let topic = |urlkey: &str| GroupTopic {
        group_id: 1,
        urlkey: urlkey.into(),
    };
    let odd = vec![topic("of no topic"), topic("with\0zero")];
    world.apply(&changes);
    changes.rows.group_topics.extend(odd.clone());
    assert_eq!(sink.write(&changes).await.unwrap().refused, 2);
    let client = schema.client().await;
    let expected = named(&[
        ("group_topics", "1, of no topic", "23503"),
        ("group_topics", "1, with\u{2400}zero", "22021"),
    ]);
    assert_eq!(set_aside(&client).await, expected);
    let next = generator.changes(TableRows::default(), odd);
    let written = sink.write(&next).await.unwrap();
    assert_eq!((written.accepted, sink.refused()), (2, 0));
    assert_eq!(set_aside(&client).await, []);
    schema.assert_holds(&world, &mut sink).await;
}
