//! Answers of named statements, as the worker's JSON has them.

use serde::Deserialize;
use serde_json::Value;

use super::error::ReportError;
use crate::named::parse_instant;

/// The answer of a statement: `{"columns":[{"name":…}],"rows":[[…]]}`; the rest of it is not needed here.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Answer {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Column {
    name: String,
}

/// A row, whose values are found by the names of columns.
pub(super) struct Row<'a> {
    answer: &'a Answer,
    values: &'a [Value],
}

impl Answer {
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|values| Row {
            answer: self,
            values,
        })
    }
}

impl Row<'_> {
    fn value(&self, column: &str) -> Result<&Value, ReportError> {
        let at = self
            .answer
            .columns
            .iter()
            .position(|known| known.name == column);
        at.and_then(|at| self.values.get(at))
            .ok_or_else(|| ReportError::Column(column.to_owned()))
    }

    /// A count. Absent is 0.
    pub(super) fn count(&self, column: &str) -> Result<u64, ReportError> {
        let value = self.value(column)?;
        let count = value.as_u64().or_else(|| value.is_null().then_some(0));
        count.ok_or_else(|| ReportError::value(column, value))
    }

    /// A text, or a number as text.
    pub(super) fn text(&self, column: &str) -> Result<String, ReportError> {
        match self.value(column)? {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Null => Ok(String::new()),
            value => Err(ReportError::value(column, value)),
        }
    }

    pub(super) fn number(&self, column: &str) -> Result<f64, ReportError> {
        let value = self.value(column)?;
        value
            .as_f64()
            .ok_or_else(|| ReportError::value(column, value))
    }

    /// An instant, ms since 1970.
    pub(super) fn time(&self, column: &str) -> Result<Option<i64>, ReportError> {
        let value = self.value(column)?;
        match value {
            Value::Null => Ok(None),
            Value::String(text) => parse_instant(text)
                .map(Some)
                .ok_or_else(|| ReportError::value(column, value)),
            _ => Err(ReportError::value(column, value)),
        }
    }
}
