//! Which groups a model is tested on.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// One group of `parts`, at least one if there are two or more: those that the seed's hash puts first. The rest is for training.
///
/// A split by event instead would leak: events of a group repeat their text, and the label is the group's.
#[must_use]
pub fn held_out_groups(groups: &BTreeSet<i64>, parts: usize, seed: u64) -> BTreeSet<i64> {
    if groups.len() < 2 {
        return BTreeSet::new();
    }
    let mut order: Vec<(u64, i64)> = groups
        .iter()
        .map(|&group| (xxh3_64_with_seed(&group.to_le_bytes(), seed), group))
        .collect();
    order.sort_unstable();
    order.truncate((groups.len() / parts).clamp(1, groups.len() - 1));
    order.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::held_out_groups;

    #[test]
    fn a_fifth_is_held_out_and_the_seed_decides_which() {
        let groups = (0..100).collect();
        let first = held_out_groups(&groups, 5, 1);
        assert_eq!(first.len(), 20);
        assert_eq!(first, held_out_groups(&groups, 5, 1));
        assert_ne!(first, held_out_groups(&groups, 5, 2));
    }

    #[test]
    fn something_is_left_to_train_on() {
        assert_eq!(held_out_groups(&[7].into(), 5, 0).len(), 0);
        assert_eq!(held_out_groups(&[7, 8].into(), 5, 0).len(), 1);
        assert_eq!(held_out_groups(&[7, 8, 9].into(), 1, 0).len(), 2);
    }
}
