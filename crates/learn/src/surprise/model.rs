//! Every key's past, and what is surprising about its next hour.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::negative_binomial::at_least;
use crate::ModelError;
use crate::stored;

const NAME: &str = "surprise";

/// The share of hours in which chance alone raises an alarm, at most.
pub const FALSE_ALARMS: f64 = 0.05;

/// How many keys are remembered. When one more comes, a tenth of them is forgotten: those of which nothing was heard for longest.
pub const KEYS_MAX: usize = 16_384;

/// A key has a past to be held against from the second day on; before, it raises no alarm.
pub const HISTORY_HOURS_MIN: f64 = 48.0;

/// How many happenings a key's rate is drawn to the mean of all keys by.
const RATE_PRIOR: f64 = 0.5;

/// How many happenings an hour of the week is drawn to the common pattern by: of one key, and of all together.
const OWN_PATTERN_PRIOR: f64 = 4.0;
const PATTERN_PRIOR: f64 = 24.0;

/// As if hours differed by this before much is known, and for how many expected squares that counts.
const SPREAD_PRIOR: (f64, f64) = (0.1, 50.0);

/// Single hours are not taken to differ more than that from what was expected, in standard deviations: else one true surprise would hide
/// the next.
const OUTLIER: f64 = 6.0;

/// Counts by the hour of one kind of thing: of events, of cities or of topics.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SurpriseModel {
    keys: BTreeMap<u64, Hours>,
    /// All keys together.
    all: Option<Hours>,
    /// How many hours all keys were looked at, added up.
    pub(super) key_hours: f64,
    /// Squares beyond what chance explains, and squares of what was expected.
    spread: (f64, f64),
    /// The hour after the last that was closed.
    next_hour: i64,
}

/// How surprising a count is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurpriseScore {
    /// Whose count it is.
    pub key: u64,
    /// How many there were.
    pub count: u32,
    /// How many were to be expected.
    pub expected: f64,
    /// The probability of as many or more if nothing has changed.
    pub probability: f64,
    /// Whether it is surprising among all keys that were looked at in this hour. Only a closed hour has alarms.
    pub alarm: bool,
}

impl Default for SurpriseModel {
    fn default() -> Self {
        Self::new()
    }
}

impl SurpriseModel {
    /// Rises when the bytes or their meaning change.
    pub const FORMAT: u32 = 1;

    /// A model without a past.
    #[must_use]
    pub fn new() -> Self {
        Self {
            keys: BTreeMap::new(),
            all: None,
            key_hours: 0.0,
            spread: (0.0, 0.0),
            next_hour: i64::MIN,
        }
    }

    /// How surprising `count` is for this key in this hour (hours since 1970 UTC). An hour that is not over may be asked
    /// for too: what has come by then is surprising if it would be for the whole hour.
    #[must_use]
    pub fn surprise(&self, key: u64, hour: i64, count: u32) -> SurpriseScore {
        let (expected, spread) = self.expect(key, hour);
        SurpriseScore {
            key,
            count,
            expected,
            probability: at_least(count, expected, spread),
            alarm: false,
        }
    }

