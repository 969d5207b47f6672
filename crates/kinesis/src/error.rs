//! What can go wrong, each with what happened, where, and the way out.

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};

use crate::record::SequenceNumber;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a stream cannot be read or written any more.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The service refused a call, or could not be reached.
    #[error(transparent)]
    Failed(#[from] CallFailure),
    /// There is nothing to sign calls with.
    #[error(
        "no credentials for Kinesis: {0} (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role)"
    )]
    Credentials(String),
    /// The stream no longer has what comes after the last record that was read.
    #[error(
        "stream {stream}, {shard}: the stream no longer keeps record {sequence} and perhaps others after it: headcount has read everything up to {whole_ms} ms since 1970, and the stream keeps {retention_hours} hours (lengthen its retention; to continue at its oldest record and note the gap, add lost=go-on to the address)"
    )]
    Lost {
        /// The name of the stream.
        stream: String,
        /// The id of the shard.
        shard: String,
        /// The last record that was read.
        sequence: SequenceNumber,
        /// Everything that arrived up to then was read, ms since 1970.
        whole_ms: i64,
        /// How long the stream keeps a record.
        retention_hours: i32,
    },
    /// A put was refused again and again.
    #[error(
        "{failure}; headcount tried for {seconds} seconds (give the stream more shards, or write less)"
    )]
    GaveUp {
        /// The last refusal.
        failure: CallFailure,
        /// How long it was tried.
        seconds: u64,
    },
    /// The stream does not become ready.
    #[error(
        "stream {stream} is not active after {seconds} seconds (look at it with `aws kinesis describe-stream-summary`)"
    )]
    NotActive {
        /// The name of the stream.
        stream: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl Error {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Failed(failure) if failure.is_transient())
    }
}

/// A call that got no answer, or was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} stream {stream}: {cause}{}", kind.remedy())]
pub struct CallFailure {
    /// What it means for the caller.
    pub kind: FailureKind,
    /// The verb of the phrase, such as `read`.
    pub action: &'static str,
    /// The name of the stream.
    pub stream: String,
    /// The code and the words of the service, or what the network said.
    pub cause: String,
}

/// What a failure means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Too much at once.
    Throttled,
    /// No answer, or the service's own fault.
    Unavailable,
    /// A shard iterator is used within five minutes.
    Expired,
    /// There is no such stream or shard.
    Missing,
    /// It is there already, or busy with another change.
    InUse,
    /// The service says no.
    Refused,
}

impl FailureKind {
    fn remedy(self) -> &'static str {
        match self {
            FailureKind::Missing => " (create it, or check the region and the name)",
            _ => "",
        }
    }

    fn of(code: &str, status: u16) -> Self {
        match code {
            "ProvisionedThroughputExceededException"
            | "LimitExceededException"
            | "KMSThrottlingException"
            | "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded" => FailureKind::Throttled,
            // A list that took too long is begun anew.
            "ExpiredNextTokenException" => FailureKind::Unavailable,
            "ExpiredIteratorException" => FailureKind::Expired,
            "ResourceNotFoundException" => FailureKind::Missing,
            "ResourceInUseException" => FailureKind::InUse,
            "InternalFailure" | "InternalFailureException" | "ServiceUnavailable" => {
                FailureKind::Unavailable
            }
            _ => match status {
                429 => FailureKind::Throttled,
                500.. => FailureKind::Unavailable,
                _ => FailureKind::Refused,
            },
        }
    }
}

impl CallFailure {
    pub(crate) fn of<E>(
        action: &'static str,
        stream: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (kind, cause) = match error {
            SdkError::ServiceError(context) => {
                let code = context.err().code().unwrap_or_default();
                let words = context.err().message().unwrap_or_default();
                let status = context.raw().status().as_u16();
                let cause = match (code, words) {
                    ("", "") => format!("status {status}"),
                    ("", words) => words.to_owned(),
                    (code, "") => code.to_owned(),
                    (code, words) => format!("{code}: {words}"),
                };
                (FailureKind::of(code, status), cause)
            }
            SdkError::ConstructionFailure(_) => (FailureKind::Refused, root_cause(error)),
            _ => (FailureKind::Unavailable, root_cause(error)),
        };
        CallFailure {
            kind,
            action,
            stream: stream.to_owned(),
            cause,
        }
    }

    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.kind, FailureKind::Throttled | FailureKind::Unavailable)
    }
}

/// The last link of a chain of errors says what really happened.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_statuses_say_whether_to_try_again() {
        for (code, status, kind) in [
            (
                "ProvisionedThroughputExceededException",
                400,
                FailureKind::Throttled,
            ),
            ("LimitExceededException", 400, FailureKind::Throttled),
            ("ExpiredIteratorException", 400, FailureKind::Expired),
            ("ResourceNotFoundException", 400, FailureKind::Missing),
            ("InternalFailure", 500, FailureKind::Unavailable),
            ("", 503, FailureKind::Unavailable),
            ("", 429, FailureKind::Throttled),
            ("AccessDeniedException", 400, FailureKind::Refused),
            ("InvalidArgumentException", 400, FailureKind::Refused),
        ] {
            assert_eq!(FailureKind::of(code, status), kind, "{code} {status}");
        }
    }
}
