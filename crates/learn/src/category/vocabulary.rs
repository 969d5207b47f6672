//! Which terms a model knows, and what each of them weighs.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::corpus::{CategoryCorpus, Document};
use super::term_rows::TermRows;

/// A term that only one group uses says which group it is, not which category.
const GROUPS_MIN: u32 = 2;

/// A term that more than this share of the groups use says nothing. This is what a list of stop words is for, in any language.
const GROUPS_SHARE_MAX: f64 = 0.5;

/// No term of a document.
const UNKNOWN: u32 = u32::MAX;

/// The terms of a model in alphabetic order; a term's place is its column.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Vocabulary {
    terms: Vec<String>,
    /// ln((1 + events) / (1 + events with the term)) + 1
    idf: Vec<f32>,
    /// By the hashes of `terms`, made of them when the model is read. The 64 bits stand for the term, so that a look-up touches no
    /// text: two of a hundred thousand terms share theirs once in four thousand million models.
    #[serde(skip)]
    columns: HashMap<u64, u32, FixedState>,
}

/// A vocabulary, and which of its columns the terms of a corpus are.
pub(super) struct Fitted {
    pub(super) vocabulary: Vocabulary,
    column_of_term: Vec<u32>,
}

#[derive(Clone, Default)]
struct TermUsage {
    events: u32,
    groups: u32,
    last_group: Option<i64>,
}

impl Fitted {
    /// The terms of the documents `rows`, which are in order of their groups.
    pub(super) fn of(corpus: &CategoryCorpus, rows: &[usize], with_topics: bool) -> Self {
        let mut usages = vec![TermUsage::default(); corpus.terms.len()];
        let (mut events, mut groups, mut last_group) = (0, 0_u32, None);
        for document in rows.iter().map(|&row| &corpus.documents[row]) {
            events += document.repeats;
            groups += u32::from(last_group != Some(document.group));
            last_group = Some(document.group);
            for (term, _) in document.counts(with_topics) {
                let usage = &mut usages[term as usize];
                usage.events += document.repeats;
                usage.groups += u32::from(usage.last_group != last_group);
                usage.last_group = last_group;
            }
        }
        let groups_max = (f64::from(groups) * GROUPS_SHARE_MAX) as u32;
        let mut kept: Vec<usize> = (0..usages.len())
            .filter(|&term| (GROUPS_MIN..=groups_max).contains(&usages[term].groups))
            .collect();
        kept.sort_unstable_by(|&one, &other| corpus.terms[one].cmp(&corpus.terms[other]));
        let mut column_of_term = vec![UNKNOWN; usages.len()];
        for (column, &term) in kept.iter().enumerate() {
            column_of_term[term] = column as u32;
        }
        let idf = |&term: &usize| {
            (f64::from(1 + events) / f64::from(1 + usages[term].events)).ln() as f32 + 1.0
        };
        let mut vocabulary = Vocabulary {
            idf: kept.iter().map(idf).collect(),
            terms: kept
                .iter()
                .map(|&term| corpus.terms[term].clone())
                .collect(),
            columns: HashMap::default(),
        };
        vocabulary.index();
        Self {
            vocabulary,
            column_of_term,
        }
    }

    /// The documents as rows of length 1.
    pub(super) fn rows(
        &self,
        corpus: &CategoryCorpus,
        rows: &[usize],
        with_topics: bool,
    ) -> TermRows {
        let mut sparse = TermRows::new(self.vocabulary.len());
        let mut row = Vec::new();
        for &number in rows {
            self.row(&corpus.documents[number], with_topics, &mut row);
            sparse.push(&row);
        }
        sparse
    }

    fn row(&self, document: &Document, with_topics: bool, row: &mut Vec<(u32, f32)>) {
        row.clear();
        let known = document
            .counts(with_topics)
            .map(|(term, count)| (self.column_of_term[term as usize], count as f32));
        row.extend(known.filter(|&(column, _)| column != UNKNOWN));
        self.vocabulary.weigh(row);
    }
}

impl Vocabulary {
    /// How many terms there are.
    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }

    /// Finds columns by their terms. Whether every term was there only once.
    pub(super) fn index(&mut self) -> bool {
        let terms = self.terms.iter().zip(0_u32..);
        self.columns = terms
            .map(|(term, column)| (xxh3_64(term.as_bytes()), column))
            .collect();
        self.columns.len() == self.terms.len()
    }

    /// The column of a term, if it is known.
    pub(super) fn column(&self, term: &str) -> Option<u32> {
        self.columns.get(&xxh3_64(term.as_bytes())).copied()
    }

    /// Whether there is a weight for each term, as large as weights can be.
    pub(super) fn is_whole(&self) -> bool {
        /// That of a term in one of all events that there can be.
        const IDF_MAX: f32 = 50.0;
        self.terms.len() == self.idf.len()
            && self.idf.iter().all(|idf| (0.0..=IDF_MAX).contains(idf))
    }

    /// Makes a row of columns and counts one of weights: (1 + ln(count))·idf, sorted by column and scaled to length 1.
    /// A column that stands there several times is counted together.
    pub(super) fn weigh(&self, row: &mut Vec<(u32, f32)>) {
        row.sort_unstable_by_key(|&(column, _)| column);
        row.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1 += next.1;
            }
            is_same
        });
        let mut square = 0.0;
        for (column, value) in row.iter_mut() {
            *value = (1.0 + value.ln()) * self.idf[*column as usize];
            square += *value * *value;
        }
        let length = square.sqrt().max(f32::MIN_POSITIVE);
        for (_, value) in row {
            *value /= length;
        }
    }
}
