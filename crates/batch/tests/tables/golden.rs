//! Recordings: the tables hold what the golden answers count.

use std::path::Path;

use headcount_batch::model::LakeTable;
use serde_json::Value;

use crate::data::{Data, recordings};

/// Imports recordings and compares the tables with an answer.
fn holds(files: &[&str], golden: &str) {
    let Some(folder) = recordings() else { return };
    let golden = std::fs::read(folder.join("golden").join(golden)).unwrap();
    let golden: Value = serde_json::from_slice(&golden).unwrap();
    let data = Data::new();
    let paths: Vec<_> = files
        .iter()
        .map(|file| folder.join("rsvps").join(file))
        .collect();
    data.import(
        &paths
            .iter()
            .map(|path| path.as_path())
            .collect::<Vec<&Path>>(),
    );
    let rows = data.tables(&[]);
    for (table, key) in [
        (LakeTable::Rsvps, "rsvps"),
        (LakeTable::Events, "events"),
        (LakeTable::Groups, "groups"),
        (LakeTable::Members, "members"),
        (LakeTable::Topics, "topics"),
    ] {
        assert_eq!(
            Some(rows[&table]),
            golden[key].as_u64(),
            "{table} of {files:?}"
        );
    }
    // The table has the venues of before an event moved, too.
    assert_eq!(
        Some(data.number("SELECT count(DISTINCT venue_id) FROM events")),
        golden["venues"].as_u64()
    );
    let yes = "SELECT count(*) FROM rsvps WHERE response = 'yes'";
    let guests = "SELECT sum(guests) FROM rsvps WHERE response = 'yes'";
    assert_eq!(Some(data.number(yes)), golden["yes"].as_u64());
    assert_eq!(Some(data.number(guests)), golden["guests"].as_u64());
    let by_country = "SELECT g.country, sum(CASE WHEN r.response = 'yes' THEN 1 ELSE 0 END) AS yes, \
         sum(CASE WHEN r.response = 'no' THEN 1 ELSE 0 END) AS no, \
         sum(CASE WHEN r.response = 'yes' THEN 1 + r.guests ELSE 0 END) AS heads \
         FROM rsvps r JOIN events e ON e.event_id = r.event_id JOIN groups g ON g.group_id = e.group_id GROUP BY 1";
    let answer = data.json(&["sql", "--json", by_country]);
    let countries = golden["by_country"].as_object().unwrap();
    assert_eq!(answer.as_array().unwrap().len(), countries.len());
    for row in answer.as_array().unwrap() {
        let right = &countries[row["country"].as_str().unwrap()];
        assert_eq!(
            (&row["yes"], &row["no"], &row["heads"]),
            (&right["yes"], &right["no"], &right["heads"]),
            "{row}"
        );
    }
    data.verify();
}

#[test]
fn of_2015() {
    holds(&["2015-03-08.ndjson"], "2015-03-08.json");
}

#[test]
fn of_2017_damaged() {
    holds(&["2017-03-19-damaged.ndjson"], "2017-03-19-damaged.json");
}

#[test]
fn of_2018_pretty_printed() {
    holds(&["2018-05-20-pretty.json"], "2018-05-20-pretty.json");
}

#[test]
fn of_all_together() {
    let files = [
        "2015-03-08.ndjson",
        "2017-03-19.ndjson",
        "2017-05-07.ndjson",
        "2018-05-20-pretty.json",
    ];
    holds(&files, "merged.json");
}

#[test]
fn of_open_events() {
    let Some(folder) = recordings() else { return };
    let golden = std::fs::read(folder.join("golden/open_events.json")).unwrap();
    let golden: Value = serde_json::from_slice(&golden).unwrap();
    for file in ["2015-03-07-curl-i.txt", "2016-11-08.ndjson"] {
        let right = &golden[file];
        let data = Data::new();
        data.import(&[&folder.join("open_events").join(file)]);
        let rows = data.tables(&[]);
        assert_eq!(
            Some(rows[&LakeTable::Events]),
            right["unique"].as_u64(),
            "{file}"
        );
        assert_eq!(rows[&LakeTable::Rsvps], 0);
        let answer = data.json(&[
            "sql",
            "--json",
            "SELECT status, count(*) AS n FROM events GROUP BY status",
        ]);
        for row in answer.as_array().unwrap() {
            assert_eq!(
                row["n"],
                right["by_status"][row["status"].as_str().unwrap()],
                "{file}"
            );
        }
        // The feed names no venue by a number.
        assert_eq!(
            data.number("SELECT count(*) FROM venues WHERE venue_id >= 0"),
            0
        );
        data.verify();
    }
}
