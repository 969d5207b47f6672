//! When the records of the stream arrive.
//!
//! Every record has a slot, counted from the start of 2024 at the stream's rate. On the average
//! of minutes the rate is kept; within seconds it swings, as the rate of people does. The time of
//! a slot never falls:
//!
//! ```text
//! time(slot) = 2024 + slot / rate + swings(slot / rate) + jitter(slot) / rate
//! ```

use super::dice::mix;

/// The place of a record in the stream that never began and never ends.
pub(super) type Slot = i64;

/// Slot 0: 2024-01-01T00:00:00Z.
pub(super) const EPOCH_MS: i64 = 1_704_067_200_000;

/// Swings of the rate: period in ms, and by what part of itself the rate may rise or fall.
const SWINGS: [(f64, f64); 3] = [(8_000.0, 0.3), (61_000.0, 0.15), (600_000.0, 0.1)];
/// Spread of a record within its slot. With all swings it stays under 1, so time never falls.
const JITTER: f64 = 0.4;

pub(super) struct Clock {
    key: u64,
    rate: f64,
}

impl Clock {
    pub(super) const fn new(key: u64, rate: f64) -> Self {
        Self { key, rate }
    }

    /// The time at which the record of `slot` arrives, in ms since 1970.
    pub(super) fn time_of(&self, slot: Slot) -> i64 {
        let slot_ms = 1000.0 / self.rate;
        let even = slot as f64 * slot_ms;
        let mut time = even + self.part(0, slot) * JITTER * slot_ms;
        for (index, (period, depth)) in SWINGS.into_iter().enumerate() {
            time += self.swing(index as u64 + 1, even / period) * depth * period / 2.0;
        }
        EPOCH_MS + floor(time)
    }

    /// The first slot whose record arrives at `ms` or later.
    pub(super) fn slot_at(&self, ms: i64) -> Slot {
        let even = ((ms - EPOCH_MS) as f64 * self.rate / 1000.0) as Slot;
        let away_ms: f64 = SWINGS.iter().map(|(period, depth)| period * depth).sum();
        let away = (away_ms * self.rate / 1000.0) as Slot + 4;
        let (mut low, mut high) = (even - away, even + away);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time_of(middle) < ms {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low
    }

    /// How many slots pass in a time.
    pub(super) fn slots_in(&self, ms: i64) -> Slot {
        (ms as f64 * self.rate / 1000.0) as Slot
    }

    /// Straight lines between random heights from -1 to 1 at whole positions.
    fn swing(&self, kind: u64, position: f64) -> f64 {
        let before = floor(position);
        let height = |at| self.part(kind, at) * 2.0 - 1.0;
        let along = position - before as f64;
        height(before) * (1.0 - along) + height(before + 1) * along
    }

    /// A random number from 0 to 1.
    fn part(&self, kind: u64, number: i64) -> f64 {
        let bits = mix(mix(self.key, kind), number as u64);
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// `f64::floor` without a call into a library.
const fn floor(number: f64) -> i64 {
    let toward_zero = number as i64;
    toward_zero - (toward_zero as f64 > number) as i64
}
