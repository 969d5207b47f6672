//! Hours and days of record time.

use std::fmt;

use headcount_clock::{date_of, days_of};
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How often a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// For each hour.
    Hour,
    /// For each day, in UTC.
    Day,
}

impl Every {
    const fn ms(self) -> i64 {
        match self {
            Self::Hour => HOUR_MS,
            Self::Day => DAY_MS,
        }
    }

    /// The last that had ended at this stream time, in ms since 1970.
    #[must_use]
    pub fn ended_at(self, stream_time: i64) -> Period {
        Period {
            every: self,
            number: stream_time.div_euclid(self.ms()) - 1,
        }
    }

    /// The one that begins at `2017-03-19` or `2017-03-19T05`, in UTC.
    ///
    /// # Errors
    /// When it is neither, or a day does not begin then.
    pub fn beginning(self, text: &str) -> Result<Period, String> {
        let wrong = || {
            format!(
                "{text:?} is no beginning of a {self}; write 2017-03-19, or 2017-03-19T05 for an hour"
            )
        };
        let (date, hour) = match text.split_once('T') {
            Some((date, hour)) if self == Self::Hour => (
                date,
                number(hour, 2)
                    .filter(|hour| *hour < 24)
                    .ok_or_else(wrong)?,
            ),
            Some(_) => return Err(wrong()),
            None => (text, 0),
        };
        let parts: Vec<_> = date.split('-').collect();
        let [year, month, day] = parts[..] else {
            return Err(wrong());
        };
        let date = (number(year, 4), number(month, 2), number(day, 2));
        let (Some(year), Some(month), Some(day)) = date else {
            return Err(wrong());
        };
        let days = days_of(year, month, day);
        if date_of(days) != (year, month, day) {
            return Err(wrong());
        }
        Ok(Period {
            every: self,
            number: (days * DAY_MS + hour * HOUR_MS) / self.ms(),
        })
    }
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let good = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hour => "hour",
            Self::Day => "day",
        })
    }
}

/// An hour or a day of record time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    every: Every,
    /// Hours or days since 1970.
    number: i64,
}

impl Period {
    /// Hour or day.
    #[must_use]
    pub fn every(self) -> Every {
        self.every
    }

    /// Its first moment, ms since 1970.
    #[must_use]
    pub fn from(self) -> i64 {
        self.number * self.every.ms()
    }

    /// The first moment after it, ms since 1970.
    #[must_use]
    pub fn to(self) -> i64 {
        self.next().from()
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            number: self.number + 1,
            ..self
        }
    }

    /// Its folder under that of its job: `date=2017-03-19/hour=05`.
    #[must_use]
    pub fn folder(self) -> String {
        let (year, month, day) = date_of(self.from().div_euclid(DAY_MS));
        let date = format!("date={year:04}-{month:02}-{day:02}");
        match self.every {
            Every::Day => date,
            Every::Hour => format!("{date}/hour={:02}", self.number.rem_euclid(24)),
        }
    }
}

/// `2017-03-19T05Z` or `2017-03-19`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.from().div_euclid(DAY_MS));
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        match self.every {
            Every::Day => Ok(()),
            Every::Hour => write!(f, "T{:02}Z", self.number.rem_euclid(24)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2017-03-19T05:11:10.960Z
    const TIME: i64 = 1_489_900_270_960;

    #[test]
    fn an_hour_has_ended_when_its_last_moment_has_passed() {
        let hour = Every::Hour.ended_at(TIME);
        assert_eq!(hour.to_string(), "2017-03-19T04Z");
        assert_eq!(hour.folder(), "date=2017-03-19/hour=04");
        assert!(hour.to() <= TIME && TIME < hour.next().to());
        assert_eq!(Every::Hour.ended_at(hour.to()), hour);
        assert_ne!(Every::Hour.ended_at(hour.to() - 1), hour);
        let day = Every::Day.ended_at(TIME);
        assert_eq!(
            (day.to_string(), day.folder()),
            ("2017-03-18".into(), "date=2017-03-18".into())
        );
        assert_eq!(Every::Hour.ended_at(-1).to_string(), "1969-12-31T22Z");
    }

    #[test]
    fn beginnings_are_read_and_others_refused() {
        let beginning = |every: Every, text| every.beginning(text).map(|period| period.to_string());
        assert_eq!(
            beginning(Every::Hour, "2017-03-19T05"),
            Ok("2017-03-19T05Z".into())
        );
        assert_eq!(
            beginning(Every::Hour, "2017-03-19"),
            Ok("2017-03-19T00Z".into())
        );
        assert_eq!(beginning(Every::Day, "2016-02-29"), Ok("2016-02-29".into()));
        for (every, text) in [
            (Every::Day, "2017-03-19T05"),
            (Every::Hour, "2017-03-19T24"),
            (Every::Hour, "2017-02-29"),
            (Every::Hour, "2017-3-19"),
            (Every::Hour, ""),
            (Every::Hour, "+017-03-19"),
            (Every::Hour, "yesterday"),
        ] {
            assert!(
                every
                    .beginning(text)
                    .expect_err(text)
                    .contains("2017-03-19")
            );
        }
    }
}
