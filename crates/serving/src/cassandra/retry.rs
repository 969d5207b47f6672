//! The retry policy: which failures pass by themselves, how long they are waited for, and which do not pass.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use headcount_clock::{Backoff, Delays};
use scylla::errors::{
    DbError, ExecutionError, IntoRowsResultError, NewSessionError, NextPageError, NextRowError,
    PagerExecutionError, PrepareError, RequestAttemptError, RequestError, RowsError,
};
use tokio::time::sleep;

use super::super::{Error, Result};

/// How long opening is retried before it fails.
pub(crate) const OPENING: Duration = Duration::from_secs(10);
/// How long a write is retried before it fails. The publisher then accumulates more changes.
pub(crate) const WRITING: Duration = Duration::from_secs(10);
/// How long a read is retried before it fails. Replicas then report that they are stale.
pub(crate) const READING: Duration = Duration::from_secs(2);

const DELAYS: Delays = Delays {
    first: Duration::from_millis(20),
    most: Duration::from_secs(1),
};

/// Attempts at one thing, until a deadline. The last may begin just before it.
pub(crate) struct RetryPolicy<'a> {
    action: &'static str,
    place: &'a str,
    limit: Duration,
}

impl<'a> RetryPolicy<'a> {
    pub(crate) fn new(action: &'static str, place: &'a str, limit: Duration) -> Self {
        Self {
            action,
            place,
            limit,
        }
    }

    pub(crate) async fn until_done<'f, T>(
        &self,
        attempt: impl Fn() -> BoxFuture<'f, Result<T, StoreFailure>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut backoff = Backoff::new(DELAYS);
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) if failure.passes => {
                    let delay = backoff.next_delay();
                    if begun.elapsed() + delay >= self.limit {
                        return Err(self.error(failure));
                    }
                    sleep(delay).await;
                }
                Err(failure) => return Err(self.error(failure)),
            }
        }
    }

    fn error(&self, failure: StoreFailure) -> Error {
        let Self { action, place, .. } = *self;
        let StoreFailure { passes, cause } = failure;
        let place = place.to_owned();
        if passes {
            Error::Unavailable {
                action,
                place,
                cause,
            }
        } else {
            Error::Refused {
                action,
                place,
                cause,
            }
        }
    }
}

/// What an attempt ended with.
#[derive(Debug)]
pub(crate) struct StoreFailure {
    passes: bool,
    pub(crate) cause: String,
}

impl StoreFailure {
    fn passing(error: &impl Display) -> Self {
        Self {
            passes: true,
            cause: error.to_string(),
        }
    }

    fn lasting(error: &impl Display) -> Self {
        Self {
            passes: false,
            cause: error.to_string(),
        }
    }
}

impl From<NewSessionError> for StoreFailure {
    fn from(error: NewSessionError) -> Self {
        let cause = error.to_string();
        // Also said while the nodes that keep the passwords are away; but then it is said of the nodes.
        let login = cause.contains("redentials") || cause.contains("requires authentication");
        let tls = cause.contains("invalid peer certificate");
        match error {
            _ if tls => Self {
                passes: false,
                cause: format!(
                    "{cause}; the certificates must name the nodes' IP addresses, or what name=HOST says, and be signed by one of ca=FILE"
                ),
            },
            _ if login => Self {
                passes: false,
                cause: format!("{cause}; check user and password"),
            },
            NewSessionError::EmptyKnownNodesList | NewSessionError::IllegalConfig(_) => {
                Self::lasting(&cause)
            }
            _ => Self::passing(&cause),
        }
    }
}

impl From<ExecutionError> for StoreFailure {
    fn from(error: ExecutionError) -> Self {
        match error {
            ExecutionError::LastAttemptError(error) => error.into(),
            ExecutionError::PrepareError(error) => error.into(),
            ExecutionError::BadQuery(_) => Self::lasting(&error),
            _ => Self::passing(&error),
        }
    }
}

impl From<PrepareError> for StoreFailure {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::AllAttemptsFailed { first_attempt } => first_attempt.into(),
            PrepareError::ConnectionPoolError(_) => Self::passing(&error),
            _ => Self::lasting(&error),
        }
    }
}

impl From<RequestAttemptError> for StoreFailure {
    fn from(error: RequestAttemptError) -> Self {
        use RequestAttemptError as E;
        match &error {
            // Of a table that another process is making, a node may know in its schema and not yet in its memory.
            E::DbError(DbError::Invalid, said) if said.contains("does not exist") => {
                Self::passing(&error)
            }
            E::DbError(answer, _) if !passes(answer) => Self::lasting(&error),
            E::SerializationError(_) | E::CqlRequestSerialization(_) => Self::lasting(&error),
            _ => Self::passing(&error),
        }
    }
}

impl From<PagerExecutionError> for StoreFailure {
    fn from(error: PagerExecutionError) -> Self {
        match error {
            PagerExecutionError::PrepareError(error) => error.into(),
            PagerExecutionError::NextPageError(error) => error.into(),
            _ => Self::lasting(&error),
        }
    }
}

impl From<NextPageError> for StoreFailure {
    fn from(error: NextPageError) -> Self {
        match error {
            NextPageError::RequestFailure(RequestError::LastAttemptError(error)) => error.into(),
            NextPageError::RequestFailure(_) => Self::passing(&error),
            _ => Self::lasting(&error),
        }
    }
}

impl From<NextRowError> for StoreFailure {
    fn from(error: NextRowError) -> Self {
        match error {
            NextRowError::NextPageError(error) => error.into(),
            _ => Self::lasting(&error),
        }
    }
}

macro_rules! lasting {
    ($($error:ty),*) => {$(
        impl From<$error> for StoreFailure {
            fn from(error: $error) -> Self {
                Self::lasting(&error)
            }
        }
    )*};
}

lasting!(
    IntoRowsResultError,
    RowsError,
    scylla::errors::DeserializationError,
    scylla::errors::TypeCheckError
);

/// True for answers that will be others when nodes come back or have less to do.
fn passes(answer: &DbError) -> bool {
    !matches!(
        answer,
        DbError::SyntaxError
            | DbError::Invalid
            | DbError::AlreadyExists { .. }
            | DbError::FunctionFailure { .. }
            | DbError::AuthenticationError
            | DbError::Unauthorized
            | DbError::ConfigError
            | DbError::ProtocolError
    )
}
