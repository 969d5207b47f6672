//! Names and descriptions of events as numbered words.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::{
    LabelledEvent,
    text::{for_each_word, text_of_html},
};

/// Words that are kept, those of most groups first.
const WORDS_MAX: usize = 20_000;
/// Words of a text that are read: the rest of a longer one is left out.
const TEXT_WORDS_MAX: usize = 2_000;
/// A word of fewer groups says more about a group than about a theme.
const GROUPS_MIN: u32 = 3;
/// A word of more than this share of the groups says nothing about a theme: so go articles and prepositions of whatever
/// language most texts are written in, and no list of them is needed.
const GROUPS_SHARE_MAX: f64 = 0.2;
/// Where fewer words than this would be left, there are few themes, and their words are in more groups.
const FEW_WORDS: usize = 1_000;
const GROUPS_SHARE_MAX_OF_FEW: f64 = 0.5;

/// The texts of events.
pub(super) struct ThemeCorpus {
    pub(super) texts: Vec<EventText>,
    /// The words that are kept, by number.
    pub(super) words: Vec<String>,
    /// How much a word says: the logarithm of groups over groups that have it.
    pub(super) idf: Vec<f32>,
    /// How many groups there are.
    pub(super) groups: usize,
}

/// The text of one event.
pub(super) struct EventText {
    /// Its place in the slice that training got.
    pub(super) event: usize,
    /// The number of its group; an event of an unknown group is a group of its own.
    pub(super) group: u32,
    /// Texts of one group repeat each other, so each counts less: 1 over the root of their number.
    pub(super) weight: f64,
    /// Its words in their order, without those that are not kept.
    pub(super) words: Vec<u32>,
}

/// Gives the words of an event's name and description that may be kept.
pub(super) fn words_of(event: &LabelledEvent, mut give: impl FnMut(&str)) {
    let mut buffer = String::new();
    let mut left = TEXT_WORDS_MAX;
    for text in [&event.name, &event.description] {
        for_each_word(&text_of_html(text), &mut buffer, |word| {
            if left > 0 && may_be_kept(word) {
                left -= 1;
                give(word);
            }
        });
    }
}

/// Not a number, and not a single letter of ASCII: those are left over from `I'm` and `7 p.m.`; a sign of Han is a word.
fn may_be_kept(word: &str) -> bool {
    word.len() > 1 && word.len() <= 40 && !word.bytes().all(|byte| byte.is_ascii_digit())
}

impl ThemeCorpus {
    pub(super) fn of(events: &[&LabelledEvent]) -> Self {
        let (mut texts, all_words) = read(events);
        let groups = number_groups(events, &mut texts);
        let frequency = group_frequency(&texts, all_words.len());
        let groups_min = if groups < 100 { 2 } else { GROUPS_MIN };
        let of_share = |share: f64| -> Vec<usize> {
            let groups_max = (groups as f64 * share) as u32;
            (0..all_words.len())
                .filter(|&word| (groups_min..=groups_max).contains(&frequency[word]))
                .collect()
        };
        let mut kept = of_share(GROUPS_SHARE_MAX);
        if kept.len() < FEW_WORDS {
            kept = of_share(GROUPS_SHARE_MAX_OF_FEW);
        }
        kept.sort_by(|&a, &b| {
            frequency[b]
                .cmp(&frequency[a])
                .then_with(|| all_words[a].cmp(&all_words[b]))
        });
        kept.truncate(WORDS_MAX);
        let mut number = vec![u32::MAX; all_words.len()];
        for (new, &old) in (0..).zip(&kept) {
            number[old] = new;
        }
        for text in &mut texts {
            for word in &mut text.words {
                *word = number[*word as usize];
            }
            text.words.retain(|&word| word != u32::MAX);
        }
        texts.retain(|text| !text.words.is_empty());
        Self {
            texts,
            idf: kept
                .iter()
                .map(|&word| (groups as f64 / f64::from(frequency[word])).ln() as f32)
                .collect(),
            words: kept
                .into_iter()
                .map(|word| all_words[word].clone())
                .collect(),
            groups,
        }
    }
}

/// The texts, their words numbered in the order in which they are first met.
fn read(events: &[&LabelledEvent]) -> (Vec<EventText>, Vec<String>) {
    let mut numbers: HashMap<String, u32, FixedState> = HashMap::default();
    let mut all_words: Vec<String> = Vec::new();
    let mut texts = Vec::with_capacity(events.len());
    for (event, source) in events.iter().enumerate() {
        let mut words = Vec::new();
        words_of(source, |word| {
            let number = numbers.get(word).copied().unwrap_or_else(|| {
                let next = all_words.len() as u32;
                all_words.push(word.to_owned());
                numbers.insert(word.to_owned(), next);
                next
            });
            words.push(number);
        });
        texts.push(EventText {
            event,
            group: 0,
            weight: 1.0,
            words,
        });
    }
    (texts, all_words)
}

/// Numbers the groups and weighs the texts. Returns how many groups there are.
fn number_groups(events: &[&LabelledEvent], texts: &mut [EventText]) -> usize {
    let mut numbers: HashMap<i64, u32, FixedState> = HashMap::default();
    let mut sizes: Vec<u32> = Vec::new();
    for text in &mut *texts {
        let next = sizes.len() as u32;
        text.group = match events[text.event].group_id {
            Some(id) => *numbers.entry(id).or_insert(next),
            None => next,
        };
        if text.group == next {
            sizes.push(0);
        }
        sizes[text.group as usize] += 1;
    }
    for text in texts {
        text.weight = 1.0 / f64::from(sizes[text.group as usize]).sqrt();
    }
    sizes.len()
}

/// How many groups have each word.
fn group_frequency(texts: &[EventText], words: usize) -> Vec<u32> {
    let mut by_group: Vec<&EventText> = texts.iter().collect();
    by_group.sort_by_key(|text| text.group);
    let mut last_group = vec![u32::MAX; words];
    let mut frequency = vec![0; words];
    for text in by_group {
        for &word in &text.words {
            let last = &mut last_group[word as usize];
            if *last != text.group {
                *last = text.group;
                frequency[word as usize] += 1;
            }
        }
    }
    frequency
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(group: i64, name: &str, description: &str) -> LabelledEvent {
        LabelledEvent {
            name: name.to_owned(),
            description: description.to_owned(),
            group_id: Some(group),
            ..LabelledEvent::default()
        }
    }

    #[test]
    fn words_of_few_and_of_nearly_all_groups_are_left_out() {
        let events: Vec<_> = (0..200)
            .map(|group| {
                let theme = if group % 10 == 0 { "chess" } else { "hike" };
                event(group, "the", &format!("<p>{theme} number{group} 42</p>"))
            })
            .collect();
        let corpus = ThemeCorpus::of(&events.iter().collect::<Vec<_>>());
        assert_eq!(corpus.words, ["chess"]);
        assert_eq!((corpus.texts.len(), corpus.groups), (20, 200));
        assert!((f64::from(corpus.idf[0]) - 10.0_f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn a_group_that_repeats_itself_counts_once_for_a_word_and_less_for_a_text() {
        let mut events: Vec<_> = (0..120).map(|group| event(group, "a b", "")).collect();
        events.extend((0..9).map(|_| event(500, "chess", "")));
        events.extend((600..603).map(|group| event(group, "bridge", "")));
        let corpus = ThemeCorpus::of(&events.iter().collect::<Vec<_>>());
        assert_eq!(corpus.words, ["bridge"]);
        let events: Vec<_> = events.iter().collect();
        let repeated = number_groups(&events, &mut read(&events).0);
        assert_eq!(repeated, 124);
    }
}
