//! The cadence of a room, on a clock that is advanced.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt};
use headcount_engine::{CityRow, Filter, Totals, View};
use headcount_query::{BatchWorkerStatus, Question, Views};
use serde_json::Value;
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::{self, Instant},
};

use super::{
    client,
    delta::{DeltaState, ProgramState},
    hub::Hub,
    packed::StreamEncoding,
};
use crate::{
    http::stop_signal::StopSignal, metrics::Metrics, options::Options, state::ServerState,
};

struct Publisher {
    hub: Arc<Hub>,
    commits: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    _sources: watch::Sender<Arc<Vec<headcount_query::SourceStatus>>>,
    _ready: watch::Sender<headcount_query::Readiness>,
}

impl Publisher {
    /// With a publisher that takes so long for a view; its figures are the number of the commit.
    fn new(view_takes: Duration) -> Self {
        let (questions, mut asked) = mpsc::channel(4);
        let stage = Self::asking(questions);
        let commit = stage.commits.subscribe();
        tokio::spawn(async move {
            while let Some(ask) = asked.recv().await {
                time::sleep(view_takes).await;
                if let Question::View(filter, reply) = ask {
                    let _ = reply.send(Arc::new(view(filter, *commit.borrow())));
                }
            }
        });
        stage
    }

    fn asking(questions: mpsc::Sender<Question>) -> Self {
        let (commits, commits_seen) = watch::channel(0);
        let (sources, sources_seen) = watch::channel(Arc::default());
        let (ready, ready_seen) = watch::channel(headcount_query::Readiness::Ready);
        let state = ServerState {
            views: Views {
                questions,
                commits: commits_seen,
            },
            pulses: broadcast::Sender::new(4),
            sources: sources_seen,
            ready: ready_seen,
            cluster: watch::channel(None).1,
            disk: watch::channel(None).1,
            batch: watch::channel(BatchWorkerStatus::absent("", "")).1,
            models: crate::ModelsAccess::none(),
        };
        let (stop, stopped) = StopSignal::new();
        let metrics = Arc::new(Metrics::default());
        let hub = Hub::new(
            &state,
            &Options::default(),
            "build".into(),
            metrics,
            stopped,
        );
        Self {
            hub,
            commits,
            stop,
            _sources: sources,
            _ready: ready,
        }
    }

    fn client(&self) -> Pin<Box<dyn Stream<Item = String>>> {
        let filter = Filter::default();
        let permit = self.hub.permit(None, &filter).expect("a permit");
        let bytes = client::stream(Arc::clone(&self.hub), filter, StreamEncoding::Plain, permit);
        Box::pin(bytes.map(|bytes| {
            let Ok(bytes) = bytes;
            String::from_utf8(bytes.to_vec()).expect("UTF-8")
        }))
    }

    /// Commits a thousand times a second, for so long.
    async fn commit_for(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            time::sleep(Duration::from_millis(1)).await;
            self.commits.send_modify(|commit| *commit += 1);
        }
    }
}

fn view(filter: Filter, commit: u64) -> View {
    let city = CityRow {
        city: "New York".into(),
        state: "NY".into(),
        country: "us".into(),
        yes: commit,
        no: 0,
        maybe: 0,
    };
    View {
        filter,
        totals: Totals {
            rsvps: commit,
            ..Totals::default()
        },
        cities: vec![city],
        dots: vec![(1.0, 2.0, commit, "us".into())],
        ..View::default()
    }
}

fn name(event: &str) -> &str {
    event
        .lines()
        .find_map(|line| line.strip_prefix("event: "))
        .unwrap_or_default()
}

fn data(event: &str) -> Value {
    let data = event.lines().find_map(|line| line.strip_prefix("data: "));
    serde_json::from_str(data.expect("data")).expect("JSON")
}

/// Reads until the commits stop and a second has passed.
async fn watch_stream(stage: &Publisher, time: Duration) -> Vec<String> {
    let mut stream = stage.client();
    let mut seen = Vec::new();
    let end = Instant::now() + time + Duration::from_secs(3);
    let reading = async {
        while let Ok(Some(event)) = time::timeout_at(end, stream.next()).await {
            seen.push(event);
        }
    };
    tokio::join!(reading, stage.commit_for(time));
    seen
}

#[tokio::test(start_paused = true)]
async fn a_thousand_commits_a_second_are_ten_ticks() {
    let stage = Publisher::new(Duration::from_millis(2));
    let seen = watch_stream(&stage, Duration::from_secs(10)).await;
    assert_eq!(
        (seen[0].as_str(), name(&seen[1])),
        ("retry: 1000\n\n", "snapshot")
    );

    let ticks: Vec<_> = seen
        .iter()
        .filter(|event| name(event) == "tick")
        .map(|e| data(e))
        .collect();
    let with = |member: &str| {
        ticks
            .iter()
            .filter(|tick| tick.get(member).is_some())
            .count()
    };
    assert!(
        (95..=101).contains(&ticks.len()),
        "{} ticks in ten seconds",
        ticks.len()
    );
    assert!(
        (9..=11).contains(&with("cities")),
        "{} times the lists",
        with("cities")
    );
    assert!(
        (5..=6).contains(&with("dots_changes")),
        "{} times the dots",
        with("dots_changes")
    );
    let pings = seen.iter().filter(|event| name(event) == "ping").count();
    assert!(
        (12..=13).contains(&pings),
        "{pings} pings in thirteen seconds"
    );

    let seqs: Vec<_> = ticks
        .iter()
        .map(|tick| tick["seq"].as_u64().expect("a number"))
        .collect();
    assert!(
        seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seqs:?}"
    );
    let last = |member: &str| {
        ticks
            .iter()
            .rev()
            .find_map(|tick| tick.get(member))
            .expect("sent")
            .clone()
    };
    assert_eq!(last("totals")["rsvps"], 10_000, "the last commit is shown");
    assert_eq!(last("cities")[0]["yes"], 10_000);
    assert_eq!(last("dots_changes")[0][2], 10_000);
}

