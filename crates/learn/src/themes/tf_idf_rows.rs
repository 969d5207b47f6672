//! Texts as sparse rows of word weights (TF-IDF), one unit long.

use super::theme_corpus::ThemeCorpus;

/// Sparse rows of unit length.
pub(super) struct TfIdfRows {
    pub(super) rows: Vec<Vec<(u32, f32)>>,
    pub(super) words: usize,
}

impl TfIdfRows {
    /// One row a text.
    pub(super) fn of_texts(corpus: &ThemeCorpus) -> Self {
        let rows = corpus
            .texts
            .iter()
            .map(|text| weighted(&text.words, &corpus.idf))
            .collect();
        Self {
            rows,
            words: corpus.words.len(),
        }
    }

    /// One row for the words of each text.
    pub(super) fn of_words(texts: &[Vec<u32>], idf: &[f32]) -> Self {
        Self {
            rows: texts.iter().map(|words| weighted(words, idf)).collect(),
            words: idf.len(),
        }
    }

    /// One row a group: the mean of its texts.
    pub(super) fn of_groups(corpus: &ThemeCorpus) -> Self {
        let mut order: Vec<usize> = (0..corpus.texts.len()).collect();
        order.sort_by_key(|&text| corpus.texts[text].group);
        let mut rows = Vec::new();
        let mut sum = vec![0.0f32; corpus.words.len()];
        for run in order.chunk_by(|&a, &b| corpus.texts[a].group == corpus.texts[b].group) {
            let mut met: Vec<u32> = Vec::new();
            for &text in run {
                for (word, weight) in weighted(&corpus.texts[text].words, &corpus.idf) {
                    if sum[word as usize] == 0.0 {
                        met.push(word);
                    }
                    sum[word as usize] += weight;
                }
            }
            met.sort_unstable();
            let row = met
                .iter()
                .map(|&word| (word, std::mem::take(&mut sum[word as usize])))
                .collect();
            rows.push(unit(row));
        }
        Self {
            rows,
            words: corpus.words.len(),
        }
    }

    /// The product of the rows' inner products by words with a matrix of `dims` columns, one row a word.
    pub(super) fn words_times_words(&self, basis: &[f32], dims: usize) -> Vec<f32> {
        let mut product = vec![0.0; basis.len()];
        let mut sum = vec![0.0f32; dims];
        for row in &self.rows {
            sum.fill(0.0);
            for &(word, weight) in row {
                for (total, from) in sum.iter_mut().zip(&basis[word as usize * dims..][..dims]) {
                    *total += weight * from;
                }
            }
            for &(word, weight) in row {
                for (total, from) in product[word as usize * dims..][..dims].iter_mut().zip(&sum) {
                    *total += weight * from;
                }
            }
        }
        product
    }
}

fn weighted(words: &[u32], idf: &[f32]) -> Vec<(u32, f32)> {
    let mut sorted = words.to_vec();
    sorted.sort_unstable();
    let row = sorted.chunk_by(|a, b| a == b).map(|run| {
        (
            run[0],
            idf[run[0] as usize] * (1.0 + (run.len() as f32).ln()),
        )
    });
    unit(row.collect())
}

fn unit(mut row: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    let length = row
        .iter()
        .map(|(_, weight)| weight * weight)
        .sum::<f32>()
        .sqrt();
    if length > 0.0 {
        for (_, weight) in &mut row {
            *weight /= length;
        }
    }
    row
}
