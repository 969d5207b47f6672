//! One clustering for every number of clusters, so that a slider answers at once.

use super::{grid::Grid, place_point::Weighting, sphere};
use crate::{
    Progress,
    evaluation::mean_silhouette,
    spherical_k_means::{Clustering, UnitRows, best_of, descend, with_one_more},
};

/// The fewest clusters that are made.
pub(super) const K_MIN: usize = 2;
/// The most clusters that are made.
pub(super) const K_MAX: usize = 40;
/// Fresh descents for each number of clusters, besides the one that goes on from one cluster fewer.
const RESTARTS: usize = 3;
/// How much worse, as a share, the earlier model's centres may be before others take their place: the map should not
/// change for a difference that nobody sees.
const LOYALTY: f64 = 0.01;
/// Points for the silhouette: distances between all of them are kept.
const SILHOUETTE_POINTS: usize = 800;

/// Clusterings into [`K_MIN`], [`K_MIN`] + 1 and so on up to `k_max`. `earlier` gives the centres of an earlier model for a
/// number of clusters.
pub(super) fn sweep(
    rows: UnitRows<'_>,
    k_max: usize,
    earlier: &dyn Fn(usize) -> Option<Vec<f64>>,
    rng: &mut fastrand::Rng,
    progress: &mut dyn FnMut(f64, &mut dyn Progress),
    told: &mut dyn Progress,
) -> Vec<Clustering> {
    let mut all: Vec<Clustering> = Vec::new();
    for k in K_MIN..=k_max {
        let mut best = best_of(rows, k, RESTARTS, rng);
        if let Some(fewer) = all.last() {
            let grown = descend(rows, with_one_more(rows, fewer, rng));
            if grown.loss < best.loss {
                best = grown;
            }
        }
        if let Some(centres) = earlier(k) {
            let kept = descend(rows, centres);
            if kept.loss <= best.loss * (1.0 + LOYALTY) {
                best = kept;
            }
        }
        all.push(best);
        // Work grows with the square of k: with the centres and with their candidates.
        progress((k * k) as f64 / (k_max * k_max) as f64, told);
    }
    all
}

/// The most clusters for so many different points.
pub(super) fn k_max(cells: usize) -> usize {
    (cells / 2).min(K_MAX)
}

/// A number of points, the same for all clusterings, and the distances between them.
pub(super) struct SilhouetteSample {
    cells: Vec<usize>,
    distances: Vec<f32>,
}

impl SilhouetteSample {
    /// Draws cells by their weight, each at most once.
    pub(super) fn draw(grid: &Grid, weighting: Weighting, rng: &mut fastrand::Rng) -> Self {
        let weights = grid.rows(weighting).weights;
        // The greatest of u^(1/weight) are a sample by weight without repetition (Efraimidis and Spirakis 2006).
        let mut keyed: Vec<(f64, usize)> = weights
            .iter()
            .enumerate()
            .map(|(cell, weight)| (rng.f64().ln() / weight, cell))
            .collect();
        keyed.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut cells: Vec<usize> = keyed
            .into_iter()
            .take(SILHOUETTE_POINTS)
            .map(|(_, cell)| cell)
            .collect();
        cells.sort_unstable();
        let vectors: Vec<_> = cells.iter().map(|&cell| grid.vector(cell)).collect();
        let distances = vectors
            .iter()
            .flat_map(|&a| {
                vectors
                    .iter()
                    .map(move |&b| sphere::kilometres(a, b) as f32)
            })
            .collect();
        Self { cells, distances }
    }

    /// The mean silhouette of a clustering, by great-circle distance; none where the sample lies in one cluster.
    pub(super) fn of(&self, clustering: &Clustering) -> Option<f64> {
        let cluster_of: Vec<u32> = self
            .cells
            .iter()
            .map(|&cell| clustering.cluster_of[cell])
            .collect();
        mean_silhouette(&self.distances, &cluster_of)
    }
}
