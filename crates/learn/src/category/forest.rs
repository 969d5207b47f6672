//! A random forest over which terms a text holds.

use serde::{Deserialize, Serialize};

use super::term_rows::TermRows;

const TREES: usize = 100;

/// A tree looks at so many terms of the texts in a node before it splits them by the best. ForestExamples are drawn evenly, and of each a
/// term by its share of the text: nearly all terms are in next to no text, so that a split by one of those takes off next to
/// nothing, and the few that are in every text say nothing.
const TERMS_TRIED: usize = 128;

/// A split must lower the impurity by this much, so that rounding splits nothing.
const GAIN_MIN: f64 = 1e-9;

/// No tree has the text in this node any more.
const IN_NO_NODE: u32 = u32::MAX;

/// Trees that ask whether a text holds a term, and give the shares of the classes among the texts that answered alike.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Forest {
    classes: u32,
    trees: Vec<Vec<ForestNode>>,
}

/// The first node of a tree is its root; what follows a split stands after it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum ForestNode {
    Split { term: u32, with: u32, without: u32 },
    Leaf { shares: Vec<(u32, f32)> },
}

/// What to learn from.
pub(super) struct ForestExamples<'a> {
    pub(super) rows: &'a TermRows,
    /// Of each row.
    pub(super) classes: &'a [usize],
    /// Of each row: how much it weighs.
    pub(super) weights: &'a [f32],
    /// Of each row: its group, by number.
    pub(super) groups: &'a [usize],
    pub(super) class_count: usize,
}

/// One tree while it grows.
struct GrowingTree<'a> {
    texts: &'a ForestExamples<'a>,
    /// Of each term: the rows that hold it.
    holders: &'a [Vec<u32>],
    weights: Vec<f64>,
    /// Of each row: the node it is in.
    node_of: Vec<u32>,
    nodes: Vec<ForestNode>,
    chance: fastrand::Rng,
    /// Of each term: 1 + its place among the terms that are tried, or 0.
    places: Vec<u8>,
}

impl Forest {
    pub(super) fn grow(texts: &ForestExamples<'_>, seed: u64, at: &mut dyn FnMut(f64)) -> Self {
        let mut holders = vec![Vec::new(); texts.rows.width];
        for row in 0..texts.rows.len() {
            for &term in texts.rows.columns(row) {
                holders[term as usize].push(row as u32);
            }
        }
        let mut chance = fastrand::Rng::with_seed(seed);
        let tree = |number: usize| {
            at(number as f64 / TREES as f64);
            GrowingTree::new(texts, &holders, chance.fork()).tree()
        };
        Self {
            classes: texts.class_count as u32,
            trees: (0..TREES).map(tree).collect(),
        }
    }

    /// The mean over the trees of the classes' shares. `row` is sorted by column.
    pub(super) fn shares(&self, row: &[(u32, f32)]) -> Vec<f32> {
        let mut sums = vec![0.0; self.classes as usize];
        for tree in &self.trees {
            for &(class, share) in leaf(tree, row) {
                sums[class as usize] += share;
            }
        }
        sums.iter_mut()
            .for_each(|sum| *sum /= self.trees.len().max(1) as f32);
        sums
    }

    /// Whether every node leads to later ones of its tree, to one of so many terms, or to shares of so many classes.
    pub(super) fn fits(&self, terms: usize, classes: usize) -> bool {
        let is_sound = |tree: &Vec<ForestNode>| {
            let leads_on = |at: usize, next: u32| (at + 1..tree.len()).contains(&(next as usize));
            !tree.is_empty()
                && tree.iter().enumerate().all(|(at, node)| match node {
                    ForestNode::Split {
                        term,
                        with,
                        without,
                    } => (*term as usize) < terms && leads_on(at, *with) && leads_on(at, *without),
                    ForestNode::Leaf { shares } => {
                        shares.iter().all(|&(class, _)| (class as usize) < classes)
                    }
                })
        };
        self.classes as usize == classes && self.trees.iter().all(is_sound)
    }

    /// Whether all shares are shares.
    pub(super) fn is_finite(&self) -> bool {
        self.trees.iter().flatten().all(|node| match node {
            ForestNode::Split { .. } => true,
            ForestNode::Leaf { shares } => {
                shares.iter().all(|(_, share)| (0.0..=1.0).contains(share))
            }
        })
    }
}

