//! The model with all that it remembers: one checkpoint.
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::answer::{AnswerSeen, AnswerVersion, EventSeen};
use super::features::{Before, features, since_earlier};
use super::ftrl::{Feature, Ftrl};
use super::latest_answers::LatestAnswers;
use super::progressive_figures::ProgressiveFigures;
use super::tallies::{Tallies, YesNo};
use crate::{LabelledEvent, ModelError, stored};

pub(super) const NAME: &str = "response";

/// More partitions than this are a mistake.
const PARTITIONS_MAX: usize = 4096;

/// Learns the probability of yes, one answer after the other.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ResponseModel {
    ftrl: Ftrl,
    latest: LatestAnswers,
    events: Tallies,
    groups: Tallies,
    members: Tallies,
    all: [u64; 2],
    pub(super) model: ProgressiveFigures,
    pub(super) base: ProgressiveFigures,
    pub(super) event: ProgressiveFigures,
    offset: Vec<u64>,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Learnt {
    /// It was scored, with this probability of yes, and then learnt.
    Scored(f64),
    /// It was sent again, or is older than what is known of it.
    Ignored,
}

/// The keys of what is remembered.
struct AnswerKeys {
    answer: u64,
    event: u64,
    group: Option<u64>,
    member: Option<u64>,
}

impl Default for ResponseModel {
    fn default() -> Self {
        Self::new()
    }
}

impl ResponseModel {
    /// Rises when the bytes or their meaning change.
    pub const FORMAT: u32 = 1;

