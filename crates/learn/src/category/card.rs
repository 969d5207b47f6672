//! What the model states of itself.

use std::collections::BTreeMap;

use super::corpus::Corpus;
use super::model::{NAME, bins};
use super::scorer::Kind;
use super::sharpness::{Scored, probabilities};
use crate::evaluation::{ClassCounts, calibration_bins, log_loss};
use crate::{Better, Calibration, Comparison, ModelCard};

const CALIBRATION_BINS: usize = 10;

/// What came of a learner on documents that it had not seen, and what simple baselines do there.
pub(super) struct Test {
    pub(super) kind: Kind,
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
pub(super) struct Outcomes {
    /// Of the learner with the better macro-F1.
    pub(super) served: Test,
    pub(super) other: Test,
    pub(super) with_topics: Test,
    pub(super) late: Option<Test>,
    pub(super) pair: Option<Test>,
}

impl Test {
    #[expect(clippy::too_many_arguments, reason = "each is of a kind of its own")]
    pub(super) fn new(
        kind: Kind,
        corpus: &Corpus,
        train: &[usize],
        scored: &[Scored],
        is_judged: &[bool],
        sharpness_of_unjudged: f32,
        sharpness: f32,
        groups: usize,
    ) -> Self {
        let shares = class_shares(corpus, train);
        let largest = most_probable(&shares);
        let classes = corpus.classes.len();
        let (mut counts, mut largest_class) =
            (ClassCounts::new(classes), ClassCounts::new(classes));
        for one in scored {
            let scores: Vec<f64> = one.scores.iter().map(|&score| f64::from(score)).collect();
            counts.add(one.class, most_probable(&scores), u64::from(one.repeats));
            largest_class.add(one.class, largest, u64::from(one.repeats));
        }
        // With a single group there is nothing else to judge on.
        let judged: Vec<&Scored> = scored
            .iter()
            .zip(is_judged)
            .filter(|&(_, &is_judged)| is_judged || groups == 1)
            .map(|(scored, _)| scored)
            .collect();
        let given: Vec<Vec<f64>> = judged
            .iter()
            .map(|one| probabilities(&one.scores, sharpness_of_unjudged))
            .collect();
        let pairs = || judged.iter().zip(&given);
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
                judged
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
        let compare = |measure: &str, figure: fn(&ClassCounts) -> f64| {
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

fn class_shares(corpus: &Corpus, rows: &[usize]) -> Vec<f64> {
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

pub(super) fn card(corpus: &Corpus, outcomes: &Outcomes, seed: u64) -> ModelCard {
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
            "On {}; trained on the events of the other {} groups. Probabilities were fitted to every second of the held-out \
             groups and judged on the others.",
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

fn comparisons(outcomes: &Outcomes) -> Vec<Comparison> {
    let (served, other, topics) = (&outcomes.served, &outcomes.other, &outcomes.with_topics);
    let on = served.on();
    let mut comparisons: Vec<Comparison> = served.against_largest(&on).into();
    comparisons[0].decides = true;
    comparisons.push(Comparison {
        better: Better::Lower,
        ..higher(
            "log loss",
            "every second of those groups",
            served.log_loss,
            "the shares of the categories",
            served.log_loss_of_shares,
        )
    });
    let figures: [(&str, fn(&ClassCounts) -> f64); 2] = [
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
fn feature_shares(corpus: &Corpus, predicted: &ClassCounts) -> Vec<(String, Vec<(String, f64)>)> {
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
