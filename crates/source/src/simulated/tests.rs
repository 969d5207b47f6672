#![allow(clippy::unwrap_used)]

use tokio::time::Instant;

use super::*;
use crate::address::SourceAddress;
use crate::position::Resume;
use crate::run::Options;
use crate::sink::SinkLimits;
use crate::testing::*;
use headcount_clock::now_ms;
use headcount_simulator::{Rate, Seed};

const START_MS: i64 = 1_700_000_000_000;

fn expected(rate: f64, start_ms: i64, indices: std::ops::Range<u64>) -> Vec<String> {
    let simulator = Simulator::new(Seed(7), start_ms, Rate::new(rate).unwrap());
    let line = |index| {
        let mut line = Vec::new();
        simulator.write(index, &mut line);
        String::from_utf8(line).unwrap()
    };
    indices.map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn every_record_comes_once_and_in_its_time() {
    let address = format!("sim:?rate=500&seed=7&start={START_MS}");
    let simulator = Simulator::new(Seed(7), START_MS, Rate::new(500.0).unwrap());
    let mut running = start(&address, Resume::fresh(), Options::default());
    let begun = Instant::now();
    let mut batches = Vec::new();
    let mut next = 0;
    while next < 2000 {
        let batch = running.bench.next().await.unwrap();
        let elapsed_ms = i64::try_from(begun.elapsed().as_millis()).unwrap();
        for item in &batch.items {
            let SourceItem::Message(message) = item else {
                panic!()
            };
            next += 1;
            assert_eq!(message.position, next);
            let late_ms = START_MS + elapsed_ms - simulator.time_of(next - 1);
            assert!(
                (0..=20).contains(&late_ms),
                "record {next} is {late_ms} ms late"
            );
        }
        let position = batch.position.clone().unwrap();
        assert_eq!(
            (position.at, position.state),
            (Some(next), ResumeState::Simulation { start_ms: START_MS })
        );
        batches.push(batch);
    }
    running.stop().await;
    let position = batches[3].position.clone().unwrap();
    assert_eq!(
        texts(&all_items(batches)),
        expected(500.0, START_MS, 0..next)
    );

    // From a stored position it goes on with the next one, wherever that was.
    let at = position.at.unwrap();
    let mut running = start(&address, Resume::from(vec![position]), Options::default());
    let rest = running.bench.items(100).await;
    assert_eq!(
        texts(&rest),
        expected(500.0, START_MS, at..at + rest.len() as u64)
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_comes_at_once() {
    let mut running = start(
        "sim:?rate=100&seed=7&warmup=60",
        Resume::fresh(),
        Options::default(),
    );
    let begun = Instant::now();
    let mut items = Vec::new();
    let mut position = None;
    while items.len() < 5000 {
        let batch = running.bench.next().await.unwrap();
        position = batch.position;
        items.extend(batch.items);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    // Then it goes at its rate.
    while begun.elapsed() < Duration::from_secs(10) {
        let batch = running.bench.next().await.unwrap();
        position = batch.position;
        items.extend(batch.items);
    }
    let elapsed_ms = i64::try_from(begun.elapsed().as_millis()).unwrap();
    running.stop().await;
    let position = position.unwrap();
    let ResumeState::Simulation { start_ms } = position.state else {
        panic!("{position:?}")
    };
    let simulator = Simulator::new(Seed(7), start_ms, Rate::new(100.0).unwrap());
    let due = simulator.index_at(start_ms + 60_000 + elapsed_ms);
    assert!(
        due.abs_diff(items.len() as u64) <= 5,
        "{} of {due}",
        items.len()
    );
    assert!((0..=60_000).contains(&(now_ms() - 60_000 - start_ms)));
    assert_eq!(
        texts(&items),
        expected(100.0, start_ms, 0..items.len() as u64)
    );

    // Joined again, it is the same simulation, and what came due meanwhile is not left out.
    let address = "sim:?rate=100&seed=7&warmup=60";
    let mut running = start(
        address,
        Resume::from(vec![position.clone()]),
        Options::default(),
    );
    let (first, at) = (items.len() as u64, position.at.unwrap());
    assert_eq!(first, at);
    let rest = running.bench.items(50).await;
    assert_eq!(
        texts(&rest),
        expected(100.0, start_ms, at..at + rest.len() as u64)
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_long_absence_it_joins_where_the_warm_up_begins() {
    let SourceAddress::Simulation(address) = "sim:?rate=1000&warmup=10".parse().unwrap() else {
        panic!()
    };
    let now_ms = START_MS + 86_400_000;
    let joined = |at| {
        let state = ResumeState::Simulation { start_ms: START_MS };
        Position::new("sim", Some(at), state)
    };
    // Half an hour: all of it. A day: the last ten seconds.
    let simulated = Simulated::new(address, Some(&joined(100)), START_MS + 1_800_000);
    assert_eq!((simulated.next, simulated.catching_up), (100, true));
    let simulated = Simulated::new(address, Some(&joined(100)), now_ms);
    let first_ms = simulated.simulator.time_of(simulated.next);
    assert!(
        (now_ms - 10_000..now_ms - 9_000).contains(&first_ms),
        "{}",
        now_ms - first_ms
    );
    // A clock that was set back does not repeat anything.
    let simulated = Simulated::new(address, Some(&joined(100_000)), START_MS);
    assert_eq!((simulated.next, simulated.catching_up), (100_000, false));
    assert!(simulated.clock.now_ms() > START_MS + 50_000);
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_a_ceiling_also_after_a_pause() {
    let address = format!("sim:?rate=1000&seed=7&start={START_MS}");
    let mut running = start(
        &address,
        Resume::fresh(),
        Options {
            batch_items: 10,
            ..Options::default()
        },
    );
    running.bench.items(10).await;
    // For a minute the program takes nothing: a queue full of batches of 10 waits, and some on the way there; time waits
    // too.
    let waited = 10 * (SinkLimits::default().batches + 2);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < Duration::from_secs(5) {
        count += running.bench.next().await.unwrap().items.len();
    }
    // Five seconds at the rate, what waited, and the second it may catch up on.
    assert!(
        (5000..=5000 + waited + 1000 + 100).contains(&count),
        "{count}"
    );
    running.stop().await;
}
