//! Rows of PostgreSQL's protocol: `DataRow` messages, with each value as text or in binary form.

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::{
        DataType, Date32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
        TimestampMicrosecondType,
    },
};

use super::{
    Encoder,
    text::{self, Instants},
};
use crate::sql::{
    catalog::types,
    error::{SqlError, sqlstate},
    request::{AnswerColumn, AnswerEnd},
};

/// 2000-01-01, where PostgreSQL's binary times begin, after 1970.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_US: i64 = 946_684_800_000_000;

/// The rows of an answer.
#[derive(Debug)]
pub(crate) struct WireRows {
    asked: Vec<bool>,
    columns: Vec<WireColumn>,
}

#[derive(Debug)]
struct WireColumn {
    type_name: String,
    is_binary: bool,
}

impl WireRows {
    /// `asked` says which columns are binary: none, all alike, or one for each.
    pub(crate) fn new(asked: Vec<bool>) -> Self {
        Self {
            asked,
            columns: Vec::new(),
        }
    }
}

impl Encoder for WireRows {
    fn start(&mut self, columns: &[AnswerColumn], _: &mut Vec<u8>) -> Result<(), SqlError> {
        let is_binary = |at: usize| match self.asked.as_slice() {
            [] => Ok(false),
            [all] => Ok(*all),
            each => each.get(at).copied().ok_or_else(|| {
                let message = format!(
                    "{} formats were asked for, and the answer has {} columns",
                    self.asked.len(),
                    columns.len()
                );
                SqlError::new("08P01", message)
            }),
        };
        let columns = columns.iter().enumerate().map(|(at, column)| {
            Ok(WireColumn {
                type_name: column.column_type.clone(),
                is_binary: is_binary(at)?,
            })
        });
        self.columns = columns.collect::<Result<_, SqlError>>()?;
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), SqlError> {
        let count = i16::try_from(batch.num_columns()).map_err(|_| too_long())?;
        for row in 0..batch.num_rows() {
            out.push(b'D');
            let start = out.len();
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&count.to_be_bytes());
            for (column, values) in self.columns.iter().zip(batch.columns()) {
                cell(column, values, row, out)?;
            }
            fill_length(out, start, true)?;
        }
        Ok(())
    }

    fn end(&mut self, _: &AnswerEnd, _: &mut Vec<u8>) -> Result<(), SqlError> {
        Ok(())
    }
}

fn too_long() -> SqlError {
    SqlError::new(
        sqlstate::LIMIT,
        "a row is longer than PostgreSQL's protocol can say",
    )
}

