//! `extract` and `date_part`, with PostgreSQL's fields: seconds have their fraction, and ISO days begin at 1.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int32Array},
    compute::{DatePart, cast, date_part},
    datatypes::{DataType, Date32Type, Int64Type, TimeUnit},
};
use datafusion::{
    common::ScalarValue,
    error::{DataFusionError, Result},
    logical_expr::{
        ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
    },
};

use super::intervals;
use crate::sql::error::{SqlError, sqlstate};

/// `date_part(field, source)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DatePartOf {
    signature: Signature,
}

impl DatePartOf {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::any(2, Volatility::Immutable),
        }
    }
}

fn refused(message: String) -> DataFusionError {
    DataFusionError::External(Box::new(SqlError::new(sqlstate::NOT_SUPPORTED, message)))
}

/// The field's name, which must be a plain text.
fn field(value: Option<&ScalarValue>) -> Result<String> {
    let text = value.and_then(|value| value.try_as_str().flatten());
    let text = text.ok_or_else(|| {
        refused("the field of date_part must be a plain text, such as 'hour'".to_owned())
    })?;
    let lower = text.to_lowercase();
    let known = match lower.strip_suffix('s').unwrap_or(&lower) {
        "millisecond" => "milliseconds",
        "microsecond" => "microseconds",
        other => other,
    };
    Ok(known.to_owned())
}

/// Whether a field has a fraction.
fn is_real(field: &str) -> bool {
    matches!(field, "epoch" | "second" | "milliseconds")
}

