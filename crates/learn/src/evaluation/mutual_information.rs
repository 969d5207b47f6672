//! How much one grouping of the same examples says about another.

use std::collections::BTreeMap;

/// Mutual information of two groupings over the mean of their entropies, from 0 (nothing) to 1 (the same groups): as
/// scikit-learn's `normalized_mutual_info_score`. Two groupings of one group each agree: 1.
#[must_use]
pub fn normalised_mutual_information(a: &[u32], b: &[u32]) -> f64 {
    let total = a.len().min(b.len()) as f64;
    let mut of_a: BTreeMap<u32, f64> = BTreeMap::new();
    let mut of_b: BTreeMap<u32, f64> = BTreeMap::new();
    let mut of_both: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for (&a, &b) in a.iter().zip(b) {
        *of_a.entry(a).or_default() += 1.0;
        *of_b.entry(b).or_default() += 1.0;
        *of_both.entry((a, b)).or_default() += 1.0;
    }
    if of_a.len() <= 1 && of_b.len() <= 1 {
        return 1.0;
    }
    let shared: f64 = of_both
        .iter()
        .map(|((a, b), count)| count / total * (count * total / (of_a[a] * of_b[b])).ln())
        .sum();
    let entropies = entropy(&of_a, total) + entropy(&of_b, total);
    (2.0 * shared / entropies).clamp(0.0, 1.0)
}

fn entropy(counts: &BTreeMap<u32, f64>, total: f64) -> f64 {
    counts
        .values()
        .map(|count| -count / total * (count / total).ln())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::normalised_mutual_information as nmi;

    #[test]
    fn the_same_groups_by_other_names_agree() {
        assert!((nmi(&[0, 0, 1, 2], &[7, 7, 3, 1]) - 1.0).abs() < 1e-12);
        assert!((nmi(&[0, 0], &[1, 1]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn independent_groups_say_nothing() {
        assert!(nmi(&[0, 0, 1, 1], &[0, 1, 0, 1]).abs() < 1e-12);
        assert!(nmi(&[0, 0, 1, 1], &[0, 0, 0, 0]).abs() < 1e-12);
    }

    #[test]
    fn as_scikit_learn_has_it() {
        // normalized_mutual_info_score([0,0,1,1,2,2,2], [0,0,0,1,1,2,2]) of scikit-learn 1.9.1.
        let found = nmi(&[0, 0, 1, 1, 2, 2, 2], &[0, 0, 0, 1, 1, 2, 2]);
        assert!((found - SCIKIT_LEARN).abs() < 1e-9, "{found}");
    }

    const SCIKIT_LEARN: f64 = 0.563_635_553_099_344_7;
}
