//! The words that tell one set of texts from the others.

use super::theme_corpus::{EventText, ThemeCorpus};

/// A word of fewer groups of a theme does not name it, unless the theme has fewer than [`FEW_GROUPS`].
const GROUPS_MIN: u32 = 3;
const FEW_GROUPS: u32 = 12;
/// What is added to shares before they are compared, so that a word that is nowhere else is not endlessly telling.
const SHARE_ADDED: f64 = 0.002;

/// The `count` most telling words of each of `themes`, the most telling first: by the share of groups that have the word here
/// times the logarithm of how much greater that is than elsewhere. A group counts where it has a text.
pub(super) fn telling_words(
    corpus: &ThemeCorpus,
    theme_of: &[u32],
    themes: usize,
    count: usize,
) -> Vec<Vec<u32>> {
    let (groups_of, with_word) = count_groups(corpus, theme_of, themes);
    let all_groups: f64 = groups_of.iter().map(|&groups| f64::from(groups)).sum();
    let words = corpus.words.len();
    let mut everywhere = vec![0u32; words];
    for of_theme in with_word.chunks_exact(words) {
        for (total, groups) in everywhere.iter_mut().zip(of_theme) {
            *total += groups;
        }
    }
    (0..themes)
        .map(|theme| {
            let groups = groups_of[theme];
            let groups_min = if groups < FEW_GROUPS { 1 } else { GROUPS_MIN };
            let here = &with_word[theme * words..][..words];
            let mut scored: Vec<(f64, u32)> = (0..)
                .zip(here)
                .filter(|&(_, &with)| with >= groups_min)
                .map(|(word, &with)| {
                    let share = f64::from(with) / f64::from(groups);
                    let outside = f64::from(everywhere[word as usize] - with);
                    let elsewhere = outside / (all_groups - f64::from(groups)).max(1.0);
                    (
                        share * ((share + SHARE_ADDED) / (elsewhere + SHARE_ADDED)).ln(),
                        word,
                    )
                })
                .filter(|&(score, _)| score > 0.0)
                .collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            scored
                .into_iter()
                .take(count)
                .map(|(_, word)| word)
                .collect()
        })
        .collect()
}

/// For each theme how many groups have a text of it, and for each of its words how many have it in such a text.
fn count_groups(corpus: &ThemeCorpus, theme_of: &[u32], themes: usize) -> (Vec<u32>, Vec<u32>) {
    let words = corpus.words.len();
    let mut order: Vec<(u32, u32, &EventText)> = corpus
        .texts
        .iter()
        .zip(theme_of)
        .map(|(text, &theme)| (theme, text.group, text))
        .collect();
    order.sort_by_key(|&(theme, group, _)| (theme, group));
    let mut groups_of = vec![0; themes];
    let mut with_word = vec![0; themes * words];
    let mut last = vec![u32::MAX; words];
    for (number, run) in (0..).zip(order.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))) {
        let theme = run[0].0 as usize;
        groups_of[theme] += 1;
        for &word in run.iter().flat_map(|(_, _, text)| &text.words) {
            if last[word as usize] != number {
                last[word as usize] = number;
                with_word[theme * words + word as usize] += 1;
            }
        }
    }
    (groups_of, with_word)
}
