//! The lists in answers: what comes first in them, and how long they may get.
//!
//! Every list has a bound that does not come from the data, and so has every text in one: anybody
//! may ask for an answer, and whoever sends records must not decide how long it is. A list by
//! name ends with what is left over, summed up as [`OTHER`]; a list of the first few has a count of
//! all beside it.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use crate::ledger::{Account, Ledger};

/// The name under which a list sums up what has no place of its own.
pub(crate) const OTHER: &str = "other";
/// Rows of a list in a summary.
pub(crate) const TOP: usize = 10;
/// Rows of a list on the page: more than a tall screen shows.
pub(crate) const LIST_MAX: usize = 50;
/// Rows of the trending list.
pub(crate) const TRENDING_MAX: usize = 20;
/// Dots on the map: a browser draws them 60 times a second.
pub(crate) const DOTS_MAX: usize = 5_000;
/// Countries with a row of their own: ISO 3166 has 249.
pub(crate) const COUNTRIES_MAX: usize = 300;
/// Statuses of a feed with a count of their own: Meetup's feeds have five at most.
pub(crate) const STATUSES_MAX: usize = 30;
/// Statuses of a feed that a partition tells of. A partition that has no more tells all of them, so that
/// the sum of partitions is that of the whole.
pub(crate) const PARTITION_STATUSES_MAX: usize = 1_000;
/// Sources with an account of their own: a year of daily files.
pub(crate) const SOURCES_MAX: usize = 400;
/// Reasons with a count of their own: more than there are.
pub(crate) const REASONS_MAX: usize = 100;
/// Characters of a text in a list: Meetup's names have 80 at most, its addresses 300.
pub(crate) const TEXT_CHARS_MAX: usize = 500;

/// The first `limit` by count, ties by the key as text.
pub(crate) fn top<T: Copy>(
    items: impl Iterator<Item = T>,
    limit: usize,
    count: impl Fn(T) -> u64,
    key: impl Fn(T) -> String,
) -> Vec<T> {
    split(items, limit, count, key).0
}

/// The first `limit` by count, ties by the key as text, and those left over in no order.
pub(crate) fn split<T: Copy>(
    items: impl Iterator<Item = T>,
    limit: usize,
    count: impl Fn(T) -> u64,
    key: impl Fn(T) -> String,
) -> (Vec<T>, Vec<T>) {
    let mut items: Vec<T> = items.collect();
    let mut rest = Vec::new();
    if limit < items.len() {
        // There may be as many items as venues, so keys are made only of those that tie at the end of the list.
        let (_, &mut next, _) =
            items.select_nth_unstable_by_key(limit, |&item| Reverse(count(item)));
        let last = count(next);
        rest = items.split_off(limit);
        let (tied_first, sure): (Vec<T>, Vec<T>) =
            items.into_iter().partition(|&item| count(item) == last);
        let (tied_rest, less): (Vec<T>, Vec<T>) =
            rest.into_iter().partition(|&item| count(item) == last);
        let mut tied = [tied_first, tied_rest].concat();
        tied.sort_by_cached_key(|&item| key(item));
        let left_over = tied.split_off(limit - sure.len());
        items = [sure, tied].concat();
        rest = [left_over, less].concat();
    }
    items.sort_by_cached_key(|&item| (Reverse(count(item)), key(item)));
    (items, rest)
}

/// A text as a list may hold it: cut at [`TEXT_CHARS_MAX`], which the last character says.
pub(crate) fn clip(text: &Arc<str>) -> Arc<str> {
    match cut(text) {
        Some(cut) => cut.into(),
        None => Arc::clone(text),
    }
}

/// The same of a text of its own.
pub(crate) fn clipped(text: String) -> String {
    cut(&text).unwrap_or(text)
}

fn cut(text: &str) -> Option<String> {
    // Most texts have fewer bytes than that.
    if text.len() <= TEXT_CHARS_MAX {
        return None;
    }
    let (end, _) = text.char_indices().nth(TEXT_CHARS_MAX)?;
    let (end, _) = text[..end].char_indices().next_back()?;
    Some(format!("{}\u{2026}", &text[..end]))
}

/// Leaves at most `limit` counts, the greatest, and the sum of the others as [`OTHER`].
pub(crate) fn bound_counts(counts: &mut BTreeMap<String, u64>, limit: usize) {
    if counts.len() <= limit {
        return;
    }
    let all = std::mem::take(counts);
    let (first, rest) = split(
        all.iter(),
        limit,
        |(_, count)| *count,
        |(name, _)| name.clone(),
    );
    counts.extend(
        first
            .into_iter()
            .map(|(name, count)| (name.clone(), *count)),
    );
    let rest: u64 = rest.into_iter().map(|(_, count)| *count).sum();
    *counts.entry(OTHER.to_owned()).or_default() += rest;
}

impl Ledger {
    /// The ledger as it is shown: accounts of the sources that delivered most, and of all others
    /// together. It balances as the whole does.
    pub(crate) fn bounded(mut self) -> Self {
        if self.sources.len() > SOURCES_MAX {
            let all = std::mem::take(&mut self.sources);
            let received = |(_, account): (&String, &Account)| account.received;
            let (first, rest) = split(all.iter(), SOURCES_MAX, received, |(name, _)| name.clone());
            for (name, account) in first {
                self.sources.insert(name.clone(), account.clone());
            }
            let other = self.sources.entry(OTHER.to_owned()).or_default();
            rest.into_iter().for_each(|(_, account)| other.add(account));
        }
        for account in self.sources.values_mut().chain([&mut self.all]) {
            bound_counts(&mut account.rejected, REASONS_MAX);
            bound_counts(&mut account.tally.quarantined, REASONS_MAX);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let short: Arc<str> = "é".repeat(TEXT_CHARS_MAX).into();
        assert!(Arc::ptr_eq(&clip(&short), &short));
        let cut = clip(&"é".repeat(TEXT_CHARS_MAX + 1).into());
        assert_eq!(cut.chars().count(), TEXT_CHARS_MAX);
        assert!(cut.ends_with("é\u{2026}"));
        assert_eq!(clipped("a".into()), "a");
    }

    #[test]
    fn the_first_are_those_of_a_sorted_list_whatever_ties() {
        let items: Vec<(u64, u64)> = (0..40).map(|n| (n * 7 % 5, n * 13 % 40)).collect();
        let mut sorted = items.clone();
        sorted.sort_by_key(|&(count, key)| (Reverse(count), key.to_string()));
        for limit in [1, 2, 8, 9, 16, 39, 40, 41, usize::MAX] {
            let (first, mut rest) = split(
                items.iter().copied(),
                limit,
                |(count, _)| count,
                |(_, key)| key.to_string(),
            );
            let at = limit.min(sorted.len());
            assert_eq!(first, sorted[..at], "the first {limit}");
            rest.sort_by_key(|&(count, key)| (Reverse(count), key.to_string()));
            assert_eq!(rest, sorted[at..], "those after the first {limit}");
        }
    }

    #[test]
    fn what_is_left_over_is_summed_up() {
        let mut counts: BTreeMap<String, u64> =
            (0..9_u64).map(|n| (format!("s{n}"), n % 3)).collect();
        counts.insert(OTHER.to_owned(), 7);
        bound_counts(&mut counts, 3);
        let expected = [("other", 12), ("s2", 2), ("s5", 2)].map(|(name, n)| (name.to_owned(), n));
        assert_eq!(counts, expected.into());
    }
}
