//! Health, readiness, metrics, and the table of routes.

use crate::{
    client::{Connection, Events, ask, get},
    world::{World, ledger, source},
};
use headcount_query::{ConnectionState, Readiness};

#[tokio::test]
async fn readiness_says_why_not() {
    let world = World::new().await;
    let at = world.address;
    assert_eq!(get(at, "/healthz").await.json()["status"], "ok");
    assert_eq!(get(at, "/readyz").await.json()["status"], "ready");

    world
        .ready
        .send_replace(Readiness::Starting("replaying the journal: 40 %".into()));
    assert_eq!(get(at, "/healthz").await.status, 200);
    for path in ["/readyz", "/api/data", "/api/v1/summary"] {
        let reply = get(at, path).await;
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (503, "1"),
            "{path}"
        );
        assert_eq!(
            reply.error(),
            "headcount is starting: replaying the journal: 40 %"
        );
    }
    world
        .ready
        .send_replace(Readiness::Failed("segment 42 is damaged".into()));
    assert_eq!(
        get(at, "/readyz").await.error(),
        "headcount has failed: segment 42 is damaged"
    );
    assert_eq!(get(at, "/api/v1/live").await.status, 503);
}

/// A full disk stops new records. The figures are right for all that was counted, so they are served.
#[tokio::test]
async fn waiting_is_not_failing() {
    let world = World::new().await;
    let at = world.address;
    world.count("us", 3);
    world
        .ready
        .send_replace(Readiness::Waiting("the disk is full".into()));
    let probe = get(at, "/readyz").await;
    assert_eq!(probe.status, 503);
    assert_eq!(probe.error(), "headcount is waiting: the disk is full");
    assert_eq!(get(at, "/api/v1/summary").await.json()["rsvps"], 3);
    let mut events = Events::open(at, "/api/v1/live").await;
    let snapshot = events.next_named("snapshot").await.data;
    assert_eq!(
        (&snapshot["ready"]["state"], &snapshot["ready"]["reason"]),
        (&"waiting".into(), &"the disk is full".into())
    );
    let told = get(at, "/api/v1/status").await.json();
    assert_eq!(
        (&told["ready"], &told["rate"]),
        (&"waiting".into(), &0.0.into())
    );
    assert!(get(at, "/metrics").await.text().contains("headcount_rsvps"));
}

