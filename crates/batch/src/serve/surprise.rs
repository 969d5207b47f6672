//! What happens more than it should: events, cities and topics against their own past, by hour and weekday.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use headcount_learn::surprise::{FALSE_ALARMS, HISTORY_HOURS_MIN, SurpriseModel, SurpriseScore};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use xxhash_rust::xxh3::xxh3_64;

use super::{problem::StatementProblem, worker::TablesWorker};
use crate::sql::request::StatementLimits;

/// The past that a count is held against, in hours: four weeks, so that every hour of the week is seen four times.
const PAST_HOURS: i64 = 4 * 7 * 24;
const HOUR_MS: i64 = 3_600_000;
/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(30);
/// The most surprising of each kind that are told.
const SHOWN: usize = 20;

/// A kind of thing that people say yes to.
struct SurpriseKind {
    name: &'static str,
    /// What tells one from another, and what people read; over `rsvps r`, `events e` and `groups g`.
    key: &'static str,
    label: &'static str,
    join: &'static str,
}

const KINDS: [SurpriseKind; 3] = [
    SurpriseKind {
        name: "events",
        key: "r.event_id",
        label: "coalesce(e.name, r.event_id)",
        join: "",
    },
    SurpriseKind {
        name: "cities",
        key: "concat_ws('|', g.city, g.state, g.country)",
        label: "concat_ws(', ', g.city, g.state, upper(g.country))",
        join: "",
    },
    SurpriseKind {
        name: "topics",
        key: "t.urlkey",
        label: "coalesce(o.name, t.urlkey)",
        join: "JOIN group_topics t ON t.group_id = g.group_id LEFT JOIN topics o ON o.urlkey = t.urlkey",
    },
];

/// Counts by hour, and what each key is called.
#[derive(Default)]
struct HourlyCounts {
    hours: BTreeMap<i64, BTreeMap<u64, u32>>,
    names: HashMap<u64, (String, String)>,
}

/// The last answer and when it was made: every open page asks.
#[derive(Default)]
pub(super) struct SurpriseCache(Mutex<Option<(Instant, Value)>>);

impl TablesWorker {
    /// The most surprising of each kind in the hour of the stream, and the alarms of the hour before. It may be up to
    /// [`FRESH`] old; those who ask at the same time wait for one answer.
    pub(super) async fn surprise(&self) -> Result<Value, StatementProblem> {
        let mut kept = self.surprises.0.lock().await;
        if let Some((made, answer)) = &*kept
            && made.elapsed() < FRESH
        {
            return Ok(answer.clone());
        }
        let answer = self.measure_surprise().await?;
        *kept = Some((Instant::now(), answer.clone()));
        Ok(answer)
    }

    async fn measure_surprise(&self) -> Result<Value, StatementProblem> {
        let held = self.follower.snapshot().await?;
        let as_of = held.snapshot.as_of.clone();
        let Some(now) = as_of.stream_time else {
            return Ok(json!({ "hour": null, "as_of": as_of }));
        };
        let hour = now.div_euclid(HOUR_MS);
        let mut answer = Map::new();
        answer.insert("hour".to_owned(), json!(hour * HOUR_MS));
        answer.insert("false_alarms".to_owned(), json!(FALSE_ALARMS));
        answer.insert("history_hours_min".to_owned(), json!(HISTORY_HOURS_MIN));
        for kind in &KINDS {
            let mut limits = StatementLimits::served();
            limits.rows = None;
            limits.bytes = None;
            let rows = self
                .objects_within(&held, counts_of(kind, hour), limits)
                .await?;
            let told =
                tokio::task::block_in_place(|| most_surprising(&HourlyCounts::of(&rows), hour));
            answer.insert(kind.name.to_owned(), told);
        }
        answer.insert("as_of".to_owned(), json!(as_of));
        Ok(Value::Object(answer))
    }
}

/// Answers that say yes, by key and by the hour in which they were given.
fn counts_of(kind: &SurpriseKind, hour: i64) -> String {
    let SurpriseKind {
        key, label, join, ..
    } = kind;
    let from = (hour - PAST_HOURS) * HOUR_MS / 1000;
    format!(
        "SELECT {key} AS key, min({label}) AS name, (extract(epoch FROM r.mtime)::bigint / 3600) AS hour, count(*) AS count \
         FROM rsvps r JOIN events e ON e.event_id = r.event_id JOIN groups g ON g.group_id = e.group_id {join} \
         WHERE r.response = 'yes' AND r.mtime >= to_timestamp({from}) \
         GROUP BY 1, 3"
    )
}

