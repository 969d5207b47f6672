//! `/api/data`, `/api/top_venues` and `/api/v1/summary`.

use crate::{
    client::{ask, get},
    world::{World, ledger, venue},
};

#[tokio::test]
async fn both_say_so_while_empty() {
    let world = World::new().await;
    for path in ["/api/data", "/api/top_venues"] {
        let reply = get(world.address, path).await;
        assert_eq!(reply.status, 503);
        assert!(
            reply.error().contains("no venue has a yes yet"),
            "{}",
            reply.error()
        );
    }
    world.change(|figures| figures.venues = vec![venue("a", 1)]);
    assert_eq!(get(world.address, "/api/data").await.status, 200);
    assert_eq!(get(world.address, "/api/top_venues").await.status, 200);
}

#[tokio::test]
async fn rows_are_as_the_third_system_had_them() {
    let world = World::new().await;
    world.change(|figures| {
        let mut nowhere = venue("nowhere", 1);
        (nowhere.lat, nowhere.lon) = (None, None);
        figures.venues = vec![venue("Launch 22", 6), nowhere];
    });
    let reply = get(world.address, "/api/data?&country=").await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(
        reply.text(),
        r#"[{"count":6,"group_city":"Abu Dhabi","lat":"24.299173","lon":"54.697277","venue_name":"Launch 22"},{"count":1,"group_city":"Abu Dhabi","lat":"0","lon":"0","venue_name":"nowhere"}]"#
    );
}

#[tokio::test]
async fn names_are_text_whatever_they_hold() {
    let world = World::new().await;
    let payloads = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'><svg/onload=alert(1)>",
        "</td></tr></table><iframe src=//evil>",
        "&#60;script&#62;",
        "javascript:alert(1)",
        "a\u{2028}b\u{202e}c",
        "=HYPERLINK(\"x\")",
    ];
    world.change(|figures| figures.venues = payloads.iter().map(|name| venue(name, 1)).collect());

    let html = get(world.address, "/api/top_venues").await;
    assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
    let html = html.text();
    for heading in [
        "<th>Venue Name</th>",
        "<th>City</th>",
        "<th>'Yes' RSVPS</th>",
    ] {
        assert!(html.contains(heading));
    }
    for markup in ["<script", "<img", "<svg", "<iframe", "&#60;", "\u{202e}"] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert_eq!(html.matches("<tr>").count(), payloads.len() + 1);

    let json = get(world.address, "/api/data").await;
    assert!(!json.text().contains(['<', '>', '&', '\u{2028}']));
    let names: Vec<_> = json
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["venue_name"].clone())
        .collect();
    assert_eq!(names, payloads, "and nothing is lost");
}

#[tokio::test]
async fn the_summary_is_the_object_of_count() {
    let world = World::new().await;
    world.count("us", 4);
    world.change(|figures| figures.ledger = ledger("a<b"));
    let reply = get(world.address, "/api/v1/summary").await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(!reply.text().contains(['<', '>', '&']));
    let summary = reply.json();
    assert_eq!(
        (summary["rsvps"].as_u64(), summary["digest"].as_str()),
        (Some(4), Some("<&>"))
    );
    assert_eq!(summary["ledger"]["balanced"], true);
    assert_eq!(summary["ledger"]["rejected"]["bad_json"], 2);
    assert_eq!(summary["ledger"]["sources"]["a<b"]["kept"], 8);
    for member in [
        "kinds",
        "by_country",
        "top_events_yes",
        "busiest_5s",
        "feeds",
        "as_of",
    ] {
        assert!(!summary[member].is_null(), "{member}");
    }
}

#[tokio::test]
async fn filters_are_honoured_and_each_has_its_own_answer() {
    let world = World::new().await;
    world.count("us", 4);
    world.count("gb", 1);
    world.change(|figures| {
        let mut other = venue("Launch 22", 6);
        other.group_city = "gb".into();
        figures.venues = vec![venue("elsewhere", 9), other];
    });
    for _ in 0..2 {
        for (query, rsvps) in [("", 5), ("?country=GB", 1), ("?country=us,gb", 5)] {
            let reply = get(world.address, &format!("/api/v1/summary{query}")).await;
            assert_eq!(reply.json()["rsvps"], rsvps, "{query}");
        }
        for (query, venues) in [("", 2), ("?country=gb", 1)] {
            let reply = get(world.address, &format!("/api/data{query}")).await;
            assert_eq!(reply.json().as_array().unwrap().len(), venues, "{query}");
        }
    }
    let html = get(world.address, "/api/top_venues?country=gb").await;
    assert!(html.text().contains("Launch 22") && !html.text().contains("elsewhere"));
}

#[tokio::test]
async fn parameters_that_are_not_known_are_refused_by_name() {
    let world = World::new().await;
    for (path, name, known) in [
        ("/api/v1/summary?contry=us", "contry", "known here: country"),
        (
            "/api/data?country=us&limit=5",
            "limit",
            "known here: country",
        ),
        ("/api/top_venues?%ZZ=1", "%ZZ", "known here: country"),
        ("/api/v1/live?since=3", "since", "known here: country"),
        ("/api/v1/status?country=us", "country", "takes none"),
        ("/api/v1/cluster?x", "x", "takes none"),
    ] {
        let reply = get(world.address, path).await;
        assert_eq!(reply.status, 400, "{path}");
        assert_eq!(reply.json()["field"], name);
        assert!(reply.error().contains(known), "{}", reply.error());
    }
    let long = format!("/api/data?{}=1", "<".repeat(500));
    let reply = get(world.address, &long).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().len() < 1_500 && !reply.text().contains('<'));
}

#[tokio::test]
async fn a_question_that_is_not_answered_ends() {
    let options = headcount_server::Options {
        handler: std::time::Duration::from_millis(50),
        ..Default::default()
    };
    let world = World::with(options).await;
    world.change(|figures| figures.venues = vec![venue("a", 1)]);
    world.open.send_replace(false);
    let reply = ask(world.address, "GET", "/api/data", "").await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"));
    assert!(reply.error().contains("within 0.05 s"), "{}", reply.error());
    world.open.send_replace(true);
    assert_eq!(
        get(world.address, "/api/data").await.status,
        200,
        "the next one is answered"
    );
}
