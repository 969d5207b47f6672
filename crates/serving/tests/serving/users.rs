//! The queries of the earlier systems, as their users typed them.

use headcount_engine::{Changes, CountryPart, EventStatistic, Statistics, VenuePart};
use headcount_serving::Serving;
use scylla::{
    client::{session::Session, session_builder::SessionBuilder},
    value::{CqlValue, Row},
};

use headcount_test_servers::Cassandra;

use crate::{
    cassandra::{fresh, keyspace},
    suite::IDENTITY,
};

async fn ask(session: &Session, query: &str) -> Vec<Vec<(String, CqlValue)>> {
    let answer = session.query_unpaged(query, ()).await.unwrap();
    let answer = answer.into_rows_result().unwrap();
    let names: Vec<String> = answer
        .column_specs()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let rows = answer.rows::<Row>().unwrap();
    rows.map(|row| {
        let values = row.unwrap().columns.into_iter().map(Option::unwrap);
        names.clone().into_iter().zip(values).collect()
    })
    .collect()
}

fn of(row: &[(String, CqlValue)], column: &str) -> CqlValue {
    let found = row.iter().find(|(name, _)| name == column);
    found.unwrap_or_else(|| panic!("no {column}")).1.clone()
}

fn text(value: &str) -> CqlValue {
    CqlValue::Text(value.to_owned())
}

#[tokio::test]
async fn the_queries_of_the_earlier_systems_work_unchanged() {
    let address = fresh();
    let serving = Serving::open(&address, IDENTITY).await.unwrap();
    let changes = Changes {
        offset: 9,
        statistics: Statistics {
            countries: vec![CountryPart {
                country: "us".into(),
                yes: 3,
                no: 1,
                maybe: None,
                heads: 7,
            }],
            venues: vec![VenuePart {
                venue_id: 42,
                name: "Launch 22".into(),
                lat: Some(53.405_46),
                lon: Some(-2.98),
                group_city: "Liverpool".into(),
                country: "gb".into(),
                yes: 6,
                no: 0,
                maybe: 0,
                latest: (1, 1),
            }],
            events: vec![EventStatistic {
                event_id: "x1".into(),
                event_name: "Games night".into(),
                group_name: "Players".into(),
                country: "us".into(),
                yes: 3,
                no: 1,
                maybe: None,
                heads: 7,
                event_url: Some("https://example.org".into()),
                time: Some(1),
            }],
            renamed: Vec::new(),
        },
        ..Changes::default()
    };
    serving.write(0, &changes).await.unwrap();
    let session = SessionBuilder::new()
        .known_node(Cassandra::shared().contact())
        .use_keyspace(keyspace(&address), false)
        .build()
        .await
        .unwrap();

    let rows = ask(&session, "SELECT * FROM country_statistics").await;
    assert_eq!(of(&rows[0], "event_country"), text("USA"));
    assert_eq!(of(&rows[0], "total_rsvps"), CqlValue::Int(4));

    // Meetup has no `maybe`, so there is no row for it.
    let rows = ask(&session, "SELECT * FROM response_statistics").await;
    assert_eq!(rows.len(), 2);
    for (response, total) in [("yes", 3), ("no", 1)] {
        let row = rows
            .iter()
            .find(|row| of(row, "response") == text(response))
            .expect(response);
        assert_eq!(of(row, "total_rsvps"), CqlValue::Int(total), "{response}");
    }

    for query in [
        "SELECT * FROM event_statistics",
        "SELECT * FROM event_statistics WHERE event_name = 'Games night'",
        "SELECT event_name, group_name, event_country, response, total_rsvps FROM event_statistics \
         WHERE event_name = 'Games night' AND response = 'yes'",
    ] {
        let rows = ask(&session, query).await;
        let yes = rows.last().unwrap();
        assert_eq!(of(yes, "group_name"), text("Players"), "{query}");
        assert_eq!(of(yes, "event_country"), text("USA"));
        assert_eq!(of(yes, "response"), text("yes"));
        assert_eq!(of(yes, "total_rsvps"), CqlValue::Int(3));
    }

    for query in [
        "SELECT * FROM meetup_table",
        "SELECT venue_name, lon, lat, group_city, count FROM meetup_table WHERE venue_name = 'Launch 22'",
    ] {
        let rows = ask(&session, query).await;
        assert_eq!(of(&rows[0], "venue_name"), text("Launch 22"), "{query}");
        assert_eq!(of(&rows[0], "lon"), text("-2.98"));
        assert_eq!(of(&rows[0], "lat"), text("53.40546"));
        assert_eq!(of(&rows[0], "group_city"), text("Liverpool"));
        assert_eq!(of(&rows[0], "count"), CqlValue::Int(6));
    }
}
