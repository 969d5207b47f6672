//! Values of parameters in binary form, as the text that PostgreSQL would write.

use arrow::temporal_conversions::{date32_to_datetime, timestamp_us_to_datetime};

use super::frame::{FrameError, MessageReader};
use crate::sql::{
    catalog::types,
    error::{SqlError, sqlstate},
};

/// 2000-01-01, where PostgreSQL's binary times begin, after 1970.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_US: i64 = 946_684_800_000_000;
/// Digits of a number that anybody could mean.
const DIGITS_MAX: usize = 10_000;

fn malformed(type_name: &str) -> SqlError {
    SqlError::new(
        "22P03",
        format!("incorrect binary data for a parameter of type {type_name}"),
    )
}

/// The text of a value in binary form.
///
/// # Errors
/// If it is none of its type, or if the type has no text here.
pub(super) fn text_of(type_name: &str, bytes: &[u8]) -> Result<String, SqlError> {
    let mut payload = MessageReader(bytes);
    let text = decoded(type_name, &mut payload)?;
    match (text, payload.0) {
        (Ok(text), []) => Ok(text),
        _ => Err(malformed(type_name)),
    }
}

/// The text, or an error if there are too few bytes; or that the type has none.
fn decoded(
    type_name: &str,
    payload: &mut MessageReader,
) -> Result<Result<String, FrameError>, SqlError> {
    Ok(match type_name {
        "bool" => payload.u8().map(|byte| (byte != 0).to_string()),
        "int2" => payload.i16().map(|number| number.to_string()),
        "int4" => payload.i32().map(|number| number.to_string()),
        "oid" => payload
            .i32()
            .map(|number| number.cast_unsigned().to_string()),
        "int8" => i64_of(payload).map(|number| number.to_string()),
        "float4" => payload
            .i32()
            .map(|bits| f32::from_bits(bits.cast_unsigned()).to_string()),
        "float8" => i64_of(payload).map(|bits| f64::from_bits(bits.cast_unsigned()).to_string()),
        "text" | "varchar" | "bpchar" | "name" | "unknown" | "json" => {
            let bytes = payload.bytes(payload.0.len());
            let text = bytes.map(|bytes| String::from_utf8(bytes.to_vec()));
            match text {
                Ok(Ok(text)) => Ok(text),
                Ok(Err(_)) => return Err(SqlError::new("22021", "a text is not UTF-8")),
                Err(error) => Err(error),
            }
        }
        "date" => payload.i32().map(|days| date(days).unwrap_or_default()),
        "timestamp" => i64_of(payload).map(|us| instant(us).unwrap_or_default()),
        "timestamptz" => i64_of(payload).map(|us| instant(us).unwrap_or_default() + "+00"),
        "time" => i64_of(payload).map(clock),
        "interval" => interval(payload),
        "numeric" => numeric(payload),
        "uuid" => payload.bytes(16).map(uuid),
        "bytea" => {
            let bytes = payload.bytes(payload.0.len());
            bytes.map(|bytes| "\\x".to_owned() + &hexadecimal(bytes))
        }
        array if array.starts_with('_') => return list(payload).map(Ok),
        other => {
            let message = format!(
                "parameters of type {other} are not read in binary form; pass them as text"
            );
            return Err(SqlError::new(sqlstate::NOT_SUPPORTED, message));
        }
    })
}

fn i64_of(payload: &mut MessageReader) -> Result<i64, FrameError> {
    let (high, low) = (payload.i32()?, payload.i32()?);
    Ok((i64::from(high) << 32) | i64::from(low.cast_unsigned()))
}

fn date(days: i32) -> Option<String> {
    let date = date32_to_datetime(days.checked_add(EPOCH_DAYS)?)?;
    Some(date.format("%Y-%m-%d").to_string())
}

