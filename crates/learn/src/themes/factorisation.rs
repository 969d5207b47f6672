//! Non-negative matrix factorisation: every group's texts as a sum of topics, every topic as a sum of words.
//!
//! Hierarchical alternating least squares, a kind of coordinate descent (Cichocki and Phan 2009), on sparse rows. The rows
//! are the groups, not the events: events of a group repeat each other, and a topic would be one group's boilerplate.

use super::tf_idf_rows::TfIdfRows;

const SWEEPS: usize = 40;
/// Rows whose mean a topic begins with.
const FIRST_ROWS: usize = 20;
/// Sweeps that give new texts their topics: the topics stay.
const FOLD_IN_SWEEPS: usize = 15;

/// Topics as weights of words.
pub(super) struct Factorisation {
    topics: usize,
    /// For each word its weight in each topic.
    of_words: Vec<f64>,
}

impl Factorisation {
    pub(super) fn train(rows: &TfIdfRows, topics: usize, rng: &mut fastrand::Rng) -> Self {
        let mut of_words = vec![0.0; rows.words * topics];
        for topic in 0..topics {
            for _ in 0..FIRST_ROWS {
                for &(word, weight) in &rows.rows[rng.usize(..rows.rows.len())] {
                    of_words[word as usize * topics + topic] +=
                        f64::from(weight) / FIRST_ROWS as f64;
                }
            }
        }
        let mut of_rows = vec![0.0; rows.rows.len() * topics];
        for _ in 0..SWEEPS {
            descend(
                &mut of_rows,
                &rows_times(rows, &of_words, topics),
                &gram(&of_words, topics),
                topics,
            );
            descend(
                &mut of_words,
                &words_times(rows, &of_rows, topics),
                &gram(&of_rows, topics),
                topics,
            );
        }
        Self { topics, of_words }
    }

    /// The strongest topic of each row; the first for a row without any.
    pub(super) fn topic_of(&self, rows: &TfIdfRows) -> Vec<u32> {
        let mut of_rows = vec![0.0; rows.rows.len() * self.topics];
        let products = rows_times(rows, &self.of_words, self.topics);
        let gram = gram(&self.of_words, self.topics);
        for _ in 0..FOLD_IN_SWEEPS {
            descend(&mut of_rows, &products, &gram, self.topics);
        }
        let strongest = |row: &[f64]| {
            let mut best = 0;
            for (topic, weight) in row.iter().enumerate() {
                if *weight > row[best] {
                    best = topic;
                }
            }
            best as u32
        };
        of_rows.chunks_exact(self.topics).map(strongest).collect()
    }

    /// The heaviest words of each topic.
    pub(super) fn heaviest_words(&self, count: usize) -> Vec<Vec<u32>> {
        (0..self.topics)
            .map(|topic| {
                let mut words: Vec<(f64, u32)> = (0..)
                    .zip(self.of_words.chunks_exact(self.topics))
                    .map(|(word, of_word)| (of_word[topic], word))
                    .filter(|&(weight, _)| weight > 0.0)
                    .collect();
                words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                words
                    .into_iter()
                    .take(count)
                    .map(|(_, word)| word)
                    .collect()
            })
            .collect()
    }
}

/// One pass over all coordinates of a factor: each is set to the best value, not below 0, while the others stay.
fn descend(factor: &mut [f64], products: &[f64], gram: &[f64], topics: usize) {
    for (row, product) in factor
        .chunks_exact_mut(topics)
        .zip(products.chunks_exact(topics))
    {
        for topic in 0..topics {
            let of_topic = &gram[topic * topics..][..topics];
            if of_topic[topic] > 0.0 {
                let explained: f64 = row
                    .iter()
                    .zip(of_topic)
                    .map(|(weight, inner)| weight * inner)
                    .sum();
                row[topic] = (row[topic] + (product[topic] - explained) / of_topic[topic]).max(0.0);
            }
        }
    }
}

fn gram(factor: &[f64], topics: usize) -> Vec<f64> {
    let mut gram = vec![0.0; topics * topics];
    for row in factor.chunks_exact(topics) {
        for (a, sums) in row.iter().zip(gram.chunks_exact_mut(topics)) {
            if *a > 0.0 {
                for (sum, b) in sums.iter_mut().zip(row) {
                    *sum += a * b;
                }
            }
        }
    }
    gram
}

fn rows_times(rows: &TfIdfRows, of_words: &[f64], topics: usize) -> Vec<f64> {
    let mut products = vec![0.0; rows.rows.len() * topics];
    for (row, sums) in rows.rows.iter().zip(products.chunks_exact_mut(topics)) {
        for &(word, weight) in row {
            for (sum, of_word) in sums
                .iter_mut()
                .zip(&of_words[word as usize * topics..][..topics])
            {
                *sum += f64::from(weight) * of_word;
            }
        }
    }
    products
}

fn words_times(rows: &TfIdfRows, of_rows: &[f64], topics: usize) -> Vec<f64> {
    let mut products = vec![0.0; rows.words * topics];
    for (row, of_row) in rows.rows.iter().zip(of_rows.chunks_exact(topics)) {
        for &(word, weight) in row {
            for (sum, of_topic) in products[word as usize * topics..][..topics]
                .iter_mut()
                .zip(of_row)
            {
                *sum += f64::from(weight) * of_topic;
            }
        }
    }
    products
}
