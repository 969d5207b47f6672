//! Texts as instants: PostgreSQL takes them without seconds too, and with the name of a zone.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, StringArray, TimestampMicrosecondArray, timezone::Tz},
    compute::{cast, kernels::cast_utils::string_to_datetime},
    datatypes::{DataType, TimeUnit},
};
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

use crate::sql::error::{SqlError, sqlstate};

/// A text cast to `timestamptz` (UTC unless it names a zone) or to `timestamp` (whose zone does not count).
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct InstantOf {
    zoned: bool,
    signature: Signature,
}

impl InstantOf {
    pub(super) fn zoned() -> Self {
        Self {
            zoned: true,
            signature: Signature::string(1, Volatility::Immutable),
        }
    }

    pub(super) fn local() -> Self {
        Self {
            zoned: false,
            signature: Signature::string(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for InstantOf {
    fn name(&self) -> &str {
        if self.zoned {
            "timestamptz_of"
        } else {
            "timestamp_of"
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        let zone = self.zoned.then(|| "+00:00".into());
        Ok(DataType::Timestamp(TimeUnit::Microsecond, zone))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = ColumnarValue::values_to_arrays(&args.args)?.remove(0);
        let texts: ArrayRef = cast(&array, &DataType::Utf8)?;
        let texts: &StringArray = texts.as_string();
        let us = texts
            .iter()
            .map(|text| text.map(|text| self.read(text)).transpose());
        let us: Vec<Option<i64>> = us.collect::<Result<_>>()?;
        let zone = self.zoned.then_some("+00:00");
        let made = TimestampMicrosecondArray::from(us).with_timezone_opt(zone);
        Ok(ColumnarValue::Array(Arc::new(made)))
    }
}

impl InstantOf {
    fn read(&self, text: &str) -> Result<i64> {
        let unreadable = || {
            DataFusionError::External(Box::new(SqlError::new(
                sqlstate::INVALID_TEXT,
                format!("{text:?} is no timestamp; one is written as '2017-03-14 10:00:00+00'"),
            )))
        };
        let utc: Tz = "+00:00".parse()?;
        let mut whole = with_seconds(text.trim());
        // Here a zone in the text is read and does not count.
        if !self.zoned
            && let Some(at) = zone_begin(&whole)
        {
            whole.truncate(at);
        }
        let at = string_to_datetime(&utc, whole.trim()).map_err(|_| unreadable())?;
        Ok(at.timestamp_micros())
    }
}

/// Where the zone begins that follows the time of day.
fn zone_begin(text: &str) -> Option<usize> {
    let clock = text.find(':')?;
    text[clock..]
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.'))
        .map(|at| clock + at)
}

/// `10:00` as `10:00:00`.
fn with_seconds(text: &str) -> String {
    let Some(colon) = text.find(':') else {
        return text.to_owned();
    };
    let end = text[colon + 1..]
        .find(|c: char| !c.is_ascii_digit())
        .map_or(text.len(), |at| colon + 1 + at);
    if text[end..].starts_with(':') || end != colon + 3 {
        return text.to_owned();
    }
    format!("{}:00{}", &text[..end], &text[end..])
}
