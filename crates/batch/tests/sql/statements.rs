//! Statements from end to end: over Delta tables and what is newer, through a child process.

use headcount_batch::{
    model::{LakeTable, Rsvp, TableRows, Time},
    sql::request::AnswerFormat,
};

use crate::support::{self, Tables};

fn rsvp(event: &str, id: i64, response: &str, guests: i32) -> Rsvp {
    Rsvp {
        event_id: event.into(),
        rsvp_id: id,
        member_id: id * 10,
        response: response.into(),
        guests,
        visibility: None,
        mtime: Time(1_489_925_470_960 + id),
        received_at: Time(1_489_925_471_000),
    }
}

fn rsvps(rows: Vec<Rsvp>) -> TableRows {
    TableRows {
        rsvps: rows,
        ..TableRows::default()
    }
}

#[tokio::test]
async fn a_statement_sees_delta_and_what_is_newer() {
    let base = rsvps(vec![
        rsvp("a", 1, "yes", 0),
        rsvp("a", 2, "no", 0),
        rsvp("b", 3, "yes", 1),
    ]);
    let newer = rsvps(vec![rsvp("a", 2, "yes", 4), rsvp("c", 4, "yes", 0)]);
    let newer = newer.batch(LakeTable::Rsvps);
    let hidden = support::keys(LakeTable::Rsvps, &newer);
    let mut tables = Tables::empty();
    tables
        .add(
            LakeTable::Rsvps,
            &[base.batch(LakeTable::Rsvps)],
            Some(newer),
            Some(hidden),
        )
        .await;
    let answer = tables
        .json("SELECT event_id, rsvp_id, guests, mtime FROM rsvps WHERE response = 'yes' ORDER BY rsvp_id")
        .await
        .unwrap();
    assert_eq!(
        answer["rows"],
        serde_json::json!([
            ["a", 1, 0, "2017-03-19T12:11:10.961Z"],
            ["a", 2, 4, "2017-03-19T12:11:10.962Z"],
            ["b", 3, 1, "2017-03-19T12:11:10.963Z"],
            ["c", 4, 0, "2017-03-19T12:11:10.964Z"],
        ])
    );
    assert_eq!(
        answer["columns"][3],
        serde_json::json!({"name": "mtime", "type": "timestamptz"})
    );
    assert_eq!(answer["as_of"]["offsets"], serde_json::json!([12, 40]));
    let count = tables.json("SELECT count(*) FROM rsvps").await.unwrap();
    assert_eq!(count["rows"], serde_json::json!([[4]]));
    let (csv, _) = tables
        .ask("SELECT NULL AS a, '' AS b, 'x,\"y' AS c", AnswerFormat::Csv)
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8(csv).unwrap(),
        "a,b,c\r\n,\"\",\"x,\"\"y\"\r\n"
    );
}
