//! Patterns of instants.

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::refused;
use crate::sql::error::SqlError;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
/// As long as the longest month and day: names are filled up to it.
const NAME_WIDTH: usize = 9;

/// What a part of a pattern shows. Longer names come first where one begins with another.
const FIELDS: [&str; 36] = [
    "Y,YYY", "YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "ID", "IW", "IDDD", "I", "MONTH",
    "MON", "MM", "MI", "MS", "DDD", "DD", "DAY", "DY", "D", "HH24", "HH12", "HH", "SSSS", "SS",
    "US", "AM", "PM", "A.M.", "P.M.", "Q", "WW", "W", "TZ",
];

#[derive(Debug)]
enum PatternItem {
    Literal(String),
    Field(Field),
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    /// As it was written: names of months and days follow its case.
    written: String,
    fill: bool,
    /// `th` or `TH` behind a number.
    ordinal: Option<bool>,
}

/// A pattern of instants.
#[derive(Debug)]
pub(super) struct InstantPattern(Vec<PatternItem>);

impl InstantPattern {
    /// # Errors
    /// If it has letters that are no field, or a field that is not known here.
    pub(super) fn parse(text: &str) -> Result<Self, SqlError> {
        let mut items = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if first == '"' {
                let (quoted, after) = rest[1..].split_once('"').unwrap_or((&rest[1..], ""));
                items.push(PatternItem::Literal(quoted.to_owned()));
                rest = after;
            } else if first.is_ascii_alphabetic() {
                let (field, after) = field(rest).ok_or_else(|| unknown(rest))?;
                items.push(PatternItem::Field(field));
                rest = after;
            } else {
                items.push(PatternItem::Literal(first.to_string()));
                rest = &rest[first.len_utf8()..];
            }
        }
        Ok(Self(items))
    }

    pub(super) fn write(&self, at: NaiveDateTime, zoned: bool) -> String {
        let mut out = String::new();
        for item in &self.0 {
            match item {
                PatternItem::Literal(text) => out.push_str(text),
                PatternItem::Field(field) => out.push_str(&field.write(at, zoned)),
            }
        }
        out
    }
}

fn unknown(rest: &str) -> SqlError {
    let word: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    refused(format!(
        "to_char does not know {word} in a pattern; put text in double quotes, as in 'YYYY-MM-DD\"T\"HH24:MI'"
    ))
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// The field at the beginning of a text, with its `FM` in front and its `TH` behind.
fn field(text: &str) -> Option<(Field, &str)> {
    let (fill, begin) = match strip(text, "FM") {
        Some(rest) => (false, rest),
        None => (true, text),
    };
    let name = FIELDS
        .iter()
        .filter(|name| strip(begin, name).is_some())
        .max_by_key(|name| name.len())?;
    let (written, rest) = begin.split_at(name.len());
    let number = !matches!(
        *name,
        "MONTH" | "MON" | "DAY" | "DY" | "AM" | "PM" | "A.M." | "P.M." | "TZ"
    );
    let (ordinal, rest) = match strip(rest, "TH").filter(|_| number) {
        Some(after) => (Some(rest.starts_with("TH")), after),
        None => (None, rest),
    };
    let field = Field {
        name,
        written: written.to_owned(),
        fill,
        ordinal,
    };
    Some((field, rest))
}

impl Field {
    fn write(&self, at: NaiveDateTime, zoned: bool) -> String {
        match self.name {
            "MONTH" => self.name_of(MONTHS[at.month0() as usize], true),
            "MON" => self.name_of(&MONTHS[at.month0() as usize][..3], false),
            "DAY" => self.name_of(DAYS[at.weekday().num_days_from_sunday() as usize], true),
            "DY" => self.name_of(
                &DAYS[at.weekday().num_days_from_sunday() as usize][..3],
                false,
            ),
            "AM" | "PM" => self.cased(if at.hour() < 12 { "AM" } else { "PM" }),
            "A.M." | "P.M." => self.cased(if at.hour() < 12 { "A.M." } else { "P.M." }),
            "TZ" if zoned => self.cased("UTC"),
            "TZ" => String::new(),
            _ => self.number(at),
        }
    }

    fn number(&self, at: NaiveDateTime) -> String {
        let (number, width) = number(self.name, at);
        let mut text = if self.fill {
            format!("{number:0width$}")
        } else {
            number.to_string()
        };
        if self.name == "Y,YYY" {
            text = format!("{},{:03}", number / 1000, number % 1000);
        }
        match self.ordinal {
            None => text,
            Some(upper) => {
                let ending = match (number % 10, number % 100 / 10) {
                    (1, tens) if tens != 1 => "st",
                    (2, tens) if tens != 1 => "nd",
                    (3, tens) if tens != 1 => "rd",
                    _ => "th",
                };
                text + &if upper {
                    ending.to_uppercase()
                } else {
                    ending.to_owned()
                }
            }
        }
    }

    fn cased(&self, text: &str) -> String {
        if self.written.starts_with(char::is_lowercase) {
            text.to_lowercase()
        } else {
            text.to_owned()
        }
    }

    /// A name in the case in which its field was written.
    fn name_of(&self, name: &str, long: bool) -> String {
        let second = self.written.chars().nth(1).is_some_and(char::is_uppercase);
        let name = match (self.written.starts_with(char::is_uppercase), second) {
            (true, true) => name.to_uppercase(),
            (true, false) => name.to_owned(),
            (false, _) => name.to_lowercase(),
        };
        if long && self.fill {
            format!("{name:<NAME_WIDTH$}")
        } else {
            name
        }
    }
}

/// The number that a field shows, and its least width.
fn number(name: &str, at: NaiveDateTime) -> (i64, usize) {
    let (year, iso) = (i64::from(at.year()), at.iso_week());
    let hour12 = i64::from((at.hour() + 11) % 12 + 1);
    let us = i64::from(at.nanosecond() / 1000);
    let sunday = i64::from(at.weekday().num_days_from_sunday());
    let monday = i64::from(at.weekday().number_from_monday());
    let doy = i64::from(at.ordinal());
    match name {
        "YYYY" | "Y,YYY" => (year, 4),
        "YYY" => (year % 1000, 3),
        "YY" => (year % 100, 2),
        "Y" => (year % 10, 1),
        "IYYY" => (i64::from(iso.year()), 4),
        "IYY" => (i64::from(iso.year() % 1000), 3),
        "IY" => (i64::from(iso.year() % 100), 2),
        "I" => (i64::from(iso.year() % 10), 1),
        "IW" => (i64::from(iso.week()), 2),
        "ID" => (monday, 1),
        "IDDD" => ((i64::from(iso.week()) - 1) * 7 + monday, 3),
        "MM" => (i64::from(at.month()), 2),
        "DDD" => (doy, 3),
        "DD" => (i64::from(at.day()), 2),
        "D" => (sunday + 1, 1),
        "HH24" => (i64::from(at.hour()), 2),
        "HH12" | "HH" => (hour12, 2),
        "MI" => (i64::from(at.minute()), 2),
        "SS" => (i64::from(at.second()), 2),
        "MS" => (us / 1000, 3),
        "US" => (us, 6),
        "SSSS" => (i64::from(at.num_seconds_from_midnight()), 1),
        "Q" => (i64::from(at.month0() / 3 + 1), 1),
        "WW" => ((doy - 1) / 7 + 1, 2),
        // "W": the week of the month.
        _ => (i64::from(at.day0() / 7 + 1), 1),
    }
}
