//! When each record is shown. The clock is paused, so times are exact.

use std::time::Duration;

use bytes::Bytes;
use headcount_record::Feed;
use tokio::time::{Instant, timeout};

use super::*;
use crate::{
    playback::{Broadcast, Playback},
    poll,
    query::{Query, Since},
    shutdown,
};

const START: i64 = 1_704_067_200_001;
const LONG: Duration = Duration::from_secs(3600);

fn broadcast(lines: &[String], speed: Speed, once: bool) -> Broadcast {
    let programme = Programme::Recording(lines.iter().collect());
    Broadcast::new(Options {
        speed,
        once,
        ..Options::new(programme)
    })
}

fn since(since: Since) -> Query {
    Query {
        since,
        ..Query::default()
    }
}

/// The next `count` records' ids (or venues') and after how many ms they came.
async fn shown(play: &mut Playback, count: usize) -> Vec<(i64, u128)> {
    let began = Instant::now();
    let mut shown = Vec::new();
    for _ in 0..count {
        let line = play.next().await;
        shown.push((id_of(&line), began.elapsed().as_millis()));
    }
    shown
}

fn id_of(line: &Bytes) -> i64 {
    let value: serde_json::Value = serde_json::from_slice(line).unwrap();
    value
        .get("rsvp_id")
        .or(value.get("id"))
        .unwrap()
        .as_i64()
        .unwrap()
}

