//! Tables of the live counts, made of the summary that a snapshot carries. Without a live process they are empty.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray},
    datatypes::{Field, Schema, SchemaRef},
};
use serde_json::Value;

/// What a column of a live table holds, taken from the items of the summary that it is made of.
enum LiveCells {
    Text(Vec<Option<String>>),
    Count(Vec<Option<i64>>),
    Time(Vec<Option<i64>>),
}

/// Names and contents of the live tables.
///
/// # Errors
/// None that data could cause: a summary that lacks something gives NULL or no rows.
pub(crate) fn tables(
    summary: &Value,
) -> Result<Vec<(&'static str, RecordBatch)>, arrow::error::ArrowError> {
    Ok(vec![
        (
            "live_events",
            ranked(summary, "top_events_yes", "event_id")?,
        ),
        ("live_venues", venues(summary)?),
        ("live_countries", countries(summary)?),
        ("live_minutes", minutes(summary)?),
        ("sources", sources(summary)?),
        ("dead_letters", dead_letters(summary)?),
    ])
}

fn batch(columns: Vec<(&str, LiveCells)>) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (name, cells) in columns {
        let array: ArrayRef = match cells {
            LiveCells::Text(values) => Arc::new(StringArray::from(values)),
            LiveCells::Count(values) => Arc::new(Int64Array::from(values)),
            LiveCells::Time(values) => {
                Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
            }
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, arrays)
}

fn list<'a>(summary: &'a Value, name: &str) -> &'a [Value] {
    summary[name].as_array().map_or(&[], Vec::as_slice)
}

fn members<'a>(value: &'a Value) -> Vec<(&'a String, &'a Value)> {
    value
        .as_object()
        .map(|object| object.iter().collect())
        .unwrap_or_default()
}

/// A list of pairs: what it is, and how many said `yes`.
fn ranked(
    summary: &Value,
    list_name: &str,
    key: &'static str,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let pairs = list(summary, list_name);
    let text = |pair: &Value| pair[0].as_str().map(str::to_owned);
    batch(vec![
        (key, LiveCells::Text(pairs.iter().map(text).collect())),
        (
            "yes",
            LiveCells::Count(pairs.iter().map(|pair| pair[1].as_i64()).collect()),
        ),
    ])
}

fn venues(summary: &Value) -> Result<RecordBatch, arrow::error::ArrowError> {
    let pairs = list(summary, "top_venues_yes");
    batch(vec![
        (
            "venue_id",
            LiveCells::Count(pairs.iter().map(|pair| pair[0].as_i64()).collect()),
        ),
        (
            "yes",
            LiveCells::Count(pairs.iter().map(|pair| pair[1].as_i64()).collect()),
        ),
    ])
}

/// A figure of an object; summaries leave out those that are 0.
fn figure(object: &Value, name: &str) -> Option<i64> {
    Some(object[name].as_i64().unwrap_or(0))
}

fn countries(summary: &Value) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows = members(&summary["by_country"]);
    let column = |name: &'static str| {
        (
            name,
            LiveCells::Count(rows.iter().map(|(_, of)| figure(of, name)).collect()),
        )
    };
    let names = rows
        .iter()
        .map(|(country, _)| Some((*country).clone()))
        .collect();
    let mut columns = vec![("country", LiveCells::Text(names))];
    columns.extend(["yes", "no", "maybe", "heads"].map(column));
    batch(columns)
}

fn minutes(summary: &Value) -> Result<RecordBatch, arrow::error::ArrowError> {
    let history = &summary["minutes"];
    let start = history["start"].as_i64().unwrap_or(0);
    let step = history["step_ms"].as_i64().unwrap_or(60_000);
    let length = history["yes"].as_array().map_or(0, Vec::len);
    let column = |name: &'static str| {
        let counts = (0..length).map(|at| Some(history[name][at].as_i64().unwrap_or(0)));
        (name, LiveCells::Count(counts.collect()))
    };
    let time = |at: usize| i64::try_from(at).ok().map(|at| (start + at * step) * 1000);
    let mut columns = vec![("minute", LiveCells::Time((0..length).map(time).collect()))];
    columns.extend(["yes", "no", "maybe"].map(column));
    batch(columns)
}

/// The sum over reasons.
fn sum(reasons: &Value) -> Option<i64> {
    Some(
        members(reasons)
            .iter()
            .filter_map(|(_, count)| count.as_i64())
            .sum(),
    )
}

fn sources(summary: &Value) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows = members(&summary["ledger"]["sources"]);
    let column = |name: &'static str| {
        let of = |(_, account): &(&String, &Value)| match name {
            "rejected" | "quarantined" => sum(&account[name]),
            _ => figure(account, name),
        };
        (name, LiveCells::Count(rows.iter().map(of).collect()))
    };
    let names = rows
        .iter()
        .map(|(source, _)| Some((*source).clone()))
        .collect();
    let mut columns = vec![("source", LiveCells::Text(names))];
    columns.extend(
        [
            "received",
            "kept",
            "rejected",
            "new",
            "replaced",
            "repeated",
            "stale",
            "quarantined",
            "repaired",
            "blanked",
            "gaps",
        ]
        .map(column),
    );
    batch(columns)
}

fn dead_letters(summary: &Value) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut names = Vec::new();
    let mut reasons = Vec::new();
    let mut counts = Vec::new();
    for (source, account) in members(&summary["ledger"]["sources"]) {
        for (reason, count) in members(&account["rejected"]) {
            names.push(Some(source.clone()));
            reasons.push(Some(reason.clone()));
            counts.push(count.as_i64());
        }
    }
    batch(vec![
        ("source", LiveCells::Text(names)),
        ("reason", LiveCells::Text(reasons)),
        ("count", LiveCells::Count(counts)),
    ])
}
