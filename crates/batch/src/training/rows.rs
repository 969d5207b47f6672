//! Rows of an answer as plain values.

use anyhow::{Context, Result};
use arrow::{
    array::{Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type},
};

/// The columns of one batch, read by place; a value of another type is cast.
pub(super) struct BatchRows<'a>(pub(super) &'a RecordBatch);

impl BatchRows<'_> {
    pub(super) fn texts(&self, column: usize) -> Result<StringArray> {
        let array =
            cast(self.0.column(column), &DataType::Utf8).context("read a column of text")?;
        Ok(array.as_string::<i32>().clone())
    }

    /// Instants come as microseconds since 1970.
    pub(super) fn integers(&self, column: usize) -> Result<Int64Array> {
        let array =
            cast(self.0.column(column), &DataType::Int64).context("read a column of integers")?;
        Ok(array.as_primitive::<Int64Type>().clone())
    }

    pub(super) fn floats(&self, column: usize) -> Result<Float64Array> {
        let array =
            cast(self.0.column(column), &DataType::Float64).context("read a column of numbers")?;
        Ok(array.as_primitive::<Float64Type>().clone())
    }
}

pub(super) fn text(array: &StringArray, row: usize) -> Option<String> {
    array.is_valid(row).then(|| array.value(row).to_owned())
}

pub(super) fn integer(array: &Int64Array, row: usize) -> Option<i64> {
    array.is_valid(row).then(|| array.value(row))
}

pub(super) fn float(array: &Float64Array, row: usize) -> Option<f64> {
    array.is_valid(row).then(|| array.value(row))
}

/// Milliseconds of an instant that came as microseconds.
pub(super) fn millis(array: &Int64Array, row: usize) -> Option<i64> {
    integer(array, row).map(|micros| micros.div_euclid(1000))
}
