//! What is shown to whom, and when.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use headcount_record::Feed;
use tokio::time::Instant;

use super::{
    Options, Programme, live::Live, query::Query, recording::Entry, speed::Speed, tape::Tape,
};
use headcount_simulator::Simulator;

/// Nobody waits longer than this for a recorded record, however long it was quiet.
const GAP_MAX: Duration = Duration::from_secs(1);

/// What all connections are shown, ready to be played.
pub(super) struct Stage {
    set: Set,
    speed: Speed,
    shown: Arc<AtomicU64>,
}

enum Set {
    Recording {
        feeds: [Arc<[Scene]>; 5],
        once: bool,
    },
    Simulation {
        simulator: Arc<Simulator>,
        opened: Instant,
    },
}

/// A record and when it is due, counted from the recording's start.
pub(super) struct Scene {
    pub(super) entry: Entry,
    pub(super) due: Duration,
}

impl Stage {
    pub(super) fn new(options: Options) -> Self {
        let Options {
            speed, once, shown, ..
        } = options;
        let set = match options.programme {
            Programme::Recording(recording) => {
                let feeds = recording
                    .into_feeds()
                    .map(|entries| paced(entries, speed).into());
                Set::Recording { feeds, once }
            }
            Programme::Simulation(simulator) => Set::Simulation {
                simulator: Arc::new(simulator),
                opened: Instant::now(),
            },
        };
        Self { set, speed, shown }
    }

    /// Begins to play a feed to a new connection.
    pub(super) fn play(&self, feed: Feed, query: &Query) -> Play {
        let part = match &self.set {
            Set::Recording { feeds, once } => {
                let scenes = Arc::clone(&feeds[feed as usize]);
                Part::Tape(Tape::new(scenes, query, self.speed, *once))
            }
            Set::Simulation { simulator, opened } => {
                let simulator = Arc::clone(simulator);
                Part::Live(Live::new(simulator, feed, query, self.speed, *opened))
            }
        };
        Play {
            part,
            shown: Arc::clone(&self.shown),
        }
    }
}

/// When each record is due: the greatest live time so far decides, since re-sent records bear
/// times of long ago. Recordings without any live time go by all times.
fn paced(entries: Vec<Entry>, speed: Speed) -> Vec<Scene> {
    let any_live = entries.iter().any(|entry| entry.live_mtime().is_some());
    let (mut due, mut front) = (Duration::ZERO, None);
    let pace = |entry: Entry| {
        let mtime = if any_live {
            entry.live_mtime()
        } else {
            entry.mtime
        };
        if let Some(mtime) = mtime {
            let gap = mtime.saturating_sub(*front.get_or_insert(mtime));
            if let Ok(gap) = u64::try_from(gap) {
                due += speed.of(Duration::from_millis(gap)).min(GAP_MAX);
                front = Some(mtime);
            }
        }
        Scene { entry, due }
    };
    entries.into_iter().map(pace).collect()
}

/// A feed as one connection sees it.
pub(super) struct Play {
    part: Part,
    shown: Arc<AtomicU64>,
}

enum Part {
    Tape(Tape),
    Live(Live),
}

impl Play {
    /// Waits until the next record is due, and gives it with its LF. When nothing more will ever
    /// come it waits for ever. Whoever stops waiting loses nothing.
    pub(super) async fn next(&mut self) -> Bytes {
        let line = match &mut self.part {
            Part::Tape(tape) => tape.next().await,
            Part::Live(live) => live.next().await,
        };
        self.shown.fetch_add(1, Ordering::Relaxed);
        line
    }
}
