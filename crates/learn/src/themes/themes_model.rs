//! Themes of events, stored as one small model.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    card,
    city_themes::{CityTheme, city_themes},
    factorisation::Factorisation,
    telling_words::telling_words,
    tf_idf_rows::TfIdfRows,
    theme_corpus::{ThemeCorpus, words_of},
    word_vectors::WordVectors,
};
use crate::{
    LabelledEvent, ModelCard, ModelError, Progress, TrainError,
    spherical_k_means::{UnitRows, best_of, nearest, normalise},
    stored,
};

pub(super) const NAME: &str = "themes";
/// The fewest texts that are worth looking for themes in.
const TEXTS_MIN: usize = 100;
const THEMES_MIN: usize = 4;
const THEMES_MAX: usize = 30;
/// With fewer groups a theme, themes would be groups.
const GROUPS_A_THEME: usize = 12;
/// Words that a theme is described with.
pub(super) const WORDS_SHOWN: usize = 10;
/// Words in its name.
const WORDS_IN_NAME: usize = 3;
const RESTARTS: usize = 8;

/// Themes, what cities have of them, and how to find the theme of an event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ThemesModel {
    vectors: WordVectors,
    /// The directions of the themes, one after the other.
    centres: Vec<f32>,
    themes: Vec<Theme>,
    factors: Vec<Theme>,
    cities: Vec<CityTheme>,
    /// The number of each word by the word's hash, which is found without going after the word itself; made from `vectors`.
    #[serde(skip)]
    numbers: HashMap<u64, u32, FixedState>,
    /// `centres` as the search for the nearest one takes them.
    #[serde(skip)]
    directions: Vec<f64>,
}

/// What some events have in common.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Theme {
    /// Its most telling words.
    pub name: String,
    /// Up to ten words, the most telling first.
    pub words: Vec<String>,
    /// Its share of the events that it was learnt from, in 0.0..=1.0.
    pub share: f64,
}

/// The theme of one event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThemeMatch {
    /// Its place in [`ThemesModel::themes`].
    pub theme: usize,
    /// How near the event is to the theme's middle: the cosine, in -1.0..=1.0.
    pub cosine: f64,
}

/// What training found for a corpus: the themes of its texts, and the topics of a factorisation beside them.
pub(super) struct FoundThemes {
    pub(super) vectors: WordVectors,
    pub(super) centres: Vec<f64>,
    pub(super) theme_of: Vec<u32>,
    pub(super) words_of_themes: Vec<Vec<u32>>,
    pub(super) factorisation: Factorisation,
}

impl FoundThemes {
    /// `told` is given the share of the work that is done.
    pub(super) fn in_corpus(corpus: &ThemeCorpus, seed: u64, told: &mut dyn FnMut(f64)) -> Self {
        let themes = (corpus.groups / GROUPS_A_THEME).clamp(THEMES_MIN, THEMES_MAX);
        let mut rng = fastrand::Rng::with_seed(seed);
        let vectors = WordVectors::train(corpus, &mut rng);
        told(0.5);
        let groups = GroupVectors::of(corpus, &vectors);
        let clustering = best_of(groups.rows(), themes, RESTARTS, &mut rng);
        told(0.8);
        let factorisation = Factorisation::train(&TfIdfRows::of_groups(corpus), themes, &mut rng);
        told(1.0);
        let (centres, theme_of) = largest_first(&clustering.centres, corpus, &vectors);
        let words_of_themes = telling_words(corpus, &theme_of, themes, WORDS_SHOWN);
        Self {
            vectors,
            centres,
            theme_of,
            words_of_themes,
            factorisation,
        }
    }
}

/// One direction a group: the mean of its texts. Events of a group share boilerplate, which would be a theme of its own if
/// single texts were clustered.
struct GroupVectors {
    values: Vec<f64>,
    dims: usize,
    /// The root of the number of texts.
    weights: Vec<f64>,
}