/// One commit after a pause is told at once, not at the end of some interval.
#[tokio::test(start_paused = true)]
async fn a_single_commit_is_told_at_once() {
    let stage = Publisher::new(Duration::ZERO);
    let mut stream = stage.client();
    for _ in 0..2 {
        stream.next().await; // hello, snapshot
    }
    time::sleep(Duration::from_millis(500)).await;
    let before = Instant::now();
    stage.commits.send_modify(|commit| *commit += 1);
    assert_eq!(name(&stream.next().await.expect("a tick")), "tick");
    assert!(
        before.elapsed() <= Duration::from_millis(5),
        "{:?}",
        before.elapsed()
    );
}

/// A publisher that is slow is asked less often: a fifth of its time at most goes to one filter.
#[tokio::test(start_paused = true)]
async fn a_slow_publisher_is_left_alone() {
    let stage = Publisher::new(Duration::from_millis(200));
    let seen = watch_stream(&stage, Duration::from_secs(10)).await;
    let ticks = seen.iter().filter(|event| name(event) == "tick").count();
    assert!((9..=12).contains(&ticks), "{ticks} ticks in ten seconds");
    let pings = seen.iter().filter(|event| name(event) == "ping").count();
    assert!(pings >= 11, "and pings go on: {pings}");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_listen_gets_a_snapshot_of_now() {
    let stage = Publisher::new(Duration::ZERO);
    let mut stream = stage.client();
    stream.next().await;
    let first = stream.next().await.expect("a snapshot");
    stage.commit_for(Duration::from_secs(5)).await;
    let again = stream.next().await.expect("a snapshot");
    assert_eq!(name(&again), "snapshot");
    assert!(data(&again)["seq"].as_u64() > data(&first)["seq"].as_u64());
    assert!(data(&again)["totals"]["rsvps"].as_u64() >= Some(4_900));

    stage.stop.send_replace(true);
    assert_eq!(
        stream.next().await,
        None,
        "and the end of the server is the end of the stream"
    );
}

/// A publisher that has nothing yet may say so by letting the question go.
#[tokio::test(start_paused = true)]
async fn a_refused_question_is_asked_again() {
    let (questions, mut asked) = mpsc::channel(4);
    let stage = Publisher::asking(questions);
    let mut stream = stage.client();
    assert_eq!(stream.next().await.as_deref(), Some("retry: 1000\n\n"));
    let publisher = async {
        for _ in 0..3 {
            drop(asked.recv().await.expect("a question"));
        }
        let Some(Question::View(filter, reply)) = asked.recv().await else {
            panic!("a question")
        };
        reply
            .send(Arc::new(view(filter, 7)))
            .expect("somebody waits");
        asked // stays open: without anybody to ask, streams end
    };
    let page = async {
        loop {
            let event = stream.next().await.expect("the stream goes on");
            if name(&event) == "snapshot" {
                return data(&event);
            }
            assert_eq!(event, ": starting\n\n");
        }
    };
    let (asked, snapshot) = tokio::join!(publisher, page);
    assert_eq!(snapshot["totals"]["rsvps"], 7);
    drop(asked);
    stage.commits.send_modify(|commit| *commit += 1);
    let rest: Vec<_> = time::timeout(Duration::from_secs(60), stream.collect())
        .await
        .expect("an end");
    assert!(rest.iter().all(|event| name(event) == "ping"), "{rest:?}");
}

/// What happened while nobody read is not kept: a second of silence later everything is at rest.
#[tokio::test(start_paused = true)]
async fn an_empty_room_is_closed() {
    let stage = Publisher::new(Duration::ZERO);
    let mut stream = stage.client();
    stream.next().await;
    stream.next().await;
    let filters = || {
        stage
            .hub
            .metrics
            .live
            .filters
            .load(std::sync::atomic::Ordering::Relaxed)
    };
    assert_eq!((filters(), stage.hub.clients()), (1, 1));
    drop(stream);
    time::sleep(Duration::from_secs(2)).await;
    assert_eq!((filters(), stage.hub.clients()), (0, 0));
}

/// What a list was in between is told to nobody: whoever joins meanwhile would keep it.
#[tokio::test(start_paused = true)]
async fn a_client_that_joins_between_two_lists_gets_what_ticks_go_on_from() {
    let of = |commit| Arc::new(view(Filter::default(), commit));
    let program = ProgramState {
        ready: headcount_query::Readiness::Ready,
        notice: None,
    };
    let options = Options::default();
    let mut delta = DeltaState::new(of(1), Arc::default(), program, "".into(), 1, &options);
    delta.put_view(of(2));
    let now = Instant::now();
    let joined = String::from_utf8(delta.snapshot(now).of(StreamEncoding::Plain).to_vec());
    let joined = data(&joined.expect("UTF-8"));
    assert_eq!(
        (&joined["totals"]["rsvps"], &joined["cities"][0]["yes"]),
        (&2.into(), &1.into())
    );
    delta.put_view(of(1));
    let tick = delta
        .tick(now + options.lists * 2)
        .map(|tick| tick.of(StreamEncoding::Plain));
    let tick = tick.map(|tick| String::from_utf8(tick.to_vec()).expect("UTF-8"));
    assert!(tick.is_none_or(|tick| data(&tick).get("cities").is_none()));
}
