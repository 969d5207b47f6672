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
        r#"[{"count":6,"group_city":"Abu Dhabi","lat":"24.299173","lon":"54.697277","venue_name":"Launch 22"},{"count":1,"group_city":"Abu Dhabi","lat":null,"lon":null,"venue_name":"nowhere"}]"#
    );
}

#[tokio::test]
async fn a_filter_that_lets_nothing_through_is_an_empty_list() {
    let world = World::new().await;
    for venues in [vec![], vec![venue("a", 1)]] {
        world.change(|figures| figures.venues = venues);
        let json = get(world.address, "/api/data?country=zz").await;
        assert_eq!((json.status, json.text()), (200, "[]"));
        let html = get(world.address, "/api/top_venues?country=zz").await;
        assert_eq!(html.status, 200);
        assert_eq!(html.text().matches("<tr>").count(), 1, "the heading alone");
    }
}

#[tokio::test]
async fn pages_follow_each_other_by_their_links() {
    let world = World::new().await;
    world.change(|figures| {
        let mut venues: Vec<_> = (0..25).map(|n| venue(&format!("v{n}"), 100 - n)).collect();
        venues
            .iter_mut()
            .for_each(|venue| venue.group_city = "ae".into());
        figures.venues = venues;
    });
    let all = get(world.address, "/api/data").await;
    assert!(all.header("link").is_empty(), "all 25 fit");
    for path in ["/api/data", "/api/top_venues"] {
        // The next page is under the same filter, whatever is in it.
        let mut query = "?country=ae&city=Abu+Dhabi|x|ae&response=yes&limit=10".to_owned();
        let mut rows = String::new();
        let mut pages = 0;
        loop {
            let page = get(world.address, &format!("{path}{query}")).await;
            assert_eq!(page.status, 200, "{query}");
            rows.push_str(page.text());
            pages += 1;
            let Some(link) = page.header("link").strip_prefix('<') else {
                break;
            };
            let next = link.split_once('>').unwrap();
            assert_eq!(next.1, "; rel=\"next\"");
            assert!(
                next.0.contains("city=Abu%20Dhabi%7Cx%7Cae&response=yes&"),
                "{}",
                next.0
            );
            query = next.0.to_owned();
        }
        assert_eq!(pages, 3, "{path}");
        for n in 0..25 {
            let name = if path == "/api/data" {
                format!("\"v{n}\"")
            } else {
                format!(">v{n}<")
            };
            assert_eq!(rows.matches(&name).count(), 1, "{name}");
        }
    }
}

#[tokio::test]
async fn a_list_has_a_bound_even_when_none_is_asked_for() {
    let world = World::new().await;
    world.change(|figures| figures.venues = vec![venue("a", 1); 10_001]);
    let page = get(world.address, "/api/data").await;
    assert_eq!(page.json().as_array().unwrap().len(), 10_000);
    assert_eq!(
        page.header("link"),
        "<?limit=10000&offset=10000>; rel=\"next\""
    );
    for (query, wanted) in [
        ("limit=0", "`limit` must be a whole number from 1 to 10000"),
        (
            "limit=10001",
            "`limit` must be a whole number from 1 to 10000",
        ),
        (
            "offset=-1",
            "`offset` must be a whole number from 0 to 10000000",
        ),
    ] {
        let refused = get(world.address, &format!("/api/data?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.error().contains(wanted), "{}", refused.error());
    }
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
        (
            "/api/v1/summary?contry=us",
            "contry",
            "known here: country, city, topic, response, venue, group, event",
        ),
        (
            "/api/data?country=us&page=5",
            "page",
            "known here: country, city, topic, response, venue, group, event, limit, offset",
        ),
        (
            "/api/top_venues?%ZZ=1",
            "%ZZ",
            "known here: country, city, topic, response, venue, group, event, limit, offset",
        ),
        (
            "/api/v1/live?since=3",
            "since",
            "known here: country, city, topic, response, venue, group, event",
        ),
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
