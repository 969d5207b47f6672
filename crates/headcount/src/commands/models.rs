//! `headcount models`: versions of models, what they are worth, and which are in use.

use std::fmt::Write;

use anyhow::Result;
use headcount_clock::now_ms;
use headcount_lake::LakeAddress;
use headcount_learn::{ModelName, VersionCard};
use headcount_models::{Error, ModelStore};
use serde::Serialize;

use super::{print, print_json};
use crate::{
    cli::learning::{ModelsAction, ModelsArgs, ModelsPlace},
    exit::{NO_INPUT, exit},
    text::{number, time},
};

#[derive(Serialize)]
struct ListedVersion {
    model: ModelName,
    version: u32,
    in_use: bool,
    beats_baseline: Option<bool>,
    trained_at: Option<i64>,
    bytes: Option<u64>,
    measure: Option<String>,
    figure: Option<f64>,
    baseline: Option<f64>,
    /// Why a version cannot be used.
    damage: Option<String>,
}

pub(crate) fn run(args: ModelsArgs) -> Result<()> {
    let store = open(&args.place)?;
    match args.action {
        ModelsAction::List => list(&store, args.place.json),
        ModelsAction::Show { model, version } => show(&store, model, version, args.place.json),
        ModelsAction::Compare {
            model,
            version,
            other,
        } => compare(&store, model, version, other, args.place.json),
        ModelsAction::Promote {
            model,
            version,
            anyway,
        } => {
            let promotion =
                store.promote(model, Some(version), anyway, now_ms(), "promoted by hand")?;
            if args.place.json {
                return print_json(&promotion);
            }
            print(&format!("The model {model} uses version {version} now.\n"))
        }
        ModelsAction::Remove { model, version } => {
            store.remove(model, version)?;
            print(&format!(
                "Version {version} of the model {model} is removed.\n"
            ))
        }
    }
}

/// Opens the store of a data folder, and makes none.
pub(super) fn open(place: &ModelsPlace) -> Result<ModelStore> {
    let folder = place.data.join("models");
    let is_shared = place
        .lake
        .as_ref()
        .is_some_and(|lake| !matches!(lake, LakeAddress::Disk(_)));
    if !is_shared && !folder.is_dir() {
        let message = format!(
            "there are no models in {}; train some with: headcount train --data {}",
            place.data.display(),
            place.data.display()
        );
        return Err(exit(NO_INPUT, message));
    }
    Ok(ModelStore::open(&folder, place.lake.as_ref())?)
}

/// The version asked for, or the one in use.
pub(super) fn chosen(store: &ModelStore, model: ModelName, version: Option<u32>) -> Result<u32> {
    if let Some(version) = version {
        return Ok(version);
    }
    let promotion = store.promotion(model)?;
    promotion.and_then(|promotion| promotion.version).ok_or_else(|| {
        let message = format!(
            "no version of the model {model} is in use; train it, or choose one: headcount models promote {model} VERSION"
        );
        exit(NO_INPUT, message)
    })
}

fn list(store: &ModelStore, is_json: bool) -> Result<()> {
    let mut listed = Vec::new();
    for (model, versions) in store.versions()? {
        let in_use = store
            .promotion(model)?
            .and_then(|promotion| promotion.version);
        for version in versions {
            let card = match store.read(model, version) {
                Ok(stored) => Ok(stored.card),
                Err(error @ Error::Refused { .. }) => Err(error.to_string()),
                Err(error) => return Err(error.into()),
            };
            listed.push(listed_version(
                model,
                version,
                in_use == Some(version),
                card,
            ));
        }
    }
    if is_json {
        return print_json(&listed);
    }
    let mut out = String::from("model     version  in use  trained              bytes  figure\n");
    for it in &listed {
        let figure = match (&it.damage, &it.measure, it.figure, it.baseline) {
            (Some(damage), ..) => damage.clone(),
            (None, Some(measure), Some(figure), Some(baseline)) => {
                let verdict = if it.beats_baseline == Some(true) {
                    ""
                } else {
                    "; does not beat its baseline"
                };
                format!("{measure} {figure:.4}, baseline {baseline:.4}{verdict}")
            }
            _ => "-".to_owned(),
        };
        let _ = writeln!(
            out,
            "{:<9} {:>7}  {:<6}  {:<16}  {:>8}  {figure}",
            it.model.as_str(),
            it.version,
            if it.in_use { "yes" } else { "" },
            it.trained_at.map_or("-".to_owned(), time),
            it.bytes.map_or("-".to_owned(), number),
        );
    }
    print(&out)
}

