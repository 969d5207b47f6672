//! How often the category of an event is right on groups that the model has not seen, and what it costs.
//!
//!     cargo run --release -p headcount-learn --example bench_learning_category [FOLD...]
//!
//! `bench/learning/category.py` does the same with scikit-learn. `--card` also trains with its test, on everything, and prints
//! the card; the forest is in there.
#![allow(clippy::unwrap_used)]

#[path = "../../crates/learn/tests/labelled_file/mod.rs"]
mod labelled_file;
#[path = "learning/measuring.rs"]
mod measuring;

use std::collections::BTreeMap;

use headcount_learn::category::{CategoryModel, CategoryPrediction, Evidence};
use headcount_learn::evaluation::ClassCounts;
use headcount_learn::{LabelledEvent, Progress};
use measuring::{cpu_seconds, figure, peak_mb};
use xxhash_rust::xxh3::xxh3_64;

const FOLDS: u64 = 5;
const EXAMPLES_MIN: usize = 50;
const PAIR: [&str; 2] = ["outdoors-adventure", "tech"];

fn main() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let mut events = labelled_file::events(&folder, |_| true);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for category in events.iter().filter_map(|event| event.category.clone()) {
        *counts.entry(category).or_default() += 1;
    }
    // Of the whole file: a fold may have fewer of a category.
    events.retain(|event| {
        event
            .category
            .as_ref()
            .is_some_and(|category| counts[category] >= EXAMPLES_MIN)
    });
    counts.retain(|_, count| *count >= EXAMPLES_MIN);
    let classes: Vec<String> = counts.into_keys().collect();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut folds: Vec<u64> = arguments
        .iter()
        .filter_map(|fold| fold.parse().ok())
        .collect();
    let wants_card = arguments.iter().any(|argument| argument == "--card");
    if folds.is_empty() && !wants_card {
        folds = (0..FOLDS).collect();
    }
    for fold in folds {
        held_out(&events, &classes, fold);
    }
    if wants_card {
        with_card(&events);
    }
    figure("category", "linear", None, "peak_mb", peak_mb());
}

fn fold(event: &LabelledEvent) -> u64 {
    xxh3_64(event.group_id.unwrap().to_string().as_bytes()) % FOLDS
}

fn held_out(events: &[LabelledEvent], classes: &[String], number: u64) {
    let (test, train): (Vec<LabelledEvent>, Vec<_>) = events
        .iter()
        .cloned()
        .partition(|event| fold(event) == number);
    let mut stages = Stages::default();
    let model = CategoryModel::train_untested(&train, 0, &mut stages).unwrap();
    stages.at("end", 1.0);
    let say = |variant: &str, measure: &str, value: f64| {
        figure("category", variant, Some(number), measure, value)
    };
    say(
        "linear",
        "seconds",
        stages.seconds(&["read texts", "train on everything"]),
    );
    say(
        "linear with topics",
        "seconds",
        stages.seconds(&["read texts", "train with topics on everything"]),
    );
    say(
        "tech",
        "seconds",
        stages.seconds(&["read tech and outdoors", "train tech against outdoors"]),
    );
    let bytes = model.to_bytes();
    say("linear", "model_mb", bytes.len() as f64 / 1e6);
    let model = CategoryModel::from_bytes(&bytes).unwrap();
    let begin = cpu_seconds();
    let predictions: Vec<_> = test
        .iter()
        .map(|event| model.predict(event, Evidence::Text))
        .collect();
    say(
        "linear",
        "scores a second",
        test.len() as f64 / (cpu_seconds() - begin).max(0.001),
    );
    judge(&test, &predictions, classes, &|measure, value| {
        say("linear", measure, value)
    });
    let predictions: Vec<_> = test
        .iter()
        .map(|event| model.predict(event, Evidence::TextAndTopics))
        .collect();
    judge(&test, &predictions, classes, &|measure, value| {
        say("linear with topics", measure, value)
    });
    let pair: Vec<LabelledEvent> = test
        .into_iter()
        .filter(|event| PAIR.contains(&event.category.as_deref().unwrap()))
        .collect();
    let predictions: Vec<_> = pair
        .iter()
        .map(|event| model.predict_tech_or_outdoors(event))
        .collect();
    judge(
        &pair,
        &predictions,
        &PAIR.map(str::to_owned),
        &|measure, value| say("tech", measure, value),
    );
}

/// An event without a known word counts as one of the first class.
fn judge(
    events: &[LabelledEvent],
    predictions: &[Option<CategoryPrediction>],
    classes: &[String],
    say: &dyn Fn(&str, f64),
) {
    let class = |name: &str| {
        classes
            .binary_search_by(|class| class.as_str().cmp(name))
            .unwrap()
    };
    let mut counts = ClassCounts::new(classes.len());
    for (event, prediction) in events.iter().zip(predictions) {
        let predicted = prediction
            .as_ref()
            .map_or(0, |prediction| class(&prediction.category));
        counts.add(class(event.category.as_deref().unwrap()), predicted, 1);
    }
    say("accuracy", counts.accuracy());
    say("macro-F1", counts.macro_f1());
    say("examples", counts.examples() as f64);
    say(
        "without a known word",
        predictions
            .iter()
            .filter(|prediction| prediction.is_none())
            .count() as f64,
    );
}

/// Trains on everything, the test included, and prints what the card says.
fn with_card(events: &[LabelledEvent]) {
    let mut stages = Stages::default();
    let (model, card) = CategoryModel::train(events, 0, &mut stages).unwrap();
    for (stage, seconds) in &stages.seconds {
        figure("category", stage, None, "seconds", *seconds);
    }
    figure(
        "category",
        "linear",
        None,
        "model_mb",
        model.to_bytes().len() as f64 / 1e6,
    );
    eprintln!(
        "{}",
        serde_json::to_string_pretty(&card.comparisons).unwrap()
    );
    eprintln!("{} {} {}", card.predicts, card.from, card.tested);
    for bin in &card.calibration {
        eprintln!(
            "said {:.3}, came {:.3}, {} events",
            bin.predicted, bin.observed, bin.examples
        );
    }
}

/// Processor time of each stage of a training.
#[derive(Default)]
struct Stages {
    current: Option<(String, f64)>,
    seconds: Vec<(String, f64)>,
}

impl Stages {
    fn seconds(&self, stages: &[&str]) -> f64 {
        let wanted = self
            .seconds
            .iter()
            .filter(|(stage, _)| stages.contains(&stage.as_str()));
        wanted.map(|(_, seconds)| seconds).sum()
    }
}

impl Progress for Stages {
    fn at(&mut self, stage: &str, _done: f64) {
        let now = cpu_seconds();
        match &mut self.current {
            Some((current, _)) if current == stage => {}
            current => {
                if let Some((before, begin)) = current.replace((stage.to_owned(), now)) {
                    self.seconds.push((before, now - begin));
                }
            }
        }
    }
}
