use super::boosted_trees::{Binned, BoostedTrees, TreeGrowth};
use super::features::{COLUMNS, features};
use super::history::EventTraits;
use super::intervals::{ForecastQuantiles, Unseen, Widening};
use super::subjects::SubjectMeans;
use super::*;
use crate::LabelledEvent;

const HOUR_MS: i64 = 3_600_000;

fn event(group: i64, day: i64, name: &str, yes: u32) -> LabelledEvent {
    let time = day * 24 * HOUR_MS + 19 * HOUR_MS;
    LabelledEvent {
        id: "123456789".to_owned(),
        name: name.to_owned(),
        time: Some(time),
        created: Some(time - 240 * HOUR_MS),
        group_id: Some(group),
        yes_rsvp_count: Some(yes),
        ..LabelledEvent::default()
    }
}

fn growth(quantile: f32) -> TreeGrowth {
    TreeGrowth {
        quantile,
        trees: 150,
        leaves: 8,
        rate: 0.1,
        rows: 0.8,
        columns: 1.0,
        rows_in_leaf_min: 10,
        shrinkage: 1.0,
    }
}

/// Two columns, of which one is often missing; the target is uniform between 0 and the width, which depends on both.
fn noisy_rows(chance: &mut fastrand::Rng) -> (Vec<Vec<f32>>, Vec<f32>) {
    let row = |chance: &mut fastrand::Rng| {
        let known = chance.f32();
        vec![chance.f32(), if known < 0.3 { f32::NAN } else { known }]
    };
    let rows: Vec<Vec<f32>> = (0..4000).map(|_| row(chance)).collect();
    let targets = rows.iter().map(|row| width(row) * chance.f32()).collect();
    (rows, targets)
}

fn width(row: &[f32]) -> f32 {
    if row[1].is_nan() {
        1.0
    } else if row[0] > 0.5 {
        8.0
    } else {
        4.0
    }
}

#[test]
fn trees_learn_the_quantile_that_they_are_asked_for() {
    let (rows, targets) = noisy_rows(&mut fastrand::Rng::with_seed(1));
    let binned = Binned::new(&rows, 2);
    let even = vec![1.0; rows.len()];
    for quantile in [0.1, 0.5, 0.9] {
        let trees = BoostedTrees::train(&binned, &targets, &even, growth(quantile), 3, |_| {});
        for row in [[0.2, f32::NAN], [0.9, f32::NAN], [0.2, 0.6], [0.9, 0.6]] {
            let (found, right) = (trees.predict(&row), quantile * width(&row));
            assert!(
                (found - right).abs() < 0.12 * width(&row),
                "{quantile} {row:?}: {found} for {right}"
            );
        }
    }
}

#[test]
fn trees_walked_in_step_say_what_each_says_alone() {
    let mut chance = fastrand::Rng::with_seed(2);
    let (rows, targets) = noisy_rows(&mut chance);
    let binned = Binned::new(&rows, 2);
    let even = vec![1.0; rows.len()];
    for trees in [1, 8, 21] {
        let growth = TreeGrowth {
            trees,
            ..growth(0.5)
        };
        let learnt = BoostedTrees::train(&binned, &targets, &even, growth, 3, |_| {});
        for row in &rows[..200] {
            assert!((learnt.predict(row) - learnt.predict_one_by_one(row)).abs() < 1e-9);
        }
    }
}

#[test]
fn a_heavy_row_counts_as_many_light_ones() {
    let rows = vec![vec![0.0]; 40];
    let targets: Vec<f32> = (0..40)
        .map(|row| if row < 10 { 5.0 } else { 1.0 })
        .collect();
    let weights: Vec<f32> = (0..40)
        .map(|row| if row < 10 { 4.0 } else { 1.0 })
        .collect();
    let whole = TreeGrowth {
        trees: 1,
        rate: 1.0,
        rows: 1.1,
        ..growth(0.5)
    };
    let binned = Binned::new(&rows, 1);
    assert!(
        (BoostedTrees::train(&binned, &targets, &weights, whole, 0, |_| {}).predict(&[0.0]) - 5.0)
            .abs()
            < 1e-6
    );
    assert!(
        (BoostedTrees::train(&binned, &targets, &[1.0; 40], whole, 0, |_| {}).predict(&[0.0])
            - 1.0)
            .abs()
            < 1e-6
    );
}

