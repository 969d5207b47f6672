//! What a forecast looks at, as a row of numbers. What is unknown is not a number.
use super::history::{EventTraits, PastEvent};
use super::subjects::SubjectMeans;
use crate::LabelledEvent;

/// How many numbers a row has.
pub(super) const COLUMNS: usize = 47;

/// After how many further events of a group one counts half.
const HALF_LIFE_EVENTS: f32 = 8.0;

/// From which likeness of names on two events count as one series.
const SAME: f32 = 0.6;

/// Means of ln(1 + yes) over the group's past, each weighted by another kind of likeness to the coming event.
#[derive(Default)]
struct LikenessMeans {
    by_name: Mean,
    by_hour: Mean,
    by_place: Mean,
    by_limit: Mean,
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f32,
    weight: f32,
}

impl Mean {
    fn add(&mut self, value: f32, weight: f32) {
        self.sum += value * weight;
        self.weight += weight;
    }

    /// Not a number without anything in it.
    fn value(self) -> f32 {
        self.sum / self.weight
    }
}

/// A row, and where the forecast starts from: ln(1 + yes) of the group's like events, if it held any.
pub(super) struct Features {
    pub(super) row: Vec<f32>,
    pub(super) start: Option<f32>,
}

/// The features of an event, before which its group held `past`.
pub(super) fn features(
    event: &LabelledEvent,
    past: &[PastEvent],
    means: &SubjectMeans,
) -> Features {
    let traits = EventTraits::of(event);
    let mut row = Vec::with_capacity(COLUMNS);
    let (weighted, alike) = compare(&traits, past);
    let by_name = weighted.by_name.value();
    of_the_past(&mut row, event, &traits, past);
    let same: Vec<f32> = past
        .iter()
        .zip(&alike)
        .filter(|(_, alike)| **alike >= SAME)
        .map(|(past, _)| past.log_yes)
        .collect();
    let most_alike = alike
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map(|(at, alike)| (past[at].log_yes, *alike));
    row.extend([
        by_name,
        weighted.by_hour.value(),
        weighted.by_place.value(),
        weighted.by_limit.value(),
        most_alike.map_or(f32::NAN, |(_, alike)| alike),
        most_alike.map_or(f32::NAN, |(log_yes, _)| log_yes),
        same.len() as f32,
        median(&same),
        same.last().copied().unwrap_or(f32::NAN),
    ]);
    of_the_limit(&mut row, &traits, past, by_name);
    of_itself(&mut row, event, &traits, by_name);
    if past.is_empty() {
        means.features(event, &mut row);
    } else {
        // A group's own events say more; beside them the trees take the means of other groups for signs of this one.
        row.resize(COLUMNS, f32::NAN);
    }
    debug_assert_eq!(row.len(), COLUMNS);
    Features {
        row,
        start: (!past.is_empty()).then_some(by_name),
    }
}

fn compare(traits: &EventTraits, past: &[PastEvent]) -> (LikenessMeans, Vec<f32>) {
    let mut weighted = LikenessMeans::default();
    let mut alike = Vec::with_capacity(past.len());
    let limit = log_of_limit(traits);
    for (age, event) in (0..past.len()).rev().zip(past) {
        let recent = (-(age as f32) / HALF_LIFE_EVENTS).exp2();
        let likeness = traits.likeness(&event.traits);
        let apart = (traits.hour - event.traits.hour).abs();
        let apart = if apart.is_nan() {
            12.0
        } else {
            apart.min(24.0 - apart)
        };
        let of_day = if traits.weekday == event.traits.weekday {
            1.0
        } else {
            0.1
        };
        let same_place = traits.place.is_some() && traits.place == event.traits.place;
        let limits_apart = (limit - log_of_limit(&event.traits)).abs();
        weighted
            .by_name
            .add(event.log_yes, recent * (0.02 + likeness * likeness));
        weighted.by_hour.add(
            event.log_yes,
            recent * (0.05 + of_day * (-apart / 2.0).exp()),
        );
        weighted
            .by_place
            .add(event.log_yes, recent * if same_place { 1.0 } else { 0.02 });
        weighted.by_limit.add(
            event.log_yes,
            recent * (-2.0 * limits_apart).exp().max(1e-6),
        );
        alike.push(likeness);
    }
    (weighted, alike)
}

