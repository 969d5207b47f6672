//! One answer as it comes by, and which of two records of it counts.
use serde::{Deserialize, Serialize};

/// What is seen of an answer to an invitation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AnswerSeen<'a> {
    /// The event's id.
    pub event_id: &'a str,
    /// The answer's id: one person's answer to one event, which may change.
    pub rsvp_id: u64,
    /// When it was given: milliseconds since 1970 UTC.
    pub mtime: i64,
    /// Whether it says yes. Scoring does not look at it.
    pub yes: bool,
    /// How many guests come too. Scoring does not look at it: only a yes has guests.
    pub guests: u32,
    /// Who answers, as a pseudonym; none where that is not known.
    pub member: Option<u64>,
    /// What is known of the event before anybody answers.
    pub event: EventSeen<'a>,
}

/// What an answer's event is known by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EventSeen<'a> {
    /// Its title.
    pub name: &'a str,
    /// When it begins: milliseconds since 1970 UTC.
    pub time: Option<i64>,
    /// What to add to UTC for the group's local time, in milliseconds; [`offset_by_longitude`] where only that is known.
    pub utc_offset: Option<i64>,
    /// Who holds it.
    pub group_id: Option<i64>,
    /// The group's country: two letters, lower case.
    pub country: &'a str,
    /// The url keys of the group's topics.
    pub topics: &'a [&'a str],
    /// Whether people may bring guests, where that is known.
    pub guests_allowed: Option<bool>,
    /// Whether it has a venue, where that is known.
    pub has_venue: Option<bool>,
}

/// Local time as far as the sun decides it, in milliseconds from UTC: whole hours.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "at most 12 hours")]
pub fn offset_by_longitude(degrees: f64) -> i64 {
    ((degrees / 15.0).round().clamp(-12.0, 14.0) as i64) * 3_600_000
}

/// The order of two records of one answer: a record that was sent again carries its time rounded to the second, so it ranks
/// below the original of that second.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) struct AnswerVersion {
    second: i64,
    has_milliseconds: bool,
    mtime: i64,
}

impl AnswerVersion {
    pub(super) fn of(mtime: i64) -> Self {
        let second = mtime.saturating_add(500).div_euclid(1000);
        Self {
            second,
            has_milliseconds: mtime.rem_euclid(1000) != 0,
            mtime,
        }
    }

    /// Whether both may be one answer, sent twice.
    pub(super) fn is_same_second(self, other: Self) -> bool {
        self.second == other.second
    }

    /// The seconds since an earlier version.
    pub(super) fn seconds_since(self, other: Self) -> i64 {
        self.second.saturating_sub(other.second)
    }
}