fn listed_version(
    model: ModelName,
    version: u32,
    in_use: bool,
    card: Result<VersionCard, String>,
) -> ListedVersion {
    let (card, damage) = match card {
        Ok(card) => (Some(card), None),
        Err(damage) => (None, Some(damage)),
    };
    let first = card.as_ref().and_then(|card| card.card.comparisons.first());
    ListedVersion {
        model,
        version,
        in_use,
        beats_baseline: card.as_ref().map(|card| card.beats_baseline),
        trained_at: card.as_ref().map(|card| card.trained_at),
        bytes: card.as_ref().map(|card| card.model_bytes),
        measure: first.map(|first| first.measure.clone()),
        figure: first.map(|first| first.model),
        baseline: first.map(|first| first.baseline_figure),
        damage,
    }
}

fn show(store: &ModelStore, model: ModelName, version: Option<u32>, is_json: bool) -> Result<()> {
    let version = chosen(store, model, version)?;
    let card = store.read(model, version)?.card;
    if is_json {
        return print_json(&card);
    }
    print(&card_text(&card))
}

fn card_text(card: &VersionCard) -> String {
    let it = &card.card;
    let mut out = format!("{} {}\n\n", it.model, card.version);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<12} {value}");
    };
    line("predicts", &it.predicts);
    line("from", &it.from);
    line("tested", &it.tested);
    line(
        "examples",
        &format!("{} of {} groups", number(it.examples), number(it.groups)),
    );
    if let Some((first, last)) = it.range {
        line("range", &format!("{} to {}", time(first), time(last)));
    }
    line(
        "trained",
        &format!(
            "{} by headcount {} in {:.1} s, seed {}",
            time(card.trained_at),
            card.program,
            card.seconds,
            it.seed
        ),
    );
    line("data", &format!("SHA-256 {}", card.training_sha256));
    line("size", &format!("{} bytes", number(card.model_bytes)));
    out.push_str("\nfigure                                    model     baseline\n");
    for comparison in &it.comparisons {
        let _ = writeln!(
            out,
            "{:<38} {:>8.4}  {:>10.4}  {}{}",
            format!("{}, {}", comparison.measure, comparison.on),
            comparison.model,
            comparison.baseline_figure,
            comparison.baseline,
            match (comparison.decides, comparison.beats()) {
                (true, true) => " (decides: better)",
                (true, false) => " (decides: not better, so it is not served)",
                (false, _) => "",
            }
        );
    }
    for note in &it.notes {
        let _ = writeln!(out, "\n{note}");
    }
    out
}

fn compare(
    store: &ModelStore,
    model: ModelName,
    version: u32,
    other: Option<u32>,
    is_json: bool,
) -> Result<()> {
    let other = chosen(store, model, other)?;
    let [one, two] = [
        store.read(model, version)?.card,
        store.read(model, other)?.card,
    ];
    if is_json {
        return print_json(&[one, two]);
    }
    let mut out = format!(
        "{:<50} {:>12} {:>12}\n",
        format!("{model}"),
        format!("version {version}"),
        format!("version {other}")
    );
    for comparison in &one.card.comparisons {
        let same = two.card.comparisons.iter().find(|found| {
            (&found.measure, &found.on, &found.baseline)
                == (&comparison.measure, &comparison.on, &comparison.baseline)
        });
        let _ = writeln!(
            out,
            "{:<50} {:>12.4} {:>12}",
            format!("{}, {}", comparison.measure, comparison.on),
            comparison.model,
            same.map_or("-".to_owned(), |same| format!("{:.4}", same.model))
        );
    }
    let is_same_data = one.training_sha256 == two.training_sha256;
    out.push_str(if is_same_data {
        "Both were trained on the same data.\n"
    } else {
        "They were trained on different data, so their figures are of different tests.\n"
    });
    print(&out)
}