/// 16 columns.
fn of_the_past(
    row: &mut Vec<f32>,
    event: &LabelledEvent,
    traits: &EventTraits,
    past: &[PastEvent],
) {
    let counts: Vec<f32> = past.iter().map(|event| event.log_yes).collect();
    let mean_of_last = |events: usize| mean(&counts[counts.len().saturating_sub(events)..]);
    let all = mean(&counts);
    let spread = mean(
        &counts
            .iter()
            .map(|count| (count - all) * (count - all))
            .collect::<Vec<_>>(),
    )
    .sqrt();
    let hours_since = |past: Option<&PastEvent>| {
        event.time.zip(past).map_or(f32::NAN, |(time, past)| {
            (time - past.time) as f32 / 3_600_000.0
        })
    };
    let share = |of: fn(&PastEvent) -> bool| {
        if past.is_empty() {
            f32::NAN
        } else {
            past.iter().filter(|past| of(past)).count() as f32 / past.len() as f32
        }
    };
    let leads: Vec<f32> = past
        .iter()
        .rev()
        .take(8)
        .map(|past| past.traits.lead)
        .filter(|lead| !lead.is_nan())
        .collect();
    row.extend([
        counts.len() as f32,
        counts.last().copied().unwrap_or(f32::NAN),
        median(&counts),
        mean_of_last(3),
        mean_of_last(8),
        all,
        counts.iter().copied().fold(f32::NAN, f32::min),
        counts.iter().copied().fold(f32::NAN, f32::max),
        if counts.len() > 1 { spread } else { f32::NAN },
        if counts.len() > 3 {
            mean_of_last(3) - all
        } else {
            f32::NAN
        },
        hours_since(past.last()).ln_1p(),
        (hours_since(past.first()) / counts.len() as f32).ln_1p(),
        traits.lead - median(&leads),
        share(|past| past.traits.series.is_some()),
        share(|past| past.traits.paid),
        share(|past| past.traits.limit.is_some()),
    ]);
}

/// 4 columns.
fn of_the_limit(row: &mut Vec<f32>, traits: &EventTraits, past: &[PastEvent], by_name: f32) {
    let filled: Vec<f32> = past
        .iter()
        .rev()
        .filter_map(|past| {
            past.traits
                .limit
                .map(|limit| past.yes as f32 / limit as f32)
        })
        .take(8)
        .collect();
    let limit = traits
        .limit
        .map_or(f32::NAN, |limit| (limit as f32).ln_1p());
    row.extend([
        limit,
        limit - by_name,
        median(&filled),
        filled.iter().copied().fold(f32::NAN, f32::max),
    ]);
}

/// 14 columns.
fn of_itself(row: &mut Vec<f32>, event: &LabelledEvent, traits: &EventTraits, by_name: f32) {
    let members = event
        .members
        .map_or(f32::NAN, |members| (members as f32).ln_1p());
    let known = |flag: bool| f32::from(u8::from(flag));
    row.extend([
        members,
        by_name - members,
        event.paid.map_or(f32::NAN, known),
        traits.lead,
        known(traits.series.is_some()),
        traits.weekday.map_or(f32::NAN, f32::from),
        traits.hour,
        event.time.map_or(f32::NAN, season),
        (event.description.len() as f32).ln_1p(),
        event.name.len() as f32,
        traits.words.len() as f32,
        known(traits.place.is_some()),
        event.topics.len() as f32,
        event
            .utc_offset
            .map_or(f32::NAN, |offset| (offset / 3_600_000) as f32),
    ]);
}

/// The share of the year that has passed, to about a day.
fn season(time: i64) -> f32 {
    const YEAR_MS: i64 = 31_556_952_000;
    time.rem_euclid(YEAR_MS) as f32 / YEAR_MS as f32
}

/// 0 for an event without a limit.
fn log_of_limit(traits: &EventTraits) -> f32 {
    (traits.limit.unwrap_or(0) as f32).ln_1p()
}

/// Not a number without values.
fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

/// Not a number without values.
fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    match sorted.len() {
        0 => f32::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f32::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}
