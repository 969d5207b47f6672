//! Training: tested on groups that were held out, then on everything.

use std::collections::BTreeMap;

use super::card::{CategoryTests, Test, card, class_shares};
use super::corpus::CategoryCorpus;
use super::model::{CategoryModel, NAME, PAIR};
use super::scorer::{LearnerKind, Lesson, Scorer};
use super::sharpness::{self, probabilities};
use crate::evaluation::held_out_groups;
use crate::{LabelledEvent, ModelCard, Progress, TrainError};

/// A category with fewer events is not among those that are predicted.
const EXAMPLES_MIN: usize = 50;

/// What an error costs among all classes. A group's errors together cost the root of its events as much: a group with 500 events
/// does not know 500 times as much about its category.
const COST: f32 = 0.35;

/// Of two classes that hardly share a word, errors are rare enough to be taken seriously.
const COST_OF_PAIR: f32 = 3.0;

/// One group of so many is held out.
const PARTS: usize = 5;

/// A corpus and which of its documents are held out.
struct GroupSplit<'a> {
    corpus: &'a CategoryCorpus,
    train: Vec<usize>,
    test: Vec<usize>,
    seed: u64,
}

pub(super) fn train(
    events: &[LabelledEvent],
    seed: u64,
    progress: &mut dyn Progress,
) -> Result<(CategoryModel, ModelCard), TrainError> {
    let corpus = corpus(events, progress)?;
    let split = GroupSplit::of(&corpus, seed)?;
    let linear = split.tested(
        LearnerKind::Linear,
        false,
        &mut stage(progress, "test the linear model"),
    );
    let forest = split.tested(
        LearnerKind::Forest,
        false,
        &mut stage(progress, "test the random forest"),
    );
    let with_topics = split.tested(
        LearnerKind::Linear,
        true,
        &mut stage(progress, "test the model with topics"),
    );
    let late = split.tested_on_late(&mut stage(progress, "test on later events"));
    let pair_corpus = pair(events, progress);
    let pair_test = pair_corpus.as_ref().and_then(|pair| {
        Some(GroupSplit::of(pair, seed).ok()?.tested(
            LearnerKind::Linear,
            false,
            &mut stage(progress, "test tech against outdoors"),
        ))
    });
    let is_forest_better = forest.counts.macro_f1() > linear.counts.macro_f1();
    let (served, other) = if is_forest_better {
        (forest, linear)
    } else {
        (linear, forest)
    };
    let sharpness = Sharpness {
        text: served.sharpness,
        with_topics: with_topics.sharpness,
        pair: pair_test.as_ref().map_or(1.0, |test| test.sharpness),
    };
    let model = fitted(
        &corpus,
        pair_corpus.as_ref(),
        served.kind,
        &sharpness,
        seed,
        progress,
    )?;
    let outcomes = CategoryTests {
        served,
        other,
        with_topics,
        late,
        pair: pair_test,
    };
    let card = card(&corpus, &outcomes, seed);
    progress.at("done", 1.0);
    Ok((model, card))
}

pub(super) fn train_untested(
    events: &[LabelledEvent],
    seed: u64,
    progress: &mut dyn Progress,
) -> Result<CategoryModel, TrainError> {
    let corpus = corpus(events, progress)?;
    let pair_corpus = pair(events, progress);
    let sharpness = Sharpness {
        text: 1.0,
        with_topics: 1.0,
        pair: 1.0,
    };
    fitted(
        &corpus,
        pair_corpus.as_ref(),
        LearnerKind::Linear,
        &sharpness,
        seed,
        progress,
    )
}

/// How sharp each scorer's probabilities are, from its test.
struct Sharpness {
    text: f32,
    with_topics: f32,
    pair: f32,
}

/// The model of all documents.
fn fitted(
    corpus: &CategoryCorpus,
    pair_corpus: Option<&CategoryCorpus>,
    kind: LearnerKind,
    sharpness: &Sharpness,
    seed: u64,
    progress: &mut dyn Progress,
) -> Result<CategoryModel, TrainError> {
    let mut fit = |name: &str,
                   corpus: &CategoryCorpus,
                   kind: LearnerKind,
                   with_topics: bool,
                   sharpness: f32| {
        let rows = corpus.rows(|_| true);
        let lesson = Lesson {
            corpus,
            rows: &rows,
            with_topics,
            seed,
        };
        let mut scorer = Scorer::train(kind, lesson, &mut stage(progress, name));
        scorer.sharpness = sharpness;
        if scorer.is_finite() {
            Ok(scorer)
        } else {
            Err(TrainError::NotFinite {
                model: NAME,
                what: "weights",
            })
        }
    };
    Ok(CategoryModel {
        classes: corpus.classes.clone(),
        text: fit("train on everything", corpus, kind, false, sharpness.text)?,
        with_topics: fit(
            "train with topics on everything",
            corpus,
            LearnerKind::Linear,
            true,
            sharpness.with_topics,
        )?,
        pair: pair_corpus
            .map(|pair| {
                fit(
                    "train tech against outdoors",
                    pair,
                    LearnerKind::Linear,
                    false,
                    sharpness.pair,
                )
            })
            .transpose()?,
    })
}

