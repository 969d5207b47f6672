//! The forecast at announcement: training, bytes, prediction.
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::boosted_trees::{Binned, BoostedTrees, TreeGrowth};
use super::curve::AnswerCurve;
use super::evaluation::card;
use super::features::{COLUMNS, features};
use super::forecast::TurnoutPrediction;
use super::history::{PastEvent, TurnoutHistory};
use super::intervals::{COVERAGE, ForecastQuantiles, Unseen, Widening};
use super::subjects::SubjectMeans;
use crate::{LabelledEvent, ModelCard, ModelError, Progress, TrainError, stored};

const NAME: &str = "turnout";

/// Fewer examples teach nothing that a median does not say.
const EVENTS_MIN: usize = 300;

/// Groups are held out in so many parts.
pub(super) const FOLDS: u64 = 5;

/// This share of the examples is learnt again as if its group were new, and as if the group's last events had not been yet:
/// both happen more often than in a recording of past events.
const FORGOTTEN: f64 = 0.15;

/// As much chance must differ between the ensembles, and as little.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Of fewer examples smaller trees are grown: a leaf for every so many rows, but not fewer leaves than that.
const ROWS_PER_LEAF: usize = 600;
const LEAVES_MIN: usize = 8;

const GROWTH: TreeGrowth = TreeGrowth {
    quantile: 0.5,
    trees: 250,
    leaves: 48,
    rate: 0.06,
    rows: 0.7,
    columns: 0.7,
    rows_in_leaf_min: 15,
    shrinkage: 1.0,
};

/// The ends of the interval are only the start of what is then widened: fewer and smaller trees do.
const GROWTH_OF_ENDS: TreeGrowth = TreeGrowth {
    trees: 120,
    rows_in_leaf_min: 30,
    leaves: 15,
    rate: 0.1,
    ..GROWTH
};

/// Forecasts how many will say yes to an event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TurnoutModel {
    ensembles: Ensembles,
    widening: Widening,
    curve: AnswerCurve,
}

/// Trees for the median and for both ends, over what was learnt of categories and topics.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Ensembles {
    subjects: SubjectMeans,
    low: BoostedTrees,
    median: BoostedTrees,
    high: BoostedTrees,
}

/// Past events of which the final number is known, and what came before each.
pub(super) struct PastExamples<'a> {
    pub(super) all: Vec<Example<'a>>,
    pub(super) history: TurnoutHistory,
    /// For the folds and what is learnt from other folds.
    seed: u64,
}

#[derive(Clone, Copy)]
pub(super) struct Example<'a> {
    pub(super) event: &'a LabelledEvent,
    pub(super) group: i64,
    pub(super) yes: u32,
}

/// A forecast for an example whose group had been held out.
pub(super) struct HeldOut {
    /// The example's index.
    pub(super) example: usize,
    /// From all events of the group that began before.
    pub(super) unseen: Unseen,
    /// The median, ln(1 + yes), from those that had begun when the event was announced.
    pub(super) at_announcement: f32,
}

impl<'a> PastExamples<'a> {
    fn new(events: &'a [LabelledEvent], seed: u64) -> Self {
        let example = |event: &'a LabelledEvent| {
            let (group, yes, _) = (event.group_id?, event.yes_rsvp_count?, event.time?);
            Some(Example { event, group, yes })
        };
        Self {
            all: events.iter().filter_map(example).collect(),
            history: TurnoutHistory::of_all(events),
            seed,
        }
    }

    /// In which part a group is held out. Independent of other splits by group that a caller may have made.
    pub(super) fn fold(&self, group: i64) -> u64 {
        xxh3_64_with_seed(group.to_string().as_bytes(), self.seed ^ 0x0070_756F_7267) % FOLDS
    }
}

