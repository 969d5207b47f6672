//! How far data have moved from those that a model was trained on.

use std::collections::BTreeMap;

/// From this population stability index on, a feature is worth a look; 0.25 is a shift (the usual reading of the index in
/// credit scoring, where it comes from).
pub const PSI_WATCH: f64 = 0.1;
/// From this index on, a feature has shifted.
pub const PSI_SHIFTED: f64 = 0.25;
/// A bin that was empty counts as this share, for the logarithm.
const SHARE_MIN: f64 = 1e-4;

/// How often each bin of each feature occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureCounts {
    counts: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl FeatureCounts {
    /// Counts the bins that one example falls in.
    pub fn add(&mut self, bins: impl IntoIterator<Item = (&'static str, &'static str)>) {
        for (feature, bin) in bins {
            *self
                .counts
                .entry(feature)
                .or_default()
                .entry(bin)
                .or_default() += 1;
        }
    }

    /// The population stability index of each feature that both know, against the shares of a card.
    #[must_use]
    pub fn stability(&self, trained: &[(String, Vec<(String, f64)>)]) -> Vec<(String, f64)> {
        let known = trained.iter().filter_map(|(feature, shares)| {
            let counts = self.counts.get(feature.as_str())?;
            Some((feature.clone(), population_stability_index(shares, counts)))
        });
        known.collect()
    }
}

/// The sum over all bins of (now - before) ln(now / before).
fn population_stability_index(before: &[(String, f64)], now: &BTreeMap<&'static str, u64>) -> f64 {
    let all = now.values().sum::<u64>().max(1) as f64;
    let share_now = |bin: &str| now.get(bin).map_or(0.0, |count| *count as f64 / all);
    let term = |before: f64, now: f64| {
        let (before, now) = (before.max(SHARE_MIN), now.max(SHARE_MIN));
        (now - before) * (now / before).ln()
    };
    let known = before
        .iter()
        .map(|(bin, share)| term(*share, share_now(bin)));
    let is_new = |bin: &str| before.iter().all(|(known, _)| known != bin);
    let new = now
        .keys()
        .filter(|bin| is_new(bin))
        .map(|bin| term(0.0, share_now(bin)));
    known.chain(new).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(shares: &[(&str, f64)]) -> Vec<(String, Vec<(String, f64)>)> {
        let shares = shares
            .iter()
            .map(|(bin, share)| ((*bin).to_owned(), *share));
        vec![("day".to_owned(), shares.collect())]
    }

    fn counted(bins: &[(&'static str, u64)]) -> FeatureCounts {
        let mut counts = FeatureCounts::default();
        for (bin, times) in bins {
            for _ in 0..*times {
                counts.add([("day", *bin), ("unknown to the card", "x")]);
            }
        }
        counts
    }

    #[test]
    fn equal_shares_have_no_index_and_a_shift_has_the_one_of_the_formula() {
        let trained = card(&[("workday", 0.7), ("weekend", 0.3)]);
        let same = counted(&[("workday", 70), ("weekend", 30)]).stability(&trained);
        assert_eq!(same.len(), 1);
        assert!(same[0].1.abs() < 1e-12);
        let shifted = counted(&[("workday", 30), ("weekend", 70)]).stability(&trained)[0].1;
        assert!((shifted - 0.8 * (7.0_f64 / 3.0).ln()).abs() < 1e-12);
    }

    #[test]
    fn a_bin_that_is_new_counts() {
        let trained = card(&[("workday", 1.0)]);
        let index = counted(&[("workday", 50), ("weekend", 50)]).stability(&trained)[0].1;
        assert!(index > 2.0 * PSI_SHIFTED, "{index}");
    }
}
