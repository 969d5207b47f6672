//! The simulation as a source: record *i* when its time has come, exactly once.
//!
//! The simulation's time goes with the clock on the wall. When the program takes records more slowly than they come, it
//! falls behind and stays behind: the rate is a ceiling, nothing is dropped, and nothing hurries afterwards.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;
use tokio::time::{Duration, Instant, sleep_until};

use crate::address::{SimulatedFeeds, SimulationAddress};
use crate::error::{Ended, Error, Stopped};
use crate::message::{Location, Message, MessageBatch, SourceItem};
use crate::position::{Position, ResumeState};
use crate::run::Context;
use crate::sink::Sink;
use crate::status::Reporter;
use headcount_clock::now_ms;
use headcount_simulator::Simulator;

/// How far the simulation may be late before it gives up catching up.
const LATE_MAX_MS: i64 = 1000;

/// How long the first of many records waits for those behind it: a high rate comes in batches. A rate below one a
/// linger is brought to the millisecond.
const LINGER: Duration = Duration::from_millis(5);

/// So many records that came due while the program was not running are caught up on; of more, only the last ones
/// ([`SimulationAddress::warmup_s`] of them) are.
const MISSED_MAX: u64 = 2_000_000;

/// Less than this is not worth another thread.
const FEW: u64 = 32;

/// How many records make a batch when there are many (about a megabyte), and how long one is, to make room for it.
const RECORDS: u64 = 800;
const RECORD_BYTES: usize = 1400;

/// At most this many batches are made at once.
const CORES_MAX: usize = 8;

pub(crate) async fn run(address: SimulationAddress, context: Context) -> Result<Ended, Error> {
    let simulated = Simulated::new(address, context.resume.of(&address.identity()), now_ms());
    simulated.run(context).await
}

struct Simulated {
    simulator: Arc<Simulator>,
    of: String,
    start_ms: i64,
    /// The next record to be brought.
    next: u64,
    /// What time it is in the simulation.
    clock: SimulationClock,
    /// What came due before the beginning comes at once, and is not given up.
    catching_up: bool,
}

impl Simulated {
    fn new(address: SimulationAddress, stored: Option<&Position>, wall_ms: i64) -> Self {
        let warmup_ms = i64::try_from(address.warmup_s * 1000).unwrap_or(i64::MAX);
        let joined_ms = stored.and_then(|position| match position.state {
            ResumeState::Simulation { start_ms } => Some(start_ms),
            _ => None,
        });
        let (start_ms, now_ms) = match (address.start_ms, joined_ms) {
            (Some(start_ms), _) => (start_ms, start_ms + warmup_ms),
            (None, Some(start_ms)) => (start_ms, wall_ms),
            (None, None) => (wall_ms - warmup_ms, wall_ms),
        };
        let simulator = match address.feeds {
            SimulatedFeeds::Rsvps => Simulator::new(address.seed, start_ms, address.rate),
            SimulatedFeeds::All => Simulator::with_all_feeds(address.seed, start_ms, address.rate),
        };
        let mut next = stored.and_then(|position| position.at).unwrap_or(0);
        let due = simulator.index_at(now_ms);
        if address.start_ms.is_none() && due.saturating_sub(next) > MISSED_MAX {
            next = next.max(simulator.index_at(now_ms - warmup_ms));
        }
        // Time does not go back, neither with the clock on the wall nor for one who was further on before.
        let now_ms = if next > 0 {
            now_ms.max(simulator.time_of(next - 1))
        } else {
            now_ms
        };
        Simulated {
            clock: SimulationClock {
                anchor: Instant::now(),
                anchor_ms: now_ms,
            },
            simulator: Arc::new(simulator),
            of: address.identity(),
            start_ms,
            next,
            catching_up: next < due,
        }
    }

