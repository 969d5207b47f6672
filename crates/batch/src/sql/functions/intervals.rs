//! Intervals and dates: how PostgreSQL compares and subtracts them.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int64Array},
    compute::cast,
    datatypes::{
        DataType, Date32Type, DurationMicrosecondType, IntervalDayTimeType,
        IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, TimeUnit,
    },
};
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

const DAY_US: i64 = 86_400_000_000;

/// Months, days and microseconds of intervals and differences of instants, by row.
pub(super) fn parts(array: &ArrayRef) -> Result<Vec<Option<(i64, i64, i64)>>> {
    Ok(match array.data_type() {
        DataType::Duration(_) => {
            let us = cast(array, &DataType::Duration(TimeUnit::Microsecond))?;
            let us = us.as_primitive::<DurationMicrosecondType>().iter();
            us.map(|us| us.map(|us| (0, us / DAY_US, us % DAY_US)))
                .collect()
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let values = array.as_primitive::<IntervalMonthDayNanoType>().iter();
            let of = |v: arrow::datatypes::IntervalMonthDayNano| {
                (i64::from(v.months), i64::from(v.days), v.nanoseconds / 1000)
            };
            values.map(|value| value.map(of)).collect()
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let values = array.as_primitive::<IntervalDayTimeType>().iter();
            let of = |v: arrow::datatypes::IntervalDayTime| {
                (0, i64::from(v.days), i64::from(v.milliseconds) * 1000)
            };
            values.map(|value| value.map(of)).collect()
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            let values = array.as_primitive::<IntervalYearMonthType>().iter();
            values
                .map(|months| months.map(|months| (i64::from(months), 0, 0)))
                .collect()
        }
        other => return Err(DataFusionError::Internal(format!("{other} is no interval"))),
    })
}

/// An interval as a number that orders as PostgreSQL orders intervals: a month is 30 days, a day is 24 hours.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Microseconds {
    signature: Signature,
}

impl Microseconds {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Microseconds {
    fn name(&self) -> &str {
        "interval_microseconds"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = ColumnarValue::values_to_arrays(&args.args)?.remove(0);
        let order = |(months, days, us): (i64, i64, i64)| {
            (months * 30 + days)
                .saturating_mul(DAY_US)
                .saturating_add(us)
        };
        let numbers: Int64Array = parts(&array)?
            .into_iter()
            .map(|parts| parts.map(order))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(numbers)))
    }
}

/// The difference of two dates: a number of days.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DaysBetween {
    signature: Signature,
}

impl DaysBetween {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::exact(vec![DataType::Date32; 2], Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for DaysBetween {
    fn name(&self) -> &str {
        "days_between"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (left, right) = (
            arrays[0].as_primitive::<Date32Type>(),
            arrays[1].as_primitive::<Date32Type>(),
        );
        let days: Int64Array = left
            .iter()
            .zip(right.iter())
            .map(|(left, right)| Some(i64::from(left?) - i64::from(right?)))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(days)))
    }
}
