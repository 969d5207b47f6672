//! `to_char`: instants and numbers by PostgreSQL's patterns. A pattern that is not known here is refused.

mod instants;
mod numbers;

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, StringArray},
    compute::cast,
    datatypes::{DataType, Decimal128Type, Float64Type, TimeUnit, TimestampMicrosecondType},
    temporal_conversions::timestamp_us_to_datetime,
};
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

use crate::sql::error::{SqlError, sqlstate};

/// `to_char(value, pattern)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ToChar {
    signature: Signature,
}

impl ToChar {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

fn refused(message: String) -> SqlError {
    SqlError::new(sqlstate::NOT_SUPPORTED, message)
}

fn external(error: SqlError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl ScalarUDFImpl for ToChar {
    fn name(&self) -> &str {
        "to_char"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let value = match types {
            // What is shown of an instant is what a clock in UTC shows.
            [DataType::Date32 | DataType::Null, _] => {
                DataType::Timestamp(TimeUnit::Microsecond, None)
            }
            [DataType::Timestamp(_, zone), _] => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            [number, _] if number.is_integer() => DataType::Decimal128(38, 0),
            [decimal @ DataType::Decimal128(..), _] => decimal.clone(),
            [number, _] if number.is_floating() => DataType::Float64,
            [other, _] => {
                return Err(external(refused(format!(
                    "to_char of a {other} is not supported; cast it to text"
                ))));
            }
            _ => {
                return Err(external(refused(
                    "to_char wants a value and a pattern".to_owned(),
                )));
            }
        };
        Ok(vec![value, DataType::Utf8])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let patterns = cast(&arrays[1], &DataType::Utf8)?;
        let patterns = patterns.as_string::<i32>();
        let mut texts = Vec::with_capacity(patterns.len());
        let mut last: Option<(String, ToCharPattern)> = None;
        for row in 0..patterns.len() {
            if patterns.is_null(row) || arrays[0].is_null(row) {
                texts.push(None);
                continue;
            }
            let known = last.take().filter(|(text, _)| text == patterns.value(row));
            let (text, pattern) = match known {
                Some(known) => known,
                None => {
                    let text = patterns.value(row).to_owned();
                    let pattern =
                        ToCharPattern::parse(&text, arrays[0].data_type()).map_err(external)?;
                    (text, pattern)
                }
            };
            texts.push(Some(pattern.write(&arrays[0], row)));
            last = Some((text, pattern));
        }
        Ok(ColumnarValue::Array(
            Arc::new(StringArray::from(texts)) as ArrayRef
        ))
    }
}

enum ToCharPattern {
    Instant {
        pattern: instants::InstantPattern,
        zoned: bool,
    },
    Number(numbers::NumberPattern),
}

impl ToCharPattern {
    fn parse(text: &str, of: &DataType) -> Result<Self, SqlError> {
        Ok(match of {
            DataType::Timestamp(_, zone) => Self::Instant {
                pattern: instants::InstantPattern::parse(text)?,
                zoned: zone.is_some(),
            },
            _ => Self::Number(numbers::NumberPattern::parse(text)?),
        })
    }

    fn write(&self, values: &ArrayRef, row: usize) -> String {
        match self {
            Self::Instant { pattern, zoned } => {
                let us = values.as_primitive::<TimestampMicrosecondType>().value(row);
                timestamp_us_to_datetime(us)
                    .map_or_else(String::new, |at| pattern.write(at, *zoned))
            }
            Self::Number(pattern) => match values.data_type() {
                DataType::Decimal128(_, scale) => {
                    let number = values.as_primitive::<Decimal128Type>().value(row);
                    pattern.write_decimal(number, *scale)
                }
                _ => pattern.write_double(values.as_primitive::<Float64Type>().value(row)),
            },
        }
    }
}
