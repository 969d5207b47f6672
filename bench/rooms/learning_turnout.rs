//! How far forecasts of turnout are off on groups that they have not seen, and what they cost.
//!
//!     cargo run --release -p headcount-learn --example bench_learning_turnout [FOLD...]
//!
//! `bench/learning/turnout.py` does the same with scikit-learn.
#![allow(clippy::unwrap_used)]

#[path = "../../crates/learn/tests/labelled_file/mod.rs"]
mod labelled_file;
#[path = "learning/measuring.rs"]
mod measuring;

use headcount_learn::turnout::{TurnoutHistory, TurnoutModel, TurnoutPrediction, predict_in_order};
use headcount_learn::{LabelledEvent, Quiet};
use measuring::{cpu_seconds, figure, peak_mb};
use xxhash_rust::xxh3::xxh3_64;

const FOLDS: u64 = 5;

fn main() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let events = labelled_file::events(&folder, |_| true);
    let mut folds: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|fold| fold.parse().ok())
        .collect();
    if folds.is_empty() {
        folds = (0..FOLDS).collect();
    }
    for fold in &folds {
        held_out(&events, *fold);
    }
    figure("turnout", "trees", None, "peak_mb", peak_mb());
}

fn fold(event: &LabelledEvent) -> u64 {
    xxh3_64(event.group_id.unwrap().to_string().as_bytes()) % FOLDS
}

fn held_out(events: &[LabelledEvent], number: u64) {
    let (test, train): (Vec<LabelledEvent>, Vec<_>) = events
        .iter()
        .cloned()
        .partition(|event| fold(event) == number);
    let begin = cpu_seconds();
    let (model, card) = TurnoutModel::train(&train, 0, &mut Quiet).unwrap();
    let say = |variant: &str, measure: &str, value: f64| {
        figure("turnout", variant, Some(number), measure, value)
    };
    say("trees", "seconds", cpu_seconds() - begin);
    say("trees", "model_mb", model.to_bytes().len() as f64 / 1e6);
    say(
        "trees",
        "beats its baselines",
        f64::from(u8::from(card.beats_baseline())),
    );
    if std::env::var_os("CARD").is_some() {
        for c in &card.comparisons {
            eprintln!(
                "{} | {} | {:.4} | {} {:.4}",
                c.measure, c.on, c.model, c.baseline, c.baseline_figure
            );
        }
    }
    let begin = cpu_seconds();
    let forecasts = predict_in_order(&model, &mut TurnoutHistory::new(), &test, None);
    say(
        "trees",
        "scores a second",
        test.len() as f64 / (cpu_seconds() - begin).max(0.001),
    );

    let mut past = std::collections::BTreeMap::<i64, Vec<f64>>::new();
    let baselines: Vec<Option<[f64; 3]>> = test
        .iter()
        .map(|event| {
            let counts = past.entry(event.group_id.unwrap()).or_default();
            let before = (!counts.is_empty()).then(|| {
                let last = &counts[counts.len().saturating_sub(3)..];
                [
                    median(counts),
                    counts[counts.len() - 1],
                    last.iter().sum::<f64>() / last.len() as f64,
                ]
            });
            counts.push(yes(event));
            before
        })
        .collect();
    let later = |of: &dyn Fn(usize) -> f64, error: fn(f64, f64) -> f64| {
        let of_later = (0..test.len()).filter(|at| baselines[*at].is_some());
        of_later
            .map(|at| error(of(at), yes(&test[at])))
            .collect::<Vec<_>>()
    };
    let variants: [(&str, &dyn Fn(usize) -> f64); 4] = [
        ("trees", &|at| forecasts[at].value),
        ("median of the group's earlier events", &|at| {
            baselines[at].unwrap()[0]
        }),
        ("the group's last event", &|at| baselines[at].unwrap()[1]),
        ("mean of the group's last three", &|at| {
            baselines[at].unwrap()[2]
        }),
    ];
    for (variant, of) in variants {
        let errors = later(of, |forecast, yes| (forecast - yes).abs());
        say(variant, "mean absolute error", mean(&errors));
        say(variant, "median absolute error", median(&errors));
        say(
            variant,
            "mean difference of ln(1+yes)",
            mean(&later(of, |forecast, yes| {
                (forecast.ln_1p() - yes.ln_1p()).abs()
            })),
        );
    }
    say("trees", "events", later(&|_| 0.0, |_, _| 0.0).len() as f64);
    say("trees", "coverage", covered(&forecasts, &test, |_| true));
    say(
        "trees",
        "coverage, events with an earlier one",
        covered(&forecasts, &test, |at| baselines[at].is_some()),
    );
    say(
        "trees",
        "coverage, first events",
        covered(&forecasts, &test, |at| baselines[at].is_none()),
    );
    say(
        "trees",
        "width, median",
        median(
            &forecasts
                .iter()
                .map(|forecast| forecast.high - forecast.low)
                .collect::<Vec<_>>(),
        ),
    );
    let first: Vec<f64> = (0..test.len())
        .filter(|at| baselines[*at].is_none())
        .map(|at| (forecasts[at].value - yes(&test[at])).abs())
        .collect();
    say("trees", "mean absolute error, first events", mean(&first));
    // As if nothing were known of the groups' past.
    let without: Vec<TurnoutPrediction> = test
        .iter()
        .map(|event| model.predict(event, &TurnoutHistory::new()))
        .collect();
    let errors: Vec<f64> = without
        .iter()
        .zip(&test)
        .map(|(forecast, event)| (forecast.value - yes(event)).abs())
        .collect();
    say(
        "trees without history",
        "mean absolute error",
        mean(&errors),
    );
    say(
        "trees without history",
        "coverage",
        covered(&without, &test, |_| true),
    );
    // Only what was over when the event was announced.
    let mut held = std::collections::BTreeMap::<i64, Vec<&LabelledEvent>>::new();
    for event in &test {
        held.entry(event.group_id.unwrap()).or_default().push(event);
    }
    let early: Vec<TurnoutPrediction> = test
        .iter()
        .map(|event| {
            let mut over = TurnoutHistory::new();
            for past in held[&event.group_id.unwrap()]
                .iter()
                .filter(|past| past.time < event.created)
            {
                over.add(past);
            }
            model.predict(event, &over)
        })
        .collect();
    let errors: Vec<f64> = early
        .iter()
        .zip(&test)
        .map(|(forecast, event)| (forecast.value - yes(event)).abs())
        .collect();
    say(
        "trees, from events over when it was announced",
        "mean absolute error",
        mean(&errors),
    );
    say(
        "trees, from events over when it was announced",
        "coverage",
        covered(&early, &test, |_| true),
    );
}

fn covered(
    forecasts: &[TurnoutPrediction],
    events: &[LabelledEvent],
    wanted: impl Fn(usize) -> bool,
) -> f64 {
    let inside = |at: usize| {
        f64::from(u8::from(
            forecasts[at].low <= yes(&events[at]) && yes(&events[at]) <= forecasts[at].high,
        ))
    };
    mean(
        &(0..events.len())
            .filter(|at| wanted(*at))
            .map(inside)
            .collect::<Vec<_>>(),
    )
}

fn yes(event: &LabelledEvent) -> f64 {
    f64::from(event.yes_rsvp_count.unwrap())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}