    /// A model that has learnt nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            ftrl: Ftrl::new(),
            latest: LatestAnswers::new(),
            events: Tallies::new(),
            groups: Tallies::new(),
            members: Tallies::new(),
            all: [0; 2],
            model: ProgressiveFigures::default(),
            base: ProgressiveFigures::default(),
            event: ProgressiveFigures::default(),
            offset: Vec::new(),
        }
    }

    /// Scores an answer as it comes, and learns it then. A record that is not greater than what is known of its answer, or
    /// repeats it within a second, is ignored.
    pub fn learn(&mut self, answer: &AnswerSeen<'_>) -> Learnt {
        let keys = AnswerKeys::of(answer);
        let version = AnswerVersion::of(answer.mtime);
        let earlier = self.latest.get(keys.answer);
        if let Some(earlier) = earlier {
            let same = earlier.yes == answer.yes && earlier.guests == answer.guests;
            if version <= earlier.version || (same && version.is_same_second(earlier.version)) {
                return Learnt::Ignored;
            }
        }
        let mut row = Vec::with_capacity(64);
        let before = self.before(&keys, answer, &mut row);
        let probability = sigmoid(self.ftrl.logit(&row));
        self.model.count(probability, answer.yes);
        self.base.count(before.base_rate, answer.yes);
        self.event
            .count(before.event.rate(before.base_rate, EVENT_PRIOR), answer.yes);
        self.ftrl.learn(&row, probability, answer.yes);
        let replaced = earlier.map(|earlier| earlier.yes);
        self.events.count(keys.event, answer.yes, replaced);
        if let Some(group) = keys.group {
            self.groups.count(group, answer.yes, replaced);
        }
        if let Some(member) = keys.member {
            self.members.count(member, answer.yes, replaced);
        }
        self.all[usize::from(answer.yes)] += 1;
        self.latest
            .put(keys.answer, version, answer.yes, answer.guests);
        Learnt::Scored(probability)
    }

    /// The probability that this answer, which has not been learnt, is yes. Neither `yes` nor `guests` is looked at.
    #[must_use]
    pub fn score(&self, answer: &AnswerSeen<'_>) -> f64 {
        let mut row = Vec::with_capacity(64);
        self.before(&AnswerKeys::of(answer), answer, &mut row);
        sigmoid(self.ftrl.logit(&row))
    }

    /// The probability that the next answer to an event, given at `now_ms`, is yes, whoever gives it. Without `now_ms` the
    /// answer is taken to come a week before the event.
    #[must_use]
    pub fn score_event(&self, event: &LabelledEvent, now_ms: Option<i64>) -> f64 {
        let topics: Vec<&str> = event.topics.iter().map(String::as_str).collect();
        let week_before = event
            .time
            .map_or(0, |time| time.saturating_sub(7 * 86_400_000));
        self.score(&AnswerSeen {
            event_id: &event.id,
            mtime: now_ms.unwrap_or(week_before),
            event: EventSeen {
                name: &event.name,
                time: event.time,
                utc_offset: event.utc_offset,
                group_id: event.group_id,
                country: event.country.as_deref().unwrap_or_default(),
                topics: &topics,
                guests_allowed: None,
                has_venue: Some(event.venue.is_some()),
            },
            ..AnswerSeen::default()
        })
    }

    /// Up to which offset each partition has been learnt.
    #[must_use]
    pub fn offset(&self) -> &[u64] {
        &self.offset
    }

    /// Remembers up to which offset each partition has been learnt: the caller goes on from there after a restart.
    pub fn set_offset(&mut self, offset: Vec<u64>) {
        self.offset = offset;
    }

    /// The figures of all answers so far: of the model, of the base rate and of the event's own rate.
    #[must_use]
    pub fn figures(&self) -> [&ProgressiveFigures; 3] {
        [&self.model, &self.base, &self.event]
    }

    /// Begins the figures anew, and forgets nothing else.
    pub fn reset_figures(&mut self) {
        for figures in [&mut self.model, &mut self.base, &mut self.event] {
            *figures = ProgressiveFigures::default();
        }
    }

    /// A format number and the model.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(Self::FORMAT, self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// Another format, bytes that are cut or follow the end, and numbers that no learning gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let model: Self = stored::from_bytes(NAME, Self::FORMAT, bytes)?;
        if !model.ftrl.is_finite() || !model.figures().iter().all(|figures| figures.is_finite()) {
            return Err(ModelError::NotFinite {
                model: NAME,
                what: "weights",
            });
        }
        if !model.is_whole() {
            return Err(ModelError::OutOfRange {
                model: NAME,
                what: "tables",
            });
        }
        Ok(model)
    }

    fn is_whole(&self) -> bool {
        let tallies = [&self.events, &self.groups, &self.members];
        self.ftrl.is_whole()
            && self.latest.is_whole()
            && tallies.iter().all(|tallies| tallies.is_whole())
            && self.figures().iter().all(|figures| figures.is_whole())
            && self.offset.len() <= PARTITIONS_MAX
    }

    /// What is known before the answer, and its features.
    fn before(&self, keys: &AnswerKeys, answer: &AnswerSeen<'_>, row: &mut Vec<Feature>) -> Before {
        let tally =
            |of: &Tallies, key: Option<u64>| key.map_or(YesNo::default(), |key| of.get(key));
        let [no, yes] = self.all;
        let before = Before {
            base_rate: (yes as f64 + 1.0) / ((no + yes) as f64 + 2.0),
            event: self.events.get(keys.event),
            group: tally(&self.groups, keys.group),
            member: tally(&self.members, keys.member),
            earlier: self.latest.get(keys.answer),
        };
        features(answer, &before, row);
        row.extend(before.earlier.map(|earlier| since_earlier(answer, earlier)));
        before
    }
}

/// The event's own rate is drawn towards the base rate as if so many answers had been like it: the value at which it does best.
const EVENT_PRIOR: f64 = 4.0;

impl AnswerKeys {
    fn of(answer: &AnswerSeen<'_>) -> Self {
        let event = xxh3_64(answer.event_id.as_bytes());
        Self {
            answer: xxh3_64_with_seed(&answer.rsvp_id.to_le_bytes(), event),
            event,
            group: answer
                .event
                .group_id
                .map(|group| xxh3_64(&group.to_le_bytes())),
            member: answer.member.map(|member| xxh3_64(&member.to_le_bytes())),
        }
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