impl HourlyCounts {
    fn of(rows: &[Map<String, Value>]) -> Self {
        let mut counts = Self::default();
        for row in rows {
            let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
            let number = |name: &str| row.get(name).and_then(Value::as_i64);
            let (Some(key), Some(hour), Some(count)) =
                (text("key"), number("hour"), number("count"))
            else {
                continue;
            };
            let hash = xxh3_64(key.as_bytes());
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            counts.hours.entry(hour).or_default().insert(hash, count);
            let name = text("name").unwrap_or_else(|| key.clone());
            counts.names.entry(hash).or_insert((key, name));
        }
        counts
    }
}

impl HourlyCounts {
    /// From when on the stream was followed: answers that are sent again may be much older than the first that was seen.
    fn first_seen_hour(&self) -> Option<i64> {
        let of_hour = |counts: &BTreeMap<u64, u32>| {
            counts.values().map(|count| u64::from(*count)).sum::<u64>()
        };
        let all: u64 = self.hours.values().map(of_hour).sum();
        let mut before = 0;
        let mut hours = self.hours.iter();
        hours.find_map(|(hour, counts)| {
            before += of_hour(counts);
            (before * 100 > all).then_some(*hour)
        })
    }
}

/// Learns the past hour by hour, and scores the hour of the stream against it.
fn most_surprising(counts: &HourlyCounts, hour: i64) -> Value {
    let mut model = SurpriseModel::new();
    let mut alarms = Vec::new();
    let first = counts.first_seen_hour().unwrap_or(hour);
    let nothing = BTreeMap::new();
    // Hours in which nothing happened are a part of the past.
    for past in first..hour {
        let of_hour = counts.hours.get(&past).unwrap_or(&nothing);
        let of_hour: Vec<(u64, u32)> = of_hour.iter().map(|(key, count)| (*key, *count)).collect();
        alarms = model.close_hour(past, &of_hour);
    }
    alarms.retain(|score| score.alarm);
    // Without a past there is nothing to expect.
    let has_past = (hour - first) as f64 >= HISTORY_HOURS_MIN;
    let now = counts.hours.get(&hour).filter(|_| has_past);
    let now = now.unwrap_or(&nothing);
    let scores = now
        .iter()
        .map(|(key, count)| model.surprise(*key, hour, *count));
    let mut scores: Vec<SurpriseScore> = scores.collect();
    for scores in [&mut alarms, &mut scores] {
        scores.sort_by(|a, b| {
            a.probability
                .total_cmp(&b.probability)
                .then(a.key.cmp(&b.key))
        });
        scores.truncate(SHOWN);
    }
    let told = |scores: &[SurpriseScore]| -> Vec<Value> {
        let told = scores.iter().map(|score| {
            let (key, name) = &counts.names[&score.key];
            json!({
                "key": key,
                "name": name,
                "count": score.count,
                "expected": score.expected,
                "probability": score.probability,
                "alarm": score.alarm,
            })
        });
        told.collect()
    };
    json!({ "history_hours": hour - first, "now": told(&scores), "alarms": told(&alarms) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirty days of one event with one answer an hour, and answers in the hour of the stream.
    fn counts(now: u32, first: i64) -> HourlyCounts {
        let mut counts = HourlyCounts::default();
        for hour in first..1_000 {
            counts.hours.entry(hour).or_default().insert(1, 1);
        }
        counts.hours.entry(1_000).or_default().insert(1, now);
        counts
            .names
            .insert(1, ("e".to_owned(), "an event".to_owned()));
        counts
    }

    #[test]
    fn what_is_as_usual_is_probable_and_a_surge_is_not() {
        let probability = |now: u32| {
            let told = most_surprising(&counts(now, 280), 1_000);
            told["now"][0]["probability"]
                .as_f64()
                .expect("it is scored")
        };
        assert!(probability(1) > 0.3, "{}", probability(1));
        assert!(probability(30) < 0.001, "{}", probability(30));
    }

    #[test]
    fn nothing_is_expected_before_the_second_day() {
        let told = most_surprising(&counts(30, 990), 1_000);
        assert_eq!(told["now"], json!([]));
        // Answers of long ago that were sent again are no past.
        let mut resent = counts(3_000, 990);
        resent.hours.entry(300).or_default().insert(1, 1);
        let told = most_surprising(&resent, 1_000);
        assert_eq!(told["now"], json!([]), "{told}");
    }
}
