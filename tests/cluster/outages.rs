//! The servers go down one after another while records come in, and come back: nothing is lost or doubled, and the
//! processes stay within a bound of memory.

use std::{
    collections::BTreeMap,
    io::Write,
    process::ChildStdin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use headcount_test_servers::{Cassandra, Kafka, S3};
use serde_json::{Value, json};

use crate::{
    harness::{Cluster, turn},
    support::*,
};

/// How long a server is down: in every run longer than a session and any backoff, two minutes in a full one.
fn outage() -> Duration {
    extent(Duration::from_secs(40), Duration::from_secs(120))
}
/// How long a broker of three is down.
const ONE_BROKER: Duration = Duration::from_secs(30);
/// How long it may take to catch up, with the servers on the same two cores.
const CATCH_UP: Duration = Duration::from_secs(120);
/// Records a second.
const RATE: u64 = 5_000;
/// Different answers: few, so that the state soon ends growing, and whatever else grows is seen. Cassandra's share of the
/// machine is enough for so many events that change all the time.
const RSVPS: u64 = 20_000;
const EVENTS: u64 = 400;
/// Workers that may be needed until the archive is whole.
const SUCCESSORS: u32 = 5;
/// What a process of this build, which is not optimised, may take, in MiB.
const MEMORY_MIB: u64 = 1_024;

/// Sends records at a pace, as fast as they are taken, and counts them in its own way.
struct Feed {
    tally: Arc<Mutex<Tally>>,
    paused: Arc<AtomicBool>,
    rests: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Tally {
    sent: u64,
    /// Response and guests by the number of the answer.
    answers: BTreeMap<u64, (bool, u64)>,
}

impl Feed {
    fn start(mut to: ChildStdin) -> Self {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let paused = Arc::new(AtomicBool::new(false));
        let rests = Arc::new(AtomicBool::new(false));
        let told_rests = Arc::clone(&rests);
        let stop = Arc::new(AtomicBool::new(false));
        let (told, waits, ended) = (Arc::clone(&tally), Arc::clone(&paused), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let began = Instant::now();
            let first_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let first_ms = u64::try_from(first_ms.as_millis()).unwrap();
            let mut lost = Duration::ZERO;
            for number in 0.. {
                while waits.load(Ordering::Relaxed) && !ended.load(Ordering::Relaxed) {
                    told_rests.store(true, Ordering::Relaxed);
                    pause();
                }
                told_rests.store(false, Ordering::Relaxed);
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let due = Duration::from_micros(number * 1_000_000 / RATE) + lost;
                let now = began.elapsed();
                match due.checked_sub(now) {
                    Some(early) if number % 50 == 0 => thread::sleep(early),
                    // What could not be sent for long is not sent faster later.
                    None if now - due > Duration::from_secs(1) => lost += now - due,
                    _ => {}
                }
                let line = told.lock().unwrap().next(number, first_ms);
                to.write_all(line.as_bytes()).unwrap();
            }
        });
        Self {
            tally,
            paused,
            rests,
            stop,
            thread,
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sent(&self) -> u64 {
        self.tally().sent
    }

    /// Sends no more; returns how many were sent.
    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.tally.lock().unwrap().sent
    }
}

impl Tally {
    /// One record: of a new answer, or in turn of one that changes or comes again as it was.
    fn next(&mut self, number: u64, first_ms: u64) -> String {
        self.sent = number + 1;
        let rsvp = number % RSVPS;
        let round = number / RSVPS;
        // Every third is repeated; its time is that of the round before.
        let round = round - u64::from(round > 0 && rsvp.is_multiple_of(3));
        let yes = !(rsvp / 7 + round).is_multiple_of(4);
        let guests = (rsvp + round) % 3;
        self.answers.insert(rsvp, (yes, guests));
        let event = rsvp % EVENTS;
        let mtime = first_ms + (round * RSVPS + rsvp) * 1_000 / RATE;
        let record = json!({
            "visibility": "public",
            "response": if yes { "yes" } else { "no" },
            "guests": guests,
            "member": {"member_id": 1_000 + rsvp, "member_name": "A member", "photo": ""},
            "rsvp_id": 5_000_000 + rsvp,
            "mtime": mtime,
            "event": {"event_name": format!("Event {event}"), "event_id": format!("e{event}"),
                "time": first_ms + 86_400_000, "event_url": "https://example.org/e"},
            "group": {"group_id": 100 + event, "group_name": format!("Group {event}"), "group_city": "Oslo",
                "group_country": country(event), "group_lon": 10.7, "group_lat": 59.9,
                "group_urlname": format!("g{event}"), "group_topics": []},
        });
        format!("{record}\n")
    }

    fn answer(&self) -> Value {
        let mut countries: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
        let mut all = [0_u64; 3];
        for (rsvp, &(yes, guests)) in &self.answers {
            let country = countries.entry(country(rsvp % EVENTS)).or_default();
            let heads = if yes { 1 + guests } else { 0 };
            for counts in [country, &mut all] {
                counts[usize::from(!yes)] += 1;
                counts[2] += heads;
            }
        }
        let told = |[yes, no, heads]: [u64; 3]| json!({"yes": yes, "no": no, "heads": heads});
        let by_country: BTreeMap<_, _> = countries
            .into_iter()
            .map(|(country, counts)| (country, told(counts)))
            .collect();
        let rsvps = self.answers.len();
        let [yes, no, heads] = all;
        json!({"rsvps": rsvps, "yes": yes, "no": no, "heads": heads, "by_country": by_country})
    }
}

fn country(event: u64) -> &'static str {
    ["no", "us", "gb", "jp"][usize::try_from(event % 4).unwrap()]
}

/// The largest a process has been, in MiB.
fn peak_mib(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() / 1024
}

fn records(serve: &Process) -> u64 {
    serve.summary()["records"].as_u64().unwrap_or(0)
}

/// Everything that was sent comes to be shown, and is right; no more is sent meanwhile.
#[track_caller]
fn caught_up(feed: &Feed, serve: &Process, what: &str) {
    feed.paused.store(true, Ordering::Relaxed);
    wait_until("no more records come", || {
        feed.rests.load(Ordering::Relaxed)
    });
    let sent = feed.sent();
    shows(serve, sent, what);
    let found = serve.summary();
    assert_eq!(found["records"], sent, "{what}");
    for (name, right) in feed.tally().answer().as_object().unwrap() {
        assert_eq!(&found[name], right, "{name}, {what}");
    }
    feed.paused.store(false, Ordering::Relaxed);
    wait_until("records come again", || !feed.rests.load(Ordering::Relaxed));
}

/// Waits until so many records are shown.
#[track_caller]
fn shows(serve: &Process, wanted: u64, what: &str) {
    let begun = Instant::now();
    let mut shown = records(serve);
    while shown < wanted {
        assert!(
            begun.elapsed() < CATCH_UP,
            "{CATCH_UP:?} after {what} {shown} of {wanted} records are shown"
        );
        pause();
        shown = records(serve);
    }
    eprintln!("{what}: caught up in {:.0?}", begun.elapsed());
}

fn for_a_while(long: Duration, mut look: impl FnMut()) {
    let until = Instant::now() + long;
    while Instant::now() < until {
        look();
        thread::sleep(Duration::from_secs(1));
    }
}

#[test]
fn servers_that_go_away_cost_nothing_but_time() {
    let _turn = turn();
    let (kafka, cassandra, s3) = (Kafka::cluster(3), Cassandra::start(), S3::start());
    let cluster = Cluster::new(&kafka, 4)
        .served_by(&cassandra)
        .with_lake_on(&s3);
    let (ingest, input) = cluster.start_fed("ingest");
    let feed = Feed::start(input);
    let (worker, serve) = (
        cluster.worker("worker"),
        cluster.start("serve", &["serve"], &[]),
    );
    wait_until("the server is ready", || serve.is_ready());
    let everybody = [&ingest, &worker, &serve];
    let small = |when: &str| {
        for process in everybody {
            let peak = peak_mib(process);
            assert!(peak < MEMORY_MIB, "{peak} MiB {when}");
        }
    };
    caught_up(&feed, &serve, "the start");

    cassandra.kill();
    let before = feed.sent();
    for_a_while(outage(), || {
        // What was shown last is shown still, and is said to be old.
        assert!(records(&serve) > 0);
        small("without Cassandra");
    });
    let taken = feed.sent() - before;
    assert!(taken > outage().as_secs() * RATE / 2, "{taken} were taken");
    cassandra.restart();
    caught_up(&feed, &serve, "Cassandra was away");

    s3.kill();
    let before = feed.sent();
    for_a_while(outage(), || small("without S3"));
    let taken = feed.sent() - before;
    assert!(taken > outage().as_secs() * RATE / 2, "{taken} were taken");
    // Counting and showing do not need it.
    caught_up(&feed, &serve, "S3 is away");
    s3.restart();

    kafka.broker(1).kill();
    let before = feed.sent();
    for_a_while(ONE_BROKER, || small("without a broker"));
    let taken = feed.sent() - before;
    assert!(
        taken > ONE_BROKER.as_secs() * RATE / 4,
        "{taken} were taken"
    );
    kafka.broker(1).restart();
    caught_up(&feed, &serve, "a broker was away");

    kafka.kill();
    for_a_while(outage(), || {
        assert!(records(&serve) > 0);
        small("without Kafka");
    });
    kafka.restart();
    let goes_on = feed.sent() + RATE;
    wait_until("records are taken again", || feed.sent() > goes_on);
    caught_up(&feed, &serve, "Kafka was away");

    small("at the end");
    shows(&serve, feed.end(), "the end");
    let shown = serve.summary();
    for process in [serve, worker, ingest] {
        process.stop();
    }
    // The archive has it all, whatever was away when. What a worker could not store in the time that it had for its end is
    // stored by whoever works next.
    let archived = (0..SUCCESSORS).find_map(|number| {
        let successor = cluster.worker(&format!("successor-{number}"));
        wait_until("it counts", || successor.is_ready());
        successor.stop();
        let archived = run_json(cluster.rebuild_command().arg("--json"));
        let all = archived["records"] == shown["records"];
        eprintln!(
            "archived: {} of {} records",
            archived["records"], shown["records"]
        );
        all.then_some(archived)
    });
    let archived = archived.expect("an archive of all records");
    for name in ["digest", "records", "rsvps", "heads", "by_country"] {
        assert_eq!(archived[name], shown[name], "{name}");
    }
}
