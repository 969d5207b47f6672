//! One JSON object: the columns, then the rows as arrays, then what is known at the end.

use std::fmt::Write;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::{DataType, Float64Type},
};

use super::{
    Encoder,
    text::{self, Instants},
};
use crate::sql::{
    error::{SqlError, sqlstate},
    request::{AnswerColumn, End},
};

#[derive(Debug, Default)]
pub(super) struct JsonAnswer {
    rows: u64,
}

impl Encoder for JsonAnswer {
    fn start(&mut self, columns: &[AnswerColumn], out: &mut Vec<u8>) -> Result<(), SqlError> {
        out.extend_from_slice(b"{\"columns\":");
        out.extend_from_slice(json(columns)?.as_bytes());
        out.extend_from_slice(b",\"rows\":[");
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), SqlError> {
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            line.push_str(if self.rows == 0 { "\n[" } else { ",\n[" });
            self.rows += 1;
            for (index, column) in batch.columns().iter().enumerate() {
                if index > 0 {
                    line.push(',');
                }
                value(column, row, &mut line)?;
            }
            line.push(']');
            out.extend_from_slice(line.as_bytes());
        }
        Ok(())
    }

    fn end(&mut self, end: &End, out: &mut Vec<u8>) -> Result<(), SqlError> {
        let rest = json(end)?;
        out.extend_from_slice(b"],");
        // The members of `end` become members of the answer.
        out.extend_from_slice(rest.trim_start_matches('{').as_bytes());
        out.push(b'\n');
        Ok(())
    }
}

pub(super) fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<String, SqlError> {
    serde_json::to_string(value).map_err(|error| {
        SqlError::new(
            sqlstate::INTERNAL,
            format!("the answer is no JSON: {error}"),
        )
    })
}

/// Adds a value: numbers with all of their digits, and as text what JSON has no number for.
pub(super) fn value(column: &ArrayRef, row: usize, out: &mut String) -> Result<(), SqlError> {
    if column.is_null(row) {
        out.push_str("null");
        return Ok(());
    }
    match column.data_type() {
        DataType::Float64 if !column.as_primitive::<Float64Type>().value(row).is_finite() => {}
        DataType::Float64 => {
            let _ = write!(
                out,
                "{}",
                serde_json::json!(column.as_primitive::<Float64Type>().value(row))
            );
            return Ok(());
        }
        DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => {
            out.push_str(&text::value(column, row, Instants::Rfc3339).unwrap_or_default());
            return Ok(());
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            out.push('[');
            for item in 0..items.len() {
                if item > 0 {
                    out.push(',');
                }
                value(&items, item, out)?;
            }
            out.push(']');
            return Ok(());
        }
        _ => {}
    }
    out.push_str(&json(&text::value(column, row, Instants::Rfc3339))?);
    Ok(())
}
