//! What the model states of itself.

use std::collections::BTreeMap;

use super::corpus::CategoryCorpus;
use super::model::{NAME, bins};
use super::scorer::LearnerKind;
use super::sharpness::ScoredDocument;
use crate::evaluation::{ClassCounts, calibration_bins, log_loss};
use crate::{Better, Calibration, Comparison, ModelCard};

/// One figure of all predictions.
type Figure = fn(&ClassCounts) -> f64;

const CALIBRATION_BINS: usize = 10;

/// What came of a learner on documents that it had not seen, and what simple baselines do there.
pub(super) struct Test {
    pub(super) kind: LearnerKind,
    pub(super) counts: ClassCounts,
    /// The sharpness that all the held-out groups together give.
    pub(super) sharpness: f32,
    /// Always the class with most events in the training.
    largest_class: ClassCounts,
    groups: usize,
    log_loss: f64,
    /// Of the classes' shares in the training.
    log_loss_of_shares: f64,
    calibration: Vec<Calibration>,
}

/// All tests of one training.
pub(super) struct CategoryTests {
    /// Of the learner with the better macro-F1.
    pub(super) served: Test,
    pub(super) other: Test,
    pub(super) with_topics: Test,
    pub(super) late: Option<Test>,
    pub(super) pair: Option<Test>,
}

impl Test {
    /// `shares` are those of the classes in the training, `given` the probabilities that each of `scored` got; `groups` how many
    /// groups these are of.
    pub(super) fn new(
        kind: LearnerKind,
        shares: &[f64],
        scored: &[ScoredDocument],
        given: &[Vec<f64>],
        sharpness: f32,
        groups: usize,
    ) -> Self {
        let largest = most_probable(shares);
        let (mut counts, mut largest_class) = (
            ClassCounts::new(shares.len()),
            ClassCounts::new(shares.len()),
        );
        for (one, given) in scored.iter().zip(given) {
            counts.add(one.class, most_probable(given), u64::from(one.repeats));
            largest_class.add(one.class, largest, u64::from(one.repeats));
        }
        let pairs = || scored.iter().zip(given);
        let calibration = pairs().map(|(one, given)| {
            let first = most_probable(given);
            (given[first], first == one.class, u64::from(one.repeats))
        });
        Self {
            kind,
            counts,
            sharpness,
            largest_class,
            groups,
            log_loss: log_loss(
                pairs().map(|(one, given)| (given[one.class], f64::from(one.repeats))),
            ),
            log_loss_of_shares: log_loss(
                scored
                    .iter()
                    .map(|one| (shares[one.class], f64::from(one.repeats))),
            ),
            calibration: calibration_bins(calibration, CALIBRATION_BINS),
        }
    }

    fn on(&self) -> String {
        format!(
            "{} events of {} groups not seen in training",
            self.counts.examples(),
            self.groups
        )
    }

    fn against_largest(&self, on: &str) -> [Comparison; 2] {
        let compare = |measure: &str, figure: Figure| {
            higher(
                measure,
                on,
                figure(&self.counts),
                "the largest class",
                figure(&self.largest_class),
            )
        };
        [
            compare("macro-F1", ClassCounts::macro_f1),
            compare("accuracy", ClassCounts::accuracy),
        ]
    }
}

fn most_probable(probabilities: &[f64]) -> usize {
    let better = |best: usize, next: usize| {
        if probabilities[next] > probabilities[best] {
            next
        } else {
            best
        }
    };
    (0..probabilities.len()).reduce(better).unwrap_or(0)
}

/// The share that each class has of the events `rows`.
pub(super) fn class_shares(corpus: &CategoryCorpus, rows: &[usize]) -> Vec<f64> {
    let mut shares = vec![0.0; corpus.classes.len()];
    let mut events = 0.0;
    for document in rows.iter().map(|&row| &corpus.documents[row]) {
        shares[document.class] += f64::from(document.repeats);
        events += f64::from(document.repeats);
    }
    shares.iter_mut().for_each(|share| *share /= events);
    shares
}

fn higher(measure: &str, on: &str, model: f64, baseline: &str, baseline_figure: f64) -> Comparison {
    Comparison {
        measure: measure.to_owned(),
        on: on.to_owned(),
        model,
        baseline: baseline.to_owned(),
        baseline_figure,
        better: Better::Higher,
        decides: false,
    }
}

