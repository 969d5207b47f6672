//! How well themes agree with categories on groups that they have not seen, and what finding them costs.
//!
//!     cargo run --release -p headcount-learn --example bench_learning_themes
//!
//! `bench/learning/themes.py` does the same with scikit-learn.
#![allow(clippy::unwrap_used)]

#[path = "../../crates/learn/tests/labelled_file/mod.rs"]
mod labelled_file;
#[path = "learning/measuring.rs"]
mod measuring;

use std::{
    collections::{BTreeMap, BTreeSet},
    hint::black_box,
};

use headcount_learn::{
    LabelledEvent, Quiet,
    evaluation::{mean_npmi, normalised_mutual_information},
    text::{text_of_html, words},
    themes::{Theme, ThemesModel},
};
use measuring::{cpu_seconds, figure, peak_mb};
use xxhash_rust::xxh3::xxh3_64;

fn main() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let events = labelled_file::events(&folder, |_| true);
    let begin = cpu_seconds();
    let (model, card) = ThemesModel::train(&events, 0, &mut Quiet).unwrap();
    figure("themes", "vectors", None, "seconds", cpu_seconds() - begin);
    figure("themes", "vectors", None, "peak_mb", peak_mb());
    figure(
        "themes",
        "vectors",
        None,
        "model_kb",
        model.to_bytes().len() as f64 / 1024.0,
    );
    let begin = cpu_seconds();
    for event in &events {
        black_box(model.theme_of(event));
    }
    figure(
        "themes",
        "vectors",
        None,
        "scores_per_second",
        events.len() as f64 / (cpu_seconds() - begin),
    );
    for fold in 0..5 {
        held_out(&events, fold);
    }
    eprintln!("{card:#?}");
    for (kind, themes) in [("theme", model.themes()), ("factor", model.factors())] {
        for theme in themes {
            eprintln!("{kind} {:5.3} {}", theme.share, theme.words.join(" "));
        }
    }
    for city in model.cities() {
        let theme = city
            .theme
            .map_or("-", |theme| &model.themes()[theme as usize].name);
        eprintln!(
            "{:20} {:4} groups: {theme} ({:.3} here, {:.3} elsewhere, p {:.2e})",
            city.city, city.groups, city.share, city.share_elsewhere, city.p_value
        );
    }
}

fn held_out(events: &[LabelledEvent], fold: u64) {
    let fold_of =
        |event: &LabelledEvent| xxh3_64(event.group_id.unwrap().to_string().as_bytes()) % 5;
    let (held_out, kept): (Vec<_>, Vec<_>) = events
        .iter()
        .cloned()
        .partition(|event| fold_of(event) == fold);
    let (model, card) = ThemesModel::train(&kept, 0, &mut Quiet).unwrap();
    let categories: BTreeSet<&str> = held_out
        .iter()
        .filter_map(|event| event.category.as_deref())
        .collect();
    let numbers: BTreeMap<&str, u32> = categories.into_iter().zip(0..).collect();
    let (mut truth, mut found) = (Vec::new(), Vec::new());
    for event in &held_out {
        if let Some(category) = event.category.as_deref() {
            truth.push(numbers[category]);
            found.push(model.theme_of(event).map_or(0, |found| found.theme as u32));
        }
    }
    figure(
        "themes",
        "vectors",
        Some(fold),
        "nmi",
        normalised_mutual_information(&truth, &found),
    );
    figure(
        "themes",
        "vectors",
        Some(fold),
        "npmi",
        coherence(model.themes(), &held_out),
    );
    figure(
        "themes",
        "own factorisation",
        Some(fold),
        "npmi",
        coherence(model.factors(), &held_out),
    );
    // The card's own folds lie within what was kept.
    figure(
        "themes",
        "own factorisation, on its card",
        Some(fold),
        "nmi",
        card.comparisons[0].baseline_figure,
    );
}

/// On all texts held out, whatever words they have.
fn coherence(themes: &[Theme], texts: &[LabelledEvent]) -> f64 {
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut number = |word: &str| {
        let next = numbers.len() as u32;
        *numbers.entry(word.to_owned()).or_insert(next)
    };
    let themes: Vec<Vec<u32>> = themes
        .iter()
        .map(|theme| theme.words.iter().map(|word| number(word)).collect())
        .collect();
    let documents: Vec<Vec<u32>> = texts
        .iter()
        .map(|event| {
            let text = format!(
                "{} {}",
                text_of_html(&event.name),
                text_of_html(&event.description)
            );
            let mut document: Vec<u32> = words(&text)
                .iter()
                .filter_map(|word| numbers.get(word).copied())
                .collect();
            document.sort_unstable();
            document.dedup();
            document
        })
        .collect();
    mean_npmi(&themes, &documents)
}