impl GroupVectors {
    fn of(corpus: &ThemeCorpus, vectors: &WordVectors) -> Self {
        let dims = vectors.dims as usize;
        let groups = corpus
            .texts
            .iter()
            .map(|text| text.group as usize + 1)
            .max()
            .unwrap_or(0);
        let mut values = vec![0.0; groups * dims];
        let mut weights = vec![0.0f64; groups];
        for text in &corpus.texts {
            let group = text.group as usize;
            if let Some(vector) = vectors.of_text(&text.words) {
                for (sum, value) in values[group * dims..][..dims].iter_mut().zip(vector) {
                    *sum += value;
                }
                weights[group] += 1.0;
            }
        }
        for (sum, weight) in values.chunks_exact_mut(dims).zip(&mut weights) {
            // A group without a direction weighs nothing.
            *weight = if normalise(sum) { weight.sqrt() } else { 0.0 };
        }
        Self {
            values,
            dims,
            weights,
        }
    }

    fn rows(&self) -> UnitRows<'_> {
        UnitRows {
            values: &self.values,
            dims: self.dims,
            weights: &self.weights,
        }
    }
}

/// The themes by the number of their texts, and the theme of each text: the nearest; the first for one without a direction.
fn largest_first(
    centres: &[f64],
    corpus: &ThemeCorpus,
    vectors: &WordVectors,
) -> (Vec<f64>, Vec<u32>) {
    let dims = vectors.dims as usize;
    let theme_of = |words: &[u32]| {
        vectors
            .of_text(words)
            .map_or(0, |vector| nearest(centres, &vector).0 as u32)
    };
    let mut theme_of: Vec<u32> = corpus
        .texts
        .iter()
        .map(|text| theme_of(&text.words))
        .collect();
    let themes = centres.len() / dims;
    let sizes = count(&theme_of, themes);
    let mut order: Vec<usize> = (0..themes).collect();
    order.sort_by_key(|&theme| std::cmp::Reverse(sizes[theme]));
    let mut place = vec![0; themes];
    for (new, &old) in (0..).zip(&order) {
        place[old] = new;
    }
    for theme in &mut theme_of {
        *theme = place[*theme as usize];
    }
    (
        order
            .iter()
            .flat_map(|&old| centres[old * dims..][..dims].iter().copied())
            .collect(),
        theme_of,
    )
}

fn count(of: &[u32], kinds: usize) -> Vec<usize> {
    let mut counts = vec![0; kinds];
    for &kind in of {
        counts[kind as usize] += 1;
    }
    counts
}

impl ThemesModel {
    /// Rises when the bytes or their meaning change.
    pub const FORMAT: u32 = 1;

    /// Learns from names and descriptions. Categories are used for nothing but the figures on the card.
    ///
    /// # Errors
    ///
    /// [`TrainError::TooFew`] if fewer than 100 events have a text whose words others use too.
    pub fn train(
        events: &[LabelledEvent],
        seed: u64,
        progress: &mut dyn Progress,
    ) -> Result<(Self, ModelCard), TrainError> {
        progress.at("read texts", 0.0);
        let events: Vec<&LabelledEvent> = events.iter().collect();
        let corpus = ThemeCorpus::of(&events);
        if corpus.texts.len() < TEXTS_MIN {
            return Err(TrainError::TooFew {
                model: NAME,
                what: "events with a text whose words other groups use too",
                found: corpus.texts.len(),
                needed: TEXTS_MIN,
            });
        }
        let found = FoundThemes::in_corpus(&corpus, seed, &mut |done| {
            progress.at("find themes", 0.4 * done)
        });
        let model = Self::of(&events, &corpus, found);
        let card = card::of(&events, &model, &corpus, seed, &mut |done| {
            progress.at("test on groups held out", 0.4 + 0.6 * done);
        });
        Ok((model, card))
    }

