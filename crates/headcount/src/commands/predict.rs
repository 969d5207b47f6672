//! `headcount predict`: what the models in use say of events, a line of JSON for each line of input.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use anyhow::{Context, Result};
use headcount_learn::{
    LabelledEvent, ModelError, ModelName,
    category::{CategoryModel, Evidence},
    response::ResponseModel,
    turnout::{TurnoutHistory, TurnoutModel, TurnoutPrediction, predict_in_order},
};
use headcount_models::{LabelledLine, LabelledLines, ModelStore};
use serde::Serialize;

use super::models;
use crate::{
    cli::learning::{PredictArgs, Predicted},
    exit::{DATA, ReaderGone, exit},
};

/// What is said of one line of input.
#[derive(Serialize)]
struct PredictionLine<'a> {
    id: &'a str,
    #[serde(flatten)]
    prediction: Prediction,
    model: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Prediction {
    Category {
        value: Option<String>,
        probability: Option<f64>,
    },
    Turnout {
        value: f64,
        low: f64,
        high: f64,
    },
    Response {
        value: &'static str,
        probability: f64,
    },
}

/// Said of a line that is no event, so that there is a line for each.
#[derive(Serialize)]
struct RefusedLine<'a> {
    line: u64,
    error: &'a str,
}

pub(crate) fn run(args: PredictArgs) -> Result<()> {
    let store = models::open(&args.place)?;
    let input: Box<dyn Read> = if args.file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&args.file).with_context(|| format!("open {}", args.file.display()))?)
    };
    let lines =
        LabelledLines::new(input).with_context(|| format!("read {}", args.file.display()))?;
    let mut out = Printer::new();
    match args.what {
        Predicted::Category => category(&store, &args, lines, &mut out)?,
        Predicted::Turnout => turnout(&store, &args, lines, &mut out)?,
        Predicted::Response => response(&store, &args, lines, &mut out)?,
    }
    out.finish()
}

/// The model in use or the version asked for, and its label.
fn load<M>(
    store: &ModelStore,
    name: ModelName,
    version: Option<u32>,
    from_bytes: fn(&[u8]) -> Result<M, ModelError>,
) -> Result<(M, String)> {
    let version = models::chosen(store, name, version)?;
    let stored = store.read(name, version)?;
    let model = from_bytes(&stored.bytes).map_err(|error| {
        exit(
            DATA,
            format!("version {version} of the model {name}: {error}"),
        )
    })?;
    Ok((model, format!("{name}/{version}")))
}

fn category(
    store: &ModelStore,
    args: &PredictArgs,
    lines: LabelledLines,
    out: &mut Printer,
) -> Result<()> {
    let (model, label) = load(
        store,
        ModelName::Category,
        args.version,
        CategoryModel::from_bytes,
    )?;
    let evidence = if args.topics {
        Evidence::TextAndTopics
    } else {
        Evidence::Text
    };
    out.each(lines, &label, |event| {
        let prediction = model.predict(event, evidence);
        Prediction::Category {
            value: prediction.as_ref().map(|it| it.category.clone()),
            probability: prediction.map(|it| it.probability),
        }
    })
}

/// An event may be forecast from earlier events of its group among the lines, so all of them are read first.
fn turnout(
    store: &ModelStore,
    args: &PredictArgs,
    lines: LabelledLines,
    out: &mut Printer,
) -> Result<()> {
    let (model, label) = load(
        store,
        ModelName::Turnout,
        args.version,
        TurnoutModel::from_bytes,
    )?;
    let lines: Vec<LabelledLine> = lines
        .collect::<io::Result<_>>()
        .context("read the events")?;
    let events: Vec<LabelledEvent> = lines
        .iter()
        .filter_map(|line| line.event.as_ref().ok().cloned())
        .collect();
    let mut predictions =
        predict_in_order(&model, &mut TurnoutHistory::new(), &events, None).into_iter();
    for line in &lines {
        out.line(line, &label, |_| {
            // There is one for each event.
            let forecast = predictions.next();
            let of = |part: fn(&TurnoutPrediction) -> f64| forecast.as_ref().map_or(0.0, part);
            Prediction::Turnout {
                value: of(|it| it.value),
                low: of(|it| it.low),
                high: of(|it| it.high),
            }
        })?;
    }
    Ok(())
}

fn response(
    store: &ModelStore,
    args: &PredictArgs,
    lines: LabelledLines,
    out: &mut Printer,
) -> Result<()> {
    let (model, label) = load(
        store,
        ModelName::Response,
        args.version,
        ResponseModel::from_bytes,
    )?;
    out.each(lines, &label, |event| Prediction::Response {
        value: "yes",
        probability: model.score_event(event, None),
    })
}

/// Writes lines, and remembers how many lines of input were no events.
struct Printer {
    out: BufWriter<io::Stdout>,
    refused: u64,
}

impl Printer {
    fn new() -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, io::stdout()),
            refused: 0,
        }
    }

    /// Predicts each event from its own line alone.
    fn each(
        &mut self,
        lines: LabelledLines,
        model: &str,
        predict: impl Fn(&LabelledEvent) -> Prediction,
    ) -> Result<()> {
        for line in lines {
            self.line(&line.context("read the events")?, model, &predict)?;
        }
        Ok(())
    }

    fn line(
        &mut self,
        line: &LabelledLine,
        model: &str,
        predict: impl FnOnce(&LabelledEvent) -> Prediction,
    ) -> Result<()> {
        match &line.event {
            Ok(event) => {
                let prediction = predict(event);
                self.write(&PredictionLine {
                    id: &event.id,
                    prediction,
                    model,
                })
            }
            Err(error) => {
                self.refused += 1;
                self.write(&RefusedLine {
                    line: line.number,
                    error,
                })
            }
        }
    }

    fn write(&mut self, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec(value)?;
        text.push(b'\n');
        written(self.out.write_all(&text))
    }

    fn finish(mut self) -> Result<()> {
        written(self.out.flush())?;
        if self.refused > 0 {
            let message = match self.refused {
                1 => "a line is no event; its answer says why".to_owned(),
                refused => format!("{refused} lines are no events; their answers say why"),
            };
            return Err(exit(DATA, message));
        }
        Ok(())
    }
}

fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        result => result.context("write to standard output"),
    }
}
