//! What is remembered of a group's past events.
use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::LabelledEvent;
use crate::text::for_each_word;

/// How many past events of a group are remembered: the latest.
pub const EVENTS_PER_GROUP_MAX: usize = 32;

/// How many groups are remembered. When one more comes, a tenth of them is forgotten: those that held no event for longest.
pub const GROUPS_MAX: usize = 50_000;

/// How many words of a name are compared.
const WORDS_MAX: usize = 16;

const HOUR_MS: f32 = 3_600_000.0;

/// The past events of groups with how many came: what a forecast of a group's next event looks at. Its memory is bounded by
/// [`GROUPS_MAX`] and [`EVENTS_PER_GROUP_MAX`].
#[derive(Clone, Debug, Default)]
pub struct TurnoutHistory {
    groups: BTreeMap<i64, Vec<PastEvent>>,
    /// Training keeps everything it was given.
    keeps_all: bool,
}

/// What matters of an event for the forecast of another one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PastEvent {
    /// Milliseconds since 1970 UTC.
    pub(super) time: i64,
    pub(super) yes: u32,
    /// ln(1 + yes).
    pub(super) log_yes: f32,
    pub(super) traits: EventTraits,
}

/// What an event is compared by.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EventTraits {
    /// Hashes of the words of its name, ascending, each once.
    pub(super) words: Vec<u32>,
    /// Hash of the part of the id that all events of a recurring series share; none for a single event.
    pub(super) series: Option<u32>,
    /// Its place to about 10 metres.
    pub(super) place: Option<(i32, i32)>,
    /// Sunday is 6, as 1970 began on a Thursday; local time.
    pub(super) weekday: Option<u8>,
    /// Local hour with its fraction; not a number where the event has no time.
    pub(super) hour: f32,
    pub(super) limit: Option<u32>,
    pub(super) paid: bool,
    /// ln(1 + hours from announcement to begin); not a number where one is unknown.
    pub(super) lead: f32,
}

impl TurnoutHistory {
    /// A history of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers a past event. One without a group, a time or a count of yes teaches nothing and is left out: then this is
    /// false. Give only events that are over: what is counted here is taken for the final number.
    pub fn add(&mut self, event: &LabelledEvent) -> bool {
        let (Some(group), Some(time), Some(yes)) =
            (event.group_id, event.time, event.yes_rsvp_count)
        else {
            return false;
        };
        if !self.keeps_all && self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&group) {
            self.forget_the_quiet();
        }
        let events = self.groups.entry(group).or_default();
        let at = events.partition_point(|past| past.time <= time);
        let full = !self.keeps_all && events.len() >= EVENTS_PER_GROUP_MAX;
        if full && at == 0 {
            return true;
        }
        events.insert(
            at,
            PastEvent {
                time,
                yes,
                log_yes: (yes as f32).ln_1p(),
                traits: EventTraits::of(event),
            },
        );
        if full {
            events.remove(0);
        }
        true
    }

    /// How many groups are remembered.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The median number of yes of the group's events before `event`: what the forecast has to beat.
    #[must_use]
    pub fn median(&self, event: &LabelledEvent) -> Option<f64> {
        median_of(self.all_before(event))
    }

    /// The number of yes of the group's last event before `event`.
    #[must_use]
    pub fn last(&self, event: &LabelledEvent) -> Option<f64> {
        self.before(event).last().map(|past| f64::from(past.yes))
    }

    /// A history that forgets nothing, of the past events among `events`.
    pub(super) fn of_all(events: &[LabelledEvent]) -> Self {
        let mut history = Self {
            keeps_all: true,
            ..Self::default()
        };
        for event in events {
            history.add(event);
        }
        history
    }

    /// The group's latest events that began before `event`, the latest last.
    pub(super) fn before(&self, event: &LabelledEvent) -> &[PastEvent] {
        latest(self.all_before(event))
    }

    /// Those of them that had begun when `event` was announced.
    pub(super) fn before_announcement(&self, event: &LabelledEvent) -> &[PastEvent] {
        let all = self.all_before(event);
        let announced = event.created.unwrap_or(i64::MAX);
        latest(&all[..all.partition_point(|past| past.time < announced)])
    }

    /// The group's events that began before `event`, or all of them if it has no time. Never the event itself.
    fn all_before(&self, event: &LabelledEvent) -> &[PastEvent] {
        let Some(events) = event.group_id.and_then(|group| self.groups.get(&group)) else {
            return &[];
        };
        let until = event.time.map_or(events.len(), |time| {
            events.partition_point(|past| past.time < time)
        });
        &events[..until]
    }

    fn forget_the_quiet(&mut self) {
        let mut latest: Vec<i64> = self
            .groups
            .values()
            .filter_map(|events| events.last().map(|past| past.time))
            .collect();
        latest.sort_unstable();
        let Some(limit) = latest.get(latest.len() / 10).copied() else {
            return;
        };
        // Of those that held their last event at one time not all may go.
        let mut to_forget = self.groups.len() / 10 + 1;
        self.groups.retain(|_, events| {
            let stays = to_forget == 0 || events.last().is_some_and(|past| past.time > limit);
            to_forget -= usize::from(!stays);
            stays
        });
    }
}