    fn of(events: &[&LabelledEvent], corpus: &ThemeCorpus, found: FoundThemes) -> Self {
        let themes = found.words_of_themes.len();
        let topic_of = found.factorisation.topic_of(&TfIdfRows::of_texts(corpus));
        let words_of_factors = found.factorisation.heaviest_words(WORDS_SHOWN);
        let mut model = Self {
            numbers: HashMap::default(),
            directions: Vec::new(),
            centres: found.centres.iter().map(|&value| value as f32).collect(),
            themes: described(corpus, &found.words_of_themes, &found.theme_of),
            factors: described(corpus, &words_of_factors, &topic_of),
            cities: city_themes(events, corpus, &found.theme_of, themes),
            vectors: found.vectors,
        };
        model.prepare();
        model
    }

    /// Makes what is not stored.
    fn prepare(&mut self) {
        let hashes = self
            .vectors
            .words
            .iter()
            .map(|word| xxh3_64(word.as_bytes()));
        self.numbers = hashes.zip(0..).collect();
        self.directions = self.centres.iter().map(|&value| f64::from(value)).collect();
    }

    /// The themes, the one with most events first.
    #[must_use]
    pub fn themes(&self) -> &[Theme] {
        &self.themes
    }

    /// The topics of a non-negative matrix factorisation of the same texts, to be seen beside the themes. An event's share
    /// goes to its strongest one.
    #[must_use]
    pub fn factors(&self) -> &[Theme] {
        &self.factors
    }

    /// Cities of at least ten groups, the largest first.
    #[must_use]
    pub fn cities(&self) -> &[CityTheme] {
        &self.cities
    }

    /// The theme of an event by its name and description; none if it has no word that the model knows.
    #[must_use]
    pub fn theme_of(&self, event: &LabelledEvent) -> Option<ThemeMatch> {
        let mut words = Vec::new();
        words_of(event, |word| {
            words.extend(self.numbers.get(&xxh3_64(word.as_bytes())))
        });
        let vector = self.vectors.of_text(&words)?;
        let (theme, distance) = nearest(&self.directions, &vector);
        Some(ThemeMatch {
            theme,
            cosine: 1.0 - distance,
        })
    }

    /// The model as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(Self::FORMAT, self)
    }

    /// Reads what [`ThemesModel::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] for bytes of another format, cut ones, more than there should be, or numbers that training would not
    /// have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut model: Self = stored::from_bytes(NAME, Self::FORMAT, bytes)?;
        model.check()?;
        model.prepare();
        Ok(model)
    }

    fn check(&self) -> Result<(), ModelError> {
        let wrong = |what| Err(ModelError::OutOfRange { model: NAME, what });
        if !self.vectors.fits() {
            return wrong("word vectors");
        }
        if !self.vectors.is_finite() || !self.centres.iter().all(|value| value.is_finite()) {
            return Err(ModelError::NotFinite {
                model: NAME,
                what: "vectors",
            });
        }
        let themes = self.themes.len();
        if themes == 0 || Some(self.centres.len()) != themes.checked_mul(self.vectors.dims as usize)
        {
            return wrong("themes");
        }
        let mut described = self.themes.iter().chain(&self.factors);
        if !described.all(|theme| (0.0..=1.0).contains(&theme.share)) {
            return wrong("shares");
        }
        if !self.cities.iter().all(|city| city.is_sound(themes)) {
            return wrong("cities");
        }
        Ok(())
    }
}

impl FoundThemes {
    /// The theme of a text by its words; the first for a text without any.
    pub(super) fn theme_of_words(&self, words: &[u32]) -> u32 {
        self.vectors
            .of_text(words)
            .map_or(0, |vector| nearest(&self.centres, &vector).0 as u32)
    }
}

fn described(corpus: &ThemeCorpus, words: &[Vec<u32>], of_texts: &[u32]) -> Vec<Theme> {
    let texts = of_texts.len() as f64;
    words
        .iter()
        .zip(count(of_texts, words.len()))
        .map(|(words, events)| {
            let words: Vec<String> = words
                .iter()
                .map(|&word| corpus.words[word as usize].clone())
                .collect();
            Theme {
                name: words
                    .iter()
                    .take(WORDS_IN_NAME)
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
                words,
                share: events as f64 / texts,
            }
        })
        .collect()
}
