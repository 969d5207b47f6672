//! Which words are used near each other more often than by chance.

use super::theme_corpus::ThemeCorpus;

/// Words on each side that are near.
const WINDOW: usize = 5;
/// Frequent neighbours are made rarer and rare ones more frequent, or rare ones would be near everything (Levy, Goldberg and
/// Dagan, *Improving distributional similarity*, 2015).
const SMOOTHING: f64 = 0.75;

/// A symmetric sparse matrix by rows.
pub(super) struct SymmetricMatrix {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl SymmetricMatrix {
    /// The product with a matrix of `dims` columns.
    pub(super) fn times(&self, other: &[f32], dims: usize) -> Vec<f32> {
        let mut product = vec![0.0; other.len()];
        for (row, sum) in product.chunks_exact_mut(dims).enumerate() {
            let range = self.starts[row]..self.starts[row + 1];
            for (&column, value) in self.columns[range.clone()].iter().zip(&self.values[range]) {
                for (total, from) in sum.iter_mut().zip(&other[column as usize * dims..][..dims]) {
                    *total += value * from;
                }
            }
        }
        product
    }
}

/// The positive pointwise mutual information of all pairs of words, a nearer neighbour counting more.
pub(super) fn positive_information(corpus: &ThemeCorpus) -> SymmetricMatrix {
    let words = corpus.words.len();
    let positions = Positions::of(corpus);
    let totals = totals(corpus, words);
    let offsets = offsets(&totals);
    let total: f64 = totals.iter().sum();
    let mut matrix = SymmetricMatrix {
        starts: vec![0],
        columns: Vec::new(),
        values: Vec::new(),
    };
    let mut near = vec![0.0f64; words];
    let mut met: Vec<u32> = Vec::new();
    for word in 0..words {
        for &(text, position) in positions.of_word(word) {
            let text = &corpus.texts[text as usize];
            for (neighbour, weight) in neighbours(&text.words, position as usize) {
                let slot = &mut near[neighbour as usize];
                if *slot == 0.0 {
                    met.push(neighbour);
                }
                *slot += weight * text.weight;
            }
        }
        met.sort_unstable();
        for &neighbour in &met {
            let together = std::mem::take(&mut near[neighbour as usize]);
            let information = (together / total).ln() - offsets[word] - offsets[neighbour as usize];
            if information > 0.0 {
                matrix.columns.push(neighbour);
                matrix.values.push(information as f32);
            }
        }
        met.clear();
        matrix.starts.push(matrix.columns.len());
    }
    matrix
}

/// The words around a position with what they count.
fn neighbours(words: &[u32], position: usize) -> impl Iterator<Item = (u32, f64)> {
    let range = position.saturating_sub(WINDOW)..words.len().min(position + WINDOW + 1);
    range
        .filter(move |&other| other != position)
        .map(move |other| (words[other], WEIGHTS[other.abs_diff(position)]))
}

/// 1 over the root of the distance.
const WEIGHTS: [f64; WINDOW + 1] = [
    0.0,
    1.0,
    std::f64::consts::FRAC_1_SQRT_2,
    0.577_350_269_189_625_8,
    0.5,
    0.447_213_595_499_957_9,
];

/// How much each word is near others.
fn totals(corpus: &ThemeCorpus, words: usize) -> Vec<f64> {
    let mut totals = vec![0.0; words];
    for text in &corpus.texts {
        for (position, &word) in text.words.iter().enumerate() {
            let near: f64 = neighbours(&text.words, position)
                .map(|(_, weight)| weight)
                .sum();
            totals[word as usize] += near * text.weight;
        }
    }
    totals
}

/// The logarithm of each word's probability: the mean of the plain and the smoothed one, so that the matrix is symmetric.
fn offsets(totals: &[f64]) -> Vec<f64> {
    let plain: f64 = totals.iter().sum();
    let smoothed: f64 = totals.iter().map(|total| total.powf(SMOOTHING)).sum();
    totals
        .iter()
        .map(|total| 0.5 * ((total / plain).ln() + (total.powf(SMOOTHING) / smoothed).ln()))
        .collect()
}

/// Where each word stands: text and place in it.
struct Positions {
    starts: Vec<usize>,
    all: Vec<(u32, u32)>,
}

impl Positions {
    fn of(corpus: &ThemeCorpus) -> Self {
        let mut starts = vec![0usize; corpus.words.len() + 1];
        for &word in corpus.texts.iter().flat_map(|text| &text.words) {
            starts[word as usize + 1] += 1;
        }
        for word in 1..starts.len() {
            starts[word] += starts[word - 1];
        }
        let mut next = starts.clone();
        let mut all = vec![(0, 0); starts[corpus.words.len()]];
        for (text, source) in (0..).zip(&corpus.texts) {
            for (position, &word) in (0..).zip(&source.words) {
                all[next[word as usize]] = (text, position);
                next[word as usize] += 1;
            }
        }
        Self { starts, all }
    }

    fn of_word(&self, word: usize) -> &[(u32, u32)] {
        &self.all[self.starts[word]..self.starts[word + 1]]
    }
}
