//! k-means on unit vectors: a cluster's centre is the direction of the sum of its rows, nearness is the cosine.
//!
//! Dhillon and Modha, *Concept decompositions for large sparse text data using clustering* (2001); the first centres are
//! chosen as in k-means++ (Arthur and Vassilvitskii, 2007), each of them the best of a few candidates.

/// Passes over all rows in one descent. It ends before when no row changes its cluster.
const PASSES_MAX: usize = 60;
/// A descent also ends when a pass gains less than this share of what is left.
const GAIN_MIN: f64 = 1e-5;

/// Unit vectors of one length, one after the other, each with a weight.
#[derive(Clone, Copy)]
pub(crate) struct UnitRows<'a> {
    pub(crate) values: &'a [f64],
    pub(crate) dims: usize,
    pub(crate) weights: &'a [f64],
}

/// What one or several descents came to.
#[derive(Clone)]
pub(crate) struct Clustering {
    /// Unit vectors, one after the other.
    pub(crate) centres: Vec<f64>,
    /// The cluster of each row.
    pub(crate) cluster_of: Vec<u32>,
    /// The weighted sum of 1 - cosine to the nearest centre: the smaller, the better.
    pub(crate) loss: f64,
}

impl<'a> UnitRows<'a> {
    pub(crate) fn len(&self) -> usize {
        self.weights.len()
    }

    pub(crate) fn row(&self, index: usize) -> &'a [f64] {
        &self.values[index * self.dims..(index + 1) * self.dims]
    }
}

/// The best of `restarts` descents from different first centres, all taken from `rng`. `rows` is not empty.
pub(crate) fn best_of(
    rows: UnitRows<'_>,
    k: usize,
    restarts: usize,
    rng: &mut fastrand::Rng,
) -> Clustering {
    let mut best = descend(rows, first_centres(rows, k, rng));
    for _ in 1..restarts {
        let other = descend(rows, first_centres(rows, k, rng));
        if other.loss < best.loss {
            best = other;
        }
    }
    best
}

/// Moves the given centres until they no longer move.
pub(crate) fn descend(rows: UnitRows<'_>, mut centres: Vec<f64>) -> Clustering {
    let k = centres.len() / rows.dims;
    let mut cluster_of = vec![u32::MAX; rows.len()];
    let mut distances = vec![0.0; rows.len()];
    let mut loss = f64::INFINITY;
    for pass in 0.. {
        let changed = assign(rows, &centres, &mut cluster_of, &mut distances);
        let now = rows
            .weights
            .iter()
            .zip(&distances)
            .map(|(weight, distance)| weight * distance)
            .sum();
        let gain = loss - now;
        loss = now;
        if changed == 0 || pass == PASSES_MAX || gain < GAIN_MIN * now {
            break;
        }
        move_centres(rows, &cluster_of, &mut distances, k, &mut centres);
    }
    Clustering {
        centres,
        cluster_of,
        loss,
    }
}

/// The nearest of `centres` and its distance, 1 - cosine. Of equals the first.
pub(crate) fn nearest(centres: &[f64], row: &[f64]) -> (usize, f64) {
    let (best, cosine) = match row {
        // Points on the globe: three times as fast as rows of any length.
        [x, y, z] => greatest(
            centres
                .as_chunks::<3>()
                .0
                .iter()
                .map(|c| x * c[0] + y * c[1] + z * c[2]),
        ),
        _ => greatest(
            centres
                .chunks_exact(row.len())
                .map(|centre| dot(centre, row)),
        ),
    };
    (best, (1.0 - cosine).max(0.0))
}

fn greatest(cosines: impl Iterator<Item = f64>) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, cosine) in cosines.enumerate() {
        if cosine > best.1 {
            best = (index, cosine);
        }
    }
    best
}