pub(super) fn card(corpus: &CategoryCorpus, outcomes: &CategoryTests, seed: u64) -> ModelCard {
    let served = &outcomes.served;
    let repeats = |document: &super::corpus::Document| u64::from(document.repeats);
    let groups = corpus.groups().len();
    ModelCard {
        model: NAME.to_owned(),
        predicts: format!(
            "The category of an event's group, one of the {} that have at least 50 events, with its probability.",
            corpus.classes.len()
        ),
        from: format!("The words of the event's title and description, by {}; where topics are wanted and known, \
                       those of the group too, by a linear model of its own.", served.kind.name()),
        tested: format!(
            "On {}; trained on the events of the other {} groups. Probabilities were judged on each half of the \
             held-out groups as fitted to the other half.",
            served.on(),
            groups.saturating_sub(served.groups)
        ),
        seed,
        examples: corpus.documents.iter().map(repeats).sum(),
        groups: groups as u64,
        range: corpus.range,
        comparisons: comparisons(outcomes),
        confusion: Some(served.counts.confusion(&corpus.classes)),
        calibration: served.calibration.clone(),
        feature_shares: feature_shares(corpus, &served.counts),
        notes: vec![
            "The category is the group's, which its founder chose: events of one group may be of another kind.".to_owned(),
            "The served model was trained again on all groups, the held-out ones included.".to_owned(),
        ],
    }
}

fn comparisons(outcomes: &CategoryTests) -> Vec<Comparison> {
    let (served, other, topics) = (&outcomes.served, &outcomes.other, &outcomes.with_topics);
    let on = served.on();
    let mut comparisons: Vec<Comparison> = served.against_largest(&on).into();
    comparisons[0].decides = true;
    comparisons.push(Comparison {
        better: Better::Lower,
        ..higher(
            "log loss",
            &on,
            served.log_loss,
            "the shares of the categories",
            served.log_loss_of_shares,
        )
    });
    let figures: [(&str, Figure); 2] = [
        ("macro-F1", ClassCounts::macro_f1),
        ("accuracy", ClassCounts::accuracy),
    ];
    for (measure, figure) in figures {
        comparisons.push(higher(
            measure,
            &on,
            figure(&served.counts),
            other.kind.name(),
            figure(&other.counts),
        ));
    }
    let on_with_topics = format!("{on}, with the group's topics");
    for (measure, figure) in figures {
        comparisons.push(higher(
            measure,
            &on_with_topics,
            figure(&topics.counts),
            "text alone",
            figure(&served.counts),
        ));
    }
    if let Some(late) = &outcomes.late {
        let on = format!(
            "{}, the last fifth by time; trained on the four fifths before, by the linear model",
            late.on()
        );
        comparisons.extend(late.against_largest(&on));
    }
    if let Some(pair) = &outcomes.pair {
        let on = format!(
            "tech against outdoors, by a linear model of its own: {}",
            pair.on()
        );
        let [_, accuracy] = pair.against_largest(&on);
        comparisons.push(accuracy);
    }
    comparisons
}

/// What later events are compared with. Shares of the categories are those of predictions on groups not seen.
fn feature_shares(
    corpus: &CategoryCorpus,
    predicted: &ClassCounts,
) -> Vec<(String, Vec<(String, f64)>)> {
    let categories = corpus
        .classes
        .iter()
        .cloned()
        .zip(predicted.predicted_shares())
        .collect();
    let mut shares = vec![("category".to_owned(), categories)];
    let mut events: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for document in &corpus.documents {
        let is_beyond_ascii = |&&(term, _): &&(u32, u32)| !corpus.terms[term as usize].is_ascii();
        for bin in bins(
            document.text.len(),
            document.text.iter().filter(is_beyond_ascii).count(),
        ) {
            *events.entry(bin).or_default() += u64::from(document.repeats);
        }
    }
    for feature in bins(0, 0).map(|(feature, _)| feature) {
        let of_feature = || events.iter().filter(move |((name, _), _)| *name == feature);
        let all: u64 = of_feature().map(|(_, events)| events).sum();
        let bins = of_feature()
            .map(|((_, bin), &events)| ((*bin).to_owned(), events as f64 / all.max(1) as f64));
        shares.push((feature.to_owned(), bins.collect()));
    }
    shares
}
