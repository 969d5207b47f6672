//! Which records each connection gets, and when.

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
    Options, Programme, query::Query, recorded_feeds::RecordingEntry,
    recording_playback::RecordingPlayback, simulation_playback::SimulationPlayback, speed::Speed,
};
use headcount_simulator::Simulator;

/// The longest pause before a recorded record, however long the recording was quiet.
const GAP_MAX: Duration = Duration::from_secs(1);

/// The content of all connections, ready to be played.
pub(super) struct Broadcast {
    content: BroadcastContent,
    speed: Speed,
    shown: Arc<AtomicU64>,
}

enum BroadcastContent {
    Recording {
        feeds: [Arc<[ScheduledRecord]>; 5],
        once: bool,
    },
    Simulation {
        simulator: Arc<Simulator>,
        opened: Instant,
    },
}

/// A record and when it is due, counted from the recording's start.
pub(super) struct ScheduledRecord {
    pub(super) entry: RecordingEntry,
    pub(super) due: Duration,
}

impl Broadcast {
    pub(super) fn new(options: Options) -> Self {
        let Options {
            speed, once, shown, ..
        } = options;
        let content = match options.programme {
            Programme::Recording(recording) => {
                let feeds = recording
                    .into_feeds()
                    .map(|entries| paced(entries, speed).into());
                BroadcastContent::Recording { feeds, once }
            }
            Programme::Simulation(simulator) => BroadcastContent::Simulation {
                simulator: Arc::new(simulator),
                opened: Instant::now(),
            },
        };
        Self {
            content,
            speed,
            shown,
        }
    }

    /// Begins to play a feed to a new connection.
    pub(super) fn play(&self, feed: Feed, query: &Query) -> Playback {
        let kind = match &self.content {
            BroadcastContent::Recording { feeds, once } => {
                let records = Arc::clone(&feeds[feed as usize]);
                PlaybackKind::Recording(RecordingPlayback::new(records, query, self.speed, *once))
            }
            BroadcastContent::Simulation { simulator, opened } => {
                let simulator = Arc::clone(simulator);
                PlaybackKind::Simulation(SimulationPlayback::new(
                    simulator, feed, query, self.speed, *opened,
                ))
            }
        };
        Playback {
            kind,
            shown: Arc::clone(&self.shown),
        }
    }
}

/// When each record is due: the greatest live time so far decides, since re-sent records bear
/// times of long ago. Recordings without any live time go by all times.
fn paced(entries: Vec<RecordingEntry>, speed: Speed) -> Vec<ScheduledRecord> {
    let any_live = entries.iter().any(|entry| entry.live_mtime().is_some());
    let (mut due, mut front) = (Duration::ZERO, None);
    let pace = |entry: RecordingEntry| {
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
        ScheduledRecord { entry, due }
    };
    entries.into_iter().map(pace).collect()
}

/// A feed as one connection gets it.
pub(super) struct Playback {
    kind: PlaybackKind,
    shown: Arc<AtomicU64>,
}

enum PlaybackKind {
    Recording(RecordingPlayback),
    Simulation(SimulationPlayback),
}

impl Playback {
    /// Waits until the next record is due, and gives it with its LF. When nothing more will ever
    /// come it waits for ever. Cancelling the wait loses nothing.
    pub(super) async fn next(&mut self) -> Bytes {
        let line = match &mut self.kind {
            PlaybackKind::Recording(recording) => recording.next().await,
            PlaybackKind::Simulation(simulation) => simulation.next().await,
        };
        self.shown.fetch_add(1, Ordering::Relaxed);
        line
    }
}
