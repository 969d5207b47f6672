//! Times as records have them.

use headcount_record::{TIME_END, TIME_MIN};
use serde_json::Value;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// The letters of a TID, in their order.
const TID_LETTERS: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// A moment between 2000 and 2100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Milliseconds since 1970.
    pub(crate) ms: i64,
    /// What decides within the millisecond: its microseconds, and below them what else the time has, in 10 bits.
    pub(crate) rest: u32,
}

impl Moment {
    /// The moment that a value tells.
    ///
    /// A number is seconds, milliseconds, microseconds or nanoseconds since 1970: between 2000 and 2100 no number can be
    /// two of these. A text is such a number, or a date with or without a time as RFC 3339 or iCalendar write it; one
    /// without an offset is taken to be UTC.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::of_number(whole),
                None => Self::of_fraction(number.as_f64()?),
            },
            Value::String(text) => Self::of_text(text.trim()),
            _ => None,
        }
    }

    /// The moment of a TID, AT-Proto's timestamp identifier: 53 bits of microseconds, then 10 of a clock's id.
    pub(crate) fn of_tid(value: &Value) -> Option<Self> {
        let text = value.as_str()?.as_bytes();
        if text.len() != 13 {
            return None;
        }
        let mut bits = 0_u64;
        for letter in text {
            let digit = TID_LETTERS.iter().position(|it| it == letter)?;
            bits = bits.checked_mul(32)? | digit as u64;
        }
        let clock = (bits & 0x3ff) as u32;
        let moment = Self::of_micros((bits >> 10).cast_signed())?;
        Some(Self {
            rest: moment.rest | clock,
            ..moment
        })
    }

    fn of_micros(micros: i64) -> Option<Self> {
        let ms = micros.div_euclid(1000);
        (TIME_MIN..TIME_END).contains(&ms).then_some(Self {
            ms,
            rest: (micros.rem_euclid(1000) as u32) << 10,
        })
    }

    fn of_number(number: i64) -> Option<Self> {
        let scales: [fn(i64) -> Option<i64>; 4] = [
            |seconds| seconds.checked_mul(1_000_000),
            |ms| ms.checked_mul(1000),
            Some,
            |nanos| Some(nanos / 1000),
        ];
        scales
            .into_iter()
            .find_map(|micros| Self::of_micros(micros(number)?))
    }

    /// Seconds with a fraction.
    fn of_fraction(seconds: f64) -> Option<Self> {
        let micros = seconds * 1e6;
        (micros.abs() < 1e16).then(|| Self::of_micros(micros.round() as i64))?
    }

    fn of_text(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            // `20261201` is a date of iCalendar: as seconds it would be before 2000.
            if let Some(moment) = Self::of_number(number) {
                return Some(moment);
            }
        }
        let mut read = TimeText(text.as_bytes());
        let year = read.number(4)?;
        read.skip(b'-');
        let month = read.number(2)?;
        read.skip(b'-');
        let day = read.number(2)?;
        let days = days_from_civil(year, month, day)?;
        let micros_of_day = match read.skip_any(b"Tt ") {
            true => read.time_of_day()?,
            false => 0,
        };
        let offset = read.offset()?;
        read.0.is_empty().then_some(())?;
        Self::of_micros((days * DAY_MS - offset * 60_000) * 1000 + micros_of_day)
    }
}

/// What is left of a text.
struct TimeText<'a>(&'a [u8]);

impl TimeText<'_> {
    fn skip(&mut self, byte: u8) -> bool {
        self.skip_any(&[byte])
    }

    fn skip_any(&mut self, bytes: &[u8]) -> bool {
        let is_there = self.0.first().is_some_and(|first| bytes.contains(first));
        self.0 = &self.0[usize::from(is_there)..];
        is_there
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + i64::from(digit - b'0'))
        })
    }

    /// Microseconds since midnight.
    fn time_of_day(&mut self) -> Option<i64> {
        let hour = self.number(2)?;
        self.skip(b':');
        let minute = self.number(2)?;
        let is_more = self.skip(b':') || self.0.first().is_some_and(u8::is_ascii_digit);
        let second = if is_more { self.number(2)? } else { 0 };
        let mut micros = 0;
        if self.skip_any(b".,") {
            let mut unit = 100_000;
            while let Some(digit) = self.0.first().filter(|it| it.is_ascii_digit()) {
                micros += i64::from(digit - b'0') * unit;
                unit /= 10;
                self.0 = &self.0[1..];
            }
        }
        // 60 is a leap second.
        let is_time = hour < 24 && minute < 60 && second <= 60;
        is_time.then_some(((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)
    }

    /// Minutes ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.skip_any(b"Zz") {
            return Some(0);
        }
        let sign = match (self.skip(b'+'), self.skip(b'-')) {
            (true, _) => 1,
            (_, true) => -1,
            _ => return None,
        };
        let hours = self.number(2)?;
        self.skip(b':');
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }
}

/// Days since 1970 of a date of the Gregorian calendar, if there is such a date.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Counted from March, so that the day that not every year has is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_moment_is_written_in_many_ways() {
        let ms = |value: Value| Moment::of(&value).map(|moment| moment.ms);
        let seven = 1_795_244_400_000;
        for value in [
            json!(1_795_244_400),
            json!(1_795_244_400_000_i64),
            json!(1_795_244_400_000_000_i64),
            json!(1_795_244_400_000_000_000_i64),
            json!(1_795_244_400.0),
            json!("1795244400"),
            json!("2026-11-21T07:00:00Z"),
            json!("2026-11-21T07:00:00.000+00:00"),
            json!("2026-11-21T08:00+01:00"),
            json!("2026-11-21 07:00:00"),
            json!("20261121T070000Z"),
            json!(" 2026-11-21T05:30:00-0130 "),
        ] {
            assert_eq!(ms(value.clone()), Some(seven), "{value}");
        }
        assert_eq!(ms(json!("2026-11-21")), Some(seven - 7 * 3_600_000));
        assert_eq!(ms(json!("20261121")), Some(seven - 7 * 3_600_000));
        assert_eq!(ms(json!("2024-02-29")), Some(1_709_164_800_000));
        for none in [
            "",
            "2026-02-29",
            "2026-13-01",
            "2026-11-21T24:00",
            "soon",
            "2026-11-21T07:00:00Zx",
            "1999-12-31",
        ] {
            assert_eq!(ms(json!(none)), None, "{none}");
        }
        assert_eq!(ms(json!(12)), None);
    }

    #[test]
    fn a_tid_is_its_microseconds_and_its_clock() {
        // Of a recorded frame, whose upstream had the commit at 2026-11-21T07:13:23.8….
        let moment = Moment::of_tid(&json!("3n2skgeivak2x")).expect("a TID");
        assert_eq!(moment.ms / 1000, 1_795_245_203);
        let later = Moment::of_tid(&json!("3n2skgemhis2x")).expect("a TID");
        assert!((later.ms, later.rest) > (moment.ms, moment.rest));
        assert_eq!(Moment::of_tid(&json!("3n2skgeivak21")), None);
    }
}
