//! Answers as they came in, for the model that learns from the stream.

use std::collections::HashMap;

use anyhow::Result;
use headcount_learn::response::{AnswerSeen, EventSeen, offset_by_longitude};

use super::{
    examples::TablesExamples,
    rows::{BatchRows, float, integer, millis, text},
};

/// The latest answers that are learnt from.
const ANSWERS_MAX: usize = 2_000_000;

/// Answers in the order in which the journal took them, and what is known of their events.
#[derive(Debug, Default)]
pub(crate) struct KeptAnswers {
    answers: Vec<KeptAnswer>,
    events: Vec<KeptEvent>,
    topics: Vec<Vec<String>>,
}

#[derive(Debug)]
struct KeptAnswer {
    /// Where its event stands in the list of events.
    event: u32,
    rsvp_id: i64,
    mtime: i64,
    yes: bool,
    guests: u32,
    member: i64,
}

#[derive(Debug, Default)]
struct KeptEvent {
    id: String,
    name: String,
    time: Option<i64>,
    utc_offset: Option<i64>,
    group_id: Option<i64>,
    country: String,
    has_venue: bool,
    /// Where the topics of its group stand.
    topics: Option<u32>,
}

impl TablesExamples {
    /// Versions of answers that were new or took the place of an earlier one. Records that were sent again are left out:
    /// nearly all of them say yes.
    pub(crate) async fn answers(&self) -> Result<KeptAnswers> {
        let mut kept = KeptAnswers::default();
        let places = self.events_of_answers(&mut kept).await?;
        let sql = format!(
            "SELECT event_id, rsvp_id, mtime, response, guests, member_id FROM rsvp_versions \
             WHERE outcome IN ('new', 'replaced') ORDER BY received_at DESC, mtime DESC, event_id, rsvp_id LIMIT {ANSWERS_MAX}"
        );
        for batch in self.answer(&sql).await? {
            let rows = BatchRows(&batch);
            let (events, ids, times) = (rows.texts(0)?, rows.integers(1)?, rows.integers(2)?);
            let (responses, guests, members) =
                (rows.texts(3)?, rows.integers(4)?, rows.integers(5)?);
            for row in 0..batch.num_rows() {
                let place = text(&events, row).and_then(|id| places.get(&id).copied());
                let (Some(event), Some(mtime)) = (place, millis(&times, row)) else {
                    continue;
                };
                kept.answers.push(KeptAnswer {
                    event,
                    rsvp_id: integer(&ids, row).unwrap_or(0),
                    mtime,
                    yes: text(&responses, row).as_deref() == Some("yes"),
                    guests: integer(&guests, row)
                        .and_then(|it| u32::try_from(it).ok())
                        .unwrap_or(0),
                    member: integer(&members, row).unwrap_or(0),
                });
            }
        }
        kept.answers.reverse();
        Ok(kept)
    }

    /// The events that somebody has answered, and where each stands.
    async fn events_of_answers(&self, kept: &mut KeptAnswers) -> Result<HashMap<String, u32>> {
        let sql = "SELECT e.event_id, e.name, e.time, e.utc_offset, e.group_id, g.country, g.lon, e.venue_id IS NOT NULL \
                   FROM events e LEFT JOIN groups g ON g.group_id = e.group_id \
                   WHERE e.event_id IN (SELECT event_id FROM rsvps) ORDER BY e.event_id";
        let mut places = HashMap::new();
        let mut groups: HashMap<i64, u32> = HashMap::new();
        for batch in self.answer(sql).await? {
            let rows = BatchRows(&batch);
            let (ids, names, times) = (rows.texts(0)?, rows.texts(1)?, rows.integers(2)?);
            let (offsets, group_ids, countries) =
                (rows.integers(3)?, rows.integers(4)?, rows.texts(5)?);
            let (lons, venues) = (rows.floats(6)?, rows.integers(7)?);
            for row in 0..batch.num_rows() {
                let group_id = integer(&group_ids, row);
                let topics = group_id.and_then(|id| {
                    let topics = self.topics_of(id)?;
                    Some(*groups.entry(id).or_insert_with(|| {
                        kept.topics.push(topics.to_vec());
                        kept.topics.len() as u32 - 1
                    }))
                });
                let id = text(&ids, row).unwrap_or_default();
                places.insert(id.clone(), kept.events.len() as u32);
                kept.events.push(KeptEvent {
                    id,
                    name: text(&names, row).unwrap_or_default(),
                    time: millis(&times, row),
                    utc_offset: integer(&offsets, row)
                        .or_else(|| float(&lons, row).map(offset_by_longitude)),
                    group_id,
                    country: text(&countries, row).unwrap_or_default(),
                    has_venue: integer(&venues, row) == Some(1),
                    topics,
                });
            }
        }
        Ok(places)
    }
}

impl KeptAnswers {
    /// Calls `with` with the answers as the model takes them.
    pub(super) fn with_seen<T>(&self, with: impl FnOnce(&[AnswerSeen<'_>]) -> T) -> T {
        let topics: Vec<Vec<&str>> = self
            .topics
            .iter()
            .map(|topics| topics.iter().map(String::as_str).collect())
            .collect();
        let seen = self.answers.iter().map(|answer| {
            let event = &self.events[answer.event as usize];
            AnswerSeen {
                event_id: &event.id,
                rsvp_id: answer.rsvp_id.unsigned_abs(),
                mtime: answer.mtime,
                yes: answer.yes,
                guests: answer.guests,
                member: Some(answer.member.unsigned_abs()),
                event: EventSeen {
                    name: &event.name,
                    time: event.time,
                    utc_offset: event.utc_offset,
                    group_id: event.group_id,
                    country: &event.country,
                    topics: event
                        .topics
                        .map_or(&[], |at| topics[at as usize].as_slice()),
                    guests_allowed: None,
                    has_venue: Some(event.has_venue),
                },
            }
        });
        with(&seen.collect::<Vec<_>>())
    }

    /// What they were, for the card.
    pub(super) fn sha256(&self) -> String {
        super::sha256_of(std::slice::from_ref(self))
    }
}
