//! What the forecast is worth on groups that it has not seen.
use std::collections::{BTreeMap, BTreeSet};

use super::curve::AnswerCurve;
use super::forecast::{AnswersSoFar, CURVE_SIZE, TurnoutPrediction};
use super::history::median_of;
use super::intervals::{COVERAGE, Widening};
use super::model::{FOLDS, HeldOut, PastExamples};
use crate::{Better, Comparison, LabelledEvent, ModelCard};

/// How far from [`COVERAGE`] the share of events within their interval may lie.
const COVERAGE_TOLERANCE: f64 = 0.03;

const DAY_MS: i64 = 86_400_000;

/// What was forecast for one event of a group held out, and what the baselines say.
struct Judged<'a> {
    event: &'a LabelledEvent,
    yes: f64,
    /// From all events of the group that began before.
    forecast: TurnoutPrediction,
    /// Median of those, and the last of them; none for the group's first event.
    median: Option<f64>,
    last: Option<f64>,
    /// From those that had begun when the event was announced, and their median.
    at_announcement: f64,
    median_at_announcement: Option<f64>,
}

/// What is said of an event; none where there is nothing to say it from.
type Guess = fn(&Judged<'_>) -> Option<f64>;

/// The card of a model whose forecasts of held-out groups are `held_out`.
pub(super) fn card(
    examples: &PastExamples<'_>,
    held_out: &[HeldOut],
    curve: &AnswerCurve,
    seed: u64,
) -> ModelCard {
    let judged = judge(examples, held_out);
    let groups: BTreeSet<i64> = examples.all.iter().map(|example| example.group).collect();
    let times = || examples.all.iter().filter_map(|example| example.event.time);
    let later = judged.iter().filter(|event| event.median.is_some()).count();
    let mut comparisons = without_answers(&judged);
    comparisons.extend(with_answers(&judged, curve, seed));
    ModelCard {
        model: "turnout".to_owned(),
        predicts: "how many people will have said yes to an event when it begins, with an interval in which four of five events end".to_owned(),
        from: "the group's earlier events (size, name, weekday, hour, place, limit), and the event's own time, lead, limit, fee, members, category and topics".to_owned(),
        tested: format!(
            "{FOLDS} times a fifth of the groups was held out, {} events of {} groups in all, of which {later} have an earlier event of their group",
            judged.len(), groups.len()
        ),
        seed,
        examples: examples.all.len() as u64,
        groups: groups.len() as u64,
        range: times().min().zip(times().max()),
        comparisons,
        confusion: None,
        calibration: Vec::new(),
        feature_shares: feature_shares(examples),
        notes: vec![
            "The number of answers counts those who said yes, not those who came.".to_owned(),
            "An event is forecast from all events of its group that began before it. Series are often announced long before, so one line gives the figures from what was over at announcement.".to_owned(),
            "The interval is widened by errors on held-out groups, separately for groups without earlier events, with up to three, and with more.".to_owned(),
            format!("How answers come is one curve by time left, measured on short recordings, not learnt from whole events: the figures with answers are for simulated arrivals along that curve, each event's curve varied as a beta distribution of size {CURVE_SIZE}."),
        ],
    }
}

/// Every fold's intervals are widened by the errors on the other folds alone.
fn judge<'a>(examples: &PastExamples<'a>, held_out: &[HeldOut]) -> Vec<Judged<'a>> {
    let fold_of = |forecast: &HeldOut| examples.fold(examples.all[forecast.example].group);
    let widenings: Vec<Widening> = (0..FOLDS)
        .map(|fold| {
            let others = held_out
                .iter()
                .filter(|other| fold_of(other) != fold)
                .map(|other| other.unseen);
            Widening::calibrate(&others.collect::<Vec<_>>())
        })
        .collect();
    let judged = held_out.iter().map(|forecast| {
        let example = &examples.all[forecast.example];
        let widening = &widenings[usize::try_from(fold_of(forecast)).unwrap_or(0)];
        let moved = widening.apply(forecast.unseen.quantiles, forecast.unseen.past);
        let [low, value, high] =
            [moved.low, moved.median, moved.high].map(|log| f64::from(log).exp_m1());
        Judged {
            event: example.event,
            yes: f64::from(example.yes),
            forecast: TurnoutPrediction::new(low, value, high),
            median: examples.history.median(example.event),
            last: examples.history.last(example.event),
            at_announcement: f64::from(forecast.at_announcement).exp_m1().max(0.0),
            median_at_announcement: median_of(examples.history.before_announcement(example.event)),
        }
    });
    judged.collect()
}

