//! The live stream as the page sees it.

use std::time::Duration;

use headcount_engine::Pulse;
use headcount_query::{ConnectionState, Readiness, SourceKind};
use headcount_server::Options;
use serde_json::json;

use crate::{
    client::{Events, ask, get},
    world::{World, ledger, source},
};

const MEMBERS: [&str; 18] = [
    "seq",
    "at",
    "build",
    "filter",
    "stream_time",
    "totals",
    "all",
    "countries",
    "cities",
    "topics",
    "venues",
    "trending",
    "history",
    "dots",
    "source",
    "ready",
    "notice",
    "ledger",
];

fn brisk() -> Options {
    let ms = Duration::from_millis;
    Options {
        tick: ms(10),
        lists: ms(20),
        dots: ms(40),
        ping: ms(50),
        ..Options::default()
    }
}

#[tokio::test]
async fn a_snapshot_then_ticks_and_pings() {
    let world = World::with(brisk()).await;
    world.count("us", 2);
    world.change(|figures| figures.ledger = ledger("sim"));
    let mut events = Events::open(world.address, "/api/v1/live").await;
    assert_eq!(events.head.header("content-type"), "text/event-stream");
    assert_eq!(events.head.header("x-accel-buffering"), "no");
    assert_eq!(events.head.header("content-encoding"), "gzip");

    let first = events.next().await.unwrap();
    assert_eq!(
        (first.name.as_str(), events.retry),
        ("snapshot", Some(1_000))
    );
    let snapshot = first.data.as_object().unwrap();
    let mut names: Vec<_> = snapshot.keys().map(String::as_str).collect();
    let mut expected = MEMBERS.to_vec();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(first.data["seq"], first.id);
    assert_eq!(first.data["build"], headcount_server::build_id());
    assert_eq!(first.data["totals"]["rsvps"], 2);
    assert_eq!(first.data["all"], json!({"rsvps": 2}));
    assert_eq!(first.data["filter"], json!({"country": []}));
    assert_eq!(
        first.data["countries"],
        json!([{"country": "us", "yes": 2, "no": 0, "heads": 2}])
    );
    assert_eq!(first.data["stream_time"], json!(null));
    assert_eq!(
        first.data["ledger"],
        json!({
            "received": 10, "kept": 8, "rejected": 2, "balanced": true,
            "answers": 0, "repeats": 0, "changes": 0
        })
    );
    assert_eq!(
        first.data["source"],
        json!([{
            "state": "live", "name": "sim:?rate=20", "kind": "simulation",
            "last_record_at": 7, "gaps": 0, "error": null, "notice": null
        }])
    );
    assert_eq!(
        first.data["ready"],
        json!({"state": "ready", "reason": null})
    );

    let ping = events.next().await.unwrap();
    assert_eq!(
        (ping.name.as_str(), ping.id),
        ("ping", first.id),
        "nothing changed: no tick"
    );
    assert_eq!(ping.data["seq"], first.id);
    assert!(ping.data["at"].as_i64() >= first.data["at"].as_i64());
    assert_eq!(ping.data["sources"]["sim:?rate=20"]["state"], "live");

    world.count("us", 3);
    let tick = events.next_named("tick").await;
    assert_eq!(tick.id, first.id + 1);
    assert_eq!(
        (&tick.data["totals"]["rsvps"], &tick.data["all"]["rsvps"]),
        (&json!(5), &json!(5))
    );
    for unchanged in [
        "build", "filter", "ledger", "source", "dots", "topics", "pulses",
    ] {
        assert!(
            tick.data.get(unchanged).is_none(),
            "{unchanged} is in {}",
            tick.data
        );
    }
    assert!(events.next_named("ping").await.data["seq"].as_u64() >= Some(tick.id));
}

#[tokio::test]
async fn what_is_held_back_comes_without_another_commit() {
    let options = Options {
        dots: Duration::from_millis(300),
        ..brisk()
    };
    let world = World::with(options).await;
    let mut events = Events::open(world.address, "/api/v1/live").await;
    events.next_named("snapshot").await;
    world.change(|figures| {
        figures.dots = 3;
        figures.yes.insert("us".into(), 1);
    });
    let first = events.next_named("tick").await;
    assert_eq!(
        (
            first.data["totals"]["rsvps"].as_u64(),
            first.data.get("dots_changes")
        ),
        (Some(1), None)
    );
    let dots = events
        .find(|event| event.data.get("dots_changes").is_some())
        .await;
    let mut changed = dots.data["dots_changes"].as_array().unwrap().clone();
    changed.sort_by(|a, b| a[0].as_f64().unwrap().total_cmp(&b[0].as_f64().unwrap()));
    assert_eq!(changed.len(), 3);
    assert_eq!(changed[0], json!([0.0, 0.0, 1, "us"]));
    assert!(
        dots.data.get("totals").is_none(),
        "only what is new: {}",
        dots.data
    );
}

