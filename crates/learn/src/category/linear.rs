//! A support vector machine for each class against all others.

use serde::{Deserialize, Serialize};

use super::term_profiles::TermProfiles;
use super::term_rows::TermRows;

/// So many classes are trained side by side: each weight of a term is read once for all of them.
const LANES: usize = 32;

/// How often every example is looked at. More passes fit the groups that were seen better, and no others.
const PASSES: usize = 5;

/// No training gives weights near it, and a text's sum of such weights is still a number.
const WEIGHT_MAX: f32 = 1e6;

/// A number for each of the classes that are trained side by side.
type Lanes = [f32; LANES];

/// Weights of terms for classes. A class scores the weighted sum of a text's terms and its bias.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Linear {
    /// Of each term in turn: its weights for the classes.
    weights: Vec<f32>,
    /// Of each class.
    biases: Vec<f32>,
}

/// What to learn from.
pub(super) struct LinearExamples<'a> {
    pub(super) rows: &'a TermRows,
    pub(super) profiles: &'a TermProfiles,
    /// Of each row.
    pub(super) classes: &'a [usize],
    /// Of each row: what an error costs.
    pub(super) costs: &'a [f32],
    pub(super) class_count: usize,
}

/// Weights of up to [`LANES`] classes.
struct ClassBlock {
    terms: Vec<Lanes>,
    profile: Vec<Lanes>,
    bias: Lanes,
}

impl Linear {
    pub(super) fn train(examples: &LinearExamples<'_>, seed: u64, at: &mut dyn FnMut(f64)) -> Self {
        let (width, classes) = (examples.rows.width, examples.class_count);
        let mut linear = Self {
            weights: vec![0.0; width * classes],
            biases: vec![0.0; classes],
        };
        let blocks = classes.div_ceil(LANES);
        for (number, first) in (0..classes).step_by(LANES).enumerate() {
            let block = ClassBlock::train(examples, first, seed, &mut |share| {
                at((number as f64 + share) / blocks as f64)
            });
            let lanes = LANES.min(classes - first);
            for term in 0..width {
                let weights = block.of_term_with_profile(term, examples.profiles);
                let start = term * classes + first;
                linear.weights[start..start + lanes].copy_from_slice(&weights[..lanes]);
            }
            linear.biases[first..first + lanes].copy_from_slice(&block.bias[..lanes]);
        }
        linear
    }

    /// The scores of the classes for a row.
    pub(super) fn scores(&self, row: &[(u32, f32)]) -> Vec<f32> {
        let mut scores = self.biases.clone();
        for &(column, value) in row {
            let start = column as usize * scores.len();
            let weights = &self.weights[start..start + scores.len()];
            scores
                .iter_mut()
                .zip(weights)
                .for_each(|(score, weight)| *score += weight * value);
        }
        scores
    }

    /// Whether there are weights for so many terms and classes.
    pub(super) fn fits(&self, terms: usize, classes: usize) -> bool {
        self.biases.len() == classes && Some(self.weights.len()) == terms.checked_mul(classes)
    }

    /// Whether sums of the weights are numbers too.
    pub(super) fn is_finite(&self) -> bool {
        self.weights
            .iter()
            .chain(&self.biases)
            .all(|weight| weight.abs() <= WEIGHT_MAX)
    }
}

impl ClassBlock {
    /// Dual coordinate descent for the squared hinge loss (Hsieh et al., 2008), for all lanes in one pass over the examples.
    /// The lanes are independent problems that share their order of examples.
    fn train(
        examples: &LinearExamples<'_>,
        first: usize,
        seed: u64,
        at: &mut dyn FnMut(f64),
    ) -> Self {
        let rows = examples.rows;
        let mut block = Self {
            terms: vec![[0.0; LANES]; rows.width],
            profile: vec![[0.0; LANES]; examples.profiles.dimensions],
            bias: [0.0; LANES],
        };
        let mut multipliers = vec![[0.0; LANES]; rows.len()];
        let squares: Vec<f32> = (0..rows.len()).map(|row| square(examples, row)).collect();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut chance = fastrand::Rng::with_seed(seed);
        for pass in 0..PASSES {
            at(pass as f64 / PASSES as f64);
            chance.shuffle(&mut order);
            for &row in &order {
                let scores = block.scores(examples, row);
                let softness = 0.5 / examples.costs[row];
                let truth = examples.classes[row].wrapping_sub(first);
                let mut steps = [0.0; LANES];
                for lane in 0..LANES {
                    let sign = if lane == truth { 1.0 } else { -1.0 };
                    let old = multipliers[row][lane];
                    let gradient = sign * scores[lane] - 1.0 + old * softness;
                    let new = (old - gradient / (squares[row] + softness)).max(0.0);
                    multipliers[row][lane] = new;
                    steps[lane] = (new - old) * sign;
                }
                if steps.iter().any(|&step| step != 0.0) {
                    block.step(examples, row, &steps);
                }
            }
        }
        block
    }

    fn scores(&self, examples: &LinearExamples<'_>, row: usize) -> Lanes {
        let mut scores = self.bias;
        for (term, value) in examples.rows.row(row) {
            add(&mut scores, &self.terms[term], value);
        }
        for (weights, &value) in self.profile.iter().zip(profile(examples, row)) {
            add(&mut scores, weights, value);
        }
        scores
    }

    fn step(&mut self, examples: &LinearExamples<'_>, row: usize, steps: &Lanes) {
        for (term, value) in examples.rows.row(row) {
            add(&mut self.terms[term], steps, value);
        }
        for (weights, &value) in self.profile.iter_mut().zip(profile(examples, row)) {
            add(weights, steps, value);
        }
        add(&mut self.bias, steps, 1.0);
    }

    /// A text's profile is the sum of its terms', so the weights of the profile go into those of the terms.
    fn of_term_with_profile(&self, term: usize, profiles: &TermProfiles) -> Lanes {
        let mut weights = self.terms[term];
        for (of_profile, value) in self.profile.iter().zip(profiles.of_term(term)) {
            add(&mut weights, of_profile, value);
        }
        weights
    }
}

fn profile<'a>(examples: &'a LinearExamples<'_>, row: usize) -> &'a [f32] {
    let dimensions = examples.profiles.dimensions;
    &examples.profiles.of_texts[row * dimensions..(row + 1) * dimensions]
}

/// The square of an example's length, with the 1 that the bias stands beside.
fn square(examples: &LinearExamples<'_>, row: usize) -> f32 {
    let terms: f32 = examples.rows.row(row).map(|(_, value)| value * value).sum();
    terms
        + profile(examples, row)
            .iter()
            .map(|value| value * value)
            .sum::<f32>()
        + 1.0
}

fn add(sums: &mut Lanes, lanes: &Lanes, factor: f32) {
    for lane in 0..LANES {
        sums[lane] += lanes[lane] * factor;
    }
}