/// The events of all categories that have enough of them.
fn corpus(
    events: &[LabelledEvent],
    progress: &mut dyn Progress,
) -> Result<CategoryCorpus, TrainError> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for event in events.iter().filter(|event| event.group_id.is_some()) {
        if let Some(category) = &event.category {
            *counts.entry(category).or_default() += 1;
        }
    }
    let enough = counts.iter().filter(|&(_, &count)| count >= EXAMPLES_MIN);
    let classes: Vec<String> = enough.map(|(category, _)| (*category).clone()).collect();
    if classes.len() < 2 {
        let what = "categories with 50 events whose group is known";
        return Err(TrainError::TooFew {
            model: NAME,
            what,
            found: classes.len(),
            needed: 2,
        });
    }
    Ok(CategoryCorpus::read(
        events,
        classes,
        COST,
        &mut stage(progress, "read texts"),
    ))
}

/// The events of the two classes that the seed of this model told apart, where there are enough of both.
fn pair(events: &[LabelledEvent], progress: &mut dyn Progress) -> Option<CategoryCorpus> {
    let is_of = |event: &LabelledEvent, class: &str| {
        event.category.as_deref() == Some(class) && event.group_id.is_some()
    };
    let is_enough = PAIR
        .iter()
        .all(|class| events.iter().filter(|event| is_of(event, class)).count() >= EXAMPLES_MIN);
    is_enough.then(|| {
        CategoryCorpus::read(
            events,
            PAIR.map(str::to_owned).to_vec(),
            COST_OF_PAIR,
            &mut stage(progress, "read tech and outdoors"),
        )
    })
}

fn stage<'a>(progress: &'a mut dyn Progress, name: &'a str) -> impl FnMut(f64) + 'a {
    move |done| progress.at(name, done)
}

impl<'a> GroupSplit<'a> {
    fn of(corpus: &'a CategoryCorpus, seed: u64) -> Result<Self, TrainError> {
        let groups = corpus.groups();
        let held_out = held_out_groups(&groups, PARTS, seed);
        if held_out.is_empty() {
            return Err(TrainError::TooFew {
                model: NAME,
                what: "groups",
                found: groups.len(),
                needed: 2,
            });
        }
        Ok(Self {
            corpus,
            train: corpus.rows(|document| !held_out.contains(&document.group)),
            test: corpus.rows(|document| held_out.contains(&document.group)),
            seed,
        })
    }

    fn tested(&self, kind: LearnerKind, with_topics: bool, at: &mut dyn FnMut(f64)) -> Test {
        self.tested_on(&self.train, &self.test, kind, with_topics, at)
    }

    /// Learns from the earlier events of the groups to train on, and tests on the last fifth by time of those held out.
    fn tested_on_late(&self, at: &mut dyn FnMut(f64)) -> Option<Test> {
        let of = |rows: &[usize], is_late: bool| -> Vec<usize> {
            rows.iter()
                .copied()
                .filter(|&row| self.corpus.documents[row].is_late == is_late)
                .collect()
        };
        let (train, test) = (of(&self.train, false), of(&self.test, true));
        (!train.is_empty() && !test.is_empty())
            .then(|| self.tested_on(&train, &test, LearnerKind::Linear, false, at))
    }

    fn tested_on(
        &self,
        train: &[usize],
        test: &[usize],
        kind: LearnerKind,
        with_topics: bool,
        at: &mut dyn FnMut(f64),
    ) -> Test {
        let lesson = Lesson {
            corpus: self.corpus,
            rows: train,
            with_topics,
            seed: self.seed,
        };
        let scorer = Scorer::train(kind, lesson, at);
        let scored = scorer.scored(self.corpus, test, with_topics);
        // Probabilities are judged on other groups than those that they were fitted to.
        let mut groups: Vec<i64> = test
            .iter()
            .map(|&row| self.corpus.documents[row].group)
            .collect();
        groups.dedup();
        let half = |&row: &usize| {
            groups
                .binary_search(&self.corpus.documents[row].group)
                .map_or(0, |number| number % 2)
        };
        let halves: Vec<usize> = test.iter().map(half).collect();
        let of_half = |half: usize| {
            sharpness::fitted(
                scored
                    .iter()
                    .zip(&halves)
                    .filter(move |&(_, &its)| its == half)
                    .map(|(scored, _)| scored),
            )
        };
        let by_other_half = [of_half(1), of_half(0)];
        let given: Vec<Vec<f64>> = scored
            .iter()
            .zip(&halves)
            .map(|(one, &half)| probabilities(&one.scores, by_other_half[half]))
            .collect();
        let shares = class_shares(self.corpus, train);
        Test::new(
            kind,
            &shares,
            &scored,
            &given,
            sharpness::fitted(scored.iter()),
            groups.len(),
        )
    }
}
