//! One request that failed, and whether another one may succeed.

use std::{error::Error as _, io, time::Duration};

use super::error::Error;

/// A password that the server wants and nobody gave: the library has no code for it.
const NO_PASSWORD: &str = "password missing";

/// Why a request to the server failed.
#[derive(Debug)]
pub(super) enum RequestFailure {
    /// The server says so, with a code.
    Server { sqlstate: String, message: String },
    /// There was no answer: whether the request was carried out is unknown.
    Lost(String),
    /// No further attempt can succeed.
    Final(Error),
}

/// Codes of the server, by their beginnings, that are about a row: data that are no value of their type (22), that break
/// a constraint (23), or that are too long for an index (54000). A key twice in one statement (21000) is no longer one
/// when the statement is divided.
const OF_ROWS: [&str; 4] = ["22", "23", "54000", "21000"];

/// Codes of the server, by their beginnings, that pass: a connection (08), a place in line or on disk (53), a lock
/// (55P03) or a conflict (40), somebody's intervention (57), the system (58), the server itself (XX), a transaction that
/// took too long (25P03), a standby that is not yet the primary (25006).
const PASSING: [&str; 9] = [
    "08", "40", "53", "55P03", "57", "58", "XX", "25P03", "25006",
];

impl RequestFailure {
    /// Whether a row is to blame: without it the statement may succeed.
    pub(super) fn is_of_row(&self) -> bool {
        self.has_code(&OF_ROWS)
    }

    /// Whether the same may succeed later.
    pub(super) fn passes(&self) -> bool {
        matches!(self, Self::Lost(_)) || self.has_code(&PASSING)
    }

    fn has_code(&self, beginnings: &[&str]) -> bool {
        match self {
            Self::Server { sqlstate, .. } => {
                beginnings.iter().any(|code| sqlstate.starts_with(code))
            }
            Self::Lost(_) | Self::Final(_) => false,
        }
    }

    /// In words, for a log: without the values of rows.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Server { sqlstate, message } => format!("{message} (SQLSTATE {sqlstate})"),
            Self::Lost(cause) => cause.clone(),
            Self::Final(error) => error.to_string(),
        }
    }

    /// As the error of a sink at this address that does not try again.
    pub(super) fn into_error(self, place: &str) -> Error {
        let place = place.to_owned();
        match self {
            Self::Server { sqlstate, message } => Error::Refused {
                way_out: way_out(&sqlstate),
                place,
                sqlstate,
                message,
            },
            Self::Lost(cause) => Error::Unreachable {
                place,
                waited: Duration::ZERO,
                cause,
            },
            Self::Final(error) => error,
        }
    }
}

/// What to do about a refusal, after a semicolon.
fn way_out(sqlstate: &str) -> &'static str {
    match sqlstate {
        "28P01" | "28000" => "; put the password into HEADCOUNT_POSTGRES_PASSWORD",
        "3D000" => {
            "; create the database (CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0)"
        }
        "42501" => "; grant CREATE on the database, or let the user own the schema",
        "42P01" | "3F000" => "; the tables are gone: start again to make and fill them",
        _ => "",
    }
}

impl From<Error> for RequestFailure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl RequestFailure {
    /// What a request to the server at this address ended with.
    pub(super) fn of(error: &tokio_postgres::Error, place: &str) -> Self {
        if let Some(server) = error.as_db_error() {
            return Self::Server {
                sqlstate: server.code().code().to_owned(),
                message: server.message().to_owned(),
            };
        }
        let mut cause = error.to_string();
        let mut next = error.source();
        while let Some(source) = next {
            let text = source.to_string();
            // Some errors of the library repeat what they stand on.
            if !cause.contains(&text) {
                cause = format!("{cause}: {text}");
            }
            next = source.source();
        }
        let place = place.to_owned();
        if cause.ends_with(NO_PASSWORD) {
            return Self::Final(Error::Refused {
                place,
                sqlstate: "28P01".to_owned(),
                message: "the server asks for a password".to_owned(),
                way_out: way_out("28P01"),
            });
        }
        if is_untrusted(error) {
            let cause = format!(
                "{cause}; add sslrootcert=FILE for an authority of your own, and name the server as its certificate does"
            );
            return Self::Final(Error::Encryption { place, cause });
        }
        Self::Lost(cause)
    }
}

/// Whether the server's certificate is to blame.
fn is_untrusted(error: &tokio_postgres::Error) -> bool {
    let mut next = error.source();
    while let Some(source) = next {
        let inner = source
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if matches!(inner, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        next = source.source();
    }
    false
}