/// Live, a re-sent one of long ago, a live one that is late, and silence of an hour.
fn recording() -> Vec<String> {
    let times = [0, 400, -86_400_001, 300, 900, 3_600_000, 3_600_100];
    (1..)
        .zip(times)
        .map(|(id, after)| rsvp(id, START + after))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_greatest_live_time_sets_the_pace() {
    let mut play =
        broadcast(&recording(), Speed::RECORDED, true).play(Feed::Rsvps, &Query::default());
    let expected = [
        (1, 0),
        (2, 400),
        (3, 400),
        (4, 400),
        (5, 900),
        (6, 1_900),
        (7, 2_000),
    ];
    assert_eq!(shown(&mut play, 7).await, expected);
    assert!(timeout(LONG, play.next()).await.is_err(), "once means once");
}

#[tokio::test(start_paused = true)]
async fn speed_shortens_times_and_a_gap_is_a_second_at_most() {
    let broadcast = broadcast(&recording(), Speed::times(10.0).unwrap(), false);
    let mut play = broadcast.play(Feed::Rsvps, &Query::default());
    let expected = [
        (1, 0),
        (2, 40),
        (3, 40),
        (4, 40),
        (5, 90),
        (6, 1_090),
        (7, 1_100),
        (1, 2_100),
        (2, 2_140),
    ];
    assert_eq!(shown(&mut play, 9).await, expected);
}

#[tokio::test(start_paused = true)]
async fn at_top_speed_nothing_waits() {
    let broadcast = broadcast(&recording(), Speed::MAX, false);
    let mut play = broadcast.play(Feed::Rsvps, &Query::default());
    assert!(shown(&mut play, 700).await.iter().all(|&(_, ms)| ms == 0));
    // Unless nothing is there to be shown.
    let query = Query {
        event_id: Some("none".into()),
        ..Query::default()
    };
    let mut play = broadcast.play(Feed::Rsvps, &query);
    assert!(timeout(LONG, play.next()).await.is_err());
    let mut play = broadcast.play(Feed::Photos, &Query::default());
    assert!(timeout(LONG, play.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_is_answered_soon_after_its_first_record() {
    let broadcast = broadcast(&recording(), Speed::RECORDED, true);
    let (_ending, signal) = shutdown::channel();
    let began = Instant::now();
    let play = broadcast.play(Feed::Rsvps, &Query::default());
    let script = poll::script("foo", play, signal.clone()).await;
    let script = String::from_utf8(script).unwrap();
    assert!(script.starts_with("/**/foo([{\"rsvp_id\":1,"), "{script}");
    assert!(began.elapsed() < Duration::from_millis(500));
    // Even with nothing it is answered.
    let nothing = since(Since::Mtime(START + 3_600_100));
    let script = poll::script("foo", broadcast.play(Feed::Rsvps, &nothing), signal).await;
    assert_eq!(script, b"/**/foo([]);\n");
}

#[tokio::test(start_paused = true)]
async fn since_mtime_skips_without_waiting() {
    let broadcast = broadcast(&recording(), Speed::RECORDED, true);
    let mut play = broadcast.play(Feed::Rsvps, &since(Since::Mtime(START + 400)));
    assert_eq!(shown(&mut play, 3).await, [(5, 0), (6, 1_000), (7, 1_100)]);
    let mut play = broadcast.play(Feed::Rsvps, &since(Since::Mtime(START + 3_600_100)));
    assert!(timeout(LONG, play.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn since_mtime_beyond_the_end_begins_anew_when_it_plays_again() {
    let broadcast = broadcast(&recording(), Speed::RECORDED, false);
    let mut play = broadcast.play(Feed::Rsvps, &since(Since::Mtime(i64::MAX)));
    assert_eq!(shown(&mut play, 2).await, [(1, 1_000), (2, 1_400)]);
}

#[tokio::test(start_paused = true)]
async fn since_count_brings_the_last_at_once() {
    let broadcast = broadcast(&recording(), Speed::RECORDED, false);
    let mut play = broadcast.play(Feed::Rsvps, &since(Since::Count(2)));
    assert_eq!(shown(&mut play, 3).await, [(6, 0), (7, 0), (1, 1_000)]);
    let mut play = broadcast.play(Feed::Rsvps, &since(Since::Count(99)));
    assert_eq!(shown(&mut play, 1).await, [(1, 0)]);
    let mut play = broadcast.play(Feed::Rsvps, &since(Since::Count(0)));
    assert_eq!(shown(&mut play, 1).await, [(1, 1_000)]);
}

#[tokio::test(start_paused = true)]
async fn one_event_keeps_the_pace_of_all() {
    let query = Query {
        event_id: Some("e2".into()),
        ..Query::default()
    };
    let mut play = broadcast(&recording(), Speed::RECORDED, true).play(Feed::Rsvps, &query);
    assert_eq!(shown(&mut play, 2).await, [(2, 400), (5, 900)]);
    let query = Query {
        event_id: Some("e2".into()),
        ..since(Since::Count(1))
    };
    let mut play = broadcast(&recording(), Speed::RECORDED, true).play(Feed::Rsvps, &query);
    assert_eq!(shown(&mut play, 1).await, [(5, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_recording_of_whole_seconds_goes_by_them() {
    let lines: Vec<String> = (0..3)
        .map(|id| rsvp(id, 1_704_067_200_000 + 1_000 * i64::from(id)))
        .collect();
    let mut play =
        broadcast(&lines, Speed::times(2.0).unwrap(), true).play(Feed::Rsvps, &Query::default());
    assert_eq!(shown(&mut play, 3).await, [(0, 0), (1, 500), (2, 1_000)]);
}

#[tokio::test(start_paused = true)]
async fn a_trickle_comes_in_batches() {
    let venue = |id: i64| format!(r#"{{"id":{id},"lat":1,"mtime":{}}}"#, START + 7 * id);
    let lines: Vec<String> = (0..1_100).map(venue).collect();
    let query = Query {
        trickle: true,
        ..Query::default()
    };
    let mut play =
        broadcast(&lines, Speed::times(4.0).unwrap(), true).play(Feed::OpenVenues, &query);
    let times: Vec<u128> = shown(&mut play, 1_100)
        .await
        .into_iter()
        .map(|(_, ms)| ms)
        .collect();
    assert_eq!(
        (times[0], times[511], times[512], times[1_023], times[1_024]),
        (0, 0, 250, 250, 500)
    );
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_loses_nothing() {
    let mut play =
        broadcast(&recording(), Speed::RECORDED, true).play(Feed::Rsvps, &Query::default());
    let mut ids = Vec::new();
    while ids.len() < 7 {
        if let Ok(line) = timeout(Duration::from_millis(70), play.next()).await {
            ids.push(id_of(&line));
        }
    }
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
}

fn simulation(speed: Speed) -> (Broadcast, Simulator) {
    let simulator = || Simulator::new(Seed(1), DEFAULT_START_MS, Rate::new(10.0).unwrap());
    let options = Options {
        speed,
        ..Options::new(Programme::Simulation(simulator()))
    };
    (Broadcast::new(options), simulator())
}

#[tokio::test(start_paused = true)]
async fn a_simulation_is_joined_where_it_is() {
    let (broadcast, simulator) = simulation(Speed::times(60.0).unwrap());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let now = simulator.time_of(0) + 600_000;
    let index = simulator.index_at(now);
    let line = |index| {
        let mut line = Vec::new();
        simulator.write(index, &mut line);
        line.push(b'\n');
        line
    };
    let mut play = broadcast.play(Feed::Rsvps, &Query::default());
    let mut other = broadcast.play(Feed::Rsvps, &Query::default());
    for index in index..index + 50 {
        assert_eq!(play.next().await, line(index));
        assert_eq!(other.next().await, line(index));
    }
    let mut play = broadcast.play(Feed::Rsvps, &since(Since::Mtime(now - 60_000)));
    assert_eq!(play.next().await, line(simulator.index_at(now - 59_999)));
    let (broadcast, _) = simulation(Speed::RECORDED);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut play = broadcast.play(Feed::Rsvps, &since(Since::Count(5)));
    let begin = simulator.index_at(simulator.time_of(0) + 10_000) - 5;
    assert_eq!(play.next().await, line(begin));
    let mut silent = broadcast.play(Feed::Photos, &Query::default());
    assert!(timeout(LONG, silent.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_simulation_at_top_speed_begins_at_its_start() {
    let (broadcast, simulator) = simulation(Speed::MAX);
    let mut play = broadcast.play(Feed::Rsvps, &Query::default());
    let began = Instant::now();
    for index in 0..200 {
        let mut line = Vec::new();
        simulator.write(index, &mut line);
        line.push(b'\n');
        assert_eq!(play.next().await, line);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[test]
fn records_are_sorted_into_feeds() {
    let mut lines = simulated(400);
    lines.push("{\n  \"rsvp_id\": 1,\n  \"url\": \"http://x/y\"\n}".into());
    lines.extend([
        "{'rsvp_id':1}".into(),
        "[]".into(),
        "{\"odd\":1}".into(),
        String::new(),
    ]);
    let recording: RecordedFeeds = lines.iter().collect();
    assert_eq!(recording.skipped(), 4);
    let counts = Feed::ALL.map(|feed| recording.count(feed));
    assert_eq!(counts.iter().sum::<usize>(), 401);
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
    let [rsvps, ..] = recording.into_feeds();
    assert_eq!(
        rsvps.last().unwrap().line,
        "{\"rsvp_id\":1,\"url\":\"http:\\/\\/x\\/y\"}\n"
    );
}
