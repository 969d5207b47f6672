//! Figures and times as the page writes them in English.

use headcount_clock::date_of;

const DAY_MS: i64 = 86_400_000;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const FULL_MAX: u64 = 999_999;

/// Every digit: 1,234,567.
pub(super) fn full(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Every digit as long as they are few: 173,494, then 1.2M.
pub(super) fn count(value: u64) -> String {
    if value <= FULL_MAX {
        return full(value);
    }
    let (unit, letter) = if value < 999_950_000 {
        (1e6, 'M')
    } else {
        (1e9, 'B')
    };
    let short = format!("{:.1}", value as f64 / unit);
    format!("{}{letter}", short.strip_suffix(".0").unwrap_or(&short))
}

/// 30.4%, of nothing an en dash.
pub(super) fn share(part: u64, whole: u64) -> String {
    ratio(part, whole).map_or("–".to_owned(), |ratio| format!("{:.1}%", 100.0 * ratio))
}

/// 71%, of nothing an en dash.
pub(super) fn percent(part: u64, whole: u64) -> String {
    ratio(part, whole).map_or("–".to_owned(), |ratio| format!("{:.0}%", 100.0 * ratio))
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// 19 Mar 2017, of ms since 1970.
pub(super) fn date(ms: i64) -> String {
    let (year, month, day) = date_of(ms.div_euclid(DAY_MS));
    format!("{day} {} {year}", month_name(month))
}

/// 19 Mar
pub(super) fn day(ms: i64) -> String {
    let (_, month, day) = date_of(ms.div_euclid(DAY_MS));
    format!("{day} {}", month_name(month))
}

/// Mar 2017
pub(super) fn month(ms: i64) -> String {
    let (year, month, _) = date_of(ms.div_euclid(DAY_MS));
    format!("{} {year}", month_name(month))
}

fn month_name(month: i64) -> &'static str {
    MONTHS.get(month as usize - 1).copied().unwrap_or_default()
}

/// 14:03
pub(super) fn minute(ms: i64) -> String {
    let of_day = ms.rem_euclid(DAY_MS) / 60_000;
    format!("{:02}:{:02}", of_day / 60, of_day % 60)
}

/// 14:03:22
pub(super) fn second(ms: i64) -> String {
    format!("{}:{:02}", minute(ms), ms.rem_euclid(60_000) / 1_000)
}

/// 19 Mar 2017, 14:03:22 UTC
pub(super) fn moment(ms: i64) -> String {
    format!("{}, {} UTC", date(ms), second(ms))
}

/// From one moment to another, with the date only once if it is one: 19 Mar 2017, 12:11 – 12:30 UTC.
pub(super) fn span(from: i64, to: i64) -> String {
    let (first, last) = (date(from), date(to));
    if first == last {
        format!("{first}, {} – {} UTC", minute(from), minute(to))
    } else {
        format!("{first}, {} – {last}, {} UTC", minute(from), minute(to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_the_page_writes_them() {
        assert_eq!(
            [0, 7, 999, 1_000, 173_494].map(full),
            ["0", "7", "999", "1,000", "173,494"]
        );
        assert_eq!(
            [999_999, 1_000_000, 1_249_999, 26_250_000, 999_949_999].map(count),
            ["999,999", "1M", "1.2M", "26.2M", "999.9M"]
        );
        assert_eq!([999_950_000, 1_500_000_000].map(count), ["1B", "1.5B"]);
        assert_eq!(
            (share(304, 1_000), share(0, 0), percent(864, 1_260)),
            ("30.4%".into(), "–".into(), "69%".into())
        );
    }

    #[test]
    fn times_are_of_utc() {
        let at = 1_489_925_470_960;
        assert_eq!(moment(at), "19 Mar 2017, 12:11:10 UTC");
        assert_eq!(span(at, at + 20 * 60_000), "19 Mar 2017, 12:11 – 12:31 UTC");
        assert_eq!(
            span(at, at + DAY_MS),
            "19 Mar 2017, 12:11 – 20 Mar 2017, 12:11 UTC"
        );
        assert_eq!(
            (date(-1), minute(-1)),
            ("31 Dec 1969".into(), "23:59".into())
        );
    }
}
