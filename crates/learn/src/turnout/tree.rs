//! One regression tree: how it is grown from bins, and how a row walks down.
use serde::{Deserialize, Serialize};

use super::boosted_trees::{BINS, Binned, TreeGrowth};

/// Nodes in the order in which they were made: children come after their parent, so no walk can go in a circle.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Tree {
    nodes: Vec<TreeNode>,
}

/// A leaf if `left` is 0: then `value` is its answer. Otherwise a row goes left unless its value is greater than `value`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct TreeNode {
    column: u16,
    left: u16,
    value: f32,
}

/// The same tree over bins: training walks down it before the edges are looked up.
pub(super) struct TreeOverBins {
    nodes: Vec<(TreeNode, u8)>,
}

impl Tree {
    pub(super) fn value(&self, row: &[f32]) -> f32 {
        let mut at = 0;
        loop {
            let node = self.nodes[at];
            if node.left == 0 {
                return node.value;
            }
            // The right child follows the left. A missing value is never greater, so it goes left.
            at = usize::from(node.left) + usize::from(row[usize::from(node.column)] > node.value);
        }
    }

    pub(super) fn check(&self, columns: usize) -> Result<(), &'static str> {
        // Trees that are walked in step look at the column of a leaf too.
        let whole = |(at, node): (usize, &TreeNode)| {
            let left = usize::from(node.left);
            let has_children = left > at && left + 1 < self.nodes.len();
            usize::from(node.column) < columns && (left == 0 || has_children)
        };
        if !self.nodes.is_empty() && self.nodes.iter().enumerate().all(whole) {
            Ok(())
        } else {
            Err("trees")
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        // A split at minus infinity parts the missing values from all others.
        self.nodes.iter().all(|node| {
            node.value.is_finite() || (node.left > 0 && node.value == f32::NEG_INFINITY)
        })
    }
}

impl TreeOverBins {
    pub(super) fn value(&self, bin: impl Fn(usize) -> u8) -> f32 {
        let mut at = 0;
        loop {
            let (node, last_left) = self.nodes[at];
            if node.left == 0 {
                return node.value;
            }
            at = usize::from(node.left) + usize::from(bin(usize::from(node.column)) > last_left);
        }
    }
}

/// How many trees are walked down in step: the processor waits for the nodes of all of them at once.
pub(super) const TOGETHER: usize = 8;

/// The answers of some trees to one row.
pub(super) fn values(trees: &[Tree; TOGETHER], row: &[f32]) -> [f32; TOGETHER] {
    let mut at = [0; TOGETHER];
    loop {
        let mut moved = false;
        for (at, tree) in at.iter_mut().zip(trees) {
            let node = tree.nodes[*at];
            let child =
                usize::from(node.left) + usize::from(row[usize::from(node.column)] > node.value);
            // No branch: which of the trees is at its leaf cannot be foretold.
            *at = if node.left == 0 { *at } else { child };
            moved |= node.left != 0;
        }
        if !moved {
            return std::array::from_fn(|tree| trees[tree].nodes[at[tree]].value);
        }
    }
}

/// Gradient and weight of the rows in each bin, column after column.
type Histogram = Vec<(f64, f64)>;

/// A leaf that may still be split.
struct Leaf {
    node: usize,
    rows: Vec<u32>,
    histogram: Histogram,
    best: Option<TreeSplit>,
}

#[derive(Clone, Copy)]
struct TreeSplit {
    gain: f64,
    column: usize,
    last_left: u8,
}

/// What one tree is grown from.
struct Ground<'a> {
    binned: &'a Binned,
    columns: &'a [usize],
    gradients: Vec<f32>,
    weights: &'a [f32],
    growth: TreeGrowth,
}

/// Grows one tree to the gradient of the pinball loss of `residuals`, leaf after leaf, the most useful split first.
pub(super) fn grow(
    binned: &Binned,
    residuals: &[f32],
    weights: &[f32],
    rows: Vec<u32>,
    columns: &[usize],
    growth: TreeGrowth,
) -> (Tree, TreeOverBins) {
    let slope = |rest: f32| {
        if rest > 0.0 {
            growth.quantile
        } else {
            growth.quantile - 1.0
        }
    };
    let gradients = residuals
        .iter()
        .zip(weights)
        .map(|(rest, weight)| slope(*rest) * weight)
        .collect();
    let ground = Ground {
        binned,
        columns,
        gradients,
        weights,
        growth,
    };
    let mut nodes = vec![(
        TreeNode {
            column: 0,
            left: 0,
            value: 0.0,
        },
        0,
    )];
    let histogram = ground.histogram(&rows);
    let best = ground.best_split(&histogram, rows.len());
    let mut leaves = vec![Leaf {
        node: 0,
        rows,
        histogram,
        best,
    }];
    while leaves.len() < growth.leaves {
        let gain = |leaf: &Leaf| leaf.best.map_or(f64::NEG_INFINITY, |split| split.gain);
        let Some(at) =
            (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b])))
        else {
            break;
        };
        let Some(split) = leaves[at].best else { break };
        let leaf = leaves.swap_remove(at);
        let (Ok(column), Ok(left)) = (u16::try_from(split.column), u16::try_from(nodes.len()))
        else {
            break;
        };
        nodes[leaf.node] = (
            TreeNode {
                column,
                left,
                value: ground.edge(split),
            },
            split.last_left,
        );
        for (number, child) in ground.part(leaf, split).into_iter().enumerate() {
            nodes.push((
                TreeNode {
                    column: 0,
                    left: 0,
                    value: 0.0,
                },
                0,
            ));
            leaves.push(Leaf {
                node: usize::from(left) + number,
                ..child
            });
        }
    }
    for leaf in &leaves {
        nodes[leaf.node].0.value =
            growth.rate * quantile_of(&leaf.rows, residuals, weights, growth.quantile);
    }
    (
        Tree {
            nodes: nodes.iter().map(|(node, _)| *node).collect(),
        },
        TreeOverBins { nodes },
    )
}

