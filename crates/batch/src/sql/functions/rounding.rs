//! Rounding: PostgreSQL rounds where the engine cuts, doubles to the even neighbour and numerics away from zero.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int64Array},
    datatypes::{DataType, Decimal128Type, Float64Type},
};
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

use crate::sql::error::{SqlError, sqlstate};

/// What a cast from a double or a numeric to an integer does.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct WholeNumber {
    signature: Signature,
}

impl WholeNumber {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

fn out_of_range() -> DataFusionError {
    DataFusionError::External(Box::new(SqlError::new(
        sqlstate::OUT_OF_RANGE,
        "bigint out of range: the number is too large for an integer",
    )))
}

/// The least and the greatest double that a 64-bit integer holds lie within these.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

fn whole_double(number: f64) -> Result<i64> {
    let rounded = number.round_ties_even();
    if !(-TWO_TO_63..TWO_TO_63).contains(&rounded) {
        return Err(out_of_range());
    }
    Ok(rounded as i64)
}

fn whole_decimal(number: i128, scale: i8) -> Result<i64> {
    let Some(scale) = u32::try_from(scale).ok().filter(|scale| *scale > 0) else {
        return i64::try_from(number).map_err(|_| out_of_range());
    };
    let unit = 10_i128.pow(scale);
    let (whole, rest) = (number / unit, number % unit);
    let up = i128::from(rest.abs() * 2 >= unit) * number.signum();
    i64::try_from(whole + up).map_err(|_| out_of_range())
}

impl ScalarUDFImpl for WholeNumber {
    fn name(&self) -> &str {
        "whole_number"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = ColumnarValue::values_to_arrays(&args.args)?.remove(0);
        let whole: Int64Array = match array.data_type() {
            DataType::Float64 => {
                let numbers = array.as_primitive::<Float64Type>().iter();
                numbers
                    .map(|number| number.map(whole_double).transpose())
                    .collect::<Result<_>>()?
            }
            DataType::Decimal128(_, scale) => {
                let numbers = array.as_primitive::<Decimal128Type>().iter();
                numbers
                    .map(|number| {
                        number
                            .map(|number| whole_decimal(number, *scale))
                            .transpose()
                    })
                    .collect::<Result<_>>()?
            }
            other => {
                return Err(DataFusionError::Internal(format!(
                    "whole_number of {other}"
                )));
            }
        };
        Ok(ColumnarValue::Array(Arc::new(whole) as ArrayRef))
    }
}

/// `round` of one double.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RoundEven {
    signature: Signature,
}

impl RoundEven {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for RoundEven {
    fn name(&self) -> &str {
        "round_even"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = ColumnarValue::values_to_arrays(&args.args)?.remove(0);
        let numbers = array.as_primitive::<Float64Type>();
        let rounded: Float64Array = numbers
            .iter()
            .map(|number| number.map(f64::round_ties_even))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(rounded)))
    }
}
