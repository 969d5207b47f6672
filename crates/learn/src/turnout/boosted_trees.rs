//! Gradient-boosted regression trees that learn a quantile.
//!
//! Every tree is fitted to the gradient of the pinball loss, and its leaves are the weighted quantile of what is left there
//! (Friedman 2001, "Greedy function approximation", algorithm 3; histograms and leaf-wise growth as in LightGBM).
//! A missing value is less than every number, so a split can part the rows without a value from all others.
use serde::{Deserialize, Serialize};

use super::tree::{TOGETHER, Tree, grow, values};

/// How many bins a column has at most; bin 0 is for missing values.
pub(super) const BINS: usize = 128;

/// The sum of many small trees.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct BoostedTrees {
    trees: Vec<Tree>,
}

/// How the trees are grown.
#[derive(Clone, Copy)]
pub(super) struct TreeGrowth {
    /// Which quantile they learn: 0.5 is the median.
    pub(super) quantile: f32,
    pub(super) trees: usize,
    pub(super) leaves: usize,
    /// What share of a tree's answer is taken.
    pub(super) rate: f32,
    /// What share of the rows, and of the columns, a tree sees.
    pub(super) rows: f64,
    pub(super) columns: f64,
    pub(super) rows_in_leaf_min: usize,
    /// Makes splits that few rows support less attractive.
    pub(super) shrinkage: f64,
}

/// Columns in bins: what trees are grown from.
pub(super) struct Binned {
    /// The greatest value of every bin but the last, by column.
    pub(super) edges: Vec<Vec<f32>>,
    /// Bin of each row, by column.
    pub(super) bins: Vec<Vec<u8>>,
}

impl Binned {
    /// Sorts values into bins that hold about equally many rows. `rows` all have `columns` values.
    pub(super) fn new(rows: &[Vec<f32>], columns: usize) -> Self {
        let mut edges = Vec::with_capacity(columns);
        let mut bins = Vec::with_capacity(columns);
        for column in 0..columns {
            let of_column = edges_of(rows, column);
            bins.push(
                rows.iter()
                    .map(|row| bin_of(&of_column, row[column]))
                    .collect(),
            );
            edges.push(of_column);
        }
        Self { edges, bins }
    }
}

/// Up to `BINS - 2` values between which the rows of a column are shared out evenly.
fn edges_of(rows: &[Vec<f32>], column: usize) -> Vec<f32> {
    let mut values: Vec<f32> = rows
        .iter()
        .map(|row| row[column])
        .filter(|value| !value.is_nan())
        .collect();
    values.sort_unstable_by(f32::total_cmp);
    let mut edges: Vec<f32> = (1..BINS - 1)
        .filter_map(|at| values.get(at * values.len() / (BINS - 1)).copied())
        .collect();
    edges.dedup();
    // Above the greatest value nothing can be parted.
    if edges.last().is_some_and(|last| values.last() == Some(last)) {
        edges.pop();
    }
    edges
}

/// 0 for a missing value; otherwise one more than the number of edges below the value.
#[expect(
    clippy::cast_possible_truncation,
    reason = "there are fewer than 128 edges"
)]
fn bin_of(edges: &[f32], value: f32) -> u8 {
    if value.is_nan() {
        0
    } else {
        1 + edges.partition_point(|edge| *edge < value) as u8
    }
}

impl BoostedTrees {
    /// Learns `targets` from the rows in `binned`; a row's error counts `weights` times. `at` is told the finished share.
    pub(super) fn train(
        binned: &Binned,
        targets: &[f32],
        weights: &[f32],
        growth: TreeGrowth,
        seed: u64,
        mut at: impl FnMut(f64),
    ) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut left: Vec<f32> = targets.to_vec();
        let mut trees = Vec::with_capacity(growth.trees);
        for number in 0..growth.trees {
            at(number as f64 / growth.trees as f64);
            let rows: Vec<u32> = (0..targets.len())
                .filter(|_| chance.f64() < growth.rows)
                .filter_map(|row| u32::try_from(row).ok())
                .collect();
            let columns: Vec<usize> = (0..binned.bins.len())
                .filter(|_| chance.f64() < growth.columns)
                .collect();
            let (tree, by_bin) = grow(binned, &left, weights, rows, &columns, growth);
            for (row, rest) in left.iter_mut().enumerate() {
                *rest -= by_bin.value(|column| binned.bins[column][row]);
            }
            trees.push(tree);
        }
        Self { trees }
    }

    /// The sum of all trees' answers. `row` has as many values as those of the training.
    pub(super) fn predict(&self, row: &[f32]) -> f32 {
        let (together, rest) = self.trees.as_chunks::<TOGETHER>();
        let in_step = together.iter().flat_map(|trees| values(trees, row));
        in_step.chain(rest.iter().map(|tree| tree.value(row))).sum()
    }

    #[cfg(test)]
    pub(super) fn predict_one_by_one(&self, row: &[f32]) -> f32 {
        self.trees.iter().map(|tree| tree.value(row)).sum()
    }

    /// Whether every tree can be walked over rows of `columns` values and gives numbers.
    pub(super) fn check(&self, columns: usize) -> Result<(), &'static str> {
        self.trees.iter().try_for_each(|tree| tree.check(columns))
    }

    /// Whether all of its numbers are finite.
    pub(super) fn is_finite(&self) -> bool {
        self.trees.iter().all(Tree::is_finite)
    }
}