/// Writes the length of what follows a place of four bytes; `own` counts these too.
fn fill_length(out: &mut [u8], start: usize, own: bool) -> Result<(), SqlError> {
    let length = out.len() - start - if own { 0 } else { 4 };
    let length = i32::try_from(length).map_err(|_| too_long())?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn cell(
    column: &WireColumn,
    values: &ArrayRef,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    if values.is_null(row) {
        out.extend_from_slice(&(-1_i32).to_be_bytes());
        return Ok(());
    }
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    if column.is_binary {
        binary(&column.type_name, values, row, out)?;
    } else {
        textual(values, row, out);
    }
    fill_length(out, start, false)
}

fn textual(values: &ArrayRef, row: usize, out: &mut Vec<u8>) {
    if let DataType::Boolean = values.data_type() {
        out.push(if values.as_boolean().value(row) {
            b't'
        } else {
            b'f'
        });
    } else if let Some(text) = text::value(values, row, Instants::Postgres) {
        out.extend_from_slice(text.as_bytes());
    }
}

fn binary(
    type_name: &str,
    values: &ArrayRef,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    match values.data_type() {
        DataType::Boolean => out.push(u8::from(values.as_boolean().value(row))),
        DataType::Int16 => out.extend(values.as_primitive::<Int16Type>().value(row).to_be_bytes()),
        DataType::Int32 => out.extend(values.as_primitive::<Int32Type>().value(row).to_be_bytes()),
        DataType::Int64 if type_name == "oid" => {
            let oid = values.as_primitive::<Int64Type>().value(row);
            let oid = u32::try_from(oid).map_err(|_| too_long())?;
            out.extend(oid.to_be_bytes());
        }
        DataType::Int64 => out.extend(values.as_primitive::<Int64Type>().value(row).to_be_bytes()),
        DataType::Float64 => {
            let number = values.as_primitive::<Float64Type>().value(row);
            out.extend(number.to_be_bytes());
        }
        DataType::Binary => out.extend_from_slice(values.as_binary::<i32>().value(row)),
        DataType::Date32 => {
            let days = values.as_primitive::<Date32Type>().value(row);
            out.extend((days - EPOCH_DAYS).to_be_bytes());
        }
        DataType::Time64(_) => {
            let us = values.as_primitive::<Time64MicrosecondType>().value(row);
            out.extend(us.to_be_bytes());
        }
        DataType::Timestamp(..) => {
            let us = values.as_primitive::<TimestampMicrosecondType>().value(row);
            out.extend((us - EPOCH_US).to_be_bytes());
        }
        DataType::Decimal128(..) | DataType::Decimal256(..) => {
            let digits = text::value(values, row, Instants::Postgres).unwrap_or_default();
            numeric(&digits, out);
        }
        DataType::List(_) => list(type_name, &values.as_list::<i32>().value(row), out)?,
        DataType::Utf8 if type_name == "interval" => {
            interval(values.as_string::<i32>().value(row), out);
        }
        _ => textual(values, row, out),
    }
    Ok(())
}

/// An array of one dimension: dimensions, whether NULLs are in it, the items' type, their count, their first index.
fn list(type_name: &str, items: &ArrayRef, out: &mut Vec<u8>) -> Result<(), SqlError> {
    let item = type_name.strip_suffix("[]").unwrap_or(type_name);
    if item.ends_with("[]") {
        return Err(SqlError::new(
            sqlstate::NOT_SUPPORTED,
            "arrays of arrays have no binary form here; ask for text",
        ));
    }
    let oid = types::by_name(item).map_or(25, |known| known.oid);
    let dimensions = i32::from(!items.is_empty());
    out.extend(dimensions.to_be_bytes());
    out.extend(i32::from(items.null_count() > 0).to_be_bytes());
    out.extend(i32::try_from(oid).unwrap_or(25).to_be_bytes());
    if items.is_empty() {
        return Ok(());
    }
    out.extend(
        i32::try_from(items.len())
            .map_err(|_| too_long())?
            .to_be_bytes(),
    );
    out.extend(1_i32.to_be_bytes());
    let column = WireColumn {
        type_name: item.to_owned(),
        is_binary: true,
    };
    for row in 0..items.len() {
        cell(&column, items, row, out)?;
    }
    Ok(())
}

/// A decimal number in groups of four digits: how many, the first one's weight, the sign, the digits after the point.
fn numeric(text: &str, out: &mut Vec<u8>) {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (0x4000_u16, digits),
        None => (0, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let padded = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let all = whole.clone() + &padded;
    let mut groups: Vec<i16> = (0..all.len() / 4)
        .map(|at| all[at * 4..at * 4 + 4].parse().unwrap_or(0))
        .collect();
    let mut weight = i16::try_from(whole.len() / 4).unwrap_or(0) - 1;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= i16::try_from(zeros).unwrap_or(0);
    if groups.is_empty() {
        weight = 0;
    }
    out.extend(i16::try_from(groups.len()).unwrap_or(0).to_be_bytes());
    out.extend(weight.to_be_bytes());
    out.extend(sign.to_be_bytes());
    out.extend(i16::try_from(fraction.len()).unwrap_or(0).to_be_bytes());
    for group in groups {
        out.extend(group.to_be_bytes());
    }
}

/// An interval as answers write it: microseconds, days, months.
fn interval(text: &str, out: &mut Vec<u8>) {
    let (mut months, mut days, mut us) = (0_i32, 0_i32, 0_i64);
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        if word.contains(':') {
            us = clock(word);
            continue;
        }
        let count: i32 = word.parse().unwrap_or(0);
        match words.next().unwrap_or_default().trim_end_matches('s') {
            "year" => months += count * 12,
            "mon" => months += count,
            _ => days += count,
        }
    }
    out.extend(us.to_be_bytes());
    out.extend(days.to_be_bytes());
    out.extend(months.to_be_bytes());
}

/// Microseconds of `-04:05:06.7`.
fn clock(text: &str) -> i64 {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.trim_start_matches('+')),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: i64 = format!("{fraction:0<6}").parse().unwrap_or(0);
    let seconds = whole.split(':').fold(0_i64, |sum, part| {
        sum * 60 + part.parse::<i64>().unwrap_or(0)
    });
    sign * (seconds * 1_000_000 + fraction)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, StringArray};

    use super::*;

    /// What PostgreSQL 15 sends for `SELECT x` in binary form.
    #[test]
    fn numbers_and_intervals_are_the_bytes_that_postgresql_sends() {
        let of = |units: i128, scale: i8| {
            let values: ArrayRef = Arc::new(
                Decimal128Array::from(vec![units])
                    .with_precision_and_scale(38, scale)
                    .unwrap(),
            );
            let mut out = Vec::new();
            binary("numeric", &values, 0, &mut out).unwrap();
            let words = out.chunks(2);
            words
                .map(|pair| i16::from_be_bytes([pair[0], pair[1]]))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(0, 0), [0, 0, 0, 0]);
        assert_eq!(of(1, 0), [1, 0, 0, 0, 1]);
        assert_eq!(of(-12_345_678, 3), [3, 1, 0x4000, 3, 1, 2345, 6780]);
        assert_eq!(of(10_000, 0), [1, 1, 0, 0, 1]);
        assert_eq!(of(5, 6), [1, -2, 0, 6, 500]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec![
            "1 year 2 mons -3 days +04:05:06.7",
            "-00:00:01",
        ]));
        let mut out = Vec::new();
        binary("interval", &texts, 0, &mut out).unwrap();
        binary("interval", &texts, 1, &mut out).unwrap();
        let mut expected = Vec::new();
        expected.extend(14_706_700_000_i64.to_be_bytes());
        expected.extend((-3_i32).to_be_bytes());
        expected.extend(14_i32.to_be_bytes());
        expected.extend((-1_000_000_i64).to_be_bytes());
        expected.extend([0; 8]);
        assert_eq!(out, expected);
    }
}
