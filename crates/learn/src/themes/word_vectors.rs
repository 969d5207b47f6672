//! Words as directions: those that are used alike lie close together. A text is the weighted mean of its words.
//!
//! Half of a word's numbers come from the words that stand near it, half from the groups that use it. On groups held out
//! either half alone agrees less with categories than both together.

use serde::{Deserialize, Serialize};

use super::{
    cooccurrence::positive_information, subspace::leading_subspace, tf_idf_rows::TfIdfRows,
    theme_corpus::ThemeCorpus,
};
use crate::spherical_k_means::normalise;

/// Numbers for each word from either source.
const DIMS: usize = 64;

/// A vector for each word of a vocabulary, in a byte a number.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct WordVectors {
    pub(super) dims: u32,
    /// Words by number; their vectors follow each other in `values`.
    pub(super) words: Vec<String>,
    values: Vec<i8>,
    /// What a word's numbers are multiplied with: it holds how much the word says.
    scales: Vec<f32>,
    /// The mean of the texts, which is taken off: what all texts share says nothing.
    mean: Vec<f32>,
}

impl WordVectors {
    /// Trains the vectors. `corpus` has at least two words.
    pub(super) fn train(corpus: &ThemeCorpus, rng: &mut fastrand::Rng) -> Self {
        let each = DIMS.min(corpus.words.len() / 2).max(1);
        let near = leading_near(corpus, each, rng);
        let shared = leading_shared(corpus, each, rng);
        let basis: Vec<f32> = near
            .chunks_exact(each)
            .zip(shared.chunks_exact(each))
            .flat_map(|(near, shared)| near.iter().chain(shared).copied())
            .collect();
        let dims = 2 * each;
        let mut values = Vec::with_capacity(basis.len());
        let mut scales = Vec::with_capacity(corpus.words.len());
        for (vector, idf) in basis.chunks_exact(dims).zip(&corpus.idf) {
            let largest = vector
                .iter()
                .fold(0.0f32, |largest, value| largest.max(value.abs()));
            let step = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            values.extend(vector.iter().map(|value| (value * step).round() as i8));
            scales.push(if step > 0.0 { idf / step } else { 0.0 });
        }
        let mut vectors = Self {
            dims: dims as u32,
            words: corpus.words.clone(),
            values,
            scales,
            mean: vec![0.0; dims],
        };
        vectors.mean = vectors.mean_of(corpus);
        vectors
    }

    fn mean_of(&self, corpus: &ThemeCorpus) -> Vec<f32> {
        let mut sum = vec![0.0f64; self.dims as usize];
        let mut weights = 0.0;
        for text in &corpus.texts {
            if let Some(vector) = self.of_text(&text.words) {
                for (total, value) in sum.iter_mut().zip(vector) {
                    *total += text.weight * value;
                }
                weights += text.weight;
            }
        }
        sum.into_iter()
            .map(|total| (total / weights.max(f64::MIN_POSITIVE)) as f32)
            .collect()
    }

    /// The direction of a text by its words, a word that comes again counting less and less; none if it has none.
    pub(super) fn of_text(&self, words: &[u32]) -> Option<Vec<f64>> {
        let mut sorted = words.to_vec();
        sorted.sort_unstable();
        let dims = self.dims as usize;
        let mut sum = vec![0.0f32; dims];
        for run in sorted.chunk_by(|a, b| a == b) {
            let word = run[0] as usize;
            let weight = self.scales[word] * (1.0 + (run.len() as f32).ln());
            for (total, &value) in sum.iter_mut().zip(&self.values[word * dims..][..dims]) {
                *total += weight * f32::from(value);
            }
        }
        let mut vector: Vec<f64> = sum.into_iter().map(f64::from).collect();
        if !normalise(&mut vector) {
            return None;
        }
        for (value, mean) in vector.iter_mut().zip(&self.mean) {
            *value -= f64::from(*mean);
        }
        normalise(&mut vector).then_some(vector)
    }

    /// Whether the parts fit each other.
    pub(super) fn fits(&self) -> bool {
        let (dims, words) = (self.dims as usize, self.words.len());
        dims > 0
            && Some(self.values.len()) == dims.checked_mul(words)
            && self.scales.len() == words
            && self.mean.len() == dims
    }

    pub(super) fn is_finite(&self) -> bool {
        self.scales
            .iter()
            .chain(&self.mean)
            .all(|value| value.is_finite())
    }
}

/// From the words nearby.
fn leading_near(corpus: &ThemeCorpus, dims: usize, rng: &mut fastrand::Rng) -> Vec<f32> {
    let near = positive_information(corpus);
    leading_subspace(
        corpus.words.len(),
        dims,
        &|basis| near.times(basis, dims),
        rng,
    )
}

/// From the groups that use it: latent semantic analysis of groups.
fn leading_shared(corpus: &ThemeCorpus, dims: usize, rng: &mut fastrand::Rng) -> Vec<f32> {
    let groups = TfIdfRows::of_groups(corpus);
    leading_subspace(
        corpus.words.len(),
        dims,
        &|basis| groups.words_times_words(basis, dims),
        rng,
    )
}