#[tokio::test]
async fn each_filter_has_its_own_figures_and_one_computation() {
    let world = World::with(Options {
        ping: Duration::from_secs(60),
        ..brisk()
    })
    .await;
    world.count("us", 2);
    world.count("gb", 5);
    let at = world.address;
    let mut streams = Vec::new();
    for _ in 0..4 {
        for (path, expected) in [
            ("/api/v1/live?country=us", 2),
            ("/api/v1/live?country=GB,us&country=", 7),
            ("/api/v1/live?country=gb&country=Us", 7),
            ("/api/v1/live?country=zz", 0),
        ] {
            let mut events = Events::open(at, path).await;
            let snapshot = events.next().await.unwrap();
            assert_eq!(snapshot.data["totals"]["rsvps"], expected, "{path}");
            assert_eq!(snapshot.data["all"]["rsvps"], 7, "{path}");
            assert_eq!(
                snapshot.data["countries"].as_array().unwrap().len(),
                2,
                "{path}: its own dimension"
            );
            streams.push((events, expected));
        }
    }
    assert_eq!(world.views(), 3, "sixteen clients, three filters");
    world.count("us", 1);
    for (events, before) in &mut streams {
        let tick = events.next_named("tick").await;
        assert_eq!(tick.data["all"]["rsvps"], 8);
        let expected = (*before > 0).then(|| *before + 1);
        assert_eq!(
            tick.data["totals"]["rsvps"].as_u64(),
            expected,
            "unchanged figures are not sent"
        );
    }
    assert_eq!(world.views(), 6);
}

#[tokio::test]
async fn a_room_closes_behind_its_last_client_and_counts_on() {
    let world = World::with(brisk()).await;
    let mut events = Events::open(world.address, "/api/v1/live?country=us").await;
    events.next_named("snapshot").await;
    world.count("us", 1);
    let last = events.next_named("tick").await.id;
    drop(events);
    let gone = async { while world.metric("headcount_live_filters").await > 0.0 {} };
    crate::client::within(gone).await;
    assert_eq!(world.metric("headcount_live_clients").await, 0.0);
    let mut events = Events::open(world.address, "/api/v1/live?country=us").await;
    assert!(events.next_named("snapshot").await.id > last, "never back");
}

#[tokio::test]
async fn pulses_are_summed_and_filtered() {
    let world = World::with(brisk()).await;
    let mut all = Events::open(world.address, "/api/v1/live").await;
    let mut british = Events::open(world.address, "/api/v1/live?country=gb").await;
    all.next_named("snapshot").await;
    british.next_named("snapshot").await;
    let pulse = |lon: f64, country: &str| Pulse {
        lon,
        lat: 2.5,
        response: headcount_engine::Response::Yes,
        country: country.into(),
    };
    let pulses = [pulse(1.0, "us"), pulse(1.0, "us"), pulse(3.0, "gb")];
    world.pulses.send(pulses.into()).unwrap();
    world.count("us", 2);
    let seen = all.find(|event| event.data.get("pulses").is_some()).await;
    assert_eq!(
        seen.data["pulses"],
        json!([[1.0, 2.5, 1, "us", 2], [3.0, 2.5, 1, "gb", 1]])
    );
    let seen = british
        .find(|event| event.data.get("pulses").is_some())
        .await;
    assert_eq!(seen.data["pulses"], json!([[3.0, 2.5, 1, "gb", 1]]));

    // Without a commit they come with the next ping at the latest.
    world.pulses.send([pulse(4.0, "gb")].into()).unwrap();
    let seen = british
        .find(|event| event.data.get("pulses").is_some())
        .await;
    assert_eq!(seen.data["pulses"][0][0], 4.0);
}

#[tokio::test]
async fn a_source_that_changes_is_told_at_once() {
    let world = World::with(brisk()).await;
    let mut events = Events::open(world.address, "/api/v1/live").await;
    events.next_named("snapshot").await;
    world
        .sources
        .send_replace(vec![source(ConnectionState::Reconnecting)].into());
    let tick = events.next_named("tick").await;
    assert_eq!(tick.data["source"][0]["state"], "reconnecting");

    let mut replay = source(ConnectionState::Connecting);
    replay.kind = SourceKind::Replay { speed: 2.5 };
    replay.error = Some("connection refused".into());
    world.sources.send_replace(vec![replay].into());
    let tick = events.next_named("tick").await;
    let told = &tick.data["source"][0];
    assert_eq!(
        (&told["kind"], &told["speed"], &told["error"]),
        (&json!("replay"), &json!(2.5), &json!("connection refused"))
    );
}

