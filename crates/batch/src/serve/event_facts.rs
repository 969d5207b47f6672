//! What the tables know of one event: the facts that its page shows and that models predict from.

use serde_json::{Map, Value, json};

use super::{follower::HeldSnapshot, problem::StatementProblem, worker::TablesWorker};
use crate::{
    named::literal,
    sql::request::{AnswerFormat, StatementLimits},
};

/// Answers that the curve is made of; what is beyond is counted and not drawn.
const ANSWERS_MAX: usize = 20_000;
/// Points of the curve.
const POINTS_MAX: usize = 400;
/// Earlier events of the group that a forecast may look at.
const EARLIER_MAX: usize = 32;

type RowObjects = Vec<Map<String, Value>>;

impl TablesWorker {
    /// The facts of an event; nothing if no record tells of it.
    pub(super) async fn event_facts(&self, id: &str) -> Result<Option<Value>, StatementProblem> {
        let held = self.follower.snapshot().await?;
        let id = literal::text(id);
        let (facts, answers, topics, earlier) = tokio::try_join!(
            self.objects(&held, facts_of(&id)),
            self.objects(&held, answers_to(&id)),
            self.objects(&held, topics_of(&id)),
            self.objects(&held, earlier_than(&id)),
        )?;
        let Some(mut facts) = facts.into_iter().next() else {
            return Ok(None);
        };
        let topics: Vec<Value> = topics
            .into_iter()
            .filter_map(|mut row| row.remove("urlkey"))
            .collect();
        facts.insert("curve".to_owned(), curve(&answers));
        facts.insert("topics".to_owned(), topics.into());
        facts.insert("earlier".to_owned(), json!(earlier));
        facts.insert("as_of".to_owned(), json!(held.snapshot.as_of));
        Ok(Some(Value::Object(facts)))
    }

    /// The rows of an answer, each an object by the names of columns.
    async fn objects(
        &self,
        held: &HeldSnapshot,
        sql: String,
    ) -> Result<RowObjects, StatementProblem> {
        self.objects_within(held, sql, StatementLimits::served())
            .await
    }

    /// The same, within other limits.
    pub(super) async fn objects_within(
        &self,
        held: &HeldSnapshot,
        sql: String,
        limits: StatementLimits,
    ) -> Result<RowObjects, StatementProblem> {
        let answer = self
            .ask(sql, AnswerFormat::Objects, limits, None, held)
            .await?;
        let (bytes, _) = answer.whole().await?;
        serde_json::from_slice(&bytes)
            .map_err(|cause| StatementProblem::new(500, format!("read an answer: {cause}")))
    }
}

fn facts_of(id: &str) -> String {
    format!(
        "SELECT e.event_id, e.name, e.url, (extract(epoch FROM e.time) * 1000)::bigint AS time, e.utc_offset, e.status, e.description, e.rsvp_limit, \
                e.fee IS NOT NULL AS paid, e.group_id, g.name AS group_name, g.city, g.country, c.shortname AS category, \
                e.venue_id, v.name AS venue_name, v.lat, v.lon, v.city AS venue_city, \
                a.yes, a.no, a.maybe, a.guests, b.versions, b.changed, p.photos, o.comments \
         FROM events e \
         LEFT JOIN groups g ON g.group_id = e.group_id \
         LEFT JOIN categories c ON c.category_id = g.category_id \
         LEFT JOIN venues v ON v.venue_id = e.venue_id \
         CROSS JOIN (SELECT count(*) FILTER (WHERE response = 'yes') AS yes, count(*) FILTER (WHERE response = 'no') AS no, \
                            count(*) FILTER (WHERE response = 'maybe') AS maybe, \
                            coalesce(sum(guests) FILTER (WHERE response = 'yes'), 0) AS guests \
                     FROM rsvps WHERE event_id = {id}) a \
         CROSS JOIN (SELECT count(*) AS versions, count(*) FILTER (WHERE outcome = 'replaced') AS changed \
                     FROM rsvp_versions WHERE event_id = {id}) b \
         CROSS JOIN (SELECT count(*) AS photos FROM photos WHERE event_id = {id}) p \
         CROSS JOIN (SELECT count(*) AS comments FROM comments WHERE event_id = {id}) o \
         WHERE e.event_id = {id}"
    )
}

fn answers_to(id: &str) -> String {
    format!(
        "SELECT (extract(epoch FROM mtime) * 1000)::bigint AS mtime, 1 + guests AS heads FROM rsvps WHERE event_id = {id} AND response = 'yes' \
         ORDER BY mtime, rsvp_id LIMIT {ANSWERS_MAX}"
    )
}

fn topics_of(id: &str) -> String {
    format!(
        "SELECT t.urlkey FROM group_topics t JOIN events e ON e.group_id = t.group_id \
         WHERE e.event_id = {id} ORDER BY t.urlkey"
    )
}

/// How many said yes to events of the group that were over before this one began, the latest first.
fn earlier_than(id: &str) -> String {
    format!(
        "SELECT e.event_id, e.name, (extract(epoch FROM e.time) * 1000)::bigint AS time, coalesce(e.yes_rsvp_count, count(r.rsvp_id) + sum(r.guests)) AS heads \
         FROM events e JOIN events this ON this.group_id = e.group_id \
         LEFT JOIN rsvps r ON r.event_id = e.event_id AND r.response = 'yes' \
         WHERE this.event_id = {id} AND e.time < this.time \
         GROUP BY e.event_id, e.name, e.time, e.yes_rsvp_count ORDER BY 3 DESC, e.event_id LIMIT {EARLIER_MAX}"
    )
}

/// People who come, by the time of the answer: `[[time, people], …]`, thinned out evenly.
fn curve(answers: &[Map<String, Value>]) -> Value {
    let mut people = 0;
    let points = answers.iter().map(|answer| {
        people += answer.get("heads").and_then(Value::as_u64).unwrap_or(0);
        json!([answer.get("mtime"), people])
    });
    let points: Vec<Value> = points.collect();
    let every = points.len().div_ceil(POINTS_MAX).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points.into_iter().enumerate();
    // The last one is where the curve ends, whatever is left out before.
    kept.filter(|(at, _)| at % every == 0 || *at == last)
        .map(|(_, point)| point)
        .collect()
}
