//! Each hour's report is made once, whatever happens to the workers.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch},
    datatypes::Schema,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures_util::stream;
use headcount_batch::schedule::{
    Claimed, Decided, Every, JobQuery, JobSchedule, Next, Period, ReportFiles, ReportFormat,
    ReportJob, write_report,
};
use headcount_batch::snapshot::TablesAsOf;
use headcount_clock::WallClock;
use headcount_lake::Lake;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;
const LEASE: Duration = Duration::from_secs(900);
/// An hour's first moment.
const BEGIN: i64 = 413_860 * HOUR;

fn job() -> ReportJob {
    ReportJob {
        name: "answers".to_owned(),
        query: JobQuery::Sql(String::new()),
        every: Every::Hour,
        formats: vec![ReportFormat::Parquet, ReportFormat::Csv],
        first: None,
    }
}

/// An answer that says which it is.
fn answer(number: i64) -> ReportFiles {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![number]));
    let batch = RecordBatch::try_from_iter([("n", column)]).expect("a batch");
    let schema: Arc<Schema> = batch.schema();
    let rows = RecordBatchStreamAdapter::new(schema, stream::iter([Ok(batch)]));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime
        .block_on(write_report(
            Box::pin(rows),
            &job().formats,
            TablesAsOf::default(),
        ))
        .expect("an answer")
}

#[derive(Debug, Clone)]
enum Step {
    /// A worker does what is next for it.
    Work(usize),
    /// A worker is killed and starts anew.
    Kill(usize),
    /// A worker's statement fails, if it is at one.
    Fail(usize),
    /// The clock on the wall is set.
    Clock(i64),
    /// Records come.
    Stream(i64),
}

fn step(workers: usize, killing: bool) -> impl Strategy<Value = Step> {
    let (kill, clock) = if killing { (2, 2) } else { (0, 0) };
    prop_oneof![
        20 => (0..workers).prop_map(Step::Work),
        kill => (0..workers).prop_map(Step::Kill),
        kill => (0..workers).prop_map(Step::Fail),
        clock => prop_oneof![
            Just(i64::try_from(LEASE.as_millis()).unwrap_or(0) + 1),
            -400 * 24 * HOUR..400 * 24 * HOUR,
            0..HOUR,
        ].prop_map(Step::Clock),
        3 => (0..3 * HOUR).prop_map(Step::Stream),
    ]
}

/// Where a worker is.
enum At {
    Rest,
    Computing(Box<Claimed>, i64),
    Publishing(Box<Decided>),
    Finishing(Box<Decided>),
}

struct World {
    lake: Lake,
    folder: tempfile::TempDir,
    clock: WallClock,
    workers: Vec<(JobSchedule, At)>,
    stream_time: i64,
    answers: i64,
    /// How often each hour was computed, and how often it was done.
    computed: BTreeMap<i64, usize>,
    done: BTreeMap<i64, usize>,
    /// The report of each hour, as it was when it was first there.
    reports: BTreeMap<i64, i64>,
}

impl World {
    fn new(workers: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Lake::open(folder.path().to_str().expect("UTF-8")).expect("a lake");
        let clock = WallClock::at(BEGIN);
        let worker =
            |n| JobSchedule::new(lake.clone(), clock.clone(), format!("worker-{n}"), LEASE);
        Self {
            workers: (0..workers).map(|n| (worker(n), At::Rest)).collect(),
            lake: lake.clone(),
            folder,
            clock: clock.clone(),
            stream_time: BEGIN + 1,
            answers: 0,
            computed: BTreeMap::new(),
            done: BTreeMap::new(),
            reports: BTreeMap::new(),
        }
    }

