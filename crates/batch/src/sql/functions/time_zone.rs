//! `AT TIME ZONE`: an instant as a clock of that zone shows it, and back.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, TimestampMicrosecondArray, timezone::Tz},
    compute::cast,
    datatypes::{DataType, TimeUnit, TimestampMicrosecondType},
    temporal_conversions::timestamp_us_to_datetime,
};
use chrono::{LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone as _};
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

use crate::sql::error::{SqlError, sqlstate};

/// `timezone(zone, instant)`, which `AT TIME ZONE` stands for.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct TimeZone {
    signature: Signature,
}

impl TimeZone {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

fn refused(state: &str, message: String) -> DataFusionError {
    DataFusionError::External(Box::new(SqlError::new(state, message)))
}

const UTC: &str = "+00:00";

impl ScalarUDFImpl for TimeZone {
    fn name(&self) -> &str {
        "timezone"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()));
        match types {
            // A date is midnight in UTC.
            [_, DataType::Date32 | DataType::Timestamp(_, Some(_))] => {
                Ok(vec![DataType::Utf8, zoned])
            }
            [_, DataType::Timestamp(_, None) | DataType::Null] => Ok(vec![
                DataType::Utf8,
                DataType::Timestamp(TimeUnit::Microsecond, None),
            ]),
            _ => Err(refused(
                sqlstate::UNDEFINED_FUNCTION,
                "AT TIME ZONE wants a timestamp; cast what is before it".to_owned(),
            )),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let zone = match types.get(1) {
            Some(DataType::Timestamp(_, Some(_))) => None,
            _ => Some(UTC.into()),
        };
        Ok(DataType::Timestamp(TimeUnit::Microsecond, zone))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let to = args.return_type().clone();
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let zones = cast(&arrays[0], &DataType::Utf8)?;
        let zones = zones.as_string::<i32>();
        let instants = arrays[1].as_primitive::<TimestampMicrosecondType>();
        let backwards = matches!(to, DataType::Timestamp(_, Some(_)));
        // Nearly always all rows have one zone.
        let mut last: Option<(String, Tz)> = None;
        let mut values = Vec::with_capacity(instants.len());
        for (zone, us) in zones.iter().zip(instants.iter()) {
            values.push(match (zone, us) {
                (Some(zone), Some(us)) => {
                    let known = last.take().filter(|(name, _)| name == zone);
                    let (name, tz) = match known {
                        Some(known) => known,
                        None => (zone.to_owned(), parsed(zone)?),
                    };
                    let moved = if backwards {
                        instant(us, tz)
                    } else {
                        local(us, tz)
                    };
                    last = Some((name, tz));
                    moved
                }
                _ => None,
            });
        }
        let zone = if backwards { Some(UTC) } else { None };
        let made = TimestampMicrosecondArray::from(values).with_timezone_opt(zone);
        Ok(ColumnarValue::Array(Arc::new(made) as ArrayRef))
    }
}

fn parsed(zone: &str) -> Result<Tz> {
    let name = if zone.eq_ignore_ascii_case("utc") || zone.eq_ignore_ascii_case("gmt") {
        UTC
    } else {
        zone
    };
    // PostgreSQL counts offsets in this place as POSIX does: '+02' is west of Greenwich.
    if name != UTC && name.starts_with(['+', '-']) {
        return Err(refused(
            sqlstate::NOT_SUPPORTED,
            format!(
                "the zone {zone} is an offset, whose sign PostgreSQL reads the other way round; name a place, such as 'Europe/Amsterdam'"
            ),
        ));
    }
    name.parse().map_err(|_| {
        refused(
            sqlstate::INVALID_PARAMETER,
            format!(
                "there is no time zone {zone}; zones are named by place, such as 'Europe/Amsterdam'"
            ),
        )
    })
}

fn offset_us(offset: &impl Offset) -> i64 {
    i64::from(offset.fix().local_minus_utc()) * 1_000_000
}

/// What the clock of a zone shows at an instant.
fn local(us: i64, zone: Tz) -> Option<i64> {
    let at = timestamp_us_to_datetime(us)?;
    us.checked_add(offset_us(&zone.offset_from_utc_datetime(&at)))
}

/// The instant at which the clock of a zone shows this. Of two, the one in standard time; where the clock jumps over it,
/// what it would have shown without the jump. So does PostgreSQL.
fn instant(us: i64, zone: Tz) -> Option<i64> {
    let shown: NaiveDateTime = timestamp_us_to_datetime(us)?;
    let offset = match zone.offset_from_local_datetime(&shown) {
        LocalResult::Single(offset) | LocalResult::Ambiguous(_, offset) => offset_us(&offset),
        LocalResult::None => {
            let before = shown.checked_sub_signed(TimeDelta::hours(3))?;
            offset_us(&zone.offset_from_local_datetime(&before).latest()?)
        }
    };
    us.checked_sub(offset)
}