fn latest(events: &[PastEvent]) -> &[PastEvent] {
    &events[events.len().saturating_sub(EVENTS_PER_GROUP_MAX)..]
}

/// The median number of yes; none of no events.
pub(super) fn median_of(events: &[PastEvent]) -> Option<f64> {
    let mut counts: Vec<u32> = events.iter().map(|past| past.yes).collect();
    counts.sort_unstable();
    let low = counts.get(counts.len().checked_sub(1)? / 2)?;
    let high = counts.get(counts.len() / 2)?;
    Some(f64::midpoint(f64::from(*low), f64::from(*high)))
}

impl EventTraits {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "degrees and hours are small, and hashes may lose their upper half"
    )]
    pub(super) fn of(event: &LabelledEvent) -> Self {
        let mut words = Vec::with_capacity(8);
        for_each_word(&event.name, &mut String::new(), |word| {
            if words.len() < WORDS_MAX {
                words.push(xxh3_64(word.as_bytes()) as u32);
            }
        });
        words.sort_unstable();
        words.dedup();
        let local = event.time.map(|time| {
            time.saturating_add(event.utc_offset.unwrap_or(0))
                .div_euclid(1000)
        });
        let lead = event
            .time
            .zip(event.created)
            .map(|(time, created)| time.saturating_sub(created).max(0));
        Self {
            words,
            series: series(&event.id),
            place: event.venue.map(|spot| {
                (
                    (spot.lat * 1e4).round() as i32,
                    (spot.lon * 1e4).round() as i32,
                )
            }),
            weekday: local.map(|seconds| (seconds.div_euclid(86_400) + 3).rem_euclid(7) as u8),
            hour: local.map_or(f32::NAN, |seconds| {
                seconds.rem_euclid(86_400) as f32 / 3600.0
            }),
            limit: event.rsvp_limit.filter(|limit| *limit > 0),
            paid: event.paid.unwrap_or(false),
            lead: lead.map_or(f32::NAN, |lead| (lead as f32 / HOUR_MS).ln_1p()),
        }
    }

    /// How alike two names are: the shared part of their words (Jaccard), 1 within one series.
    pub(super) fn likeness(&self, other: &Self) -> f32 {
        if self.series.is_some() && self.series == other.series {
            return 1.0;
        }
        let (mut a, mut b, mut both) = (0, 0, 0_usize);
        while let (Some(one), Some(two)) = (self.words.get(a), other.words.get(b)) {
            both += usize::from(one == two);
            a += usize::from(one <= two);
            b += usize::from(two <= one);
        }
        both as f32 / (self.words.len() + other.words.len() - both).max(1) as f32
    }
}

/// Meetup names the events of a recurring series with one prefix of six characters; single events have numbers.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a hash may lose its upper half"
)]
fn series(id: &str) -> Option<u32> {
    let single = id.bytes().all(|byte| byte.is_ascii_digit());
    id.as_bytes()
        .get(..6)
        .filter(|_| !single)
        .map(|prefix| xxh3_64(prefix) as u32)
}