#[tokio::test]
async fn paths_and_methods() {
    let world = World::new().await;
    let at = world.address;
    for path in [
        "/nothing",
        "/query/nothing",
        "/assets",
        "/assets/",
        "/assets/..%2f..%2fetc/passwd",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/%c0%ae%c0%ae/x",
        "/index.html%00",
        "/api/data/",
        "/api/v1/nothing",
    ] {
        let reply = get(at, path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.error().starts_with("there is nothing at /"), "{path}");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        for path in ["/", "/api/data", "/api/v1/live"] {
            let reply = ask(at, method, path, "").await;
            assert_eq!(
                (reply.status, reply.header("allow")),
                (405, "GET,HEAD"),
                "{method} {path}"
            );
            assert!(reply.error().contains(method));
        }
    }
    // One connection serves them all, HEAD without a body among them.
    let mut connection = Connection::open(at).await;
    for path in ["/", "/healthz", "/api/v1/summary", "/nothing"] {
        let whole = connection.get(path).await;
        let head = connection.ask("HEAD", path, "").await;
        assert_eq!(head.status, whole.status);
        assert_eq!(
            head.header("content-length"),
            whole.body.len().to_string(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn names_of_others_are_refused_on_loopback() {
    let world = World::new().await;
    let at = world.address;
    let mut connection = Connection::open(at).await;
    for host in ["evil.example", "127.0.0.1.nip.io", "10.0.0.1:8080"] {
        connection
            .send(format!("GET /api/data HTTP/1.1\r\nhost: {host}\r\n\r\n"))
            .await;
        assert_eq!(connection.reply("GET").await.status, 421, "{host}");
    }
    for host in ["localhost", "127.0.0.1:1", "[::1]"] {
        connection
            .send(format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n"))
            .await;
        assert_eq!(connection.reply("GET").await.status, 200, "{host}");
    }
    for bad in ["", "host: localhost\r\nhost: localhost\r\n"] {
        connection
            .send(format!("GET /healthz HTTP/1.1\r\n{bad}\r\n"))
            .await;
        assert_eq!(connection.reply("GET").await.status, 400, "{bad:?}");
    }
    connection
        .send("GET http://evil.example/healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    assert_eq!(connection.reply("GET").await.status, 421);
}

#[tokio::test]
async fn metrics_have_the_ledger_and_the_server() {
    let world = World::new().await;
    let at = world.address;
    world.change(|figures| {
        figures.yes.insert("us".into(), 3);
        figures.ledger = ledger("sim:\"x\"\n");
    });
    world
        .sources
        .send_replace(vec![source(ConnectionState::Reconnecting)].into());
    let mut events = Events::open(at, "/api/v1/live?country=us").await;
    events.next_named("snapshot").await;
    get(at, "/nothing").await;

    let reply = get(at, "/metrics").await;
    assert_eq!(
        reply.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = reply.text();
    for line in [
        "headcount_ready 1",
        "headcount_rsvps{response=\"yes\"} 3",
        "headcount_ledger_balanced 1",
        "headcount_records_received_total{source=\"sim:\\\"x\\\"\\n\"} 10",
        "headcount_records_kept_total{source=\"sim:\\\"x\\\"\\n\"} 8",
        "headcount_records_rejected_total{source=\"sim:\\\"x\\\"\\n\",reason=\"bad_json\"} 2",
        "headcount_records_counted_total{source=\"sim:\\\"x\\\"\\n\",outcome=\"repeated\"} 2",
        "headcount_records_quarantined_total{source=\"sim:\\\"x\\\"\\n\",reason=\"future_timestamp\"} 1",
        "headcount_gaps_total{source=\"sim:\\\"x\\\"\\n\"} 1",
        "headcount_source_state{source=\"sim:?rate=20\",state=\"reconnecting\"} 1",
        "headcount_source_reconnects_total{source=\"sim:?rate=20\"} 2",
        "headcount_source_last_record_seconds{source=\"sim:?rate=20\"} 0.007",
        "headcount_live_clients 1",
        "headcount_live_filters 1",
        "headcount_http_requests_total{route=\"/api/v1/live\",status=\"200\"} 1",
        "headcount_http_requests_total{route=\"other\",status=\"404\"} 1",
        "headcount_http_request_seconds_bucket{route=\"other\",le=\"+Inf\"} 1",
        "headcount_http_request_seconds_count{route=\"other\"} 1",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line}\nis not in\n{text}"
        );
    }
    assert!(text.contains(&format!("build=\"{}\"", headcount_server::build_id())));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit_once(' ').expect("a name and a value").1;
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

/// A scrape says how the server is even when the figures are not to be had.
#[tokio::test]
async fn metrics_do_without_figures() {
    let world = World::new().await;
    world
        .ready
        .send_replace(Readiness::Starting("opening".into()));
    world.open.send_replace(false);
    let reply = get(world.address, "/metrics").await;
    assert!(reply.text().contains("headcount_ready 0\n"));
    assert!(!reply.text().contains("headcount_rsvps"));
}

/// Prometheus and Grafana show these texts to people who have never seen the code.
#[tokio::test]
async fn the_help_of_metrics_is_for_readers() {
    let world = World::new().await;
    world.change(|figures| {
        figures.yes.insert("us".into(), 3);
        figures.ledger = ledger("sim:");
    });
    world
        .cluster
        .send_replace(Some(headcount_query::ClusterStatus::default().into()));
    let metrics = get(world.address, "/metrics").await;
    let helps: Vec<_> = metrics
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP "))
        .map(|help| help.split_once(' ').expect("a name and a text"))
        .collect();
    let families = metrics.text().matches("# TYPE ").count();
    assert!(families > 30 && helps.len() == families, "{families}");
    for (name, help) in helps {
        let is_sentence = help.starts_with(|first: char| first.is_uppercase() || first == '1')
            && help.ends_with('.')
            && help.split(' ').count() >= 3;
        assert!(is_sentence, "{name}: {help}");
        let is_code = help.contains(['_', '{', '}', '<', '`']) || help.contains("::");
        assert!(!is_code, "{name}: {help}");
        let own = [
            "door", "room", "hub", "delta", "permit", "survey", "book", "lane",
        ];
        let mut words = help.split(|c: char| !c.is_alphanumeric());
        assert!(!words.any(|word| own.contains(&word)), "{name}: {help}");
    }
}
