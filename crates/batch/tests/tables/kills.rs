//! Kills at any moment: nothing twice, nothing missing, no file left behind.

use std::{fs, thread, time::Duration};

use headcount_batch::model::LakeTable;

use crate::data::{Data, is_full, simulate};

/// What a cut must hold at every moment: keys are unique, and every reference leads somewhere.
fn holds_together(data: &Data) {
    for table in LakeTable::ALL {
        let key: Vec<_> = table.key().iter().map(|column| column.name).collect();
        let key = key.join(", ");
        let twice = format!(
            "SELECT count(*) FROM (SELECT {key} FROM {table} GROUP BY {key} HAVING count(*) > 1)"
        );
        assert_eq!(data.number(&twice), 0, "keys of {table}");
        for reference in table.references() {
            let (column, to) = (reference.column, reference.to);
            let lost = format!(
                "SELECT count(*) FROM {table} t LEFT JOIN {to} o ON o.{} = t.{column} WHERE t.{column} IS NOT NULL AND o.{} IS NULL",
                to.key()[0].name,
                to.key()[0].name,
            );
            assert_eq!(data.number(&lost), 0, "{table}.{column}");
        }
    }
}

#[test]
fn a_worker_that_is_killed_again_and_again_loses_and_repeats_nothing() {
    let (records, kills) = if is_full() {
        (1_000_000, 200)
    } else {
        (12_000, 15)
    };
    let data = Data::new();
    let pieces = if is_full() { 20 } else { 4 };
    let mut chance = fastrand::Rng::with_seed(20_170_319);
    let mut killed = 0;
    for piece in 0..pieces {
        let file = data.beside("records.ndjson");
        simulate(records / pieces, 100 + piece % 3, &file);
        data.import(&[&file]);
        // Killed more often than it can end, and then left alone.
        for _ in 0..kills / pieces {
            let mut worker = data.batch(&["tables", "--pending", "1"]).spawn().unwrap();
            // Not a wait for anything: the moment of the kill is the input of this test.
            thread::sleep(Duration::from_millis(chance.u64(50..1500)));
            killed += u64::from(worker.try_wait().unwrap().is_none());
            worker.kill().unwrap();
            worker.wait().unwrap();
        }
        if piece == 1 {
            holds_together(&data);
        }
    }
    assert!(
        killed > kills / 4,
        "only {killed} of {kills} kills came before the end"
    );
    let rows = data.tables(&[]);
    assert_eq!(
        Some(rows[&LakeTable::Rsvps]),
        data.summary()["rsvps"].as_u64()
    );
    data.verify();
    for table in LakeTable::ALL {
        assert_eq!(data.orphans(table), Vec::<String>::new(), "{table}");
    }
}

/// The first tables end when all of them are committed and the cut is saved. Here they are committed and the cut cannot be,
/// as if the worker were killed in between; before it starts again, the journal grows.
#[test]
fn first_tables_that_were_committed_and_not_noted_are_ended_before_more_is_read() {
    let data = Data::new();
    let (first, second) = (data.beside("1.ndjson"), data.beside("2.ndjson"));
    simulate(1_000, 1, &first);
    simulate(1_000, 2, &second);
    data.import(&[&first]);
    let snapshots = data.path().join("lake/tables/snapshots");
    fs::create_dir_all(snapshots.parent().unwrap()).unwrap();
    fs::write(&snapshots, "no folder").unwrap();
    let output = data.batch(&["tables"]).output().unwrap();
    assert!(!output.status.success(), "the cut cannot be saved");
    let log = data.path().join("lake/tables/rsvps/_delta_log");
    assert!(log.join("00000000000000000001.json").is_file());
    fs::remove_file(&snapshots).unwrap();
    data.import(&[&second]);
    data.tables(&["--pending", "1"]);
    holds_together(&data);
    data.verify();
    for table in LakeTable::ALL {
        assert_eq!(data.orphans(table), Vec::<String>::new(), "{table}");
    }
}

/// A vacuum writes into a table's log and changes no file. A worker that is killed after it has not noted it.
#[test]
fn a_vacuum_that_was_not_noted_is_nobody_else() {
    let data = Data::new();
    let (first, second) = (data.beside("1.ndjson"), data.beside("2.ndjson"));
    simulate(500, 1, &first);
    simulate(500, 2, &second);
    data.import(&[&first]);
    data.tables(&[]);
    let log = data.path().join("lake/tables/rsvps/_delta_log");
    let vacuumed = r#"{"commitInfo":{"timestamp":1489925470960,"operation":"VACUUM END","operationParameters":{"status":"COMPLETED"}}}"#;
    fs::write(log.join("00000000000000000002.json"), vacuumed).unwrap();
    data.import(&[&second]);
    data.tables(&[]);
    data.verify();
}