/// The sum of products. Four sums side by side, in an order that is always the same.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    if let ([x, y, z], [u, v, w]) = (a, b) {
        return x * u + y * v + z * w;
    }
    let (a_fours, a_rest) = a.as_chunks::<4>();
    let (b_fours, b_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (x, y) in a_fours.iter().zip(b_fours) {
        for lane in 0..4 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// Makes the vector one unit long. Returns false, and leaves it, if it has no direction.
pub(crate) fn normalise(vector: &mut [f64]) -> bool {
    let length = dot(vector, vector).sqrt();
    if !(length > 1e-12 && length.is_finite()) {
        return false;
    }
    for value in vector {
        *value /= length;
    }
    true
}

/// Each next centre is a row drawn by weight and squared distance to the nearest centre so far: of a few drawn ones, that
/// which helps most.
pub(crate) fn first_centres(rows: UnitRows<'_>, k: usize, rng: &mut fastrand::Rng) -> Vec<f64> {
    let mut distances = vec![1.0; rows.len()];
    let mut centres = Vec::with_capacity(k * rows.dims);
    let candidates = 2 + k.ilog2() as usize;
    for chosen in 0..k {
        let tries = if chosen == 0 { 1 } else { candidates };
        let best = (0..tries)
            .map(|_| draw(rows, &distances, rng))
            .map(|index| (index, loss_with(rows, &distances, index)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(0, |(index, _)| index);
        add_centre(rows, rows.row(best), &mut distances, chosen == 0);
        centres.extend_from_slice(rows.row(best));
    }
    centres
}

/// One more centre: the row that is drawn by its distance from the centres that are there.
pub(crate) fn with_one_more(
    rows: UnitRows<'_>,
    from: &Clustering,
    rng: &mut fastrand::Rng,
) -> Vec<f64> {
    let distances: Vec<f64> = (0..rows.len())
        .map(|index| nearest(&from.centres, rows.row(index)).1)
        .collect();
    let best = (0..4)
        .map(|_| draw(rows, &distances, rng))
        .map(|index| (index, loss_with(rows, &distances, index)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(index, _)| index);
    let mut centres = from.centres.clone();
    centres.extend_from_slice(rows.row(best));
    centres
}

fn draw(rows: UnitRows<'_>, distances: &[f64], rng: &mut fastrand::Rng) -> usize {
    let total: f64 = rows
        .weights
        .iter()
        .zip(distances)
        .map(|(weight, distance)| weight * distance)
        .sum();
    let mut left = rng.f64() * total;
    for (index, (weight, distance)) in rows.weights.iter().zip(distances).enumerate() {
        left -= weight * distance;
        if left < 0.0 {
            return index;
        }
    }
    rng.usize(..rows.len())
}

fn loss_with(rows: UnitRows<'_>, distances: &[f64], centre: usize) -> f64 {
    let centre = rows.row(centre);
    (0..rows.len())
        .map(|index| rows.weights[index] * distances[index].min(1.0 - dot(rows.row(index), centre)))
        .sum()
}

fn add_centre(rows: UnitRows<'_>, centre: &[f64], distances: &mut [f64], is_first: bool) {
    for (index, nearest) in distances.iter_mut().enumerate() {
        let distance = (1.0 - dot(rows.row(index), centre)).max(0.0);
        if is_first || distance < *nearest {
            *nearest = distance;
        }
    }
}

fn assign(
    rows: UnitRows<'_>,
    centres: &[f64],
    cluster_of: &mut [u32],
    distances: &mut [f64],
) -> usize {
    let mut changed = 0;
    for (index, (cluster, distance)) in cluster_of.iter_mut().zip(distances).enumerate() {
        let (nearest, how_far) = nearest(centres, rows.row(index));
        *distance = how_far;
        let nearest = nearest as u32;
        changed += usize::from(*cluster != nearest);
        *cluster = nearest;
    }
    changed
}

/// Puts every centre into the middle of its rows; one without rows becomes the row that is worst off.
fn move_centres(
    rows: UnitRows<'_>,
    cluster_of: &[u32],
    distances: &mut [f64],
    k: usize,
    centres: &mut [f64],
) {
    let mut sums = vec![0.0; k * rows.dims];
    for (index, &cluster) in cluster_of.iter().enumerate() {
        let sum = &mut sums[cluster as usize * rows.dims..][..rows.dims];
        for (total, value) in sum.iter_mut().zip(rows.row(index)) {
            *total += rows.weights[index] * value;
        }
    }
    for (sum, centre) in sums
        .chunks_exact_mut(rows.dims)
        .zip(centres.chunks_exact_mut(rows.dims))
    {
        if normalise(sum) {
            centre.copy_from_slice(sum);
        } else if let Some(worst) = worst_off(rows, distances) {
            centre.copy_from_slice(rows.row(worst));
            distances[worst] = 0.0;
        }
    }
}

fn worst_off(rows: UnitRows<'_>, distances: &[f64]) -> Option<usize> {
    (0..rows.len()).max_by(|&a, &b| {
        (rows.weights[a] * distances[a]).total_cmp(&(rows.weights[b] * distances[b]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four bundles of rows around the corners of a cross, as unit vectors in the plane.
    fn bundles() -> (Vec<f64>, Vec<f64>) {
        let mut rng = fastrand::Rng::with_seed(1);
        let values: Vec<f64> = (0..400)
            .flat_map(|index| {
                let angle = f64::from(index % 4) * std::f64::consts::FRAC_PI_2 + 0.2 * rng.f64();
                [angle.cos(), angle.sin()]
            })
            .collect();
        let weights = vec![1.0; 400];
        (values, weights)
    }

    #[test]
    fn bundles_are_found_and_the_same_seed_finds_the_same() {
        let (values, weights) = bundles();
        let rows = UnitRows {
            values: &values,
            dims: 2,
            weights: &weights,
        };
        let found = best_of(rows, 4, 3, &mut fastrand::Rng::with_seed(5));
        for index in 0..400 {
            assert_eq!(found.cluster_of[index], found.cluster_of[index % 4]);
        }
        let again = best_of(rows, 4, 3, &mut fastrand::Rng::with_seed(5));
        assert_eq!(found.centres, again.centres);
    }

    #[test]
    fn a_descent_never_ends_above_its_start() {
        let (values, weights) = bundles();
        let rows = UnitRows {
            values: &values,
            dims: 2,
            weights: &weights,
        };
        for seed in 0..20 {
            let start = first_centres(rows, 7, &mut fastrand::Rng::with_seed(seed));
            let before: f64 = (0..400)
                .map(|index| nearest(&start, rows.row(index)).1)
                .sum();
            assert!(descend(rows, start).loss <= before + 1e-9);
        }
    }

    #[test]
    fn more_clusters_than_different_rows_leave_none_without_a_direction() {
        let values = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let rows = UnitRows {
            values: &values,
            dims: 2,
            weights: &[1.0; 3],
        };
        let found = best_of(rows, 3, 2, &mut fastrand::Rng::with_seed(0));
        assert!(found.loss.abs() < 1e-12);
        assert!(found.centres.iter().all(|value| value.is_finite()));
    }
}