impl Ensembles {
    /// Learns from the examples outside the fold `without`, if one is named.
    fn train(
        examples: &PastExamples<'_>,
        events: &[LabelledEvent],
        without: Option<u64>,
        seed: u64,
        at: &mut dyn FnMut(f64),
    ) -> Self {
        let kept = |group: i64| Some(examples.fold(group)) != without;
        // What is said of an example's category must not come from its own group, or the trees would learn to read it back.
        let of_others: Vec<SubjectMeans> = (0..FOLDS)
            .map(|fold| {
                SubjectMeans::train(events, |group| kept(group) && examples.fold(group) != fold)
            })
            .collect();
        let subjects = SubjectMeans::train(events, kept);
        let mut chance = fastrand::Rng::with_seed(seed);
        let (mut rows, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for example in examples.all.iter().filter(|example| kept(example.group)) {
            let fold = usize::try_from(examples.fold(example.group)).unwrap_or(0);
            let past = examples.history.before(example.event);
            let mut learn = |past: &[PastEvent]| {
                let features = features(example.event, past, &of_others[fold]);
                let start = features.start.unwrap_or(subjects.mean());
                targets.push((example.yes as f32).ln_1p() - start);
                // An error of a large event costs more people; its logarithm varies less. The root lies between.
                weights.push((start / 2.0).exp());
                rows.push(features.row);
            };
            learn(past);
            if !past.is_empty() && chance.f64() < FORGOTTEN {
                learn(&[]);
            }
            if past.len() > 1 && chance.f64() < FORGOTTEN {
                learn(&past[..chance.usize(1..past.len())]);
            }
        }
        let binned = Binned::new(&rows, COLUMNS);
        let even = vec![1.0; rows.len()];
        let side = ((1.0 - COVERAGE) / 2.0) as f32;
        let grow = |growth: TreeGrowth, weights: &[f32], number: u64, at: &mut dyn FnMut(f64)| {
            let leaves = growth
                .leaves
                .min((rows.len() / ROWS_PER_LEAF).max(LEAVES_MIN));
            BoostedTrees::train(
                &binned,
                &targets,
                weights,
                TreeGrowth { leaves, ..growth },
                seed.wrapping_add(number.wrapping_mul(SEED_STEP)),
                at,
            )
        };
        let median = grow(GROWTH, &weights, 1, &mut |done| at(done * 0.6));
        let low = grow(
            TreeGrowth {
                quantile: side,
                ..GROWTH_OF_ENDS
            },
            &even,
            2,
            &mut |done| at(0.6 + done * 0.2),
        );
        let high = grow(
            TreeGrowth {
                quantile: 1.0 - side,
                ..GROWTH_OF_ENDS
            },
            &even,
            3,
            &mut |done| at(0.8 + done * 0.2),
        );
        Self {
            subjects,
            low,
            median,
            high,
        }
    }

    fn quantiles(&self, event: &LabelledEvent, past: &[PastEvent]) -> ForecastQuantiles {
        let features = features(event, past, &self.subjects);
        let start = features.start.unwrap_or(self.subjects.mean());
        let of = |trees: &BoostedTrees| start + trees.predict(&features.row);
        ForecastQuantiles {
            low: of(&self.low),
            median: of(&self.median),
            high: of(&self.high),
        }
    }
}

impl TurnoutModel {
    /// Rises when the bytes or their meaning change.
    pub const FORMAT: u32 = 1;

    /// Learns from past events: those with a group, a time and a count of yes. Five times a fifth of the groups is held out,
    /// for the card and for the width of the interval; then it is trained on everything.
    ///
    /// # Errors
    /// Too few examples, or groups.
    pub fn train(
        events: &[LabelledEvent],
        seed: u64,
        progress: &mut dyn Progress,
    ) -> Result<(Self, ModelCard), TrainError> {
        let examples = PastExamples::new(events, seed);
        if examples.all.len() < EVENTS_MIN {
            let what = "past events with a group, a time and a count of yes";
            return Err(TrainError::TooFew {
                model: NAME,
                what,
                found: examples.all.len(),
                needed: EVENTS_MIN,
            });
        }
        let parts = FOLDS as f64 + 1.0;
        let mut unseen = Vec::new();
        for fold in 0..FOLDS {
            let mut at =
                |done: f64| progress.at("turnout: groups held out", (fold as f64 + done) / parts);
            let ensembles = Ensembles::train(&examples, events, Some(fold), seed, &mut at);
            unseen.extend(held_out(&examples, &ensembles, fold));
        }
        let mut at = |done: f64| progress.at("turnout: all groups", (FOLDS as f64 + done) / parts);
        let ensembles = Ensembles::train(&examples, events, None, seed, &mut at);
        let all: Vec<Unseen> = unseen.iter().map(|event: &HeldOut| event.unseen).collect();
        let model = Self {
            ensembles,
            widening: Widening::calibrate(&all),
            curve: AnswerCurve::measured(),
        };
        if !model.is_finite() {
            return Err(TrainError::NotFinite {
                model: NAME,
                what: "forecasts",
            });
        }
        let card = card(&examples, &unseen, &model.curve, seed);
        Ok((model, card))
    }

