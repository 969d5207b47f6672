//! `headcount-batch train`: models out of the tables or of labelled events.

use std::{io::IsTerminal, path::PathBuf, time::Instant};

use anyhow::{Context, Result};
use clap::Args;
use headcount_clock::now_ms;
use headcount_learn::{LabelledEvent, ModelName, Progress, Promotion, VersionCard};
use headcount_models::{ModelStore, TrainedModel};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::current::current;
use crate::{
    cli::DataPlace,
    data::DataFolder,
    training::{NothingLearnt, TablesExamples, TrainingExamples, read_labelled, train},
};

/// What the command is told.
#[derive(Args, Debug)]
pub(crate) struct TrainArgs {
    /// Which models: category, response, turnout, places, themes. All by default
    #[arg(value_name = "MODEL")]
    models: Vec<ModelName>,
    #[command(flatten)]
    place: DataPlace,
    /// Learns from past events in this file too: lines of JSON in the shape of Meetup's REST answers, gzipped or not
    #[arg(long, value_name = "FILE")]
    labelled: Option<PathBuf>,
    /// The seed of all chance: the same examples and the same seed give the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Leaves the versions in use as they are, also where the new one beats its baseline
    #[arg(long)]
    no_promote: bool,
    /// Removes all but the newest N versions of each model, and those in use and before
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// What became of one model.
#[derive(Serialize)]
struct TrainedReport {
    model: ModelName,
    /// The new version; none if there was none.
    version: Option<VersionCard>,
    promoted: bool,
    /// Why there is no version, or why it is not used.
    why: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(args: TrainArgs) -> Result<()> {
    let data = DataFolder::new(args.place.data.clone());
    let bar = TrainingBar::new();
    let examples = examples(&args, &data, &bar).await?;
    let store =
        tokio::task::block_in_place(|| ModelStore::open(&data.models(), args.place.lake.as_ref()))?;
    let names = if args.models.is_empty() {
        ModelName::ALL.to_vec()
    } else {
        args.models.clone()
    };
    let mut reports = Vec::new();
    for name in names {
        let report = tokio::task::block_in_place(|| one(name, &examples, &store, &args, &bar))?;
        reports.push(report);
    }
    bar.0.finish_and_clear();
    tell(&reports, args.json)?;
    let failed = reports.iter().filter(|report| report.version.is_none());
    let failed: Vec<_> = failed.map(|report| report.model.as_str()).collect();
    // Some models need what some data do not have; that is a failure of what was asked for by name only.
    if failed.len() == reports.len() || (!args.models.is_empty() && !failed.is_empty()) {
        let why = format!("there is no new model for {}", failed.join(", "));
        return Err(NothingLearnt(why).into());
    }
    Ok(())
}

/// Everything there is to learn from.
async fn examples(
    args: &TrainArgs,
    data: &DataFolder,
    bar: &TrainingBar,
) -> Result<TrainingExamples> {
    let mut examples = TrainingExamples::default();
    if let Some(file) = &args.labelled {
        bar.0.set_message("read the labelled events");
        let (events, refused) = tokio::task::block_in_place(|| read_labelled(file, &bar.0))?;
        if events.is_empty() {
            let why = format!(
                "{} holds no event in the shape of Meetup's REST answers",
                file.display()
            );
            return Err(NothingLearnt(why).into());
        }
        if refused > 0 {
            tracing::warn!("{refused} lines of {} are no events", file.display());
        }
        examples.events = events;
    }
    if data.has_journal() {
        bar.0.set_message("read the tables");
        let current = current(&args.place).await?;
        let now = current.snapshot.as_of.stream_time.unwrap_or_else(now_ms);
        let tables = TablesExamples::open(&current.snapshot, now).await?;
        let known: Vec<LabelledEvent> = tables.events(None).await?;
        examples.answers = tables.answers().await?;
        examples.coming = tables.coming().await?;
        // An event of the file is told better there.
        let told: std::collections::HashSet<&str> = examples
            .events
            .iter()
            .map(|event| event.id.as_str())
            .collect();
        let new: Vec<_> = known
            .into_iter()
            .filter(|event| !told.contains(event.id.as_str()))
            .collect();
        examples.events.extend(new);
    } else if args.labelled.is_none() {
        // The error of the folder says what to do.
        data.journal()?;
    }
    Ok(examples)
}

/// Trains one model, stores it and promotes it if it is worth it.
fn one(
    name: ModelName,
    examples: &TrainingExamples,
    store: &ModelStore,
    args: &TrainArgs,
    bar: &TrainingBar,
) -> Result<TrainedReport> {
    let started = Instant::now();
    let mut progress = bar.of(name);
    let trained = match train(name, examples, store, args.seed, &mut progress) {
        Ok(trained) => trained,
        Err(why) => {
            return Ok(TrainedReport {
                model: name,
                version: None,
                promoted: false,
                why: Some(why.to_string()),
            });
        }
    };
    let model = TrainedModel {
        name,
        bytes: trained.bytes,
        format: trained.format,
        card: trained.card,
        training_sha256: trained.training_sha256,
        trained_at: now_ms(),
        seconds: started.elapsed().as_secs_f64(),
    };
    let card = store
        .add(&model)
        .with_context(|| format!("store the model {name}"))?;
    let (promoted, why) = match promote(store, name, &card, args.no_promote)? {
        Ok(_) => (true, None),
        Err(why) => (false, Some(why)),
    };
    if let Some(keep) = args.keep {
        store.keep_newest(name, keep as usize)?;
    }
    Ok(TrainedReport {
        model: name,
        version: Some(card),
        promoted,
        why,
    })
}

/// Uses the new version if it beats its baseline, and says why not otherwise.
fn promote(
    store: &ModelStore,
    name: ModelName,
    card: &VersionCard,
    is_left: bool,
) -> Result<std::result::Result<Promotion, String>> {
    if is_left {
        return Ok(Err("--no-promote leaves the version in use".to_owned()));
    }
    if !card.beats_baseline {
        return Ok(Err(
            "it does not beat its baseline, so it is not served".to_owned()
        ));
    }
    let why = "trained, and better than its baseline on groups that it has not seen";
    Ok(Ok(store.promote(
        name,
        Some(card.version),
        false,
        now_ms(),
        why,
    )?))
}

fn tell(reports: &[TrainedReport], is_json: bool) -> Result<()> {
    if is_json {
        println!("{}", serde_json::to_string(reports)?);
        return Ok(());
    }
    for report in reports {
        let name = report.model;
        let Some(card) = &report.version else {
            println!(
                "{name}: no model; {}",
                report.why.as_deref().unwrap_or_default()
            );
            continue;
        };
        let figure = card
            .card
            .comparisons
            .first()
            .map_or(String::new(), |first| {
                format!(
                    ": {} {:.4}, {} {:.4}",
                    first.measure, first.model, first.baseline, first.baseline_figure
                )
            });
        let use_of_it = match &report.why {
            None => "in use now".to_owned(),
            Some(why) => why.clone(),
        };
        println!(
            "{name} {}{figure}, in {:.1} s; {use_of_it}",
            card.version, card.seconds
        );
    }
    Ok(())
}

/// One bar for all that a training does; drawn on a terminal only.
struct TrainingBar(ProgressBar);

impl TrainingBar {
    fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template("{msg:44!} {bar:30} {percent:>3} % {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    fn of(&self, name: ModelName) -> ModelProgress<'_> {
        self.0.set_length(1000);
        ModelProgress { bar: &self.0, name }
    }
}

struct ModelProgress<'a> {
    bar: &'a ProgressBar,
    name: ModelName,
}

impl Progress for ModelProgress<'_> {
    fn at(&mut self, stage: &str, done: f64) {
        self.bar.set_message(format!("{}: {stage}", self.name));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a thousand"
        )]
        self.bar
            .set_position((done.clamp(0.0, 1.0) * 1000.0) as u64);
    }
}
