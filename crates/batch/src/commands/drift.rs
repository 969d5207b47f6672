//! `headcount-batch drift`: whether the models in use still fit the last day; one that does not is taken out of use.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use headcount_clock::now_ms;
use headcount_learn::{ModelName, ServedModels};
use headcount_models::{ModelStore, load_in_use};

use super::current::current;
use crate::{
    cli::DataPlace,
    data::DataFolder,
    training::{
        ModelDrift, TablesExamples, TrainingExamples, category_drift, response_drift, turnout_drift,
    },
};

const DAY_MS: i64 = 86_400_000;

/// What the command is told.
#[derive(Args, Debug)]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    place: DataPlace,
    /// Measures and tells, and leaves the versions in use as they are
    #[arg(long)]
    only_look: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) async fn run(args: DriftArgs) -> Result<()> {
    let data = DataFolder::new(args.place.data.clone());
    let store = ModelStore::open(&data.models(), args.place.lake.as_ref());
    let store = tokio::task::block_in_place(|| store)?;
    let served = tokio::task::block_in_place(|| load_in_use(&store, &ServedModels::default()))?;
    let measured = measure(&args, &served).await?;
    for (name, drift) in measured.iter().filter(|(_, drift)| drift.has_drifted()) {
        if !args.only_look {
            tokio::task::block_in_place(|| fall_back(&store, *name, &drift.why()))?;
        }
    }
    data.write_drift(&measured)?;
    if args.json {
        println!("{}", serde_json::to_string(&measured)?);
    } else {
        for (name, drift) in &measured {
            println!("{name}: {}", drift.text());
        }
    }
    Ok(())
}

async fn measure(
    args: &DriftArgs,
    served: &ServedModels,
) -> Result<BTreeMap<ModelName, ModelDrift>> {
    let current = current(&args.place).await?;
    let now = current.snapshot.as_of.stream_time.unwrap_or_else(now_ms);
    let since = now - DAY_MS;
    let tables = TablesExamples::open(&current.snapshot, now).await?;
    let examples = TrainingExamples {
        events: tables.events(None).await?,
        answers: tables.answers().await?,
        ..TrainingExamples::default()
    };
    let of_last_day = tables.events(Some(since)).await?;
    let at = now_ms();
    let measured = [
        (
            ModelName::Category,
            category_drift(served, &of_last_day, at),
        ),
        (
            ModelName::Turnout,
            turnout_drift(served, &examples.events, since, at),
        ),
        (
            ModelName::Response,
            response_drift(served, &examples, since, at),
        ),
    ];
    let measured = measured
        .into_iter()
        .filter_map(|(name, drift)| Some((name, drift?)));
    Ok(measured.collect())
}

/// Uses the version before, if it is older; else the baseline. Two versions that both drifted do not take turns.
fn fall_back(store: &ModelStore, name: ModelName, why: &str) -> Result<()> {
    let Some(promotion) = store.promotion(name)? else {
        return Ok(());
    };
    let before = promotion
        .previous
        .filter(|previous| Some(*previous) < promotion.version);
    // One that cannot be read is none to fall back to.
    let before = before.filter(|version| store.read(name, *version).is_ok());
    store.promote(name, before, true, now_ms(), why)?;
    let used = before.map_or("its baseline".to_owned(), |version| {
        format!("version {version}")
    });
    tracing::warn!("the model {name}: {why}; {used} is used now");
    Ok(())
}

#[cfg(test)]
mod tests {
    use headcount_learn::{Better, Comparison, ModelCard};
    use headcount_models::TrainedModel;

    use super::*;

    fn trained() -> TrainedModel {
        TrainedModel {
            name: ModelName::Turnout,
            bytes: b"a model".to_vec(),
            format: 1,
            card: ModelCard {
                model: "turnout".to_owned(),
                predicts: String::new(),
                from: String::new(),
                tested: String::new(),
                seed: 1,
                examples: 1,
                groups: 1,
                range: None,
                comparisons: vec![Comparison {
                    measure: "error".to_owned(),
                    on: String::new(),
                    model: 1.0,
                    baseline: String::new(),
                    baseline_figure: 2.0,
                    better: Better::Lower,
                    decides: true,
                }],
                confusion: None,
                calibration: Vec::new(),
                feature_shares: Vec::new(),
                notes: Vec::new(),
            },
            training_sha256: String::new(),
            trained_at: 0,
            seconds: 0.0,
        }
    }

    #[test]
    fn a_model_that_drifted_gives_way_to_the_one_before_and_then_to_the_baseline() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = ModelStore::open(folder.path(), None).expect("a store");
        let name = ModelName::Turnout;
        for version in 1..=2 {
            store.add(&trained()).expect("it is stored");
            store
                .promote(name, Some(version), false, 0, "trained")
                .expect("it is promoted");
        }
        let in_use = || {
            let promotion = store.promotion(name).expect("it is read");
            promotion.expect("it was promoted").version
        };
        fall_back(&store, name, "it drifted").expect("it falls back");
        assert_eq!(in_use(), Some(1));
        // Version 2, which drifted before, is not tried again.
        fall_back(&store, name, "it drifted").expect("it falls back");
        assert_eq!(in_use(), None);
    }
}