    /// True if the worker had something to do.
    fn work(&mut self, worker: usize) -> bool {
        let (schedule, at) = &mut self.workers[worker];
        let mut worked = true;
        *at = match std::mem::replace(at, At::Rest) {
            At::Rest => match schedule
                .next(&job(), self.stream_time)
                .expect("the lake answers")
            {
                Next::Compute(claimed) => {
                    *self.computed.entry(claimed.period().from()).or_default() += 1;
                    self.answers += 1;
                    At::Computing(Box::new(claimed), self.answers)
                }
                Next::Publish(decided) => At::Publishing(Box::new(decided)),
                Next::NotYet | Next::Other(_) | Next::Later(_) => {
                    worked = false;
                    At::Rest
                }
            },
            At::Computing(claimed, number) => {
                match claimed.decide(&answer(number)).expect("the lake answers") {
                    Some(decided) => At::Publishing(Box::new(decided)),
                    None => At::Rest,
                }
            }
            At::Publishing(decided) => match decided.publish().expect("the lake answers") {
                true => At::Finishing(decided),
                false => At::Rest,
            },
            At::Finishing(decided) => {
                let hour = decided.period().from();
                if decided.finish().expect("the lake answers") {
                    *self.done.entry(hour).or_default() += 1;
                }
                At::Rest
            }
        };
        worked
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Work(worker) => drop(self.work(worker)),
            Step::Kill(worker) => self.workers[worker].1 = At::Rest,
            Step::Fail(worker) => {
                if let At::Computing(claimed, _) =
                    std::mem::replace(&mut self.workers[worker].1, At::Rest)
                {
                    claimed.fail("told to").expect("the lake answers");
                }
            }
            Step::Clock(by) => self.clock.set((self.clock.now_ms() + by).max(0)),
            Step::Stream(by) => self.stream_time += by,
        }
        self.check();
    }

    /// A report that is there is whole, all of one answer, and stays as it is.
    fn check(&mut self) {
        for hour in self.hours() {
            let number = report(self.folder.path(), hour).expect("a report");
            assert_eq!(
                *self.reports.entry(hour.from()).or_insert(number),
                number,
                "{hour} has changed"
            );
        }
        assert!(
            self.done.values().all(|times| *times == 1),
            "done twice: {:?}",
            self.done
        );
    }

    /// The hours whose reports are there.
    fn hours(&self) -> Vec<Period> {
        let ended = (0..).map(|n| Every::Hour.ended_at(BEGIN + n * HOUR));
        let ended = ended.take_while(|hour| hour.to() <= self.stream_time);
        ended
            .filter(|hour| {
                self.lake
                    .get(&format!("{}/_SUCCESS", folder(*hour)))
                    .expect("the lake")
                    .is_some()
            })
            .collect()
    }

    /// Lets one worker do what is left, and compares.
    fn end(mut self) -> Self {
        for (_, at) in &mut self.workers {
            *at = At::Rest;
        }
        for _ in 0..10_000 {
            if !self.work(0) {
                // Whoever was killed has lost its turn by then, and what failed may be tried again.
                let before = self.done.len();
                self.clock.set(self.clock.now_ms() + HOUR);
                if !self.work(0) && self.done.len() == before {
                    break;
                }
            }
            self.check();
        }
        let made: Vec<_> = self.hours().into_iter().map(Period::from).collect();
        let last = Every::Hour.ended_at(self.stream_time).from();
        let due: Vec<_> = (0..)
            .map(|n| BEGIN - HOUR + n * HOUR)
            .take_while(|from| *from <= last)
            .collect();
        let first = made.first().copied().unwrap_or(BEGIN);
        // The first is the one that had ended when the job was first seen.
        let due: Vec<_> = due.into_iter().filter(|from| *from >= first).collect();
        assert_eq!(made, due, "an hour is missing");
        let mut left = Vec::new();
        self.lake
            .list("reports/_stored/", |object| left.push(object.key))
            .expect("the lake");
        assert!(left.is_empty(), "{left:?}");
        self
    }
}

fn folder(hour: Period) -> String {
    format!("reports/answers/{}", hour.folder())
}

