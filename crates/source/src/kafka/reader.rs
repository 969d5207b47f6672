//! The thread that talks to Kafka: one session after another, with what was taken kept between them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::address::{From, TopicAddress};
use super::begin::prefix;
use super::session::{Session, SessionEnd};
use crate::error::Stopped;
use crate::message::MessageBatch;
use crate::position::{Position, Resume, ResumeState};
use crate::run::{Context, Options};
use crate::status::{Activity, Reporter};
use headcount_clock::{Backoff, now_ms};

/// Reads topics for as long as the sink accepts batches.
pub(super) struct TopicReader {
    pub(super) address: TopicAddress,
    pub(super) options: Options,
    pub(super) report: Reporter,
    /// What was taken, here and before, by the names of partitions.
    taken: HashMap<String, Position>,
    start: Option<FirstStart>,
    /// When a topic was found missing for the first time.
    waits_since: Option<i64>,
    /// Whether the topics were there since the start of this process.
    pub(super) was_live: bool,
    batches: mpsc::Sender<MessageBatch>,
    runtime: Handle,
}

/// When a source was started for the first time that begins with what comes after that.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstStart {
    pub(super) ms: i64,
    /// In an earlier process, or before the topics were there.
    pub(super) is_old: bool,
}

impl TopicReader {
    pub(super) fn new(
        address: TopicAddress,
        context: &Context,
        batches: mpsc::Sender<MessageBatch>,
        runtime: Handle,
    ) -> Self {
        let taken = context.resume.beginning("kafka:").cloned();
        TopicReader {
            address,
            options: context.options.clone(),
            report: context.report.clone(),
            taken: taken
                .map(|position| (position.of.clone(), position))
                .collect(),
            start: None,
            waits_since: None,
            was_live: false,
            batches,
            runtime,
        }
    }

    /// Ends when the sink accepts no more batches.
    pub(super) fn run(mut self) {
        let mut backoff = Backoff::new(self.options.delays);
        while !self.is_over() {
            let ended = match Session::open(&mut self) {
                Ok(session) => {
                    self.was_live = true;
                    self.alive();
                    let since = Instant::now();
                    let end = session.read(&mut self);
                    if since.elapsed() >= self.options.healthy {
                        backoff.reset();
                    }
                    end
                }
                Err(end) => end,
            };
            let cause = match ended {
                SessionEnd::Over => return,
                // Not a trouble: there are more partitions, or it begins elsewhere.
                SessionEnd::Changed => None,
                SessionEnd::Trouble(cause) => Some(cause),
                // It may be made at any time, and what is in it by then came after the start.
                SessionEnd::Missing(sentence) => {
                    self.waits_since.get_or_insert_with(now_ms);
                    Some(sentence)
                }
            };
            if let Some(cause) = cause {
                self.trouble(&cause);
            }
            self.wait(backoff.next_delay());
        }
    }

    /// Says what is wrong.
    pub(super) fn trouble(&self, cause: &str) {
        let sentence = format!("{cause}; trying again");
        self.report.change(|status| {
            if self.was_live {
                status.state = Activity::Reconnecting;
            }
            if status.error.as_ref() != Some(&sentence) {
                tracing::warn!("{sentence}");
                status.error = Some(sentence);
            }
        });
    }

    /// Says that all is well (again).
    pub(super) fn alive(&self) {
        self.report.change(|status| {
            status.reconnects += u64::from(status.state == Activity::Reconnecting);
        });
        self.report.live();
    }

    /// Whether the sink accepts no more batches.
    pub(super) fn is_over(&self) -> bool {
        self.batches.is_closed()
    }

    /// Waits, unless it is over before.
    fn wait(&self, delay: Duration) {
        let waiting = async { timeout(delay, self.batches.closed()).await };
        // Either of the two is as good: the caller looks again.
        let _ = self.runtime.block_on(waiting);
    }

    /// Hands a batch on, and waits for room if there is none.
    pub(super) fn hand_on(&mut self, batch: MessageBatch) -> Result<(), Stopped> {
        if let Some(position) = &batch.position {
            self.note(position.clone());
        }
        self.batches.blocking_send(batch).map_err(|_| Stopped)
    }

    /// Notes that a partition is read from there on.
    pub(super) fn note(&mut self, position: Position) {
        self.taken.insert(position.of.clone(), position);
    }

    /// What was taken of all topics.
    pub(super) fn taken(&self) -> Resume {
        Resume::from(self.taken.values().cloned().collect::<Vec<_>>())
    }

    /// When a partition was last read.
    pub(super) fn seen_ms(&self, of: &str) -> Option<i64> {
        self.taken.get(of)?.seen_ms()
    }

    /// When the source was started for the first time, if that is where the address says to begin.
    pub(super) fn start(&mut self, cluster: &str) -> Option<FirstStart> {
        if self.address.from() != From::Latest {
            return None;
        }
        let before = || {
            let mut topics = self.address.topics().iter();
            let of = topics.find_map(|topic| {
                let prefix = prefix(cluster, topic);
                let positions = self.taken.iter().filter(|(of, _)| of.starts_with(&prefix));
                positions
                    .filter_map(|(_, position)| match position.state {
                        ResumeState::Kafka { start_ms, .. } => start_ms,
                        _ => None,
                    })
                    .min()
            })?;
            Some(FirstStart {
                ms: of,
                is_old: true,
            })
        };
        let start = self.start.or_else(before).unwrap_or(FirstStart {
            ms: self.waits_since.unwrap_or_else(now_ms),
            is_old: self.waits_since.is_some(),
        });
        self.start = Some(start);
        self.start
    }
}