#[tokio::test]
async fn what_stops_the_figures_is_told_to_those_who_watch() {
    let world = World::with(brisk()).await;
    let mut events = Events::open(world.address, "/api/v1/live").await;
    events.next_named("snapshot").await;
    let reason = "partition 1: the journal is damaged".to_owned();
    world.ready.send_replace(Readiness::Failed(reason.clone()));
    let tick = events.next_named("tick").await;
    assert_eq!(
        tick.data["ready"],
        json!({"state": "failed", "reason": reason})
    );
    world.ready.send_replace(Readiness::Ready);
    let tick = events.next_named("tick").await;
    assert_eq!(tick.data["ready"]["state"], "ready");
}

/// The stream opens before there is anything to show, so that the page connects once.
#[tokio::test]
async fn a_stream_waits_for_the_first_figures() {
    let world = World::with(brisk()).await;
    world.open.send_replace(false);
    let mut events = Events::open(world.address, "/api/v1/live").await;
    events.comment().await; // kept alive meanwhile
    world.count("us", 1);
    world.open.send_replace(true);
    assert_eq!(
        events.next_named("snapshot").await.data["totals"]["rsvps"],
        1
    );
}

#[tokio::test]
async fn bad_parameters_and_foreign_pages_are_refused() {
    let world = World::new().await;
    let at = world.address;
    let many = ["us"; 33].join(",");
    for query in [
        "country=%ZZ",
        "country=%ff",
        "country=us%00",
        &format!("country={many}"),
    ] {
        let reply = get(at, &format!("/api/v1/live?{query}")).await;
        assert_eq!(
            (reply.status, reply.json()["field"].as_str()),
            (400, Some("country")),
            "{query}"
        );
        assert!(reply.error().contains("`country`"));
    }
    for more in [
        "sec-fetch-site: cross-site\r\n",
        "origin: http://evil.example\r\n",
    ] {
        assert_eq!(
            ask(at, "GET", "/api/v1/live", more).await.status,
            403,
            "{more}"
        );
    }
    // A browser that was here before says so; whatever it says, it gets a snapshot.
    for id in ["7", "-1", "18446744073709551616", "<script>"] {
        let path = "/api/v1/live";
        let request = format!("last-event-id: {id}\r\nsec-fetch-site: same-origin\r\n");
        let reply = ask(at, "HEAD", path, &request).await;
        assert_eq!(reply.status, 200, "{id}");
    }
}

#[tokio::test]
async fn streams_are_counted_in_all_and_by_address() {
    for (options, status) in [
        (
            Options {
                live_clients_per_address: 2,
                ..brisk()
            },
            429,
        ),
        (
            Options {
                live_clients: 2,
                ..brisk()
            },
            503,
        ),
        (
            Options {
                live_filters: 1,
                ..brisk()
            },
            503,
        ),
    ] {
        let world = World::with(options).await;
        let mut first = Events::open(world.address, "/api/v1/live").await;
        first.next_named("snapshot").await;
        let mut second = Events::open(world.address, "/api/v1/live").await;
        second.next_named("snapshot").await;
        let third = get(world.address, "/api/v1/live?country=us").await;
        assert_eq!(third.status, status, "{}", third.text());
        assert!(!third.header("retry-after").is_empty());
        drop((first, second));
        let free = async {
            while ask(world.address, "HEAD", "/api/v1/live?country=us", "")
                .await
                .status
                != 200
            {}
        };
        crate::client::within(free).await;
    }
}

#[tokio::test]
async fn names_of_the_stream_cannot_leave_their_string() {
    let world = World::new().await;
    let mut events = Events::open(world.address, "/api/v1/live").await;
    let snapshot = events.next_named("snapshot").await;
    assert_eq!(snapshot.data["venues"][0]["name"], "</script><b>&");
    assert_eq!(snapshot.data["venues"][0]["city"], "x\u{2028}y");
    assert_eq!(snapshot.data["venues"][0]["lat"], json!(null));
}

/// Whoever opens the page while the journal is read waits; the question that nobody can answer yet is not asked.
#[tokio::test]
async fn nobody_is_asked_before_there_are_figures() {
    let world = World::with(brisk()).await;
    let reading = Readiness::Starting("reading the journal".into());
    world.ready.send_replace(reading);
    let mut events = Events::open(world.address, "/api/v1/live").await;
    events.comment().await;
    assert_eq!(world.views(), 0);
    world.ready.send_replace(Readiness::Ready);
    events.next_named("snapshot").await;
    assert!(world.views() > 0);
}
