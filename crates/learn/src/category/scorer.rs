//! A vocabulary, what was learnt of its terms, and probabilities.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::corpus::{CategoryCorpus, Document};
use super::forest::{Forest, ForestExamples};
use super::linear::{Linear, LinearExamples};
use super::sharpness::{self, ScoredDocument};
use super::term_profiles::{GroupOfTexts, TermProfiles};
use super::topic_space::TopicSpace;
use super::vocabulary::{Fitted, Vocabulary};
use crate::ModelError;

/// A class that no tree voted for has this share, before probabilities are sharpened.
const SHARE_MIN: f32 = 1e-3;

/// Sharper probabilities are 0 and 1.
const SHARPNESS_MAX: f32 = 1e3;

/// Scores texts, and makes probabilities of the scores.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Scorer {
    pub(super) vocabulary: Vocabulary,
    learner: Learner,
    pub(super) sharpness: f32,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum Learner {
    Linear(Linear),
    Forest(Forest),
}

/// Which of the two learners.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LearnerKind {
    Linear,
    Forest,
}

impl LearnerKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Linear => "the linear model",
            Self::Forest => "the random forest of 100 trees",
        }
    }
}

/// Documents of a corpus to learn from.
#[derive(Clone, Copy)]
pub(super) struct Lesson<'a> {
    pub(super) corpus: &'a CategoryCorpus,
    /// In order of their groups.
    pub(super) rows: &'a [usize],
    /// Whether the topics are among the terms.
    pub(super) with_topics: bool,
    pub(super) seed: u64,
}

impl Scorer {
    pub(super) fn train(kind: LearnerKind, lesson: Lesson<'_>, at: &mut dyn FnMut(f64)) -> Self {
        let corpus = lesson.corpus;
        let fitted = Fitted::of(corpus, lesson.rows, lesson.with_topics);
        let rows = fitted.rows(corpus, lesson.rows, lesson.with_topics);
        let documents: Vec<&Document> = lesson
            .rows
            .iter()
            .map(|&row| &corpus.documents[row])
            .collect();
        let classes: Vec<usize> = documents.iter().map(|document| document.class).collect();
        let repeats: Vec<f32> = documents
            .iter()
            .map(|document| document.repeats as f32)
            .collect();
        let groups = groups_of_texts(&documents);
        let mut weights = repeats.clone();
        let mut group_of_row = vec![0; documents.len()];
        for (number, group) in groups.iter().enumerate() {
            weights[group.rows.clone()]
                .iter_mut()
                .for_each(|weight| *weight /= group.events.sqrt());
            group_of_row[group.rows.clone()].fill(number);
        }
        let class_count = corpus.classes.len();
        let learner = match kind {
            LearnerKind::Linear => {
                let space = if lesson.with_topics {
                    BTreeMap::new()
                } else {
                    topics_of_groups(&documents)
                };
                let profiles = TermProfiles::of(
                    &rows,
                    &groups,
                    &repeats,
                    &TopicSpace::of(&space, lesson.seed),
                );
                weights.iter_mut().for_each(|weight| *weight *= corpus.cost);
                let examples = LinearExamples {
                    rows: &rows,
                    profiles: &profiles,
                    classes: &classes,
                    costs: &weights,
                    class_count,
                };
                Learner::Linear(Linear::train(&examples, lesson.seed, at))
            }
            LearnerKind::Forest => {
                let texts = ForestExamples {
                    rows: &rows,
                    classes: &classes,
                    weights: &weights,
                    groups: &group_of_row,
                    class_count,
                };
                Learner::Forest(Forest::grow(&texts, lesson.seed, at))
            }
        };
        Self {
            vocabulary: fitted.vocabulary,
            learner,
            sharpness: 1.0,
        }
    }

    /// The scores of the classes for a row of this vocabulary.
    pub(super) fn scores(&self, row: &[(u32, f32)]) -> Vec<f32> {
        match &self.learner {
            Learner::Linear(linear) => linear.scores(row),
            Learner::Forest(forest) => forest
                .shares(row)
                .iter()
                .map(|share| share.max(SHARE_MIN).ln())
                .collect(),
        }
    }

    /// The probabilities of the classes.
    pub(super) fn probabilities(&self, row: &[(u32, f32)]) -> Vec<f64> {
        sharpness::probabilities(&self.scores(row), self.sharpness)
    }

    /// The scores of documents of a corpus.
    pub(super) fn scored(
        &self,
        corpus: &CategoryCorpus,
        rows: &[usize],
        with_topics: bool,
    ) -> Vec<ScoredDocument> {
        let mut row = Vec::new();
        let columns: Vec<Option<u32>> = corpus
            .terms
            .iter()
            .map(|term| self.vocabulary.column(term))
            .collect();
        let mut events: BTreeMap<i64, u32> = BTreeMap::new();
        for document in rows.iter().map(|&number| &corpus.documents[number]) {
            *events.entry(document.group).or_default() += document.repeats;
        }
        let score = |&number: &usize| {
            let document = &corpus.documents[number];
            let counts = document.counts(with_topics);
            row.clear();
            row.extend(
                counts.filter_map(|(term, count)| Some((columns[term as usize]?, count as f32))),
            );
            self.vocabulary.weigh(&mut row);
            ScoredDocument {
                scores: self.scores(&row),
                class: document.class,
                repeats: document.repeats,
                events_of_group: events[&document.group],
            }
        };
        rows.iter().map(score).collect()
    }

    pub(super) fn is_finite(&self) -> bool {
        (0.0..=SHARPNESS_MAX).contains(&self.sharpness)
            && match &self.learner {
                Learner::Linear(linear) => linear.is_finite(),
                Learner::Forest(forest) => forest.is_finite(),
            }
    }

    /// Makes what was read usable, or says why it is not.
    pub(super) fn complete(
        &mut self,
        model: &'static str,
        classes: usize,
    ) -> Result<(), ModelError> {
        if !self.vocabulary.is_whole() || !self.vocabulary.index() {
            return Err(ModelError::OutOfRange {
                model,
                what: "terms",
            });
        }
        let terms = self.vocabulary.len();
        let fits = match &self.learner {
            Learner::Linear(linear) => linear.fits(terms, classes),
            Learner::Forest(forest) => forest.fits(terms, classes),
        };
        if !fits {
            return Err(ModelError::OutOfRange {
                model,
                what: "weights",
            });
        }
        if !self.is_finite() {
            return Err(ModelError::NotFinite {
                model,
                what: "weights",
            });
        }
        Ok(())
    }
}

/// Documents of one group stand side by side.
fn groups_of_texts(documents: &[&Document]) -> Vec<GroupOfTexts> {
    let mut groups: Vec<GroupOfTexts> = Vec::new();
    for (row, document) in documents.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if group.id == document.group => {
                group.rows.end = row + 1;
                group.events += document.repeats as f32;
            }
            _ => groups.push(GroupOfTexts {
                id: document.group,
                rows: row..row + 1,
                events: document.repeats as f32,
            }),
        }
    }
    groups
}

fn topics_of_groups(documents: &[&Document]) -> BTreeMap<i64, BTreeSet<u32>> {
    let mut topics: BTreeMap<i64, BTreeSet<u32>> = BTreeMap::new();
    for document in documents {
        topics
            .entry(document.group)
            .or_default()
            .extend(&document.topics);
    }
    topics
}