    /// The forecast for an event when it is announced, from what its group held before. Its own `yes_rsvp_count` and
    /// `waitlist_count` are not looked at.
    #[must_use]
    pub fn predict(&self, event: &LabelledEvent, history: &TurnoutHistory) -> TurnoutPrediction {
        let past = history.before(event);
        let quantiles = self
            .widening
            .apply(self.ensembles.quantiles(event, past), past.len());
        TurnoutPrediction::new(
            f64::from(quantiles.low).exp_m1(),
            f64::from(quantiles.median).exp_m1(),
            f64::from(quantiles.high).exp_m1(),
        )
    }

    /// When answers come: for [`TurnoutPrediction::updated`].
    #[must_use]
    pub fn curve(&self) -> &AnswerCurve {
        &self.curve
    }

    /// A format number and the model.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(Self::FORMAT, self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// Another format, bytes that are cut or follow the end, and numbers that no training gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let model: Self = stored::from_bytes(NAME, Self::FORMAT, bytes)?;
        if !model.is_finite() {
            return Err(ModelError::NotFinite {
                model: NAME,
                what: "forecasts",
            });
        }
        model
            .check()
            .map_err(|what| ModelError::OutOfRange { model: NAME, what })?;
        Ok(model)
    }

    fn trees(&self) -> [&BoostedTrees; 3] {
        [
            &self.ensembles.low,
            &self.ensembles.median,
            &self.ensembles.high,
        ]
    }

    fn is_finite(&self) -> bool {
        let trees = self.trees().into_iter().all(BoostedTrees::is_finite);
        trees
            && self.ensembles.subjects.is_finite()
            && self.widening.is_finite()
            && self.curve.is_finite()
    }

    fn check(&self) -> Result<(), &'static str> {
        self.trees()
            .into_iter()
            .try_for_each(|trees| trees.check(COLUMNS))?;
        self.curve.check()?;
        if self.ensembles.subjects.is_ascending() {
            Ok(())
        } else {
            Err("categories and topics")
        }
    }
}

/// Forecasts for the fold that the ensembles have not seen.
fn held_out(examples: &PastExamples<'_>, ensembles: &Ensembles, fold: u64) -> Vec<HeldOut> {
    let forecast = |(at, example): (usize, &Example<'_>)| {
        let past = examples.history.before(example.event);
        let by_announcement = examples.history.before_announcement(example.event);
        let quantiles = ensembles.quantiles(example.event, past);
        let log_yes = (example.yes as f32).ln_1p();
        HeldOut {
            example: at,
            unseen: Unseen {
                quantiles,
                past: past.len(),
                log_yes,
            },
            at_announcement: ensembles.quantiles(example.event, by_announcement).median,
        }
    };
    let all = examples.all.iter().enumerate();
    all.filter(|(_, example)| examples.fold(example.group) == fold)
        .map(forecast)
        .collect()
}

/// Forecasts for many events at once, in the order of `events`. They are gone through by time: an event sees those of its
/// group in `history` and among `events` that began before it, never itself and never a later one.
///
/// The counts of events before `now_ms` (all events, without it) are taken for final and kept in `history`.
pub fn predict_in_order(
    model: &TurnoutModel,
    history: &mut TurnoutHistory,
    events: &[LabelledEvent],
    now_ms: Option<i64>,
) -> Vec<TurnoutPrediction> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|at| events[*at].time.unwrap_or(i64::MAX));
    let mut predictions = vec![
        TurnoutPrediction {
            value: 0.0,
            low: 0.0,
            high: 0.0
        };
        events.len()
    ];
    for at in order {
        let event = &events[at];
        predictions[at] = model.predict(event, history);
        if event
            .time
            .is_some_and(|time| now_ms.is_none_or(|now| time < now))
        {
            history.add(event);
        }
    }
    predictions
}
