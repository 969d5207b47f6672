//! Clusters by density: as many as there are, of any shape, and what belongs to none.

use ndarray::Array2;
use petal_clustering::{Fit, HDbscan};

use super::grid::Grid;

/// The fewest cells that are a cluster.
const SIZE_MIN: usize = 8;
/// Or this share of all, if that is more.
const SIZE_SHARE: f64 = 0.005;

/// The fewest cells of a cluster among so many.
pub(super) fn size_min(cells: usize) -> usize {
    SIZE_MIN.max((cells as f64 * SIZE_SHARE) as usize)
}

/// HDBSCAN over the middles of cells: the cells of each cluster, the largest first, and those of none.
///
/// Distances are chords between unit vectors. They are in the order of great-circle distances, so the tree of clusters is the
/// same; only how long a cluster lasts is measured along the chord, which within 1,000 km is 0.1 % shorter. Cells are all in
/// different spots: at a distance of 0, density has no number.
pub(super) fn clusters(grid: &Grid) -> (Vec<Vec<usize>>, Vec<usize>) {
    let size = size_min(grid.len());
    if grid.len() < 2 * size {
        return (Vec::new(), (0..grid.len()).collect());
    }
    let points = Array2::from_shape_fn((grid.len(), 3), |(cell, axis)| grid.vector(cell)[axis]);
    let mut search = HDbscan {
        alpha: 1.0_f64,
        min_samples: SIZE_MIN,
        min_cluster_size: size,
        // Prim's way compares all pairs, on one thread: the other one spreads over all cores.
        boruvka: false,
        ..HDbscan::default()
    };
    let (clusters, noise, _) = search.fit(&points, None);
    let mut clusters: Vec<Vec<usize>> = clusters.into_values().collect();
    for cluster in &mut clusters {
        cluster.sort_unstable();
    }
    clusters.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    (clusters, noise)
}
