//! Digests of rows that PostgreSQL and this program compute alike.
//!
//! A row's text is that of its values one after another, each as `LENGTH:TEXT` in bytes, and `-` for null. Doubles stand
//! as the 16 digits of their bits, times as microseconds since 1970: neither has a text that all programs agree on. A
//! row's digest is the first eight bytes of its text's SHA-256, as a signed number; a table's is the sum of its rows'.
//! So the order of rows does not matter, and rows can be added and taken away.

use std::fmt::Write;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch,
        StringArray, TimestampMicrosecondArray,
    },
    compute::cast,
    datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType},
    error::ArrowError,
};
use sha2::{Digest, Sha256};

use crate::model::{Column, ColumnType, Table};

/// How many rows a table has, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableDigest {
    /// How many rows.
    pub rows: u64,
    /// The sum of the digests of the rows.
    pub sum: i128,
}

impl TableDigest {
    /// Adds rows of a table. The batch may have its columns in any order and in any type that holds the same values.
    ///
    /// # Errors
    /// When the batch lacks a column of the table, or has values in it that its type cannot hold.
    pub fn add(&mut self, table: Table, batch: &RecordBatch) -> Result<(), ArrowError> {
        let values = ColumnValues::of(table.columns(), batch)?;
        for row in 0..batch.num_rows() {
            self.rows += 1;
            self.sum += i128::from(digest(&values.text(row)));
        }
        Ok(())
    }
}

/// The digest of a row with this text.
pub(super) fn digest(text: &str) -> i64 {
    let hash = Sha256::digest(text);
    let (first, _) = hash.split_first_chunk::<8>().expect("32 bytes");
    i64::from_be_bytes(*first)
}

/// The text of a row, in SQL, of the columns of a relation.
pub(super) fn text_in_sql(columns: &[Column], relation: &str) -> String {
    let value = |column: &Column| {
        let name = format!("{relation}.{}", column.name);
        let text = match column.column_type {
            ColumnType::Text => name,
            ColumnType::Long | ColumnType::Int | ColumnType::Boolean => format!("{name}::text"),
            ColumnType::Double => format!("encode(float8send({name}), 'hex')"),
            ColumnType::Time => {
                format!("(extract(epoch FROM {name}) * 1000000)::bigint::text")
            }
        };
        format!("coalesce(octet_length({text}) || ':' || {text}, '-')")
    };
    let values: Vec<_> = columns.iter().map(value).collect();
    format!("concat({})", values.join(", "))
}

/// The columns of a batch.
pub(super) struct ColumnValues(Vec<ColumnValue>);

enum ColumnValue {
    Text(StringArray),
    Long(Int64Array),
    Int(Int32Array),
    Double(Float64Array),
    Boolean(BooleanArray),
    Time(TimestampMicrosecondArray),
}