    async fn run(mut self, mut context: Context) -> Result<Ended, Error> {
        context.report.live();
        // Some batches may wait for room while the next ones are made.
        let mut ready = Vec::new();
        loop {
            let due = self
                .simulator
                .index_at(self.clock.now_ms())
                .saturating_sub(self.next);
            let making = self.make(due, &context);
            let (made, pushed) =
                tokio::join!(making, push(ready, &mut context.sink, &context.report));
            pushed?;
            ready = made?;
            let brought: u64 = ready
                .iter()
                .map(|batch: &MessageBatch| batch.items.len() as u64)
                .sum();
            self.next += brought;
            if context.shutdown.is_requested() {
                // What was made but not handed on is made again another time.
                return Ok(Ended::Stopped);
            }
            if brought < due {
                self.do_not_hurry();
                continue;
            }
            self.catching_up = false;
            push(
                std::mem::take(&mut ready),
                &mut context.sink,
                &context.report,
            )
            .await?;
            let wake = self
                .clock
                .instant_of(self.simulator.time_of(self.next))
                .max(Instant::now() + LINGER);
            if context.shutdown.or(sleep_until(wake)).await.is_none() {
                return Ok(Ended::Stopped);
            }
        }
    }

    /// Makes the next batches, of at most so many records, on as many cores as there are.
    fn make(
        &self,
        due: u64,
        context: &Context,
    ) -> impl Future<Output = Result<Vec<MessageBatch>, Error>> + Send + use<> {
        let size = RECORDS.min(context.options.batch_items as u64).max(1);
        let cores = std::thread::available_parallelism()
            .map_or(1, |cores| cores.get().min(CORES_MAX) as u64);
        let end = self.next + due.min(size * cores);
        let ranges: Vec<_> = (self.next..end)
            .step_by(usize::try_from(size).unwrap_or(usize::MAX))
            .collect();
        let work = |first: u64| {
            let (simulator, last) = (Arc::clone(&self.simulator), end.min(first + size));
            let state = ResumeState::Simulation {
                start_ms: self.start_ms,
            };
            let position = Position::new(&self.of, Some(last), state);
            move || MessageBatch {
                items: make(&simulator, first..last),
                position: Some(position),
            }
        };
        let few = due < FEW;
        let works: Vec<_> = ranges.into_iter().map(work).collect();
        let name = self.of.clone();
        async move {
            if few {
                return Ok(works.into_iter().map(|work| work()).collect());
            }
            let tasks: Vec<_> = works.into_iter().map(spawn_blocking).collect();
            let mut batches = Vec::with_capacity(tasks.len());
            for task in tasks {
                batches.push(task.await.map_err(|_| Error::Broken(name.clone()))?);
            }
            Ok(batches)
        }
    }

    /// When the program takes less than comes, time waits for it.
    fn do_not_hurry(&mut self) {
        let earliest_ms = self.simulator.time_of(self.next) + LATE_MAX_MS;
        if !self.catching_up && self.clock.now_ms() > earliest_ms {
            self.clock = SimulationClock {
                anchor: Instant::now(),
                anchor_ms: earliest_ms,
            };
        }
    }
}

async fn push(
    batches: Vec<MessageBatch>,
    sink: &mut Sink,
    report: &Reporter,
) -> Result<(), Stopped> {
    for batch in batches {
        let (messages, bytes) = (batch.messages() as u64, batch.bytes() as u64);
        sink.push(batch).await?;
        report.brought(messages, bytes);
    }
    Ok(())
}

/// Records in one piece of memory.
fn make(simulator: &Simulator, indices: Range<u64>) -> Vec<SourceItem> {
    let mut text = Vec::with_capacity(indices.clone().count() * RECORD_BYTES);
    let mut ends = Vec::new();
    for index in indices {
        simulator.write(index, &mut text);
        ends.push((index, text.len()));
    }
    let text = Bytes::from(text);
    let mut begin = 0;
    let message = |(index, end): (u64, usize)| {
        let bytes = text.slice(begin..end);
        begin = end;
        Message {
            bytes,
            position: index + 1,
            location: Location::Message(index + 1),
            broken: None,
        }
        .into()
    };
    ends.into_iter().map(message).collect()
}

/// The simulation's time, which goes on as real time does.
#[derive(Debug, Clone, Copy)]
struct SimulationClock {
    anchor: Instant,
    anchor_ms: i64,
}

impl SimulationClock {
    fn now_ms(&self) -> i64 {
        self.anchor_ms + i64::try_from(self.anchor.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn instant_of(&self, time_ms: i64) -> Instant {
        self.anchor + Duration::from_millis(u64::try_from(time_ms - self.anchor_ms).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
