//! Dates of days since 1970, in the Gregorian calendar carried on in both directions, UTC.
//!
//! Years that begin in March have their leap day at the end
//! (<https://howardhinnant.github.io/date_algorithms.html>).

/// Year, month (from 1) and day (from 1) of a day since 1970-01-01.
#[must_use]
pub fn date_of(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The reverse of [`date_of`]. Of what is no date, such as the 31st of a month of 30 days, it is the day of another.
#[must_use]
pub fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year
        .saturating_sub(i64::from(month <= 2))
        .clamp(-1_000_000_000, 1_000_000_000);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month.clamp(1, 12) + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day.clamp(1, 31) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_each_other_and_are_read_back() {
        assert_eq!(date_of(0), (1970, 1, 1));
        assert_eq!(date_of(19_782), (2024, 2, 29));
        assert_eq!(date_of(-719_528), (0, 1, 1));
        let mut before = date_of(-800_000);
        for days in -799_999..800_000 {
            let date = date_of(days);
            let (year, month, day) = before;
            let next = [
                (year, month, day + 1),
                (year, month + 1, 1),
                (year + 1, 1, 1),
            ];
            assert!(next.contains(&date), "{before:?} {date:?}");
            assert_eq!(days_of(date.0, date.1, date.2), days);
            before = date;
        }
    }
}
