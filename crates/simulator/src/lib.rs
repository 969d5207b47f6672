//! The simulated stream: RSVPs as the real stream had them, from a seed.
//!
//! It is a pure function of seed, start, rate and index. Record *i* is the same whoever asks and
//! in whatever order, so a run can be resumed at any index, cut into pieces for several threads,
//! or compared between processes. Nothing is remembered from one record to the next.
//!
//! It is not a recording: members are invented, and so are groups, events and venues. What is
//! believable are the distributions, which come from real recordings: records that repeat an
//! earlier one with a rounded time (mostly a yes), changes of mind, guests, lead times, sizes,
//! topics that fit, cities at their places, days that follow the sun.
//!
//! The stream has neither beginning nor end: `start` says where it is joined. So the first
//! records of any run hold re-sends of RSVPs that were made before it, as a real recording does.
//! Two runs with one seed and one rate are parts of the same stream.
//!
//! ```
//! use headcount_simulator::{Rate, Seed, Simulator};
//!
//! let start_ms = 1_704_067_200_000;
//! let simulator = Simulator::new(Seed(1), start_ms, Rate::new(50.0)?);
//! let mut line = Vec::new();
//! simulator.write(7, &mut line);
//! assert!(line.starts_with(b"{") && line.ends_with(b"}"));
//! assert!(simulator.time_of(0) >= start_ms);
//! # Ok::<(), headcount_simulator::RateError>(())
//! ```

#![warn(missing_docs)]

mod answer;
mod clock;
mod dice;
mod event;
mod group;
mod json;
mod member;
mod open_event;
mod other;
mod pattern;
mod place;
mod rsvp;
mod script;
mod stream;
mod tables;
mod venue;
mod world;

#[cfg(test)]
mod tests;

use std::str::FromStr;

use headcount_record::Feed;

use self::{
    clock::{Clock, Slot},
    script::Script,
    stream::{SimulatedStream, SlotRecord},
    world::World,
};

/// What decides the world and everything that happens in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Seed(pub u64);

/// Records a second, on the average: from 0.001 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

/// A text or number that is not a possible [`Rate`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("a rate of {0} is not possible: give 0.001 to 1000000 records per second")]
pub struct RateError(String);

impl Rate {
    /// 50 a second.
    pub const DEFAULT: Self = Self(50.0);

    /// A rate in records a second.
    ///
    /// # Errors
    /// When it is not from 0.001 to 1,000,000.
    pub fn new(per_second: f64) -> Result<Self, RateError> {
        if (0.001..=1_000_000.0).contains(&per_second) {
            Ok(Self(per_second))
        } else {
            Err(RateError(per_second.to_string()))
        }
    }

    /// Records a second.
    #[must_use]
    pub const fn per_second(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        text.parse()
            .map_err(|_| RateError(text.to_owned()))
            .and_then(Self::new)
    }
}

/// The default start: 2024-01-01T00:00:00Z, in ms since 1970.
pub const DEFAULT_START_MS: i64 = clock::EPOCH_MS;

/// Starts are taken between these, so that all times are such as records may have.
const START_MIN_MS: i64 = 978_307_200_000;
const START_MAX_MS: i64 = 4_070_908_800_000;

/// Records of the simulated stream, by index.
pub struct Simulator {
    stream: SimulatedStream,
    first: Slot,
    feeds: Vec<Feed>,
}

impl Simulator {
    /// The stream from `start_ms` on (ms since 1970; between 2001 and 2099). RSVPs only.
    #[must_use]
    pub fn new(seed: Seed, start_ms: i64, rate: Rate) -> Self {
        Self::with_feeds(seed, start_ms, rate, &[Feed::Rsvps])
    }

    /// The stream of all feeds, in the proportions in which they were seen.
    #[must_use]
    pub fn with_all_feeds(seed: Seed, start_ms: i64, rate: Rate) -> Self {
        Self::with_feeds(seed, start_ms, rate, &Feed::ALL)
    }

    /// The stream of several feeds, in the proportions in which they were seen.
    #[must_use]
    pub fn with_feeds(seed: Seed, start_ms: i64, rate: Rate, feeds: &[Feed]) -> Self {
        let start_ms = start_ms.clamp(START_MIN_MS, START_MAX_MS);
        let rate = rate.per_second();
        // Other rates make other streams in the same world.
        let key = dice::mix(dice::mix(seed.0, 2), rate.to_bits());
        let stream = SimulatedStream {
            key,
            clock: Clock::new(dice::mix(key, 3), rate),
            script: Script::new(dice::mix(key, 4), rate, &other::shares(feeds)),
            world: World::new(seed.0),
        };
        Self {
            first: stream.clock.slot_at(start_ms),
            stream,
            feeds: feeds.to_vec(),
        }
    }

    /// Appends record `index` as one line of JSON, without the line's end.
    pub fn write(&self, index: u64, out: &mut Vec<u8>) {
        let slot = self.slot(index);
        match self.stream.record_at(slot) {
            SlotRecord::Rsvp { answer, mtime } => {
                rsvp::write(&self.stream.world, &answer, mtime, out)
            }
            SlotRecord::Other(feed) => other::write(&self.stream, feed, slot, out),
        }
    }

    /// When record `index` arrives, in ms since 1970. Never less than for the record before.
    #[must_use]
    pub fn time_of(&self, index: u64) -> i64 {
        self.stream.clock.time_of(self.slot(index))
    }

    /// The first record that arrives at `ms` or later.
    #[must_use]
    pub fn index_at(&self, ms: i64) -> u64 {
        let ms = ms.clamp(START_MIN_MS, START_MAX_MS);
        u64::try_from(self.stream.clock.slot_at(ms) - self.first).unwrap_or(0)
    }

    /// The feed of record `index`.
    #[must_use]
    pub fn feed_of(&self, index: u64) -> Feed {
        match self.stream.script.role_of(self.slot(index)) {
            script::SlotRole::Other(feed) => feed,
            _ => Feed::Rsvps,
        }
    }

    /// Whether there are records of `feed`.
    #[must_use]
    pub fn brings(&self, feed: Feed) -> bool {
        self.feeds.contains(&feed)
    }

    fn slot(&self, index: u64) -> Slot {
        // Slots reach as far as years do; an index beyond them all stays at the last.
        self.first
            .saturating_add(i64::try_from(index).unwrap_or(i64::MAX / 2))
            .min(1 << 60)
    }
}
