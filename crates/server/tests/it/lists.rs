//! `/api/v1/events` and the other lists, as JSON and as tables.

use crate::{client::get, world::World};

const NAMES: [&str; 6] = [
    "events",
    "groups",
    "venues",
    "cities",
    "topics",
    "countries",
];

async fn world() -> World {
    let world = World::new().await;
    world.change(|figures| {
        figures.yes = [("gb", 1), ("us", 4)]
            .map(|(country, yes)| (country.to_owned(), yes))
            .into();
    });
    world
}

#[tokio::test]
async fn every_list_is_under_the_api_and_beside_its_page() {
    let world = world().await;
    for name in NAMES {
        let api = get(
            world.address,
            &format!("/api/v1/{name}?limit=1&country=us,gb"),
        )
        .await;
        assert_eq!(api.status, 200, "{name}");
        let answer = api.json();
        assert_eq!(
            (&answer["total"], &answer["offset"]),
            (&2.into(), &0.into())
        );
        assert_eq!(answer["rows"].as_array().unwrap().len(), 1);
        assert_eq!(answer["filter"]["country"][1], "us");
        for twin in [format!("/api/v1/{name}.json"), format!("/{name}.json")] {
            let twin = get(world.address, &format!("{twin}?limit=1&country=us,gb")).await;
            assert_eq!(twin.text(), api.text());
        }
        for table in [format!("/api/v1/{name}.csv"), format!("/{name}.csv")] {
            let table = get(world.address, &format!("{table}?q=US")).await;
            assert!(table.header("content-type").starts_with("text/csv"));
            let lines: Vec<_> = table.text().split("\r\n").collect();
            assert!(lines[0].starts_with("id,name,"), "{}", lines[0]);
            // No spreadsheet runs what somebody called an event.
            assert!(lines[1].starts_with("us,'=cmd|'us',"), "{}", lines[1]);
            assert_eq!(lines.len(), 3, "two lines, each with its end");
        }
    }
}

#[tokio::test]
async fn what_a_list_does_not_know_is_refused_with_what_it_does() {
    let world = world().await;
    for (query, field, said) in [
        ("sort=age", "sort", "must be one of heads, yes, no"),
        ("order=up", "order", "must be one of asc, desc"),
        ("limit=0", "limit", "from 1 to 10000"),
        ("search=x", "search", "known here: country, city"),
        ("q=%ff", "q", "percent-encoded"),
    ] {
        let reply = get(world.address, &format!("/api/v1/groups?{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
        assert_eq!(reply.json()["field"], field);
        assert!(reply.error().contains(said), "{}", reply.error());
    }
    for path in ["/api/v1/members", "/api/v1/events.xml", "/members.csv"] {
        assert_eq!(get(world.address, path).await.status, 404, "{path}");
    }
}