#[test]
fn the_widened_interval_holds_as_often_as_promised() {
    let mut chance = fastrand::Rng::with_seed(5);
    let mut draw = |past: usize| {
        let log_yes = 3.0 * chance.f32();
        // Too narrow on both sides, and more so for groups without a past.
        let quantiles = ForecastQuantiles {
            low: 1.4,
            median: 1.5,
            high: if past == 0 { 1.6 } else { 2.0 },
        };
        Unseen {
            quantiles,
            past,
            log_yes,
        }
    };
    let learnt: Vec<Unseen> = (0..6000).map(|at| draw(at % 6)).collect();
    let widening = Widening::calibrate(&learnt);
    for past in [0, 2, 5] {
        let inside = |unseen: &Unseen| {
            let moved = widening.apply(unseen.quantiles, past);
            moved.low <= unseen.log_yes && unseen.log_yes <= moved.high
        };
        let share = (0..4000).map(|_| draw(past)).filter(inside).count() as f64 / 4000.0;
        assert!((share - COVERAGE).abs() < 0.03, "{past}: {share}");
    }
}

#[test]
fn a_history_knows_what_came_before_and_nothing_else() {
    let mut history = TurnoutHistory::new();
    for (day, yes) in [(30, 9), (10, 4), (20, 6)] {
        assert!(history.add(&event(1, day, "Run", yes)));
    }
    assert!(!history.add(&LabelledEvent {
        time: None,
        ..event(1, 5, "Run", 3)
    }));
    assert!(!history.add(&LabelledEvent {
        yes_rsvp_count: None,
        ..event(1, 5, "Run", 3)
    }));
    let at = |day| event(1, day, "Run", 99);
    assert_eq!((history.median(&at(5)), history.last(&at(5))), (None, None));
    assert_eq!(
        (history.median(&at(20)), history.last(&at(20))),
        (Some(4.0), Some(4.0)),
        "not the event itself"
    );
    assert_eq!(
        (history.median(&at(30)), history.last(&at(30))),
        (Some(5.0), Some(6.0))
    );
    assert_eq!(history.median(&event(2, 30, "Run", 1)), None);
    for day in 31..200 {
        history.add(&event(1, day, "Run", 50));
    }
    assert_eq!(history.before(&at(500)).len(), EVENTS_PER_GROUP_MAX);
    assert_eq!(
        history.before(&at(500)).first().map(|past| past.yes),
        Some(50),
        "the latest stay"
    );
    history.add(&event(1, 2, "Run", 1));
    assert_eq!(history.before(&at(500)).len(), EVENTS_PER_GROUP_MAX);
}

#[test]
fn the_groups_that_are_remembered_are_bounded() {
    let mut history = TurnoutHistory::new();
    for group in 0..GROUPS_MAX as i64 + 10 {
        history.add(&event(group, group, "Run", 1));
    }
    assert!(history.groups() <= GROUPS_MAX && history.groups() > GROUPS_MAX * 8 / 10);
    assert!(
        history
            .last(&event(GROUPS_MAX as i64, 10_000_000, "Run", 1))
            .is_some()
    );
    assert!(
        history.last(&event(0, 10_000_000, "Run", 1)).is_none(),
        "the quiet are forgotten first"
    );
}

#[test]
fn names_are_alike_by_their_words_and_series_by_their_ids() {
    let traits = |id: &str, name: &str| {
        EventTraits::of(&LabelledEvent {
            id: id.to_owned(),
            name: name.to_owned(),
            ..LabelledEvent::default()
        })
    };
    let alike = |a: (&str, &str), b: (&str, &str)| traits(a.0, a.1).likeness(&traits(b.0, b.1));
    assert!((alike(("1", "Monday run"), ("2", "run, Monday!")) - 1.0).abs() < 1e-6);
    assert!((alike(("1", "Monday run"), ("2", "Monday swim")) - 1.0 / 3.0).abs() < 1e-6);
    assert!(alike(("1", ""), ("2", "")).abs() < 1e-6);
    assert!((alike(("dkgfsdytjbmb", "a"), ("dkgfsdytkbzc", "b")) - 1.0).abs() < 1e-6);
    assert!(alike(("dkgfsdytjbmb", "a"), ("qfpgblytjbmb", "b")).abs() < 1e-6);
}

#[test]
fn local_time_is_that_of_the_group() {
    // 2015-06-09 10:00 UTC, a Tuesday, is 06:00 in Columbia.
    let event = LabelledEvent {
        time: Some(1_433_844_000_000),
        utc_offset: Some(-14_400_000),
        ..LabelledEvent::default()
    };
    let traits = EventTraits::of(&event);
    assert_eq!(traits.weekday, Some(1));
    assert!((traits.hour - 6.0).abs() < 1e-6);
}

