//! Delta tables of made-up rows.

use std::{collections::HashMap, sync::Arc};

use deltalake::{DeltaTable, protocol::SaveMode};
use headcount_batch::{
    model::{
        Category, Event, Group, GroupTopic, LakeTable, Member, Rsvp, RsvpVersion, TableRows, Time,
        Topic, Venue,
    },
    snapshot::{DeltaVersion, TableSnapshot},
};

/// Into how many commits, and so files, the rows of a table are cut.
const COMMITS: usize = 4;

fn text(text: String) -> Arc<str> {
    text.into()
}

/// Rows of all tables; the same for the same number of RSVPs.
pub(crate) fn rows(rsvps: i64) -> TableRows {
    let mut rows = TableRows::default();
    let time = |n: i64| Time(1_489_900_000_000 + n * 1_003);
    let events = rsvps / 8 + 1;
    let groups = events / 4 + 1;
    for n in 0..40 {
        rows.categories.push(Category {
            category_id: n,
            name: Some(text(format!("Category {n}"))),
            shortname: (n % 3 != 0).then(|| text(format!("c{n}"))),
        });
        rows.topics.push(Topic {
            urlkey: text(format!("topic-{n}")),
            name: text(format!("Topic, \"{n}\"")),
        });
    }
    for n in 0..groups {
        rows.groups.push(Group {
            group_id: n,
            name: Some(text(format!("Group {n}"))),
            urlname: None,
            city: Some(text(format!("City {}", n % 97))),
            state: None,
            country: Some(text(
                ["us", "gb", "de", "jp", ""][usize::try_from(n % 5).unwrap_or(0)].to_owned(),
            )),
            lat: Some(50.0 + f64::from(u8::try_from(n % 90).unwrap_or(0)) / 10.0),
            lon: (n % 7 != 0).then_some(4.9),
            join_mode: Some(text("open".to_owned())),
            category_id: (n % 11 != 0).then_some(n % 40),
            mtime: time(n),
        });
        for topic in 0..n % 4 {
            rows.group_topics.push(GroupTopic {
                group_id: n,
                urlkey: text(format!("topic-{}", (n + topic * 7) % 40)),
            });
        }
        rows.venues.push(Venue {
            venue_id: n - 5,
            name: Some(text(format!("Venue {n}"))),
            lat: None,
            lon: None,
            address: None,
            city: None,
            state: None,
            country: Some(text("us".to_owned())),
            mtime: time(n),
        });
    }
    for n in 0..events {
        rows.events.push(Event {
            event_id: text(format!("e{n}")),
            group_id: Some(n % groups),
            venue_id: (n % 3 != 0).then_some(n % groups - 5),
            name: Some(text(format!("Event {}", n % 1000))),
            url: None,
            time: Some(time(n * 50)),
            utc_offset: Some(3_600_000),
            duration: None,
            status: None,
            visibility: None,
            description: None,
            rsvp_limit: (n % 2 == 0).then_some(n % 50),
            yes_rsvp_count: None,
            fee: (n % 9 == 0).then_some(12.5),
            mtime: Some(time(n)),
        });
    }
    for n in 0..rsvps / 3 + 1 {
        rows.members.push(Member {
            member_id: n,
            first_seen: time(n),
            last_seen: time(n * 3),
            name: None,
            photo: None,
        });
    }
    for n in 0..rsvps {
        let (event, member) = (n * 7919 % events, n * 31 % (rsvps / 3 + 1));
        let response = if n % 4 == 0 { "no" } else { "yes" };
        rows.rsvps.push(Rsvp {
            event_id: text(format!("e{event}")),
            rsvp_id: n,
            member_id: member,
            response: text(response.to_owned()),
            guests: i32::try_from(n % 3).unwrap_or(0),
            visibility: None,
            mtime: time(n),
            received_at: time(n + 2),
        });
        rows.rsvp_versions.push(RsvpVersion {
            event_id: text(format!("e{event}")),
            rsvp_id: n,
            mtime: time(n),
            content: n * 1_000_003,
            outcome: text("new".to_owned()),
            member_id: member,
            response: text(response.to_owned()),
            guests: 0,
            received_at: time(n + 2),
        });
    }
    rows
}

/// Writes the tables under `lake`, a URL with a slash at its end. Photos and comments are not made.
pub(crate) async fn write(
    lake: &str,
    rows: &TableRows,
    options: &HashMap<String, String>,
) -> Vec<TableSnapshot> {
    let mut tables = Vec::new();
    for table in LakeTable::ALL {
        if rows.count(table) == 0 {
            tables.push(TableSnapshot {
                table,
                delta: None,
                rows: None,
                hidden: None,
            });
            continue;
        }
        let url = format!("{lake}tables/{table}/");
        if let Some(folder) = url.strip_prefix("file://") {
            std::fs::create_dir_all(folder).expect("the table's folder");
        }
        let mut delta = DeltaTable::try_from_url_with_storage_options(
            url::Url::parse(&url).expect("a URL"),
            options.clone(),
        )
        .await
        .expect("a place for a table");
        let batch = rows.batch(table);
        let each = batch.num_rows().div_ceil(COMMITS);
        for first in (0..batch.num_rows()).step_by(each) {
            let part = batch.slice(first, each.min(batch.num_rows() - first));
            delta = delta
                .write(vec![part])
                .with_save_mode(SaveMode::Append)
                .await
                .expect("append");
        }
        let version = delta.version().expect("a version");
        tables.push(TableSnapshot {
            table,
            delta: Some(DeltaVersion { url, version }),
            rows: None,
            hidden: None,
        });
    }
    tables
}
