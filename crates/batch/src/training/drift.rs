//! How far the last day is from what the models in use were trained on.

use headcount_learn::{
    FeatureCounts, LabelledEvent, PSI_SHIFTED, PSI_WATCH, Served, ServedModels, category,
    response::ResponseModel,
    turnout::{COVERAGE, TurnoutHistory, TurnoutModel, drift_bins},
};
use serde::Serialize;

use super::TrainingExamples;

/// With fewer outcomes, nothing is said of calibration.
const OUTCOMES_MIN: u64 = 200;
/// So far may probabilities be from what happened, or the coverage of intervals from what it should be.
const GAP_MAX: f64 = 0.15;
/// Where no outcome is known, a feature that shifted as far as this makes a model useless.
const PSI_USELESS: f64 = 1.0;

/// What is said of one model.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ModelDrift {
    state: DriftState,
    features: Vec<FeatureDrift>,
    /// How far what was predicted is from what happened; none where too little has happened.
    calibration: Option<f64>,
    /// TrainingExamples of the last day.
    examples: u64,
    /// When it was measured, in milliseconds since 1970.
    at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum DriftState {
    Steady,
    Watch,
    Drifted,
}

#[derive(Clone, Debug, Serialize)]
struct FeatureDrift {
    name: String,
    /// Its population stability index.
    index: f64,
}

impl ModelDrift {
    fn new(features: Vec<(String, f64)>, calibration: Option<f64>, examples: u64, at: i64) -> Self {
        let most = features.iter().map(|(_, index)| *index).fold(0.0, f64::max);
        let state = match calibration {
            Some(gap) if gap > GAP_MAX => DriftState::Drifted,
            None if most > PSI_USELESS && examples >= OUTCOMES_MIN => DriftState::Drifted,
            _ if most > PSI_WATCH => DriftState::Watch,
            _ => DriftState::Steady,
        };
        let features = features
            .into_iter()
            .map(|(name, index)| FeatureDrift { name, index });
        Self {
            state,
            features: features.collect(),
            calibration,
            examples,
            at,
        }
    }

    /// Whether the model should not be used any more.
    pub(crate) fn has_drifted(&self) -> bool {
        self.state == DriftState::Drifted
    }

    /// For a person at a terminal.
    pub(crate) fn text(&self) -> String {
        let state = match self.state {
            DriftState::Steady => "steady",
            DriftState::Watch => "worth a look",
            DriftState::Drifted => "drifted",
        };
        let features = self
            .features
            .iter()
            .map(|it| format!("{} {:.2}", it.name, it.index));
        let features: Vec<String> = features.collect();
        let calibration = self
            .calibration
            .map_or("too few outcomes".to_owned(), |gap| format!("{gap:.3}"));
        format!(
            "{state}; {} examples of the last day, calibration gap {calibration}, stability of features: {}",
            self.examples,
            features.join(", ")
        )
    }

    /// Why, as a sentence.
    pub(crate) fn why(&self) -> String {
        let shifted = self
            .features
            .iter()
            .filter(|feature| feature.index > PSI_SHIFTED);
        let shifted: Vec<String> = shifted
            .map(|feature| format!("{} by {:.2}", feature.name, feature.index))
            .collect();
        match self.calibration {
            Some(gap) => format!(
                "it drifted: on the last day its predictions were {gap:.2} away from what happened, and {GAP_MAX} is allowed"
            ),
            None => format!(
                "it drifted: on the last day features shifted ({})",
                shifted.join(", ")
            ),
        }
    }
}

/// Of events that were told of on the last day and whose group has a category.
pub(crate) fn category_drift(
    served: &ServedModels,
    events: &[LabelledEvent],
    at: i64,
) -> Option<ModelDrift> {
    let served = served.category.as_ref()?;
    let mut counts = FeatureCounts::default();
    let (mut said, mut right, mut outcomes) = (0.0, 0, 0_u64);
    for event in events {
        counts.add(category::drift_bins(event));
        let Some(truth) = &event.category else {
            continue;
        };
        if !served.model.categories().contains(truth) {
            continue;
        }
        let prediction = served.model.predict(event, category::Evidence::Text);
        if let Some(prediction) = prediction {
            said += prediction.probability;
            right += u64::from(prediction.category == *truth);
            outcomes += 1;
        }
    }
    let gap = (said - right as f64).abs() / outcomes.max(1) as f64;
    let features = counts.stability(&served.card.card.feature_shares);
    let calibration = (outcomes >= OUTCOMES_MIN).then_some(gap);
    Some(ModelDrift::new(
        features,
        calibration,
        events.len() as u64,
        at,
    ))
}