/// The answer that both files of a report hold.
fn report(lake: &Path, hour: Period) -> Result<i64, String> {
    let folder = lake.join(folder(hour));
    let csv = std::fs::read_to_string(folder.join("answers.csv")).map_err(|e| e.to_string())?;
    let number = csv
        .strip_prefix("n\r\n")
        .and_then(|rest| rest.trim().parse().ok())
        .ok_or(csv.clone())?;
    let parquet = std::fs::File::open(folder.join("answers.parquet")).map_err(|e| e.to_string())?;
    let rows = ParquetRecordBatchReaderBuilder::try_new(parquet).map_err(|e| e.to_string())?;
    let rows: Vec<_> = rows
        .build()
        .map_err(|e| e.to_string())?
        .map(|batch| batch.expect("rows"))
        .collect();
    let column = rows[0]
        .column(0)
        .as_any()
        .downcast_ref::<Int64Array>()
        .expect("numbers");
    match column.value(0) == number {
        true => Ok(number),
        false => Err(format!(
            "{hour}: {number} in the CSV, {} in the Parquet",
            column.value(0)
        )),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn each_hour_is_made_once_whatever_happens(steps in prop::collection::vec(step(3, true), 1..100)) {
        let mut world = World::new(3);
        for step in &steps {
            world.take(step);
        }
        world.end();
    }

    #[test]
    fn workers_that_live_compute_no_hour_twice(steps in prop::collection::vec(step(3, false), 1..60)) {
        let mut world = World::new(3);
        for step in &steps {
            world.take(step);
        }
        for round in 0..100 {
            let worked: Vec<_> = (0..3).map(|worker| world.work(worker)).collect();
            if round > 0 && !worked.contains(&true) {
                break;
            }
        }
        let twice: Vec<_> = world.computed.iter().filter(|(_, times)| **times != 1).collect();
        prop_assert!(twice.is_empty(), "{twice:?}");
        world.end();
    }
}

#[test]
fn a_worker_that_was_paused_throws_its_answer_away() {
    let mut world = World::new(2);
    assert!(world.work(0));
    world
        .clock
        .set(BEGIN + i64::try_from(LEASE.as_millis()).expect("ms") + 1);
    while world.work(1) {}
    assert_eq!(world.done.len(), 1);
    assert!(world.work(0), "it decides, in vain");
    assert!(matches!(world.workers[0].1, At::Rest));
    world.check();
    assert_eq!(world.reports.values().copied().collect::<Vec<_>>(), [2]);
    world.end();
}

#[test]
fn a_failed_attempt_waits_longer_each_time_and_no_clock_makes_it_wait_for_ever() {
    let world = World::new(1);
    let schedule = &world.workers[0].0;
    let mut waits = Vec::new();
    for _ in 0..8 {
        let Next::Compute(claimed) = schedule.next(&job(), world.stream_time).expect("the lake")
        else {
            panic!("not due")
        };
        let until = claimed
            .fail("no such column")
            .expect("the lake")
            .expect("its turn");
        waits.push(until - world.clock.now_ms());
        let next = schedule.next(&job(), world.stream_time).expect("the lake");
        assert!(matches!(next, Next::Later(at) if at == until), "{next:?}");
        world.clock.set(until);
    }
    assert!((30_000..=60_000).contains(&waits[0]), "{waits:?}");
    assert!(
        waits[7] > 30 * 60_000 && waits.iter().all(|wait| *wait <= HOUR),
        "{waits:?}"
    );
    // The clock is set back by a year: the hour in which it may be tried again would be a year away.
    let Next::Compute(claimed) = schedule.next(&job(), world.stream_time).expect("the lake") else {
        panic!("not due")
    };
    claimed.fail("again").expect("the lake");
    world.clock.set(BEGIN - 365 * 24 * HOUR);
    assert!(matches!(
        schedule.next(&job(), world.stream_time).expect("the lake"),
        Next::Compute(_)
    ));
}

#[test]
fn a_job_begins_where_it_says_and_keeps_its_rhythm() {
    let world = World::new(1);
    let schedule = &world.workers[0].0;
    let first = Every::Hour.ended_at(BEGIN - 3 * HOUR);
    let early = ReportJob {
        first: Some(first),
        name: "early".to_owned(),
        ..job()
    };
    let Next::Compute(claimed) = schedule.next(&early, BEGIN).expect("the lake") else {
        panic!("not due")
    };
    assert_eq!(claimed.period(), first);
    claimed.give_back().expect("the lake");
    assert!(
        matches!(
            schedule.next(&early, BEGIN).expect("the lake"),
            Next::Compute(_)
        ),
        "it was given back"
    );
    let daily = ReportJob {
        every: Every::Day,
        ..early
    };
    let error = schedule
        .next(&daily, BEGIN)
        .expect_err("another rhythm")
        .to_string();
    assert!(error.contains("another name"), "{error}");
}
