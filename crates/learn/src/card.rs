//! What a model is worth, in figures.

use serde::{Deserialize, Serialize};

/// What every model states of itself: it is stored beside the model and shown on its page.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ModelCard {
    /// The model's name: `category`, `response`, `turnout`, `places` or `themes`.
    pub model: String,
    /// What it predicts, as a sentence.
    pub predicts: String,
    /// What it predicts it from, as a sentence.
    pub from: String,
    /// How it was tested, as a sentence: the split, and how many examples and groups were held out.
    pub tested: String,
    /// The seed of all chance in it.
    pub seed: u64,
    /// How many examples it was trained on.
    pub examples: u64,
    /// How many groups those come from.
    pub groups: u64,
    /// The first and the last time among them, in milliseconds since 1970 UTC, where they have times.
    pub range: Option<(i64, i64)>,
    /// The figures, the deciding one first.
    pub comparisons: Vec<Comparison>,
    /// Which class was taken for which, for a classifier.
    pub confusion: Option<Confusion>,
    /// How often what was given a probability happened, for a model that gives probabilities.
    pub calibration: Vec<Calibration>,
    /// The shares of a few features among the examples: what later data are compared with to see them drift.
    /// Name of the feature, then name and share of each of its values or bins; shares of one feature add up to 1.
    pub feature_shares: Vec<(String, Vec<(String, f64)>)>,
    /// What a reader has to know besides, one sentence each.
    pub notes: Vec<String>,
}

/// One measured figure beside that of a simple baseline, on data that neither has seen.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Comparison {
    /// What was measured, with its unit: `macro-F1`, `log loss`, `absolute error (people)`.
    pub measure: String,
    /// On which held-out data.
    pub on: String,
    /// The model's figure.
    pub model: f64,
    /// The baseline, in a few words: `the largest class`.
    pub baseline: String,
    /// The baseline's figure.
    pub baseline_figure: f64,
    /// Which way is better.
    pub better: Better,
    /// Whether the model is served only if it is better here.
    pub decides: bool,
}

/// Which of two figures is the better.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// The greater.
    Higher,
    /// The smaller.
    Lower,
}

/// Counts of true against predicted classes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Confusion {
    /// The classes, in the order of rows and columns.
    pub classes: Vec<String>,
    /// One row a true class, one column a predicted one.
    pub counts: Vec<Vec<u64>>,
}

/// One bin of a calibration plot.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Calibration {
    /// The mean of the probabilities that were given.
    pub predicted: f64,
    /// The share of them that came true.
    pub observed: f64,
    /// How many there were.
    pub examples: u64,
}

impl Comparison {
    /// Whether the model beats the baseline. A figure that is not a number beats nothing.
    #[must_use]
    pub fn beats(&self) -> bool {
        match self.better {
            Better::Higher => self.model > self.baseline_figure,
            Better::Lower => self.model < self.baseline_figure,
        }
    }
}

impl ModelCard {
    /// Whether the model beats its baseline wherever that decides. A card on which nothing decides beats nothing.
    #[must_use]
    pub fn beats_baseline(&self) -> bool {
        let mut deciding = self
            .comparisons
            .iter()
            .filter(|comparison| comparison.decides)
            .peekable();
        deciding.peek().is_some() && deciding.all(Comparison::beats)
    }
}