#[test]
fn an_event_of_which_nothing_is_known_has_a_row() {
    let features = features(&LabelledEvent::default(), &[], &SubjectMeans::default());
    assert_eq!(features.row.len(), COLUMNS);
    assert!(features.start.is_none());
    assert!(features.row.iter().all(|value| !value.is_infinite()));
}

#[test]
fn subjects_of_other_groups_say_how_large_a_new_one_is() {
    let of = |group: i64, category: &str, yes: u32| LabelledEvent {
        category: Some(category.to_owned()),
        topics: vec![format!("{category}-topic")],
        ..event(group, 1, "x", yes)
    };
    let events: Vec<LabelledEvent> = (0..20)
        .map(|group| {
            if group % 2 == 0 {
                of(group, "tech", 60)
            } else {
                of(group, "games", 5)
            }
        })
        .collect();
    let row = |means: &SubjectMeans, category: &str| {
        let mut row = Vec::new();
        means.features(&of(99, category, 0), &mut row);
        row
    };
    let all = SubjectMeans::train(&events, |_| true);
    let (tech, games) = (row(&all, "tech"), row(&all, "games"));
    assert!(
        tech.iter().zip(&games).all(|(tech, games)| tech > games),
        "{tech:?} {games:?}"
    );
    assert!(row(&all, "dance").iter().all(|mean| mean.is_nan()));
    let without = SubjectMeans::train(&events, |group| group % 2 == 1);
    assert!(
        row(&without, "tech").iter().all(|mean| mean.is_nan()),
        "groups that are held out say nothing"
    );
}

#[test]
fn the_curve_goes_from_nothing_to_everything() {
    let curve = AnswerCurve::measured();
    for announced in [None, Some(30 * 24 * HOUR_MS), Some(HOUR_MS)] {
        let shares: Vec<f64> = (0..800)
            .rev()
            .map(|hours| curve.share(hours * HOUR_MS, announced))
            .collect();
        assert!(shares.is_sorted(), "{announced:?}");
        assert!((shares[799] - 1.0).abs() < 1e-9);
    }
    assert!(
        curve
            .share(30 * 24 * HOUR_MS, Some(30 * 24 * HOUR_MS))
            .abs()
            < 1e-9
    );
    // The recordings: 57 % of all yes come in the last week.
    assert!((curve.share(168 * HOUR_MS, None) - 0.43).abs() < 1e-3);
    let mut later = curve.clone();
    for _ in 0..2000 {
        later.learn(HOUR_MS / 2);
    }
    assert!(later.share(168 * HOUR_MS, None) < 0.25);
    assert_eq!(later.check(), Ok(()));
}

#[test]
fn answers_take_over_from_the_forecast_as_they_come() {
    let curve = AnswerCurve::measured();
    let forecast = TurnoutPrediction {
        value: 20.0,
        low: 12.0,
        high: 31.0,
    };
    let announced_ms = Some(60 * 24 * HOUR_MS);
    let updated = |yes, hours| {
        forecast.updated(
            AnswersSoFar {
                yes,
                lead_ms: hours * HOUR_MS,
                announced_ms,
            },
            &curve,
        )
    };
    assert_eq!(updated(0, 60 * 24), forecast);
    let at_begin = updated(17, 0);
    assert_eq!(
        (at_begin.low, at_begin.value, at_begin.high),
        (17.0, 17.0, 17.0)
    );
    let mut before = 0.0;
    for yes in 0..60 {
        let now = updated(yes, 168);
        assert!(
            now.low <= now.value && now.value <= now.high && now.low >= f64::from(yes),
            "{yes}: {now:?}"
        );
        assert!(now.value >= before);
        before = now.value;
    }
    assert!(
        updated(10, 24).high - updated(10, 24).low < updated(10, 400).high - updated(10, 400).low
    );
    let many = updated(400_000, 168);
    assert!(many.low >= 400_000.0 && many.high.is_finite());
}

#[test]
fn an_interval_of_whole_people_holds_what_it_held() {
    let near = |a: TurnoutPrediction, low: f64, high: f64| {
        assert_eq!((a.low, a.high), (low, high), "{a:?}")
    };
    near(TurnoutPrediction::new(2.2, 3.0, 7.9), 3.0, 7.0);
    near(TurnoutPrediction::new(-0.5, -0.1, 0.0), 0.0, 0.0);
    near(TurnoutPrediction::new(3.1, 3.4, 3.9), 3.0, 4.0);
}