/// Before anybody has answered.
fn without_answers(judged: &[Judged<'_>]) -> Vec<Comparison> {
    let forecast: Guess = |event| Some(event.forecast.value);
    let at_announcement: Guess = |event| Some(event.at_announcement);
    let past: Guess = |event| event.median;
    let last: Guess = |event| event.last;
    let past_at_announcement: Guess = |event| event.median_at_announcement;
    let of_past = "median of the group's earlier events";
    let later = "events with an earlier one in a held-out group";
    let announced = "the same, from what was over when they were announced";
    let people: fn(f64, f64) -> f64 = |guess, yes| (guess - yes).abs();
    let logs: fn(f64, f64) -> f64 = |guess, yes| (guess.ln_1p() - yes.ln_1p()).abs();
    let average: fn(Vec<f64>) -> f64 = |errors| mean(errors.into_iter());
    let absolute = "mean absolute error (people)";
    let rows = [
        (
            absolute, later, forecast, of_past, past, people, average, true,
        ),
        (
            absolute,
            later,
            forecast,
            "the group's last event",
            last,
            people,
            average,
            true,
        ),
        (
            "median absolute error (people)",
            later,
            forecast,
            of_past,
            past,
            people,
            median,
            false,
        ),
        (
            "mean difference of ln(1 + yes)",
            later,
            forecast,
            of_past,
            past,
            logs,
            average,
            false,
        ),
        (
            absolute,
            announced,
            at_announcement,
            of_past,
            past_at_announcement,
            people,
            average,
            false,
        ),
    ];
    let mut comparisons = Vec::new();
    for (measure, on, model, name, baseline, error, summary, decides) in rows {
        let figure = |guess: Guess| {
            // Both are judged on the events for which the baseline has something to say.
            let known = judged.iter().filter(|event| baseline(event).is_some());
            summary(
                known
                    .filter_map(|event| Some(error(guess(event)?, event.yes)))
                    .collect(),
            )
        };
        comparisons.push(lower(
            measure,
            on,
            figure(model),
            name,
            figure(baseline),
            decides,
        ));
    }
    let all = judged.iter().map(|event| (event.forecast, event.yes));
    comparisons.insert(1, coverage("before any answer", all, true));
    comparisons.extend(first_events(judged));
    comparisons
}

/// Of groups of which nothing is known.
fn first_events(judged: &[Judged<'_>]) -> Option<Comparison> {
    let overall = median(judged.iter().map(|event| event.yes).collect());
    let first: Vec<&Judged<'_>> = judged
        .iter()
        .filter(|event| event.median.is_none())
        .collect();
    let error = |guess: &dyn Fn(&Judged<'_>) -> f64| {
        mean(first.iter().map(|event| (guess(event) - event.yes).abs()))
    };
    let (model, baseline) = (error(&|event| event.forecast.value), error(&|_| overall));
    let on = "first events of held-out groups";
    let name = "median of all events";
    (!first.is_empty()).then(|| {
        lower(
            "mean absolute error (people)",
            on,
            model,
            name,
            baseline,
            false,
        )
    })
}

/// Half-way between announcement and begin, and a day before, with arrivals drawn along the curve.
fn with_answers(judged: &[Judged<'_>], curve: &AnswerCurve, seed: u64) -> Vec<Comparison> {
    let half = |announced: i64| announced / 2;
    let day = |_: i64| DAY_MS;
    let moments: [(&str, &dyn Fn(i64) -> i64); 2] = [
        ("half-way (simulated answers)", &half),
        ("the day before (simulated answers)", &day),
    ];
    let mut comparisons = Vec::new();
    for (on, lead) in moments {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut ends = Vec::new();
        for event in judged {
            let Some(announced) = event
                .event
                .time
                .zip(event.event.created)
                .map(|(time, created)| time - created)
            else {
                continue;
            };
            let lead_ms = lead(announced);
            if lead_ms >= announced {
                continue;
            }
            let share = curve.share(lead_ms, Some(announced));
            let of_event = beta(&mut chance, share);
            let come = (0..event.yes as u32)
                .filter(|_| chance.f64() < of_event)
                .count();
            let answers = AnswersSoFar {
                yes: u32::try_from(come).unwrap_or(u32::MAX),
                lead_ms,
                announced_ms: Some(announced),
            };
            let scaled = if share > 0.0 {
                come as f64 / share
            } else {
                come as f64
            };
            ends.push((
                event.forecast.updated(answers, curve),
                event.yes,
                scaled,
                event.forecast.value,
            ));
        }
        if ends.is_empty() {
            continue;
        }
        let model = mean(
            ends.iter()
                .map(|(forecast, yes, ..)| (forecast.value - yes).abs()),
        );
        let scaled = mean(ends.iter().map(|(_, yes, scaled, _)| (scaled - yes).abs()));
        let before = mean(ends.iter().map(|(_, yes, _, before)| (before - yes).abs()));
        let measure = "mean absolute error (people)";
        comparisons.push(lower(
            measure,
            on,
            model,
            "answers so far, scaled by the share that should have come",
            scaled,
            false,
        ));
        comparisons.push(lower(
            measure,
            on,
            model,
            "the forecast without them",
            before,
            false,
        ));
        comparisons.push(coverage(
            on,
            ends.iter().map(|(forecast, yes, ..)| (*forecast, *yes)),
            false,
        ));
    }
    comparisons
}

/// A share from a beta distribution with this mean: two gamma variables as sums of exponential ones, and a part.
fn beta(chance: &mut fastrand::Rng, mean: f64) -> f64 {
    let (one, other) = (
        gamma(chance, mean * CURVE_SIZE),
        gamma(chance, (1.0 - mean) * CURVE_SIZE),
    );
    if one + other > 0.0 {
        one / (one + other)
    } else {
        mean
    }
}

/// Marsaglia and Tsang's method, with their step for shapes below 1.
fn gamma(chance: &mut fastrand::Rng, shape: f64) -> f64 {
    if shape <= 0.0 {
        return 0.0;
    }
    let boost = if shape < 1.0 {
        (1.0 - chance.f64()).powf(1.0 / shape)
    } else {
        1.0
    };
    let d = if shape < 1.0 { shape + 1.0 } else { shape } - 1.0 / 3.0;
    loop {
        let normal = (-2.0 * (1.0 - chance.f64()).ln()).sqrt()
            * (std::f64::consts::TAU * chance.f64()).cos();
        let cube = (1.0 + normal / (9.0 * d).sqrt()).powi(3);
        if cube > 0.0
            && (1.0 - chance.f64()).ln() < 0.5 * normal * normal + d - d * cube + d * cube.ln()
        {
            return boost * d * cube;
        }
    }
}

fn lower(
    measure: &str,
    on: &str,
    model: f64,
    baseline: &str,
    baseline_figure: f64,
    decides: bool,
) -> Comparison {
    Comparison {
        measure: measure.to_owned(),
        on: on.to_owned(),
        model,
        baseline: baseline.to_owned(),
        baseline_figure,
        better: Better::Lower,
        decides,
    }
}

/// How far the share of events within their interval lies from what it should be.
fn coverage(
    on: &str,
    ends: impl Iterator<Item = (TurnoutPrediction, f64)>,
    decides: bool,
) -> Comparison {
    let share =
        mean(ends.map(|(forecast, yes)| {
            f64::from(u8::from(forecast.low <= yes && yes <= forecast.high))
        }));
    let measure = format!("distance of the interval's coverage, {share:.3}, from {COVERAGE}");
    lower(
        &measure,
        &format!("held-out groups, {on}"),
        (share - COVERAGE).abs(),
        "what is tolerated",
        COVERAGE_TOLERANCE,
        decides,
    )
}

fn feature_shares(examples: &PastExamples<'_>) -> Vec<(String, Vec<(String, f64)>)> {
    let mut counts: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for example in &examples.all {
        for (feature, bin) in super::drift_bins(example.event, &examples.history) {
            *counts.entry(feature).or_default().entry(bin).or_default() += 1.0;
        }
    }
    let all = examples.all.len() as f64;
    let shares = |bins: BTreeMap<&str, f64>| {
        bins.into_iter()
            .map(|(bin, count)| (bin.to_owned(), count / all))
            .collect()
    };
    counts
        .into_iter()
        .map(|(feature, bins)| (feature.to_owned(), shares(bins)))
        .collect()
}

/// Not a number of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// Not a number of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