/// Of events that took place on the last day, after the model was trained: how many of the intervals hold.
pub(crate) fn turnout_drift(
    served: &ServedModels,
    events: &[LabelledEvent],
    since: i64,
    at: i64,
) -> Option<ModelDrift> {
    let served: &Served<TurnoutModel> = served.turnout.as_ref()?;
    let mut order: Vec<&LabelledEvent> =
        events.iter().filter(|event| event.time.is_some()).collect();
    order.sort_by_key(|event| event.time);
    let mut history = TurnoutHistory::new();
    let mut counts = FeatureCounts::default();
    let (mut held, mut outcomes, mut examples) = (0_u64, 0_u64, 0);
    let trained_until = served.card.card.range.map_or(i64::MIN, |(_, last)| last);
    for event in order {
        let time = event.time.unwrap_or(i64::MIN);
        if time >= since.max(trained_until) {
            examples += 1;
            counts.add(drift_bins(event, &history));
            if let Some(yes) = event.yes_rsvp_count {
                let forecast = served.model.predict(event, &history);
                let yes = f64::from(yes);
                held += u64::from(forecast.low <= yes && yes <= forecast.high);
                outcomes += 1;
            }
        }
        history.add(event);
    }
    let gap = (COVERAGE - held as f64 / outcomes.max(1) as f64).abs();
    let features = counts.stability(&served.card.card.feature_shares);
    let calibration = (outcomes >= OUTCOMES_MIN).then_some(gap);
    Some(ModelDrift::new(features, calibration, examples, at))
}

/// Of the answers of the last day that came after those it had learnt: each scored before it is learnt.
pub(crate) fn response_drift(
    served: &ServedModels,
    examples: &TrainingExamples,
    since: i64,
    at: i64,
) -> Option<ModelDrift> {
    let served = served.response.as_ref()?;
    let trained_until = served.card.card.range.map_or(i64::MIN, |(_, last)| last);
    let mut model: ResponseModel = served.model.clone();
    model.reset_figures();
    let later = examples.answers.with_seen(|answers| {
        let later = answers
            .iter()
            .filter(|answer| answer.mtime > since.max(trained_until));
        later.map(|answer| model.learn(answer)).count() as u64
    });
    let [figures, ..] = model.figures();
    let gap: f64 = figures
        .calibration()
        .iter()
        .map(|bin| (bin.predicted - bin.observed).abs() * bin.examples as f64)
        .sum();
    let gap = gap / figures.answers().max(1) as f64;
    let calibration = (figures.answers() >= OUTCOMES_MIN).then_some(gap);
    Some(ModelDrift::new(Vec::new(), calibration, later, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(index: f64, calibration: Option<f64>, examples: u64) -> DriftState {
        let features = vec![("day".to_owned(), index)];
        ModelDrift::new(features, calibration, examples, 0).state
    }

    #[test]
    fn outcomes_decide_where_there_are_any() {
        assert_eq!(state(0.0, Some(0.01), 1000), DriftState::Steady);
        assert_eq!(state(0.2, Some(0.01), 1000), DriftState::Watch);
        assert_eq!(state(9.0, Some(0.01), 1000), DriftState::Watch);
        assert_eq!(state(0.0, Some(0.2), 1000), DriftState::Drifted);
    }

    #[test]
    fn without_outcomes_only_a_wide_shift_of_many_examples_decides() {
        assert_eq!(state(0.5, None, 1000), DriftState::Watch);
        assert_eq!(state(1.5, None, 1000), DriftState::Drifted);
        assert_eq!(state(1.5, None, 10), DriftState::Watch);
    }
}