    /// Scores the counts of an hour that is over, and learns them then. Keys that are not named had none. The scores come in the
    /// order of `counts`. A key that is named twice is counted twice; an hour before the last closed one is neither scored
    /// nor learnt, because it would be learnt twice.
    pub fn close_hour(&mut self, hour: i64, counts: &[(u64, u32)]) -> Vec<SurpriseScore> {
        if hour < self.next_hour {
            return Vec::new();
        }
        let mut scores: Vec<SurpriseScore> = counts
            .iter()
            .map(|(key, count)| self.surprise(*key, hour, *count))
            .collect();
        let unknown = counts
            .iter()
            .filter(|(key, _)| !self.keys.contains_key(key))
            .count();
        self.raise_alarms(hour, &mut scores, self.keys.len() + unknown);
        self.learn(hour, counts);
        scores
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Benjamini and Hochberg (1995): the largest k such that the k smallest probabilities are at most k/m of the limit. Keys
    /// without a count are among the m, with a probability of 1.
    fn raise_alarms(&self, hour: i64, scores: &mut [SurpriseScore], looked_at: usize) {
        let with_past = |score: &SurpriseScore| {
            self.keys
                .get(&score.key)
                .is_some_and(|hours| hours.hours_before(hour) >= HISTORY_HOURS_MIN)
        };
        let mut sorted: Vec<f64> = scores
            .iter()
            .filter(|score| with_past(score))
            .map(|score| score.probability)
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let allowed = |rank: usize| FALSE_ALARMS * (rank + 1) as f64 / looked_at as f64;
        let Some(limit) = (0..sorted.len())
            .rev()
            .find(|rank| sorted[*rank] <= allowed(*rank))
            .map(|rank| sorted[rank])
        else {
            return;
        };
        for score in scores.iter_mut() {
            score.alarm = score.probability <= limit && with_past(score);
        }
    }

    fn learn(&mut self, hour: i64, counts: &[(u64, u32)]) {
        self.learn_spread(hour, counts);
        self.key_hours += self.keys.len() as f64
            * if self.next_hour == i64::MIN {
                1.0
            } else {
                (hour + 1 - self.next_hour) as f64
            };
        self.next_hour = hour + 1;
        let all = self.all.get_or_insert_with(|| Hours::new(hour));
        for (key, count) in counts {
            if *count == 0 {
                continue;
            }
            all.add(hour, *count);
            if !self.keys.contains_key(key) && self.keys.len() >= KEYS_MAX {
                forget_the_quiet(&mut self.keys);
            }
            self.keys
                .entry(*key)
                .or_insert_with(|| Hours::new(hour))
                .add(hour, *count);
        }
    }

    /// By how much hours differ beyond chance: from every known key, those without a count too.
    fn learn_spread(&mut self, hour: i64, counts: &[(u64, u32)]) {
        let named: BTreeMap<u64, u32> = counts.iter().copied().collect();
        let (mut beyond, mut squares) = (0.0, 0.0);
        for (key, hours) in &self.keys {
            if hours.hours_before(hour) < HISTORY_HOURS_MIN {
                continue;
            }
            let (expected, spread) = self.expect(*key, hour);
            let deviation = (expected + expected * expected * spread).sqrt();
            let count =
                f64::from(named.get(key).copied().unwrap_or(0)).min(expected + OUTLIER * deviation);
            beyond += (count - expected).powi(2) - expected;
            squares += expected * expected;
        }
        self.spread = (self.spread.0 + beyond, self.spread.1 + squares);
    }

    /// The mean, and the variance beyond that of a Poisson distribution in squares of the mean.
    fn expect(&self, key: u64, hour: i64) -> (f64, f64) {
        let pattern = self.pattern(hour);
        let mean_rate = self.mean_rate();
        let own = self.keys.get(&key);
        let (seen, hours) = own.map_or((0.0, 0.0), |own| (own.all(), own.hours_before(hour)));
        let shape = RATE_PRIOR + seen;
        let rate = shape / (RATE_PRIOR / mean_rate + hours);
        let common = rate * pattern;
        let (in_hour, weeks) =
            own.map_or((0.0, 0.0), |own| (own.count(hour), own.weeks_before(hour)));
        let own_shape = OWN_PATTERN_PRIOR + in_hour;
        let differs = own_shape / (OWN_PATTERN_PRIOR + common * weeks);
        (
            common * differs,
            1.0 / shape + 1.0 / own_shape + self.extra_spread(),
        )
    }

    /// How many times as much happens in this hour of the week as in a mean one.
    fn pattern(&self, hour: i64) -> f64 {
        let Some(all) = &self.all else { return 1.0 };
        let weeks = all.weeks_before(hour);
        let a_week = all.all() / all.hours_before(hour).max(1.0);
        (PATTERN_PRIOR + all.count(hour)) / (PATTERN_PRIOR + a_week * weeks)
    }

    /// How much a mean key does in an hour.
    fn mean_rate(&self) -> f64 {
        let all = self.all.as_ref().map_or(0.0, Hours::all);
        (all + 1.0) / (self.key_hours + 10.0)
    }

    fn extra_spread(&self) -> f64 {
        let (prior, weight) = SPREAD_PRIOR;
        ((self.spread.0 + prior * weight) / (self.spread.1 + weight)).max(0.0)
    }

    /// A format number and the model.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(Self::FORMAT, self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// Another format, bytes that are cut or follow the end, and numbers that no learning gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let model: Self = stored::from_bytes(NAME, Self::FORMAT, bytes)?;
        if ![model.key_hours, model.spread.0, model.spread.1]
            .iter()
            .all(|number| number.is_finite())
        {
            return Err(ModelError::NotFinite {
                model: NAME,
                what: "counts",
            });
        }
        let whole = model.keys.len() <= KEYS_MAX
            && model.keys.values().chain(&model.all).all(Hours::is_whole);
        if whole && model.key_hours >= 0.0 {
            Ok(model)
        } else {
            Err(ModelError::OutOfRange {
                model: NAME,
                what: "counts",
            })
        }
    }
}

fn forget_the_quiet(keys: &mut BTreeMap<u64, Hours>) {
    let mut last: Vec<i64> = keys.values().map(Hours::last).collect();
    last.sort_unstable();
    let Some(limit) = last.get(last.len() / 10).copied() else {
        return;
    };
    // Of those last heard of in one hour not all may go.
    let mut to_forget = keys.len() / 10 + 1;
    keys.retain(|_, hours| {
        let stays = hours.last() > limit || to_forget == 0;
        to_forget -= usize::from(!stays);
        stays
    });
}
