//! A forecast, and how answers that have come change it.
use super::curve::AnswerCurve;

/// How many will come, with the interval in which four of five events end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TurnoutPrediction {
    /// The median: as likely too high as too low. People who say yes, without their guests unless the source counts them.
    pub value: f64,
    /// The low end: whole people.
    pub low: f64,
    /// The high end: whole people.
    pub high: f64,
}

/// How the answers of one event stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswersSoFar {
    /// How many have said yes and have not taken it back.
    pub yes: u32,
    /// How long until the event begins, in milliseconds.
    pub lead_ms: i64,
    /// How long before it began the event was announced, in milliseconds, where that is known.
    pub announced_ms: Option<i64>,
}

/// How strongly the curves of single events differ from the average one, as the size of a beta distribution: the smaller, the
/// more. Assumed, because the recordings hold no whole event.
pub(super) const CURVE_SIZE: f64 = 8.0;

/// Half the width of an 80 % interval of a normal distribution, in standard deviations.
const NORMAL_80: f64 = 1.281_551_6;

/// The distribution is looked through up to as many standard deviations above its mean.
const FAR: f64 = 12.0;

/// More people than this are not counted one by one.
const PEOPLE_MAX: f64 = 20_000.0;

impl TurnoutPrediction {
    /// Both ends of the interval become whole people without losing one that lay in it.
    pub(super) fn new(low: f64, value: f64, high: f64) -> Self {
        let value = value.max(0.0);
        let (low, high) = (low.max(0.0).ceil(), high.max(0.0).floor());
        // Where no whole number lies between the ends, the interval is the one next to the median.
        if low > high {
            Self {
                value,
                low: value.floor(),
                high: value.ceil(),
            }
        } else {
            // A median between the last whole number and the end is as good as that number.
            let value = value.clamp(low, high);
            Self { value, low, high }
        }
    }

    /// The forecast when some answers have come.
    ///
    /// Before, the rate of answers is taken as gamma distributed, with the forecast's value and width. The answers so far
    /// are evidence of it in proportion to the share that `curve` says should have come, weakened as curves differ between
    /// events; what is still to come is then negative binomial. At the event's begin it is what has come.
    #[must_use]
    pub fn updated(&self, answers: AnswersSoFar, curve: &AnswerCurve) -> Self {
        let share = curve.share(answers.lead_ms, answers.announced_ms);
        let yes = f64::from(answers.yes);
        if share <= 0.0 {
            return Self {
                value: self.value.max(yes),
                low: self.low.max(yes),
                high: self.high.max(yes),
            };
        }
        let mean = self.value.max(0.5);
        let spread = ((self.high + 1.0).ln() - (self.low + 1.0).ln()) / (2.0 * NORMAL_80);
        // A gamma distribution of this shape spreads about as widely on the logarithmic scale.
        let shape = 1.0 / spread.max(0.05).powi(2);
        let weak = 1.0 / (1.0 + yes * (1.0 - share) / (CURVE_SIZE + 1.0));
        let shape_after = shape + weak * yes;
        let to_come = (1.0 - share) * shape_after / (shape / mean + weak * share);
        let [low, value, high] = negative_binomial(to_come, shape_after, [0.1, 0.5, 0.9]);
        Self {
            value: yes + value,
            low: yes + low,
            high: yes + high,
        }
    }
}

/// ForecastQuantiles of a negative binomial distribution of this mean and shape, the wanted shares ascending.
fn negative_binomial(mean: f64, shape: f64, wanted: [f64; 3]) -> [f64; 3] {
    let deviation = (mean + mean * mean / shape).sqrt();
    if mean <= 0.0 {
        return [0.0; 3];
    }
    let last = mean + FAR * deviation;
    if last > PEOPLE_MAX {
        return [
            (mean - NORMAL_80 * deviation).max(0.0).round(),
            mean.round(),
            (mean + NORMAL_80 * deviation).round(),
        ];
    }
    // In logarithms: for a large mean the share of 0 is too small for a number.
    let mut log_share = shape * (shape / (shape + mean)).ln();
    let log_ratio = (mean / (shape + mean)).ln();
    let mut below = 0.0;
    let mut count = 0.0;
    wanted.map(|wanted| {
        while below + log_share.exp() < wanted && count < last {
            below += log_share.exp();
            log_share += ((shape + count) / (count + 1.0)).ln() + log_ratio;
            count += 1.0;
        }
        count
    })
}
