//! How good the probability of yes is on recordings later than those that were learnt, and what it costs.
//!
//!     cargo run --release -p headcount-learn --example bench_learning_response
//!
//! Every record of the later recordings is scored before it is learnt; records that were sent again are left out.
//! `bench/learning/response.py` does the same with scikit-learn.
#![allow(clippy::unwrap_used)]

#[path = "../../crates/learn/tests/labelled_file/mod.rs"]
mod labelled_file;
#[path = "learning/measuring.rs"]
mod measuring;
#[path = "../../crates/learn/tests/recorded_answers/mod.rs"]
mod recorded_answers;

use headcount_learn::response::ResponseModel;
use measuring::{cpu_seconds, figure, peak_mb};
use recorded_answers::{RECORDINGS, for_each, records};

fn main() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let mut model = ResponseModel::new();
    let mut all = Vec::new();
    for (number, name) in RECORDINGS.iter().enumerate() {
        let recording = records(&folder, name);
        model.reset_figures();
        for_each(&recording, |answer| {
            model.learn(answer);
        });
        let variants = ["ftrl", "base rate", "event's own rate"];
        for (variant, figures) in variants.iter().zip(model.figures()) {
            let say = |measure: &str, value: f64| {
                figure("response", variant, Some(number as u64), measure, value)
            };
            say("log loss", figures.log_loss());
            say("auc", figures.auc());
            say("answers", figures.answers() as f64);
        }
        if std::env::var_os("CARD").is_some() {
            for bin in model.figures()[0].calibration() {
                eprintln!("{bin:?}");
            }
        }
        all.extend(recording);
    }
    speed(&all);
    figure(
        "response",
        "ftrl",
        None,
        "checkpoint_mb",
        model.to_bytes().len() as f64 / 1e6,
    );
    figure("response", "ftrl", None, "peak_mb", peak_mb());
}

/// All recordings again and again; each time they are other answers to other events.
fn speed(all: &[recorded_answers::RecordedAnswer]) {
    const ROUNDS: u64 = 20;
    let mut model = ResponseModel::new();
    let topics: Vec<Vec<&str>> = all
        .iter()
        .map(|recorded| recorded.topics().collect())
        .collect();
    let begin = cpu_seconds();
    let mut learnt = 0;
    for round in 0..ROUNDS {
        for (recorded, topics) in all.iter().zip(&topics) {
            let mut answer = recorded_answers::answer(recorded, topics);
            answer.rsvp_id += round << 40;
            model.learn(&answer);
            learnt += 1;
        }
    }
    let seconds = cpu_seconds() - begin;
    figure(
        "response",
        "ftrl",
        None,
        "seconds",
        seconds * all.len() as f64 / f64::from(learnt),
    );
    figure(
        "response",
        "ftrl",
        None,
        "scored and learnt a second",
        f64::from(learnt) / seconds,
    );
    let begin = cpu_seconds();
    let mut sum = 0.0;
    for _ in 0..ROUNDS {
        for (recorded, topics) in all.iter().zip(&topics) {
            sum += model.score(&recorded_answers::answer(recorded, topics));
        }
    }
    assert!(sum > 0.0);
    figure(
        "response",
        "ftrl",
        None,
        "scores a second",
        f64::from(learnt) / (cpu_seconds() - begin),
    );
}
