//! `to_timestamp` of seconds since 1970.

use std::sync::Arc;

use arrow::{
    array::{AsArray, TimestampMicrosecondArray},
    datatypes::{DataType, Float64Type, TimeUnit},
};
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

use crate::sql::error::{SqlError, sqlstate};

/// `to_timestamp(seconds)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ToTimestamp {
    signature: Signature,
}

impl ToTimestamp {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

fn refused(state: &str, message: &str) -> DataFusionError {
    DataFusionError::External(Box::new(SqlError::new(state, message)))
}

impl ScalarUDFImpl for ToTimestamp {
    fn name(&self) -> &str {
        "to_timestamp"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [one] if one.is_numeric() || one.is_null() => Ok(vec![DataType::Float64]),
            _ => Err(refused(
                sqlstate::NOT_SUPPORTED,
                "to_timestamp takes seconds since 1970; to read a text write '2017-03-14 10:00'::timestamptz",
            )),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(
            TimeUnit::Microsecond,
            Some("+00:00".into()),
        ))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        /// The year 294276, as far as PostgreSQL goes.
        const MOST: f64 = 9_224_318_016_000.0;
        let array = ColumnarValue::values_to_arrays(&args.args)?.remove(0);
        let seconds = array.as_primitive::<Float64Type>().iter();
        let us = seconds.map(|seconds| match seconds {
            None => Ok(None),
            Some(seconds) if seconds.abs() < MOST => {
                Ok(Some((seconds * 1e6).round_ties_even() as i64))
            }
            Some(_) => Err(refused(
                sqlstate::TIME_OUT_OF_RANGE,
                "timestamp out of range",
            )),
        });
        let us: Vec<Option<i64>> = us.collect::<Result<_>>()?;
        let made = TimestampMicrosecondArray::from(us).with_timezone("+00:00");
        Ok(ColumnarValue::Array(Arc::new(made)))
    }
}
