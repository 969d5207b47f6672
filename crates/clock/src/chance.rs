//! Chance where it must not repeat.

/// A number that nobody else has: for ids of journals, claims and writers, which must differ between machines that
/// started at the same moment. It comes from the operating system; jitter, which may repeat, comes from [`fastrand`].
#[must_use]
pub fn random_id() -> u64 {
    // Where the system has none to give (no such system is known to run this program) a guess is better than no id.
    getrandom::u64().unwrap_or_else(|_| fastrand::u64(..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_differ() {
        let ids: HashSet<u64> = (0..1_000).map(|_| random_id()).collect();
        assert_eq!(ids.len(), 1_000);
    }
}
