//! The served model: bytes and predictions.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::corpus::{for_each_text_term, for_each_topic_term};
use super::scorer::Scorer;
use super::training;
use crate::{LabelledEvent, ModelCard, ModelError, Progress, TrainError, stored};

pub(super) const NAME: &str = "category";

/// How many categories a prediction names.
const ALTERNATIVES: usize = 3;

/// Predicts the category of an event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CategoryModel {
    /// Sorted by name.
    pub(super) classes: Vec<String>,
    pub(super) text: Scorer,
    pub(super) with_topics: Scorer,
    /// Tech against outdoors, where there are enough events of both. See [`PAIR`].
    pub(super) pair: Option<Scorer>,
}

/// The two classes of [`CategoryModel::predict_tech_or_outdoors`].
pub(super) const PAIR: [&str; 2] = ["outdoors-adventure", "tech"];

/// What a prediction may look at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Evidence {
    /// The title and the description.
    Text,
    /// The topics of the group as well, if the event has them.
    TextAndTopics,
}

/// The category that an event most probably has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CategoryPrediction {
    /// The category's short name.
    pub category: String,
    /// How probable it is, in 0.0..=1.0.
    pub probability: f64,
    /// The most probable categories, up to three: the first is `category`.
    pub alternatives: Vec<(String, f64)>,
}

impl CategoryModel {
    /// Rises when the bytes or their meaning change.
    pub const FORMAT: u32 = 1;

    /// Learns from the events that have a category and a group; tests on held-out groups for the card, then trains on everything.
    ///
    /// # Errors
    /// If fewer than two categories have 50 events, or all events are of one group.
    pub fn train(
        events: &[LabelledEvent],
        seed: u64,
        progress: &mut dyn Progress,
    ) -> Result<(Self, ModelCard), TrainError> {
        training::train(events, seed, progress)
    }

    /// Learns as [`Self::train`] does, without a test. For comparisons that hold out groups of their own.
    ///
    /// # Errors
    /// As of [`Self::train`].
    pub fn train_untested(
        events: &[LabelledEvent],
        seed: u64,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainError> {
        training::train_untested(events, seed, progress)
    }

    /// The categories it chooses among, sorted by name.
    #[must_use]
    pub fn categories(&self) -> &[String] {
        &self.classes
    }

    /// The model with its format.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(Self::FORMAT, self)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// If the bytes are of another format, cut, or no sound model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut model: Self = stored::from_bytes(NAME, Self::FORMAT, bytes)?;
        if model.classes.len() < 2 || !model.classes.is_sorted_by(|one, next| one < next) {
            return Err(ModelError::OutOfRange {
                model: NAME,
                what: "categories",
            });
        }
        let classes = model.classes.len();
        model.text.complete(NAME, classes)?;
        model.with_topics.complete(NAME, classes)?;
        if let Some(pair) = &mut model.pair {
            pair.complete(NAME, PAIR.len())?;
        }
        Ok(model)
    }

    /// The event's category; none if the model knows no word of it.
    #[must_use]
    pub fn predict(&self, event: &LabelledEvent, evidence: Evidence) -> Option<CategoryPrediction> {
        match evidence {
            Evidence::TextAndTopics if !event.topics.is_empty() => {
                predict(&self.with_topics, &self.classes, event, evidence)
            }
            _ => predict(&self.text, &self.classes, event, Evidence::Text),
        }
    }

    /// Whether an event that is one of both is of tech or of the outdoors, from its text. None if the model knows no word of it,
    /// or if it was trained on too few events of either.
    #[must_use]
    pub fn predict_tech_or_outdoors(&self, event: &LabelledEvent) -> Option<CategoryPrediction> {
        predict(
            self.pair.as_ref()?,
            &PAIR.map(str::to_owned),
            event,
            Evidence::Text,
        )
    }
}

fn predict(
    scorer: &Scorer,
    classes: &[String],
    event: &LabelledEvent,
    evidence: Evidence,
) -> Option<CategoryPrediction> {
    let mut row = Vec::new();
    let mut buffer = String::new();
    let vocabulary = &scorer.vocabulary;
    for_each_text_term(event, &mut buffer, |word, weight| {
        row.extend(
            vocabulary
                .column(word)
                .map(|column| (column, weight as f32)),
        );
    });
    if evidence == Evidence::TextAndTopics {
        for_each_topic_term(event, &mut buffer, |topic| {
            row.extend(vocabulary.column(topic).map(|column| (column, 1.0)))
        });
    }
    if row.is_empty() {
        return None;
    }
    vocabulary.weigh(&mut row);
    let probabilities = scorer.probabilities(&row);
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by(|&one, &other| probabilities[other].total_cmp(&probabilities[one]));
    let alternatives: Vec<(String, f64)> = order
        .into_iter()
        .take(ALTERNATIVES)
        .map(|class| (classes[class].clone(), probabilities[class]))
        .collect();
    let (category, probability) = alternatives.first()?.clone();
    Some(CategoryPrediction {
        category,
        probability,
        alternatives,
    })
}

/// The few features of an event whose shares the card keeps: name and bin. What was predicted is the first of them, `category`;
/// the caller adds it.
#[must_use]
pub fn drift_bins(event: &LabelledEvent) -> [(&'static str, &'static str); 2] {
    let mut words = BTreeSet::new();
    for_each_text_term(event, &mut String::new(), |word, _| {
        words.insert(word.to_owned());
    });
    let beyond_ascii = words.iter().filter(|word| !word.is_ascii()).count();
    bins(words.len(), beyond_ascii)
}

/// The bins of a text with so many different words, of which so many have letters beyond ASCII.
pub(super) fn bins(words: usize, beyond_ascii: usize) -> [(&'static str, &'static str); 2] {
    let length = match words {
        0 => "none",
        1..20 => "under 20",
        20..60 => "20-59",
        60..150 => "60-149",
        _ => "150 and more",
    };
    let script = match beyond_ascii * 20 {
        0 => "ASCII",
        twenty_fold if twenty_fold < words => "under 5 % beyond ASCII",
        twenty_fold if twenty_fold < words * 10 => "under half beyond ASCII",
        _ => "mostly beyond ASCII",
    };
    [("different words", length), ("letters", script)]
}