impl ScalarUDFImpl for DatePartOf {
    fn name(&self) -> &str {
        "date_part"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn return_field_from_args(
        &self,
        args: ReturnFieldArgs<'_>,
    ) -> Result<arrow::datatypes::FieldRef> {
        let field = field(args.scalar_arguments.first().copied().flatten())?;
        let to = if is_real(&field) {
            DataType::Float64
        } else {
            DataType::Int32
        };
        Ok(Arc::new(arrow::datatypes::Field::new(
            self.name(),
            to,
            true,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let name = match args.args.first() {
            Some(ColumnarValue::Scalar(scalar)) => field(Some(scalar))?,
            _ => field(None)?,
        };
        let source = ColumnarValue::values_to_arrays(&args.args[1..])?.remove(0);
        let made: ArrayRef = match source.data_type() {
            DataType::Interval(_) | DataType::Duration(_) => of_interval(&name, &source)?,
            DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_) => {
                of_instant(&name, &source)?
            }
            DataType::Null => arrow::array::new_null_array(args.return_type(), source.len()),
            other => {
                return Err(refused(format!(
                    "a {other} has no {name}; cast it to timestamptz, date or interval"
                )));
            }
        };
        Ok(ColumnarValue::Array(made))
    }
}

fn of_instant(name: &str, source: &ArrayRef) -> Result<ArrayRef> {
    let part = |part| date_part(source, part).map_err(DataFusionError::from);
    let int = |part_of, change: fn(i32) -> i32| -> Result<ArrayRef> {
        let values = part(part_of)?;
        let values = values.as_primitive::<arrow::datatypes::Int32Type>();
        Ok(Arc::new(
            values
                .iter()
                .map(|value| value.map(change))
                .collect::<Int32Array>(),
        ))
    };
    let same: fn(i32) -> i32 = |value| value;
    match name {
        "epoch" => epoch(source),
        "second" => seconds(source, 1_000_000_000.0),
        "milliseconds" => seconds(source, 1_000_000.0),
        "microseconds" => {
            let values = seconds(source, 1_000.0)?;
            Ok(cast(&values, &DataType::Int32)?)
        }
        "minute" => int(DatePart::Minute, same),
        "hour" => int(DatePart::Hour, same),
        "day" => int(DatePart::Day, same),
        "month" => int(DatePart::Month, same),
        "quarter" => int(DatePart::Quarter, same),
        "year" => int(DatePart::Year, same),
        "dow" => int(DatePart::DayOfWeekSunday0, same),
        "isodow" => int(DatePart::DayOfWeekMonday0, |day| day + 1),
        "doy" => int(DatePart::DayOfYear, same),
        "week" => int(DatePart::WeekISO, same),
        "isoyear" => int(DatePart::YearISO, same),
        "decade" => int(DatePart::Year, |year| year.div_euclid(10)),
        "century" => int(DatePart::Year, |year| (year - 1).div_euclid(100) + 1),
        "millennium" => int(DatePart::Year, |year| (year - 1).div_euclid(1000) + 1),
        other => Err(refused(format!("there is no field {other} of an instant"))),
    }
}

/// Seconds of the minute, fraction included, in units of so many nanoseconds.
fn seconds(source: &ArrayRef, unit_ns: f64) -> Result<ArrayRef> {
    let whole = date_part(source, DatePart::Second)?;
    let rest = if *source.data_type() == DataType::Date32 {
        whole.clone()
    } else {
        date_part(source, DatePart::Nanosecond)?
    };
    let (whole, rest) = (
        whole.as_primitive::<arrow::datatypes::Int32Type>(),
        rest.as_primitive::<arrow::datatypes::Int32Type>(),
    );
    let pairs = whole.iter().zip(rest.iter());
    let values: Float64Array = pairs
        .map(|(whole, rest)| Some((f64::from(whole?) * 1e9 + f64::from(rest?)) / unit_ns))
        .collect();
    Ok(Arc::new(values))
}

fn epoch(source: &ArrayRef) -> Result<ArrayRef> {
    let seconds: Float64Array = match source.data_type() {
        DataType::Date32 => {
            let days = source.as_primitive::<Date32Type>();
            days.iter()
                .map(|day| day.map(|day| f64::from(day) * 86_400.0))
                .collect()
        }
        DataType::Timestamp(_, zone) => {
            let us = cast(
                source,
                &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            )?;
            let us = cast(&us, &DataType::Int64)?;
            us.as_primitive::<Int64Type>()
                .iter()
                .map(|us| us.map(|us| us as f64 / 1e6))
                .collect()
        }
        other => return Err(refused(format!("there is no epoch of a {other}"))),
    };
    Ok(Arc::new(seconds))
}

fn of_interval(name: &str, source: &ArrayRef) -> Result<ArrayRef> {
    let parts = intervals::parts(source)?;
    let real = |of: fn(i64, i64, i64) -> f64| -> ArrayRef {
        let of = |(months, days, us)| of(months, days, us);
        Arc::new(
            parts
                .iter()
                .map(|parts| parts.map(of))
                .collect::<Float64Array>(),
        )
    };
    let int = |of: fn(i64, i64, i64) -> i64| -> ArrayRef {
        let of = |(months, days, us)| i32::try_from(of(months, days, us)).unwrap_or(i32::MAX);
        Arc::new(
            parts
                .iter()
                .map(|parts| parts.map(of))
                .collect::<Int32Array>(),
        )
    };
    Ok(match name {
        "epoch" => real(|months, days, us| {
            let days = (months / 12) as f64 * 365.25 + (months % 12) as f64 * 30.0 + days as f64;
            days * 86_400.0 + us as f64 / 1e6
        }),
        "second" => real(|_, _, us| (us % 60_000_000) as f64 / 1e6),
        "milliseconds" => real(|_, _, us| (us % 60_000_000) as f64 / 1e3),
        "microseconds" => int(|_, _, us| us % 60_000_000),
        "minute" => int(|_, _, us| us / 60_000_000 % 60),
        "hour" => int(|_, _, us| us / 3_600_000_000),
        "day" => int(|_, days, _| days),
        "month" => int(|months, _, _| months % 12),
        "year" => int(|months, _, _| months / 12),
        other => return Err(refused(format!("there is no field {other} of an interval"))),
    })
}
