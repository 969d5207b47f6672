//! The form in which positions stand in a journal.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Position, ResumeState};

/// The version of the stored form. Version 1 had no number, and one optional member for every source ever written. In
/// version 2 different streams on the network could have one `of`.
const STORED_VERSION: u32 = 3;
/// Still read, but for streams on the network.
const OLDER_VERSION: u32 = 2;

/// A position as it stands in a journal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    version: u32,
    of: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    state: ResumeState,
}

/// Why a stored position cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PositionError {
    /// It was written by another headcount.
    #[error(
        "the position that was stored for {of} has format {version}, and this headcount reads format \
         {STORED_VERSION}: keep the journal for the headcount that wrote it, and give this one another"
    )]
    Version {
        /// What it is a position in.
        of: String,
        /// The version of its format.
        version: u64,
    },
    /// It is not what its version says.
    #[error("the position that was stored for {of} cannot be read: {cause}")]
    Malformed {
        /// What it is a position in.
        of: String,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

impl From<Position> for Stored {
    fn from(position: Position) -> Self {
        Stored {
            version: STORED_VERSION,
            of: position.of,
            at: position.at,
            state: position.state,
        }
    }
}

impl TryFrom<Value> for Position {
    type Error = PositionError;

    fn try_from(value: Value) -> Result<Self, PositionError> {
        let of = || value["of"].as_str().unwrap_or("a source").to_owned();
        let version = value["version"].as_u64().unwrap_or(1);
        if version != u64::from(STORED_VERSION) && version != u64::from(OLDER_VERSION) {
            return Err(PositionError::Version { of: of(), version });
        }
        let stored = Stored::deserialize(&value)
            .map_err(|cause| PositionError::Malformed { of: of(), cause })?;
        let is_stream = matches!(
            stored.state,
            ResumeState::Http { .. } | ResumeState::WebSocket { .. }
        );
        if stored.version == OLDER_VERSION && is_stream {
            return Err(PositionError::Version { of: of(), version });
        }
        Ok(Position {
            of: stored.of,
            at: stored.at,
            state: stored.state,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// Every source's position, as it stands in journals: these texts must stay readable.
    #[test]
    fn what_is_stored_is_read_again() {
        let table = [
            json!({"version": 3, "of": "file:ab", "at": 7, "state": {"source": "file"}}),
            json!({"version": 3, "of": "follow:x", "at": 7, "state": {"source": "followed_file", "line": 2}}),
            json!({"version": 3, "of": "follow:x", "at": 7, "state": {"source": "followed_file", "line": 2,
                "mark": {"at": 9, "hash": u64::MAX, "inode": 3}, "seen_ms": 5}}),
            json!({"version": 3, "of": "sim:", "at": 7, "state": {"source": "simulation", "start_ms": 5}}),
            json!({"version": 3, "of": "http://h/", "state": {"source": "http", "cursor_ms": 4, "seen_ms": 5}}),
            json!({"version": 3, "of": "http://h/", "state": {"source": "http", "seen_ms": 5}}),
            json!({"version": 3, "of": "ws://h/", "state": {"source": "web_socket", "seen_ms": 5}}),
            json!({"version": 3, "of": "kafka:c/t/0", "at": 7, "state":
                {"source": "kafka", "since": 3, "mark": {"at": 7, "hash": u64::MAX}, "start_ms": 1, "seen_ms": 5}}),
            json!({"version": 3, "of": "kinesis://r/s@1 shard-0", "at": 7, "state":
                {"source": "kinesis", "begun_ms": 1, "first": "49", "settled": {"at": 6, "after": "50", "whole_ms": 9}}}),
        ];
        for stored in table {
            let position: Position = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(serde_json::to_value(&position).unwrap(), stored);
        }
    }

    #[test]
    fn what_an_older_version_stored_is_read_where_it_means_the_same() {
        let file = json!({"version": 2, "of": "file:ab", "at": 7, "state": {"source": "file"}});
        let position: Position = serde_json::from_value(file).unwrap();
        assert_eq!(position.at, Some(7));
    }

    #[test]
    fn another_format_is_refused_with_a_sentence() {
        for (stored, part) in [
            (
                json!({"of": "http://h/", "mtime_ms": 4, "seen_ms": 5}),
                "for http://h/ has format 1, and this headcount reads format 3: keep the journal for",
            ),
            (
                json!({"version": 2, "of": "http://h/", "state": {"source": "http", "seen_ms": 5}}),
                "for http://h/ has format 2, and this headcount reads format 3",
            ),
            (json!({"version": 4, "of": "sim:"}), "for sim: has format 4"),
            (
                json!({"version": 3, "of": "x", "state": {"source": "pigeon"}}),
                "for x cannot be read: unknown variant `pigeon`",
            ),
            (
                json!({"version": 3, "of": "x", "at": -1, "state": {"source": "file"}}),
                "for x cannot be read",
            ),
        ] {
            let error = serde_json::from_value::<Position>(stored)
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
