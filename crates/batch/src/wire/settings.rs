//! The settings of a session: what `SET` may change, and what it cannot.

use std::{collections::BTreeMap, time::Duration};

use crate::sql::{
    catalog::settings::defaults,
    error::{SqlError, sqlstate},
};

/// Settings that clients are told of when they change.
const REPORTED: [&str; 16] = [
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "search_path",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
    "headcount.as_of",
    "transaction_read_only",
];

/// Settings that say what the server is.
const FIXED: [&str; 11] = [
    "block_size",
    "headcount.as_of",
    "in_hot_standby",
    "integer_datetimes",
    "is_superuser",
    "lc_collate",
    "lc_ctype",
    "max_identifier_length",
    "max_index_keys",
    "server_version",
    "server_version_num",
];

/// The longest that a session may say nothing.
const IDLE_MAX: Duration = Duration::from_secs(30 * 60);

/// The settings of one session.
#[derive(Clone, Debug)]
pub(super) struct Settings(pub(super) BTreeMap<String, String>);

fn not_supported(message: impl Into<String>) -> SqlError {
    SqlError::new(sqlstate::NOT_SUPPORTED, message)
}

impl Settings {
    pub(super) fn of(user: &str) -> Self {
        let mut settings = defaults();
        settings.insert("session_authorization".to_owned(), user.to_owned());
        Self(settings)
    }

    /// A setting's name as PostgreSQL writes it.
    fn known(&self, name: &str) -> Option<String> {
        let mut names = self.0.keys();
        names
            .find(|known| known.eq_ignore_ascii_case(name))
            .cloned()
    }

    /// A setting with its name.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn show(&self, name: &str) -> Result<(String, String), SqlError> {
        let known = self.known(name).ok_or_else(|| unknown(name))?;
        let value = self.0.get(&known).cloned().unwrap_or_default();
        Ok((known, value))
    }

    /// What clients are told of a setting; nothing for those that they need not know.
    pub(super) fn reported(&self, name: &str) -> Option<(&str, &str)> {
        let name = REPORTED
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))?;
        Some((name, self.0.get(*name)?))
    }

    /// All that clients are told of when they connect.
    pub(super) fn all_reported(&self) -> impl Iterator<Item = (&str, &str)> {
        REPORTED.iter().filter_map(|name| self.reported(name))
    }

    /// Changes a setting, without a value to what it was at first. Answers what is worth a warning.
    ///
    /// # Errors
    /// If there is no such setting, or if answers would have to be other ones.
    pub(super) fn set(
        &mut self,
        name: &str,
        value: Option<&str>,
    ) -> Result<Option<SqlError>, SqlError> {
        let known = match self.known(name) {
            Some(known) => known,
            None if name.contains('.') => name.to_lowercase(),
            None => return Err(unknown(name)),
        };
        if FIXED.contains(&known.as_str()) {
            let message = format!("parameter \"{known}\" cannot be changed");
            return Err(SqlError::new("55P02", message));
        }
        let first = defaults().remove(&known);
        let Some(value) = value.map(str::to_owned).or(first) else {
            self.0.remove(&known);
            return Ok(None);
        };
        let lower = value.to_lowercase();
        let mut warning = None;
        let value = match known.as_str() {
            "client_encoding" => match lower.replace(['-', '_'], "").as_str() {
                "utf8" | "unicode" => "UTF8".to_owned(),
                _ => {
                    return Err(not_supported(
                        "texts are UTF-8; set client_encoding to UTF8",
                    ));
                }
            },
            "TimeZone" => {
                if !is_utc(&lower) {
                    let message = "answers stay in UTC; write AT TIME ZONE for another time zone";
                    warning = Some(SqlError::new("01000", message));
                }
                "UTC".to_owned()
            }
            "DateStyle"
                if !lower.contains("iso") && !matches!(lower.as_str(), "mdy" | "dmy" | "ymd") =>
            {
                return Err(not_supported(
                    "dates are written as ISO 8601 has it; use to_char for others",
                ));
            }
            "DateStyle" => "ISO, MDY".to_owned(),
            "IntervalStyle" if lower != "postgres" => {
                return Err(not_supported(
                    "intervals are written in PostgreSQL's own style only",
                ));
            }
            "bytea_output" if lower != "hex" => {
                return Err(not_supported(
                    "bytes are written as hexadecimal digits only",
                ));
            }
            "standard_conforming_strings" if lower != "on" && lower != "true" => {
                return Err(not_supported(
                    "a backslash in a text stands for itself; use E'…' for others",
                ));
            }
            "default_transaction_read_only" | "transaction_read_only" => {
                if !matches!(lower.as_str(), "on" | "true" | "1" | "yes") {
                    warning = Some(SqlError::new(
                        "01000",
                        "this server only reads, whatever is set",
                    ));
                }
                "on".to_owned()
            }
            "statement_timeout"
            | "idle_session_timeout"
            | "lock_timeout"
            | "idle_in_transaction_session_timeout" => {
                let time = duration(&lower).ok_or_else(|| {
                    let message = format!("invalid value for parameter \"{known}\": \"{value}\"");
                    SqlError::new(sqlstate::INVALID_PARAMETER, message)
                })?;
                format!("{}ms", time.as_millis())
            }
            _ => value,
        };
        self.0.insert(known, value);
        Ok(warning)
    }

    /// Isolates the transaction that begins, by its own level or the session's.
    pub(super) fn isolate(&mut self, level: Option<&str>) {
        let session = self.0.get("default_transaction_isolation").cloned();
        let level = level.map(str::to_owned).or(session).unwrap_or_default();
        self.0.insert("transaction_isolation".to_owned(), level);
    }

    /// Whether all statements of the transaction see the same rows.
    pub(super) fn is_stable(&self) -> bool {
        let level = self.0.get("transaction_isolation");
        level.is_some_and(|level| level == "repeatable read" || level == "serializable")
    }

    fn time(&self, name: &str, most: Duration) -> Duration {
        let set = self.0.get(name).and_then(|value| duration(value));
        let set = set.filter(|time| !time.is_zero());
        set.map_or(most, |time| time.min(most))
    }

    /// How long a statement may take, if `most` is what it may take at most.
    pub(super) fn statement_time(&self, most: Duration) -> Duration {
        self.time("statement_timeout", most)
    }

    /// How long the client may say nothing.
    pub(super) fn idle_time(&self, is_in_transaction: bool) -> Duration {
        if is_in_transaction {
            self.time("idle_in_transaction_session_timeout", IDLE_MAX)
        } else {
            self.time("idle_session_timeout", IDLE_MAX)
        }
    }
}

fn unknown(name: &str) -> SqlError {
    SqlError::new(
        "42704",
        format!("unrecognized configuration parameter \"{name}\""),
    )
}

fn is_utc(zone: &str) -> bool {
    let names = [
        "utc",
        "gmt",
        "etc/utc",
        "etc/gmt",
        "z",
        "zulu",
        "universal",
        "0",
        "+00",
        "+00:00",
    ];
    names.contains(&zone)
}

/// A time such as `5000`, in ms, or `5s`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()].parse().ok()?;
    let ms = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.saturating_mul(ms)))
}
