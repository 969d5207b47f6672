//! What the tables have to learn from.

use std::collections::HashMap;

use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use headcount_learn::{LabelledEvent, Spot};

use super::rows::{BatchRows, float, integer, millis, text};
use crate::{
    snapshot::TablesSnapshot,
    sql::{request::StatementLimits, session::session},
};

/// The newest events that are learnt from: so many descriptions fit in the worker's memory.
const EVENTS_MAX: usize = 100_000;

/// The tables of one snapshot, as examples.
pub(crate) struct TablesExamples {
    context: SessionContext,
    /// Up to when events are past, in milliseconds since 1970.
    now: i64,
    topics: HashMap<i64, Vec<String>>,
}

impl TablesExamples {
    /// Opens a snapshot. Only what was asked for is read.
    pub(crate) async fn open(snapshot: &TablesSnapshot, now: i64) -> Result<Self> {
        let mut limits = StatementLimits::local();
        limits.threads = 1;
        let context = session(snapshot, &limits)?;
        let mut examples = Self {
            context,
            now,
            topics: HashMap::new(),
        };
        examples.topics = examples.topics_of_groups().await?;
        Ok(examples)
    }

    /// Events with what is known of them, the oldest first; those only of which a record tells since then, in milliseconds
    /// since 1970. Those to come have no `yes_rsvp_count`: it is not the last one.
    pub(crate) async fn events(&self, since: Option<i64>) -> Result<Vec<LabelledEvent>> {
        let told = since.map_or("true".to_owned(), |since| {
            format!("e.mtime >= to_timestamp({})", since.div_euclid(1000))
        });
        let sql = format!(
            "SELECT e.event_id, e.name, e.description, e.time, e.utc_offset, e.rsvp_limit, \
                    coalesce(e.yes_rsvp_count, a.heads), e.fee IS NOT NULL, v.lat, v.lon, e.group_id, \
                    c.shortname, g.city, g.country \
             FROM events e \
             LEFT JOIN groups g ON g.group_id = e.group_id \
             LEFT JOIN categories c ON c.category_id = g.category_id \
             LEFT JOIN venues v ON v.venue_id = e.venue_id \
             LEFT JOIN (SELECT event_id, sum(1 + guests) AS heads FROM rsvps WHERE response = 'yes' GROUP BY event_id) a \
                    ON a.event_id = e.event_id \
             WHERE {told} \
             ORDER BY e.time DESC NULLS LAST, e.event_id LIMIT {EVENTS_MAX}"
        );
        let mut events = Vec::new();
        for batch in self.answer(&sql).await? {
            self.events_of(&batch, &mut events)?;
        }
        events.reverse();
        Ok(events)
    }

    /// How many come to each event, guests included, by its id.
    pub(crate) async fn coming(&self) -> Result<HashMap<String, u32>> {
        let sql =
            "SELECT event_id, sum(1 + guests) FROM rsvps WHERE response = 'yes' GROUP BY event_id";
        let mut coming = HashMap::new();
        for batch in self.answer(sql).await? {
            let rows = BatchRows(&batch);
            let (ids, heads) = (rows.texts(0)?, rows.integers(1)?);
            for row in 0..batch.num_rows() {
                let heads = integer(&heads, row).and_then(|heads| u32::try_from(heads).ok());
                if let (Some(id), Some(heads)) = (text(&ids, row), heads) {
                    coming.insert(id, heads);
                }
            }
        }
        Ok(coming)
    }

    fn events_of(&self, batch: &RecordBatch, events: &mut Vec<LabelledEvent>) -> Result<()> {
        let rows = BatchRows(batch);
        let [ids, names, descriptions] = [rows.texts(0)?, rows.texts(1)?, rows.texts(2)?];
        let [times, offsets, limits] = [rows.integers(3)?, rows.integers(4)?, rows.integers(5)?];
        let [counts, paid, groups] = [rows.integers(6)?, rows.integers(7)?, rows.integers(10)?];
        let [lats, lons] = [rows.floats(8)?, rows.floats(9)?];
        let [categories, cities, countries] = [rows.texts(11)?, rows.texts(12)?, rows.texts(13)?];
        for row in 0..batch.num_rows() {
            let time = millis(&times, row);
            let is_past = time.is_some_and(|time| time < self.now);
            let count = |array| integer(array, row).and_then(|value| u32::try_from(value).ok());
            let group_id = integer(&groups, row);
            let topics = group_id.and_then(|id| self.topics_of(id));
            events.push(LabelledEvent {
                id: text(&ids, row).unwrap_or_default(),
                name: text(&names, row).unwrap_or_default(),
                description: text(&descriptions, row).unwrap_or_default(),
                time,
                utc_offset: integer(&offsets, row),
                created: None,
                rsvp_limit: count(&limits),
                waitlist_count: None,
                yes_rsvp_count: if is_past { count(&counts) } else { None },
                paid: integer(&paid, row).map(|paid| paid != 0),
                venue: spot(float(&lats, row), float(&lons, row)),
                group_id,
                category: text(&categories, row),
                city: text(&cities, row),
                country: text(&countries, row),
                members: None,
                topics: topics.map(<[String]>::to_vec).unwrap_or_default(),
            });
        }
        Ok(())
    }

    async fn topics_of_groups(&self) -> Result<HashMap<i64, Vec<String>>> {
        let sql = "SELECT group_id, urlkey FROM group_topics ORDER BY group_id, urlkey";
        let mut topics: HashMap<i64, Vec<String>> = HashMap::new();
        for batch in self.answer(sql).await? {
            let rows = BatchRows(&batch);
            let (groups, keys) = (rows.integers(0)?, rows.texts(1)?);
            for row in 0..batch.num_rows() {
                if let (Some(group), Some(key)) = (integer(&groups, row), text(&keys, row)) {
                    topics.entry(group).or_default().push(key);
                }
            }
        }
        Ok(topics)
    }

    /// The topics of a group.
    pub(super) fn topics_of(&self, group_id: i64) -> Option<&[String]> {
        self.topics.get(&group_id).map(Vec::as_slice)
    }

    pub(super) async fn answer(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let answer = self.context.sql(sql).await?.collect().await;
        answer.context("read the tables for training")
    }
}

fn spot(lat: Option<f64>, lon: Option<f64>) -> Option<Spot> {
    Some(Spot {
        lat: lat?,
        lon: lon?,
    })
}