impl ColumnValues {
    /// Those of `columns`, by name, in the types that they have in the tables.
    pub(super) fn of(columns: &[Column], batch: &RecordBatch) -> Result<Self, ArrowError> {
        let value = |column: &Column| {
            let found = batch.column_by_name(column.name).ok_or_else(|| {
                ArrowError::SchemaError(format!("there is no column {}", column.name))
            })?;
            let found: ArrayRef = match *found.data_type() == column.column_type.arrow() {
                true => found.clone(),
                false => cast(found, &column.column_type.arrow())?,
            };
            Ok(match column.column_type {
                ColumnType::Text => ColumnValue::Text(found.as_string::<i32>().clone()),
                ColumnType::Long => ColumnValue::Long(found.as_primitive::<Int64Type>().clone()),
                ColumnType::Int => ColumnValue::Int(found.as_primitive::<Int32Type>().clone()),
                ColumnType::Double => {
                    ColumnValue::Double(found.as_primitive::<Float64Type>().clone())
                }
                ColumnType::Boolean => ColumnValue::Boolean(found.as_boolean().clone()),
                ColumnType::Time => {
                    ColumnValue::Time(found.as_primitive::<TimestampMicrosecondType>().clone())
                }
            })
        };
        columns
            .iter()
            .map(value)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The text of a row.
    pub(super) fn text(&self, row: usize) -> String {
        let mut text = String::new();
        let mut value = String::new();
        for column in &self.0 {
            value.clear();
            match column.write(row, &mut value) {
                true => {
                    let _ = write!(text, "{}:{value}", value.len());
                }
                false => text.push('-'),
            }
        }
        text
    }

    /// The values of a row as people read them.
    pub(super) fn shown(&self, row: usize) -> String {
        let value = |column: &ColumnValue| {
            let mut value = String::new();
            match column.write(row, &mut value) {
                true => value,
                false => "null".to_owned(),
            }
        };
        let values: Vec<_> = self.0.iter().map(value).collect();
        values.join(", ")
    }
}

impl ColumnValue {
    /// Writes the value of a row; `false` if it is null.
    fn write(&self, row: usize, out: &mut String) -> bool {
        let array: &dyn Array = match self {
            Self::Text(array) => array,
            Self::Long(array) => array,
            Self::Int(array) => array,
            Self::Double(array) => array,
            Self::Boolean(array) => array,
            Self::Time(array) => array,
        };
        if array.is_null(row) {
            return false;
        }
        let _ = match self {
            Self::Text(array) => out.write_str(array.value(row)),
            Self::Long(array) => write!(out, "{}", array.value(row)),
            Self::Int(array) => write!(out, "{}", array.value(row)),
            Self::Double(array) => write!(out, "{:016x}", array.value(row).to_bits()),
            Self::Boolean(array) => write!(out, "{}", array.value(row)),
            Self::Time(array) => write!(out, "{}", array.value(row)),
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{LargeStringArray, StringViewArray},
        datatypes::{DataType, Field, Schema},
    };

    use super::*;
    use crate::model::{Row, Topic};

    fn topics() -> Vec<Topic> {
        let topic = |urlkey: &str, name: &str| Topic {
            urlkey: urlkey.into(),
            name: name.into(),
        };
        vec![topic("a", "bc"), topic("ab", "c"), topic("", "-")]
    }

    fn of(batch: &RecordBatch) -> TableDigest {
        let mut digest = TableDigest::default();
        digest.add(Table::Topics, batch).expect("topics");
        digest
    }

    #[test]
    fn the_order_of_rows_and_columns_and_the_kind_of_text_do_not_matter() {
        let all = Topic::batch(&topics());
        let reversed: Vec<_> = topics().into_iter().rev().collect();
        assert_eq!(of(&all), of(&Topic::batch(&reversed)));
        let names = StringViewArray::from_iter_values(topics().iter().map(|topic| &*topic.name));
        let keys = LargeStringArray::from_iter_values(topics().iter().map(|topic| &*topic.urlkey));
        let schema = Schema::new(vec![
            Field::new("name", DataType::Utf8View, true),
            Field::new("urlkey", DataType::LargeUtf8, false),
        ]);
        let other = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(names), Arc::new(keys)]);
        assert_eq!(of(&all), of(&other.expect("a batch")));
        // A sum: pieces add up.
        let pieces = [of(&all.slice(0, 1)), of(&all.slice(1, 2))];
        assert_eq!(of(&all).sum, pieces[0].sum + pieces[1].sum);
        let lacking = all.project(&[0]).expect("a column");
        assert!(TableDigest::default().add(Table::Topics, &lacking).is_err());
    }

    #[test]
    fn values_are_told_apart() {
        let rows = topics();
        let digests: Vec<_> = rows
            .iter()
            .map(|row| of(&Topic::batch(std::slice::from_ref(row))))
            .collect();
        assert!(digests[0] != digests[1] && digests[1] != digests[2]);
        let values = ColumnValues::of(Topic::COLUMNS, &Topic::batch(&rows)).expect("topics");
        assert_eq!(values.text(0), "1:a2:bc");
        assert_eq!(values.text(2), "0:1:-");
        // What any program computes: printf '1:a2:bc' | sha256sum | cut -c 1-16
        assert_eq!(format!("{:016x}", digest("1:a2:bc")), "5310a58788781ab2");
    }
}