fn instant(us: i64) -> Option<String> {
    let at = timestamp_us_to_datetime(us.checked_add(EPOCH_US)?)?;
    Some(at.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

/// `04:05:06.700000`
fn clock(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "" };
    let us = us.unsigned_abs();
    let seconds = us / 1_000_000;
    format!(
        "{sign}{:02}:{:02}:{:02}.{:06}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        us % 1_000_000
    )
}

fn interval(payload: &mut MessageReader) -> Result<String, FrameError> {
    let us = i64_of(payload)?;
    let (days, months) = (payload.i32()?, payload.i32()?);
    let us = format!("{us} microseconds");
    Ok(format!("{months} months {days} days {us}"))
}

fn numeric(payload: &mut MessageReader) -> Result<String, FrameError> {
    let count = payload.count()?;
    let weight = payload.i16()?;
    let sign = payload.i16()?.cast_unsigned();
    let scale = payload.count()?.min(DIGITS_MAX);
    let mut groups = Vec::new();
    for _ in 0..count {
        groups.push(payload.i16()?);
    }
    if sign == 0xc000 {
        return Ok("NaN".to_owned());
    }
    let group = |at: i32| {
        let found = usize::try_from(at).ok().and_then(|at| groups.get(at));
        format!("{:04}", found.copied().unwrap_or(0))
    };
    let weight = i32::from(weight);
    let whole: String = (0..=weight).map(group).collect();
    let whole = whole.trim_start_matches('0');
    let groups_after = i32::try_from(scale.div_ceil(4)).unwrap_or(0);
    let fraction: String = (1..=groups_after)
        .map(|after| group(weight + after))
        .collect();
    let fraction = fraction.get(..scale).unwrap_or_default();
    let minus = if sign == 0x4000 { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if scale > 0 { "." } else { "" };
    Ok(format!("{minus}{whole}{point}{fraction}"))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = hexadecimal(bytes);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// An array of one dimension.
fn list(payload: &mut MessageReader) -> Result<String, SqlError> {
    let wrong = |_| malformed("array");
    let dimensions = payload.i32().map_err(wrong)?;
    payload.i32().map_err(wrong)?;
    let oid = payload.i32().map_err(wrong)?;
    if dimensions == 0 {
        return Ok("{}".to_owned());
    }
    let item = types::by_oid(i64::from(oid)).filter(|_| dimensions == 1);
    let item = item.ok_or_else(|| {
        SqlError::new(
            sqlstate::NOT_SUPPORTED,
            "parameters may be arrays of one dimension only",
        )
    })?;
    let count = payload.i32().map_err(wrong)?;
    payload.i32().map_err(wrong)?;
    let mut items = Vec::new();
    for _ in 0..count {
        let length = payload.i32().map_err(wrong)?;
        if length < 0 {
            items.push("NULL".to_owned());
            continue;
        }
        let bytes = payload
            .bytes(usize::try_from(length).unwrap_or(0))
            .map_err(wrong)?;
        let text = text_of(item.name, bytes)?;
        items.push(format!(
            "\"{}\"",
            text.replace('\\', "\\\\").replace('"', "\\\"")
        ));
    }
    Ok(format!("{{{}}}", items.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_values_become_the_texts_that_postgresql_writes() {
        let numeric = |words: &[i16]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            text_of("numeric", &bytes).unwrap()
        };
        assert_eq!(numeric(&[0, 0, 0, 0]), "0");
        assert_eq!(numeric(&[3, 1, 0x4000, 3, 1, 2345, 6780]), "-12345.678");
        assert_eq!(numeric(&[1, 1, 0, 0, 1]), "10000");
        assert_eq!(numeric(&[1, -2, 0, 6, 500]), "0.000005");
        assert_eq!(text_of("int8", &(-5_i64).to_be_bytes()).unwrap(), "-5");
        assert_eq!(text_of("date", &0_i32.to_be_bytes()).unwrap(), "2000-01-01");
        assert_eq!(
            text_of("timestamptz", &1_500_000_i64.to_be_bytes()).unwrap(),
            "2000-01-01 00:00:01.500000+00"
        );
        for (type_name, bytes) in [
            ("int4", &[0_u8, 1][..]),
            ("int4", &[0; 5]),
            ("numeric", &[0, 9, 0, 0]),
            (
                "_int4",
                &[
                    0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 127, 255, 255, 255, 0, 0, 0, 1,
                ],
            ),
        ] {
            assert_eq!(
                text_of(type_name, bytes).unwrap_err().sqlstate,
                "22P03",
                "{type_name}"
            );
        }
        assert_eq!(text_of("text", &[0xff]).unwrap_err().sqlstate, "22021");
        assert_eq!(text_of("point", &[0; 16]).unwrap_err().sqlstate, "0A000");
    }
}