fn leaf<'a>(tree: &'a [ForestNode], row: &[(u32, f32)]) -> &'a [(u32, f32)] {
    let mut at = 0;
    loop {
        match tree.get(at) {
            Some(ForestNode::Split {
                term,
                with,
                without,
            }) => {
                let holds = row
                    .binary_search_by_key(term, |&(column, _)| column)
                    .is_ok();
                at = if holds { *with } else { *without } as usize;
            }
            Some(ForestNode::Leaf { shares }) => return shares,
            None => return &[],
        }
    }
}

impl<'a> GrowingTree<'a> {
    /// Draws as many groups as there are, with repetition: events of a group are alike, so single events would all be known.
    fn new(
        texts: &'a ForestExamples<'a>,
        holders: &'a [Vec<u32>],
        mut chance: fastrand::Rng,
    ) -> Self {
        let groups = texts.groups.iter().max().map_or(0, |last| last + 1);
        let mut drawn = vec![0_u32; groups];
        for _ in 0..groups {
            drawn[chance.usize(..groups)] += 1;
        }
        let weigh = |(&group, &weight): (&usize, &f32)| f64::from(weight) * f64::from(drawn[group]);
        Self {
            texts,
            holders,
            weights: texts.groups.iter().zip(texts.weights).map(weigh).collect(),
            node_of: vec![IN_NO_NODE; texts.rows.len()],
            nodes: Vec::new(),
            chance,
            places: vec![0; texts.rows.width],
        }
    }

    fn tree(mut self) -> Vec<ForestNode> {
        let rows: Vec<u32> = (0..self.texts.rows.len() as u32)
            .filter(|&row| self.weights[row as usize] > 0.0)
            .collect();
        let mut open = vec![self.opened(rows)];
        while let Some((node, rows)) = open.pop() {
            let totals = self.totals(&rows);
            let is_pure = totals.iter().filter(|&&weight| weight > 0.0).count() < 2;
            let term = if is_pure {
                None
            } else {
                self.best_term(node, &rows, &totals)
            };
            let Some(term) = term else {
                self.nodes[node as usize] = leaf_of(&totals);
                continue;
            };
            let (with, without): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&&row| {
                self.texts
                    .rows
                    .columns(row as usize)
                    .binary_search(&term)
                    .is_ok()
            });
            let (with, without) = (self.opened(with), self.opened(without));
            self.nodes[node as usize] = ForestNode::Split {
                term,
                with: with.0,
                without: without.0,
            };
            open.extend([with, without]);
        }
        self.nodes
    }

    /// A new node that holds `rows`.
    fn opened(&mut self, rows: Vec<u32>) -> (u32, Vec<u32>) {
        let node = self.nodes.len() as u32;
        self.nodes.push(ForestNode::Leaf { shares: Vec::new() });
        for &row in &rows {
            self.node_of[row as usize] = node;
        }
        (node, rows)
    }

    fn totals(&self, rows: &[u32]) -> Vec<f64> {
        let mut totals = vec![0.0; self.texts.class_count];
        for &row in rows {
            totals[self.texts.classes[row as usize]] += self.weights[row as usize];
        }
        totals
    }

    /// The one of the tried terms that lowers Gini's impurity most, if one lowers it.
    fn best_term(&mut self, node: u32, rows: &[u32], totals: &[f64]) -> Option<u32> {
        let terms = self.terms_to_try(rows);
        let of_terms = self.totals_with(node, rows, &terms);
        let impurity_left = |term: usize| {
            let with = &of_terms[term * totals.len()..(term + 1) * totals.len()];
            let (mut squares, mut sums) = ([0.0; 2], [0.0; 2]);
            for (&with, &all) in with.iter().zip(totals) {
                let without = (all - with).max(0.0);
                squares[0] += with * with;
                squares[1] += without * without;
                sums[0] += with;
                sums[1] += without;
            }
            squares[0] / sums[0].max(f64::MIN_POSITIVE)
                + squares[1] / sums[1].max(f64::MIN_POSITIVE)
        };
        let whole: f64 = totals.iter().sum();
        let unsplit = totals.iter().map(|total| total * total).sum::<f64>() / whole;
        let best = (0..terms.len())
            .map(|term| (impurity_left(term), term))
            .reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        (best.0 - unsplit > GAIN_MIN * whole).then(|| terms[best.1])
    }

    fn terms_to_try(&mut self, rows: &[u32]) -> Vec<u32> {
        let mut terms = Vec::with_capacity(TERMS_TRIED);
        for _ in 0..TERMS_TRIED {
            let row = rows[self.chance.usize(..rows.len())] as usize;
            // The squares of a row add up to 1.
            let mut left = self.chance.f32();
            let drawn = self.texts.rows.row(row).find(|&(_, value)| {
                left -= value * value;
                left <= 0.0
            });
            terms.extend(drawn.map(|(term, _)| term as u32));
        }
        terms.sort_unstable();
        terms.dedup();
        terms
    }

    /// For each of `terms`, the classes' weights among the node's rows that hold it: by the terms' rows or by the rows' terms,
    /// whichever are fewer.
    fn totals_with(&mut self, node: u32, rows: &[u32], terms: &[u32]) -> Vec<f64> {
        let (texts, classes) = (self.texts, self.texts.class_count);
        let mut totals = vec![0.0; terms.len() * classes];
        let holders: usize = terms
            .iter()
            .map(|&term| self.holders[term as usize].len())
            .sum();
        let held: usize = rows
            .iter()
            .map(|&row| texts.rows.columns(row as usize).len())
            .sum();
        if holders < held {
            for (place, &term) in terms.iter().enumerate() {
                for &row in &self.holders[term as usize] {
                    if self.node_of[row as usize] == node {
                        totals[place * classes + texts.classes[row as usize]] +=
                            self.weights[row as usize];
                    }
                }
            }
            return totals;
        }
        for (place, &term) in (1_u8..).zip(terms) {
            self.places[term as usize] = place;
        }
        for &row in rows {
            let (class, weight) = (texts.classes[row as usize], self.weights[row as usize]);
            for &term in texts.rows.columns(row as usize) {
                let place = usize::from(self.places[term as usize]);
                if place > 0 {
                    totals[(place - 1) * classes + class] += weight;
                }
            }
        }
        for &term in terms {
            self.places[term as usize] = 0;
        }
        totals
    }
}

