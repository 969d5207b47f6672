//! The events that training learns from, as counts of words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;

use crate::LabelledEvent;
use crate::text::{for_each_word, text_of_html};

/// Longer words are addresses and keys.
const WORD_BYTES_MAX: usize = 40;

/// A word of the title counts as often.
const TITLE_WEIGHT: u32 = 2;

/// Before the url key of a topic, so that it is no word: words hold no signs.
const TOPIC_SIGN: char = '#';

/// Gives the words of an event's title and description, each with the weight of where it stands.
pub(super) fn for_each_text_term(
    event: &LabelledEvent,
    buffer: &mut String,
    mut give: impl FnMut(&str, u32),
) {
    for (html, weight) in [(&event.name, TITLE_WEIGHT), (&event.description, 1)] {
        for_each_word(&text_of_html(html), buffer, |word| {
            if word.len() <= WORD_BYTES_MAX {
                give(word, weight);
            }
        });
    }
}

/// Gives the group's topics, as terms that are no words.
pub(super) fn for_each_topic_term(
    event: &LabelledEvent,
    buffer: &mut String,
    mut give: impl FnMut(&str),
) {
    for topic in &event.topics {
        buffer.clear();
        buffer.push(TOPIC_SIGN);
        buffer.push_str(topic);
        give(buffer);
    }
}

/// Events with a known category. Terms are numbered in the order in which they first came.
pub(super) struct CategoryCorpus {
    /// Sorted by name.
    pub(super) classes: Vec<String>,
    /// What an error of a linear model costs, against the size of its weights.
    pub(super) cost: f32,
    /// Sorted by group.
    pub(super) documents: Vec<Document>,
    pub(super) terms: Vec<String>,
    /// The first and the last time among the events.
    pub(super) range: Option<(i64, i64)>,
}

/// Events of one group with one text: groups repeat theirs for years. In order of their groups.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Document {
    pub(super) group: i64,
    pub(super) class: usize,
    /// Terms of the text, in rising order, with their weighted counts.
    pub(super) text: Vec<(u32, u32)>,
    /// Terms that stand for the group's topics, in rising order.
    pub(super) topics: Vec<u32>,
    /// Whether these events are among the last fifth by time.
    pub(super) is_late: bool,
    /// How many events these are.
    pub(super) repeats: u32,
}

#[derive(Default)]
struct Interned {
    ids: HashMap<String, u32, FixedState>,
    terms: Vec<String>,
}

impl Interned {
    fn id(&mut self, term: &str) -> u32 {
        if let Some(&id) = self.ids.get(term) {
            return id;
        }
        let id = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        self.ids.insert(term.to_owned(), id);
        self.terms.push(term.to_owned());
        id
    }
}

impl CategoryCorpus {
    /// The events of the categories `classes`, which are sorted; `cost` is that of [`CategoryCorpus::cost`]. `at` is told the finished
    /// share.
    pub(super) fn read(
        events: &[LabelledEvent],
        classes: Vec<String>,
        cost: f32,
        at: &mut dyn FnMut(f64),
    ) -> Self {
        let mut interned = Interned::default();
        let mut buffer = String::new();
        let mut repeats: BTreeMap<Document, u32> = BTreeMap::new();
        let late = start_of_last_fifth(events);
        for (number, event) in events.iter().enumerate() {
            if number % 1000 == 0 {
                at(number as f64 / events.len() as f64);
            }
            let class = event
                .category
                .as_ref()
                .and_then(|category| classes.binary_search(category).ok());
            let (Some(class), Some(group)) = (class, event.group_id) else {
                continue;
            };
            let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
            for_each_text_term(event, &mut buffer, |word, weight| {
                *counts.entry(interned.id(word)).or_default() += weight
            });
            let mut topics = BTreeSet::new();
            for_each_topic_term(event, &mut buffer, |topic| {
                topics.insert(interned.id(topic));
            });
            let is_late = event
                .time
                .zip(late)
                .is_some_and(|(time, late)| time >= late);
            let document = Document {
                group,
                class,
                text: counts.into_iter().collect(),
                topics: topics.into_iter().collect(),
                is_late,
                repeats: 0,
            };
            *repeats.entry(document).or_default() += 1;
        }
        let document = |(document, repeats)| Document {
            repeats,
            ..document
        };
        let times = || events.iter().filter_map(|event| event.time);
        Self {
            classes,
            cost,
            documents: repeats.into_iter().map(document).collect(),
            terms: interned.terms,
            range: times().min().zip(times().max()),
        }
    }

    /// All groups.
    pub(super) fn groups(&self) -> BTreeSet<i64> {
        self.documents
            .iter()
            .map(|document| document.group)
            .collect()
    }

    /// The documents that `chosen` chooses, by number.
    pub(super) fn rows(&self, chosen: impl Fn(&Document) -> bool) -> Vec<usize> {
        (0..self.documents.len())
            .filter(|&row| chosen(&self.documents[row]))
            .collect()
    }
}

impl Document {
    /// Terms and counts: of the text, and of the topics if `with_topics`.
    pub(super) fn counts(&self, with_topics: bool) -> impl Iterator<Item = (u32, u32)> {
        let topics = if with_topics {
            self.topics.as_slice()
        } else {
            &[]
        };
        self.text
            .iter()
            .copied()
            .chain(topics.iter().map(|&topic| (topic, 1)))
    }
}

/// The time from which on are the last fifth of the events.
fn start_of_last_fifth(events: &[LabelledEvent]) -> Option<i64> {
    let mut times: Vec<i64> = events.iter().filter_map(|event| event.time).collect();
    times.sort_unstable();
    times.get(times.len() * 4 / 5).copied()
}
