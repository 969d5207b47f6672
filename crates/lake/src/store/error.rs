//! What can go wrong with a lake, each with what happened, where, and the way out.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The result of everything about lakes.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the lake could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be understood.
    #[error(transparent)]
    Address(#[from] headcount_address::AddressError),
    /// A name that cannot be one on every store.
    #[error(
        "{key:?} cannot be the name of an object: it has empty, relative, hidden or overlong parts, or control characters"
    )]
    Key {
        /// The name.
        key: String,
    },
    /// There are no credentials, or not all of them.
    #[error("no credentials for {lake}: {reason}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    Credentials {
        /// The lake.
        lake: String,
        /// What was found.
        reason: String,
    },
    /// The store denies access.
    #[error(
        "{lake} refuses to {action} {key}: {said}; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and their permissions"
    )]
    Refused {
        /// The lake.
        lake: String,
        /// The verb of the phrase, such as `create`.
        action: &'static str,
        /// The object.
        key: String,
        /// What the store said.
        said: String,
    },
    /// The store will never take this request.
    #[error("{lake} does not {action} {key}: {said}")]
    Rejected {
        /// The lake.
        lake: String,
        /// The verb of the phrase.
        action: &'static str,
        /// The object.
        key: String,
        /// What the store said.
        said: String,
    },
    /// A bucket is not made by this program.
    #[error("the bucket of {lake} does not exist; create it first, and check region and endpoint")]
    NoBucket {
        /// The lake.
        lake: String,
    },
    /// The store did not answer, or asked to slow down, until the retry limit. A put may have been done.
    #[error(
        "{lake} cannot {action} {key} (tried for {} s): {said}; check that it is running, and check endpoint and region",
        tried.as_secs()
    )]
    Unavailable {
        /// The lake.
        lake: String,
        /// The verb of the phrase.
        action: &'static str,
        /// The object.
        key: String,
        /// For how long.
        tried: Duration,
        /// The last failure.
        said: String,
    },
    /// The store does not keep the promises that the rest is built on.
    #[error("{lake} cannot be a lake: {reason}")]
    Unsuitable {
        /// The lake.
        lake: String,
        /// What was found.
        reason: String,
    },
    /// A file operation failed; the cause is the source.
    #[error("{action} {}", path.display())]
    Io {
        /// The verb of the phrase, such as `open`.
        action: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What was to be stored could not be read.
    #[error("read what is to be stored as {key}")]
    Body {
        /// The object.
        key: String,
        /// Why.
        source: io::Error,
    },
    /// The lake belongs to another journal.
    #[error(
        "{lake} holds data of journal {found:016x}, not of journal {ours:016x}; give each its own folder or prefix"
    )]
    Foreign {
        /// The lake.
        lake: String,
        /// Whose it is.
        found: u64,
        /// Who asked.
        ours: u64,
    },
    /// The lake was written in a format that this program does not read.
    #[error(
        "{lake} has format version {found}, this program reads {supported}; use the version of headcount that wrote it"
    )]
    Version {
        /// The lake.
        lake: String,
        /// Its version.
        found: u32,
        /// The version of this program.
        supported: u32,
    },
    /// An object is not what was stored.
    #[error("{lake}: {key} is damaged: {reason}")]
    Damaged {
        /// The lake.
        lake: String,
        /// The object.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    /// True if the same call may succeed later without anybody having to change what was asked.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Refused { .. }
                | Self::NoBucket { .. }
                | Self::Io { .. }
        )
    }

    /// For `map_err`: what was done to which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn damaged(lake: &super::Lake, key: &str, reason: impl Into<String>) -> Self {
        Self::Damaged {
            lake: lake.to_string(),
            key: key.to_owned(),
            reason: reason.into(),
        }
    }
}
