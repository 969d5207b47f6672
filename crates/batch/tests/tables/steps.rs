//! The tables do not depend on the steps in which they were made.

use headcount_batch::model::LakeTable;

use crate::data::{Data, simulate};

#[test]
fn many_small_steps_and_one_large_one_give_the_same_rows() {
    let data = Data::new();
    for (at, seed) in [3, 4, 5, 4].into_iter().enumerate() {
        let file = data.beside(&format!("{at}.ndjson"));
        // The last one repeats an earlier one, in another file.
        simulate(if at == 3 { 3_000 } else { 5_000 }, seed, &file);
        data.import(&[&file]);
        let rows = data.tables(&["--pending", "1"]);
        let summary = data.summary();
        assert_eq!(Some(rows[&LakeTable::Rsvps]), summary["rsvps"].as_u64());
        assert_eq!(Some(rows[&LakeTable::Members]), summary["members"].as_u64());
    }
    data.verify();
    let before = data.tables(&[]);
    for table in LakeTable::ALL {
        assert_eq!(data.orphans(table), Vec::<String>::new(), "{table}");
    }
    assert_eq!(data.tables(&["rebuild"]), before);
    data.verify();
}

#[test]
fn a_statement_sees_what_the_tables_do_not_have_yet() {
    let data = Data::new();
    let (first, second) = (data.beside("1.ndjson"), data.beside("2.ndjson"));
    simulate(4_000, 7, &first);
    simulate(6_000, 7, &second);
    data.import(&[&first]);
    data.tables(&[]);
    data.import(&[&second]);
    let summary = data.summary();
    assert_eq!(
        Some(data.number("SELECT count(*) FROM rsvps")),
        summary["rsvps"].as_u64()
    );
    assert_eq!(
        Some(data.number("SELECT count(DISTINCT member_id) FROM rsvps")),
        summary["members"].as_u64()
    );
    let heads = "SELECT sum(1 + guests) FROM rsvps WHERE response = 'yes'";
    assert_eq!(Some(data.number(heads)), summary["heads"].as_u64());
    let orphans = "SELECT count(*) FROM rsvps r LEFT JOIN events e ON e.event_id = r.event_id WHERE e.event_id IS NULL";
    assert_eq!(data.number(orphans), 0);
}

#[test]
fn tables_of_another_journal_are_refused() {
    let (one, other) = (Data::new(), Data::new());
    for (data, seed) in [(&one, 1), (&other, 2)] {
        let file = data.beside("records.ndjson");
        simulate(500, seed, &file);
        data.import(&[&file]);
        data.tables(&[]);
    }
    std::fs::remove_dir_all(one.path().join("batch")).unwrap();
    std::fs::rename(other.path().join("batch"), one.path().join("batch")).unwrap();
    let output = one.batch(&["tables"]).output().unwrap();
    assert_eq!(output.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&output.stderr).contains("headcount tables rebuild"));
    one.tables(&["rebuild"]);
    one.verify();
}

#[test]
fn a_lost_index_is_made_anew_with_the_same_rows() {
    let data = Data::new();
    let file = data.beside("records.ndjson");
    simulate(2_000, 9, &file);
    data.import(&[&file]);
    let before = data.tables(&[]);
    std::fs::remove_dir_all(data.path().join("batch")).unwrap();
    assert_eq!(data.tables(&["--pending", "1"]), before);
    data.verify();
}

#[test]
fn a_folder_without_a_journal_is_named() {
    let output = Data::new().batch(&["tables"]).output().unwrap();
    assert_eq!(output.status.code(), Some(66));
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds no journal"));
}