fn leaf_of(totals: &[f64]) -> ForestNode {
    let sum: f64 = totals.iter().sum();
    let shares = totals
        .iter()
        .zip(0_u32..)
        .filter(|&(&total, _)| total > 0.0);
    ForestNode::Leaf {
        shares: shares
            .map(|(total, class)| (class, (total / sum) as f32))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::term_rows::TermRows;
    use super::{Forest, ForestExamples, ForestNode};

    #[test]
    fn a_forest_learns_what_no_single_term_says() {
        // Class 1 if one of the terms 0 and 1 is there, but not both; term 2 is noise.
        let mut rows = TermRows::new(3);
        let (mut classes, mut chance) = (Vec::new(), fastrand::Rng::with_seed(1));
        for _ in 0..400 {
            let held: Vec<(u32, f32)> = (0..3)
                .filter(|_| chance.bool())
                .map(|term| (term, 1.0))
                .collect();
            classes.push(held.iter().filter(|&&(term, _)| term < 2).count() % 2);
            let length = (held.len() as f32).sqrt();
            let row: Vec<(u32, f32)> = held
                .iter()
                .map(|&(term, value)| (term, value / length))
                .collect();
            rows.push(&row);
        }
        let groups: Vec<usize> = (0..400).collect();
        let texts = ForestExamples {
            rows: &rows,
            classes: &classes,
            weights: &[1.0; 400],
            groups: &groups,
            class_count: 2,
        };
        let forest = Forest::grow(&texts, 1, &mut |_| {});
        assert!(forest.fits(3, 2) && forest.is_finite());
        for (row, class) in [
            (vec![(0, 1.0)], 1),
            (vec![(0, 1.0), (1, 1.0)], 0),
            (vec![(1, 1.0), (2, 1.0)], 1),
            (vec![], 0),
        ] {
            assert!(
                forest.shares(&row)[class] > 0.9,
                "{row:?} {:?}",
                forest.shares(&row)
            );
        }
    }

    #[test]
    fn a_tree_that_leads_back_is_none() {
        let forest = |nodes: Vec<ForestNode>| Forest {
            classes: 2,
            trees: vec![nodes],
        };
        let leaf = |class| ForestNode::Leaf {
            shares: vec![(class, 1.0)],
        };
        let split = |with, without| ForestNode::Split {
            term: 0,
            with,
            without,
        };
        assert!(forest(vec![split(1, 2), leaf(0), leaf(1)]).fits(1, 2));
        assert!(!forest(vec![split(0, 2), leaf(0), leaf(1)]).fits(1, 2));
        assert!(!forest(vec![split(1, 3), leaf(0), leaf(1)]).fits(1, 2));
        assert!(!forest(vec![split(1, 2), leaf(0), leaf(2)]).fits(1, 2));
        assert!(!forest(vec![split(1, 2), leaf(0), leaf(1)]).fits(0, 2));
        assert!(!forest(vec![]).fits(1, 2));
    }
}
