//! What the themes are worth: how well they agree with categories that they have never seen, on groups held out.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::{
    tf_idf_rows::TfIdfRows,
    theme_corpus::{ThemeCorpus, words_of},
    themes_model::{FoundThemes, NAME, ThemesModel, WORDS_SHOWN},
};
use crate::{
    Better, Comparison, LabelledEvent, ModelCard,
    evaluation::{mean_npmi, normalised_mutual_information},
};

const FOLDS: u64 = 5;
/// Folds that are tested: each costs a training.
const FOLDS_TESTED: u64 = 2;

/// Sums over folds.
#[derive(Default)]
struct ThemeFigures {
    folds: u32,
    examples: usize,
    nmi: f64,
    nmi_of_factors: f64,
    npmi: f64,
    npmi_of_factors: f64,
}

pub(super) fn of(
    events: &[&LabelledEvent],
    model: &ThemesModel,
    corpus: &ThemeCorpus,
    seed: u64,
    told: &mut dyn FnMut(f64),
) -> ModelCard {
    let mut figures = ThemeFigures::default();
    for fold in 0..FOLDS_TESTED {
        figures.add(events, fold, seed, &mut |done| {
            told((fold as f64 + done) / FOLDS_TESTED as f64)
        });
    }
    let times = || events.iter().filter_map(|event| event.time);
    let labelled = model
        .cities()
        .iter()
        .filter(|city| city.theme.is_some())
        .count();
    ModelCard {
        model: NAME.to_owned(),
        predicts: format!("which of {} themes an event belongs to, and which theme sets a city apart", model.themes().len()),
        from: "names and descriptions; categories are used for the figures only".to_owned(),
        tested: format!(
            "{FOLDS_TESTED} of {FOLDS} folds by group: {} events with a category, of groups that neither side has seen",
            figures.examples
        ),
        seed,
        examples: corpus.texts.len() as u64,
        groups: corpus.groups as u64,
        range: times().min().zip(times().max()),
        comparisons: figures.comparisons(),
        confusion: None,
        calibration: Vec::new(),
        feature_shares: vec![(
            "theme".to_owned(),
            model.themes().iter().map(|theme| (theme.name.clone(), theme.share)).collect(),
        )],
        notes: vec![
            "Word vectors: the leading subspaces of positive pointwise mutual information within five words and of groups by words; a text is the mean of its words' vectors, weighted by TF-IDF; themes are clusters of groups by spherical k-means.".to_owned(),
            format!(
                "{labelled} of {} cities with at least ten groups have a theme that is more frequent there than by chance (Fisher's exact test by groups, corrected for all cities and themes).",
                model.cities().len()
            ),
            format!("{} of {} events have no text with words that other groups use too.", events.len() - corpus.texts.len(), events.len()),
        ],
    }
}

impl ThemeFigures {
    /// Trains on all groups but those of a fold, and tests on these.
    fn add(&mut self, events: &[&LabelledEvent], fold: u64, seed: u64, told: &mut dyn FnMut(f64)) {
        let (held_out, kept): (Vec<&LabelledEvent>, Vec<&LabelledEvent>) = events
            .iter()
            .copied()
            .partition(|event| fold_of(event) == fold);
        let corpus = ThemeCorpus::of(&kept);
        if corpus.words.len() < 2 || held_out.is_empty() {
            return;
        }
        let found = FoundThemes::in_corpus(&corpus, seed, told);
        let numbers: BTreeMap<&str, u32> =
            corpus.words.iter().map(String::as_str).zip(0..).collect();
        let texts: Vec<Vec<u32>> = held_out
            .iter()
            .map(|event| {
                let mut words = Vec::new();
                words_of(event, |word| words.extend(numbers.get(word)));
                words
            })
            .collect();
        let categories = number_categories(&held_out);
        let with_category = |of: &[u32]| -> Vec<u32> {
            of.iter()
                .zip(&categories)
                .filter(|(_, category)| category.is_some())
                .map(|(of, _)| *of)
                .collect()
        };
        let truth: Vec<u32> = categories.iter().copied().flatten().collect();
        let themes: Vec<u32> = texts
            .iter()
            .map(|words| found.theme_of_words(words))
            .collect();
        let factors = found
            .factorisation
            .topic_of(&TfIdfRows::of_words(&texts, &corpus.idf));
        self.nmi += normalised_mutual_information(&truth, &with_category(&themes));
        self.nmi_of_factors += normalised_mutual_information(&truth, &with_category(&factors));
        let documents: Vec<Vec<u32>> = texts.into_iter().map(sorted_once).collect();
        self.npmi += mean_npmi(&found.words_of_themes, &documents);
        self.npmi_of_factors +=
            mean_npmi(&found.factorisation.heaviest_words(WORDS_SHOWN), &documents);
        self.examples += truth.len();
        self.folds += 1;
    }

    fn comparisons(&self) -> Vec<Comparison> {
        let folds = f64::from(self.folds.max(1));
        let compare = |measure: &str, model: f64, baseline_figure: f64, decides| Comparison {
            measure: measure.to_owned(),
            on: "groups held out".to_owned(),
            model: model / folds,
            baseline: "non-negative matrix factorisation of the same texts".to_owned(),
            baseline_figure: baseline_figure / folds,
            better: Better::Higher,
            decides,
        };
        let nmi = compare(
            "normalised mutual information with categories",
            self.nmi,
            self.nmi_of_factors,
            self.examples > 0,
        );
        let npmi = compare(
            "NPMI of ten words",
            self.npmi,
            self.npmi_of_factors,
            self.examples == 0,
        );
        if self.examples > 0 {
            vec![nmi, npmi]
        } else {
            vec![npmi]
        }
    }
}

fn fold_of(event: &LabelledEvent) -> u64 {
    let of = event
        .group_id
        .map_or_else(|| event.id.clone(), |id| id.to_string());
    xxh3_64(of.as_bytes()) % FOLDS
}

fn number_categories(events: &[&LabelledEvent]) -> Vec<Option<u32>> {
    let names: BTreeMap<&str, u32> = events
        .iter()
        .filter_map(|event| event.category.as_deref())
        .map(|name| (name, 0))
        .collect();
    let numbers: BTreeMap<&str, u32> = names.into_keys().zip(0..).collect();
    events
        .iter()
        .map(|event| numbers.get(event.category.as_deref()?).copied())
        .collect()
}

fn sorted_once(mut words: Vec<u32>) -> Vec<u32> {
    words.sort_unstable();
    words.dedup();
    words
}
