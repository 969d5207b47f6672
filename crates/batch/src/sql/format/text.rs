//! Values as text, as PostgreSQL writes them.

use std::fmt::Write;

use arrow::{
    array::{Array, ArrayRef, AsArray, IntervalMonthDayNanoArray},
    datatypes::{
        DataType, Date32Type, Decimal128Type, Decimal256Type, Float64Type, Int16Type, Int32Type,
        Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
    },
    temporal_conversions::{date32_to_datetime, timestamp_us_to_datetime},
};

/// How instants are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instants {
    /// `2017-03-14T10:00:00.5Z`
    Rfc3339,
    /// `2017-03-14 10:00:00.5+00`
    Postgres,
}

/// A value of a column of an answer; none for NULL.
pub(super) fn value(column: &ArrayRef, row: usize, instants: Instants) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => double_text(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => bytes(column.as_binary::<i32>().value(row)),
        DataType::Date32 => date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Time64(_) => time(column.as_primitive::<Time64MicrosecondType>().value(row)),
        DataType::Timestamp(_, zone) => {
            let us = column.as_primitive::<TimestampMicrosecondType>().value(row);
            timestamp(us, zone.is_some(), instants)
        }
        DataType::Decimal128(..) => column.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Decimal256(..) => column.as_primitive::<Decimal256Type>().value_as_string(row),
        DataType::List(_) => list(&column.as_list::<i32>().value(row), instants),
        _ => String::new(),
    })
}

/// The shortest text that reads as the same number, with an exponent where PostgreSQL has one.
pub(crate) fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..15).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn bytes(bytes: &[u8]) -> String {
    let mut out = String::from("\\x");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn date(days: i32) -> String {
    date32_to_datetime(days).map_or_else(String::new, |date| date.format("%Y-%m-%d").to_string())
}

/// A fraction of a second, without zeros at its end.
fn fraction(us: i64) -> String {
    if us == 0 {
        return String::new();
    }
    format!(".{us:06}").trim_end_matches('0').to_owned()
}

fn time(us: i64) -> String {
    let seconds = us / 1_000_000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!(
        "{hours:02}:{minutes:02}:{rest:02}{}",
        fraction(us % 1_000_000)
    )
}

fn timestamp(us: i64, zoned: bool, instants: Instants) -> String {
    let Some(at) = timestamp_us_to_datetime(us) else {
        return String::new();
    };
    let fraction = fraction(us.rem_euclid(1_000_000));
    match (instants, zoned) {
        (Instants::Rfc3339, true) => format!("{}{fraction}Z", at.format("%Y-%m-%dT%H:%M:%S")),
        (Instants::Rfc3339, false) => format!("{}{fraction}", at.format("%Y-%m-%dT%H:%M:%S")),
        (Instants::Postgres, true) => format!("{}{fraction}+00", at.format("%Y-%m-%d %H:%M:%S")),
        (Instants::Postgres, false) => format!("{}{fraction}", at.format("%Y-%m-%d %H:%M:%S")),
    }
}

/// A list as PostgreSQL's arrays: `{a,"b c",NULL}`.
fn list(items: &ArrayRef, instants: Instants) -> String {
    let mut out = String::from("{");
    for row in 0..items.len() {
        if row > 0 {
            out.push(',');
        }
        match value(items, row, instants) {
            None => out.push_str("NULL"),
            Some(text) if plain(&text) || matches!(items.data_type(), DataType::List(_)) => {
                out.push_str(&text);
            }
            Some(text) => {
                let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
                let _ = write!(out, "\"{escaped}\"");
            }
        }
    }
    out.push('}');
    out
}

fn plain(text: &str) -> bool {
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_whitespace();
    !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(special)
}

/// A value of a column of intervals; none for NULL.
pub(super) fn interval(column: &ArrayRef, row: usize) -> Option<String> {
    let column = column
        .as_any()
        .downcast_ref::<IntervalMonthDayNanoArray>()?;
    if column.is_null(row) {
        return None;
    }
    let value = column.value(row);
    Some(interval_text(
        value.months,
        value.days,
        value.nanoseconds / 1000,
    ))
}

/// `1 year 2 mons 3 days 04:05:06.7`
pub(crate) fn interval_text(months: i32, days: i32, us: i64) -> String {
    let mut parts = Vec::new();
    let mut negative_before = false;
    let mut part = |count: i64, one: &str, many: &str| {
        if count != 0 {
            let unit = if count == 1 { one } else { many };
            let plus = if negative_before && count > 0 {
                "+"
            } else {
                ""
            };
            parts.push(format!("{plus}{count} {unit}"));
            negative_before = count < 0;
        }
    };
    part(i64::from(months / 12), "year", "years");
    part(i64::from(months % 12), "mon", "mons");
    part(i64::from(days), "day", "days");
    if us != 0 || parts.is_empty() {
        let sign = match (us < 0, negative_before) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        parts.push(format!("{sign}{}", time(us.saturating_abs())));
    }
    parts.join(" ")
}
