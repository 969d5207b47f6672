//! Kills at any moment: nothing twice, nothing missing, no file left behind.

use std::{thread, time::Duration};

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
