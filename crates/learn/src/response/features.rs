//! What the probability of yes depends on, hashed.
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::answer::{AnswerSeen, AnswerVersion, EventSeen};
use super::ftrl::Feature;
use super::latest_answers::LatestAnswer;
use super::tallies::YesNo;
use crate::text::for_each_word;

/// How many topics and words of one event are looked at.
const TOPICS_MAX: usize = 16;
const WORDS_MAX: usize = 12;

const HOUR_MS: i64 = 3_600_000;

/// A history is drawn towards the base rate as if it held so many more answers.
const PRIOR_ANSWERS: f64 = 2.0;

/// What happened before an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// The share of yes of all answers so far.
    pub(super) base_rate: f64,
    pub(super) event: YesNo,
    pub(super) group: YesNo,
    pub(super) member: YesNo,
    /// The answer that this one replaces.
    pub(super) earlier: Option<LatestAnswer>,
}

/// Kinds of features; each kind hashes apart from the others.
#[derive(Clone, Copy)]
#[repr(u64)]
enum FeatureKind {
    Bias = 1,
    BaseRate,
    Country,
    Topic,
    Word,
    Group,
    Event,
    EventRate,
    EventTally,
    GroupRate,
    GroupTally,
    MemberRate,
    MemberTally,
    Lead,
    LeadOfSeries,
    EventHour,
    EventDay,
    AnswerHour,
    AnswerDay,
    Guests,
    Venue,
    Series,
    Earlier,
    SinceEarlier,
}

/// Replaces what is in `features`.
pub(super) fn features(answer: &AnswerSeen<'_>, before: &Before, features: &mut Vec<Feature>) {
    features.clear();
    let event = &answer.event;
    let mut add =
        |kind: FeatureKind, what: u64, value: f32| features.push((number(kind, what), value));
    add(FeatureKind::Bias, 0, 1.0);
    let base = logit(before.base_rate);
    add(FeatureKind::BaseRate, 0, base);
    add(FeatureKind::Country, text(event.country), 1.0);
    histories(before, base, &mut add);
    times(answer, &mut add);
    let yes_or_no = |flag: Option<bool>| flag.map_or(2, u64::from);
    add(FeatureKind::Guests, yes_or_no(event.guests_allowed), 1.0);
    add(FeatureKind::Venue, yes_or_no(event.has_venue), 1.0);
    add(
        FeatureKind::Series,
        u64::from(is_of_series(answer.event_id)),
        1.0,
    );
    if let Some(group) = event.group_id {
        add(FeatureKind::Group, group.cast_unsigned(), 1.0);
    }
    add(FeatureKind::Event, text(answer.event_id), 1.0);
    words_and_topics(event, &mut add);
}

fn histories(before: &Before, base: f32, add: &mut impl FnMut(FeatureKind, u64, f32)) {
    let kinds = [
        (
            FeatureKind::EventRate,
            FeatureKind::EventTally,
            before.event,
        ),
        (
            FeatureKind::GroupRate,
            FeatureKind::GroupTally,
            before.group,
        ),
        (
            FeatureKind::MemberRate,
            FeatureKind::MemberTally,
            before.member,
        ),
    ];
    for (rate, tally, seen) in kinds {
        add(
            rate,
            0,
            logit(seen.rate(before.base_rate, PRIOR_ANSWERS)) - base,
        );
        add(
            tally,
            u64::from(seen.yes.min(3)) * 4 + u64::from(seen.no.min(3)),
            1.0,
        );
    }
    if let Some(earlier) = before.earlier {
        add(FeatureKind::Earlier, u64::from(earlier.yes), 1.0);
    }
}

fn times(answer: &AnswerSeen<'_>, add: &mut impl FnMut(FeatureKind, u64, f32)) {
    let event = &answer.event;
    let offset = event.utc_offset.unwrap_or(0);
    let local_hour = |time: i64| time.saturating_add(offset).div_euclid(HOUR_MS);
    let hour = |time: i64| local_hour(time).rem_euclid(24).cast_unsigned();
    let day = |time: i64| {
        local_hour(time)
            .div_euclid(24)
            .rem_euclid(7)
            .cast_unsigned()
    };
    let lead = event.time.map_or(LEAD_UNKNOWN, |time| {
        lead_bin(time.saturating_sub(answer.mtime))
    });
    add(FeatureKind::Lead, lead, 1.0);
    add(
        FeatureKind::LeadOfSeries,
        lead * 2 + u64::from(is_of_series(answer.event_id)),
        1.0,
    );
    if let Some(time) = event.time {
        add(FeatureKind::EventHour, hour(time) / 3, 1.0);
        add(FeatureKind::EventDay, day(time), 1.0);
    }
    add(FeatureKind::AnswerHour, hour(answer.mtime) / 3, 1.0);
    add(FeatureKind::AnswerDay, day(answer.mtime), 1.0);
}

fn words_and_topics(event: &EventSeen<'_>, add: &mut impl FnMut(FeatureKind, u64, f32)) {
    let topics = event.topics.len().min(TOPICS_MAX);
    // Together they weigh as much as one other feature, however many there are.
    let share = 1.0 / (topics.max(1) as f32).sqrt();
    for topic in event.topics.iter().take(TOPICS_MAX) {
        add(FeatureKind::Topic, text(topic), share);
    }
    let mut words = 0;
    for_each_word(event.name, &mut String::new(), |word| {
        words += 1;
        if words <= WORDS_MAX {
            add(FeatureKind::Word, text(word), 0.3);
        }
    });
}

/// How long since the earlier version, where there is one.
pub(super) fn since_earlier(answer: &AnswerSeen<'_>, earlier: LatestAnswer) -> Feature {
    let seconds = AnswerVersion::of(answer.mtime)
        .seconds_since(earlier.version)
        .max(1);
    (
        number(
            FeatureKind::SinceEarlier,
            u64::from(seconds.ilog2() / 3) * 2 + u64::from(earlier.yes),
        ),
        1.0,
    )
}

const LEAD_UNKNOWN: u64 = 99;

/// Hours to the event in bins that grow.
fn lead_bin(lead_ms: i64) -> u64 {
    const ENDS: [i64; 13] = [1, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440, 2880, 8760];
    ENDS.partition_point(|end| *end < lead_ms / HOUR_MS) as u64
}

/// The events of a recurring series have letters in their ids, single events only digits.
fn is_of_series(event_id: &str) -> bool {
    !event_id.bytes().all(|byte| byte.is_ascii_digit())
}

#[expect(clippy::cast_possible_truncation, reason = "a small number")]
fn logit(rate: f64) -> f32 {
    let rate = rate.clamp(0.001, 0.999);
    (rate / (1.0 - rate)).ln() as f32
}

fn text(text: &str) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), 0)
}

fn number(kind: FeatureKind, what: u64) -> u64 {
    xxh3_64_with_seed(&what.to_le_bytes(), kind as u64)
}