impl Ground<'_> {
    fn histogram(&self, rows: &[u32]) -> Histogram {
        let mut histogram = vec![(0.0, 0.0); self.columns.len() * BINS];
        for (of_column, column) in histogram.chunks_exact_mut(BINS).zip(self.columns) {
            let bins = &self.binned.bins[*column];
            for row in rows {
                let row = *row as usize;
                let cell = &mut of_column[usize::from(bins[row])];
                cell.0 += f64::from(self.gradients[row]);
                cell.1 += f64::from(self.weights[row]);
            }
        }
        histogram
    }

    fn best_split(&self, histogram: &Histogram, rows: usize) -> Option<TreeSplit> {
        if rows < 2 * self.growth.rows_in_leaf_min {
            return None;
        }
        let mut best: Option<TreeSplit> = None;
        let score =
            |(gradient, weight): (f64, f64)| gradient * gradient / (weight + self.growth.shrinkage);
        for (of_column, column) in histogram.chunks_exact(BINS).zip(self.columns) {
            let all = of_column
                .iter()
                .fold((0.0, 0.0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
            let least = all.1 * self.growth.rows_in_leaf_min as f64 / rows as f64;
            let mut left = (0.0, 0.0);
            for (bin, cell) in of_column
                .iter()
                .enumerate()
                .take(self.binned.edges[*column].len() + 1)
            {
                left = (left.0 + cell.0, left.1 + cell.1);
                let right = (all.0 - left.0, all.1 - left.1);
                if left.1 < least || right.1 < least {
                    continue;
                }
                let gain = score(left) + score(right) - score(all);
                if gain > best.map_or(1e-9, |split| split.gain) {
                    best = u8::try_from(bin).ok().map(|last_left| TreeSplit {
                        gain,
                        column: *column,
                        last_left,
                    });
                }
            }
        }
        best
    }

    /// The greatest value that goes left.
    fn edge(&self, split: TreeSplit) -> f32 {
        match split.last_left {
            0 => f32::NEG_INFINITY,
            bin => self.binned.edges[split.column][usize::from(bin) - 1],
        }
    }

    /// Both sides of a split leaf. Only the smaller side is counted anew; the other is what remains.
    fn part(&self, leaf: Leaf, split: TreeSplit) -> [Leaf; 2] {
        let bins = &self.binned.bins[split.column];
        let (left, right): (Vec<u32>, Vec<u32>) = leaf
            .rows
            .iter()
            .partition(|row| bins[**row as usize] <= split.last_left);
        let left_is_smaller = left.len() < right.len();
        let smaller = self.histogram(if left_is_smaller { &left } else { &right });
        let mut larger = leaf.histogram;
        for (cell, other) in larger.iter_mut().zip(&smaller) {
            *cell = (cell.0 - other.0, cell.1 - other.1);
        }
        let (of_left, of_right) = if left_is_smaller {
            (smaller, larger)
        } else {
            (larger, smaller)
        };
        [(left, of_left), (right, of_right)].map(|(rows, histogram)| {
            let best = self.best_split(&histogram, rows.len());
            Leaf {
                node: 0,
                rows,
                histogram,
                best,
            }
        })
    }
}

/// The weighted quantile of what is left of `rows`; 0 without rows.
fn quantile_of(rows: &[u32], residuals: &[f32], weights: &[f32], quantile: f32) -> f32 {
    let mut pairs: Vec<(f32, f32)> = rows
        .iter()
        .map(|row| (residuals[*row as usize], weights[*row as usize]))
        .collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let all: f64 = pairs.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let mut sum = 0.0;
    for (rest, weight) in &pairs {
        sum += f64::from(*weight);
        if sum >= all * f64::from(quantile) {
            return *rest;
        }
    }
    0.0
}
