//! How much nearer points are to their own cluster than to the next one.

/// The mean silhouette of points (Rousseeuw 1987), from -1 to 1: (b - a) / max(a, b), where a is a point's mean distance to
/// the others of its cluster and b the least mean distance to those of another. A point alone in its cluster counts 0.
/// None where there are fewer than two clusters or as many as points.
///
/// `distances` has a row for each point; `cluster_of` has the cluster of each.
#[must_use]
pub fn mean_silhouette(distances: &[f32], cluster_of: &[u32]) -> Option<f64> {
    let points = cluster_of.len();
    let clusters = cluster_of.iter().max().map_or(0, |&last| last as usize + 1);
    let mut sizes = vec![0usize; clusters];
    for &cluster in cluster_of {
        sizes[cluster as usize] += 1;
    }
    let filled = sizes.iter().filter(|&&size| size > 0).count();
    if filled < 2 || filled >= points || distances.len() != points * points {
        return None;
    }
    let mut total = 0.0;
    let mut sums = vec![0.0f64; clusters];
    for (own, row) in cluster_of.iter().zip(distances.chunks_exact(points)) {
        let own = *own as usize;
        if sizes[own] == 1 {
            continue;
        }
        sums.fill(0.0);
        for (&cluster, &distance) in cluster_of.iter().zip(row) {
            sums[cluster as usize] += f64::from(distance);
        }
        let within = sums[own] / (sizes[own] - 1) as f64;
        let next = (0..clusters)
            .filter(|&cluster| cluster != own && sizes[cluster] > 0)
            .map(|cluster| sums[cluster] / sizes[cluster] as f64)
            .fold(f64::INFINITY, f64::min);
        let larger = within.max(next);
        if larger > 0.0 {
            total += (next - within) / larger;
        }
    }
    Some(total / points as f64)
}

#[cfg(test)]
mod tests {
    use super::mean_silhouette;

    fn of(points: &[f32], clusters: &[u32]) -> Option<f64> {
        let distances: Vec<f32> = points
            .iter()
            .flat_map(|a| points.iter().map(move |b| (a - b).abs()))
            .collect();
        mean_silhouette(&distances, clusters)
    }

    #[test]
    fn worked_by_hand() {
        // Points 0 1 | 5 and 7: a = 1, 1, 2, 2; b = 6, 5, 4.5, 6.5.
        let expected = (5.0 / 6.0 + 4.0 / 5.0 + 2.5 / 4.5 + 4.5 / 6.5) / 4.0;
        let found = of(&[0.0, 1.0, 5.0, 7.0], &[0, 0, 1, 1]).unwrap();
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn one_cluster_or_a_cluster_for_each_point_has_none() {
        assert_eq!(of(&[0.0, 1.0], &[0, 0]), None);
        assert_eq!(of(&[0.0, 1.0], &[0, 1]), None);
        assert_eq!(of(&[], &[]), None);
    }
}
