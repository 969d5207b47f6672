//! Instants as text, and back: RFC 3339 in UTC.

use headcount_clock::{date_of, days_of};

const DAY_MS: i64 = 86_400_000;
/// Years that statements can have: those that every reader of the tables can show.
const YEARS: std::ops::RangeInclusive<i64> = 1678..=2261;

/// `2017-03-19T12:11:10.960Z` of ms since 1970.
#[must_use]
pub fn instant(ms: i64) -> String {
    let (year, month, day) = date_of(ms.div_euclid(DAY_MS));
    let of_day = ms.rem_euclid(DAY_MS);
    let (hour, minute, second) = (
        of_day / 3_600_000,
        of_day / 60_000 % 60,
        of_day / 1_000 % 60,
    );
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        of_day % 1_000
    )
}

/// Milliseconds since 1970 of `1489925470960`, `2017-03-19` (where the day begins), or `2017-03-19T12:11:10.960Z`, of
/// which seconds and `Z` may be left out. What is finer than a millisecond is cut off.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let ms = match text.parse::<i64>() {
        Ok(ms) => ms,
        Err(_) => written(text)?,
    };
    YEARS
        .contains(&date_of(ms.div_euclid(DAY_MS)).0)
        .then_some(ms)
}

fn written(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => {
            let zones = ["Z", "+00:00"];
            (
                date,
                zones
                    .iter()
                    .find_map(|zone| time.strip_suffix(zone))
                    .unwrap_or(time),
            )
        }
        None => (text, "00:00"),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let days = days_of(year, month, day);
    // A day that its month has not.
    (date_of(days) == (year, month, day)).then_some(())?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = match clock.len() {
        5 => {
            let [hour, minute] = numbers(clock, ':', [2, 2])?;
            [hour, minute, 0]
        }
        _ => numbers(clock, ':', [2, 2, 2])?,
    };
    (hour < 24 && minute < 60 && second < 60).then_some(())?;
    let digits = fraction.len();
    let [fraction] = (digits <= 9)
        .then(|| numbers(fraction, '.', [digits]))
        .flatten()?;
    let ms = fraction * 1_000 / 10_i64.pow(digits as u32);
    Some(days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1_000 + ms)
}

/// Numbers of so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut found = [0; N];
    let mut parts = text.split(between);
    for (number, digits) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        (part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}
