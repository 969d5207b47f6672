//! One call and its attempts: what a failure means, and whether and when to retry.

use std::error::Error as _;
use std::time::{Duration, Instant};

use headcount_clock::{Backoff, Delays};

use super::super::error::{Error, Result};
use super::Remote;

const DELAYS: Delays = Delays {
    first: Duration::from_millis(50),
    most: Duration::from_secs(5),
};
/// To an attempt's limit comes a second for so much that is sent.
const SENT_BYTES_S: usize = 1 << 20;

/// What came of an attempt that failed.
pub(super) enum AttemptFailure {
    /// There is no such object.
    Absent,
    /// It was to be created and is there.
    Exists,
    /// It is not the one that was seen.
    Changed,
    /// It may work the next time; it may also have worked this time.
    Passing(String),
    /// Trying again changes nothing.
    Lasting(Box<dyn FnOnce(&Attempts<'_>) -> Error + Send>),
}

impl AttemptFailure {
    pub(super) fn passing(said: impl Into<String>) -> Self {
        Self::Passing(said.into())
    }

    fn of(error: object_store::Error) -> Self {
        use object_store::Error as E;
        let said = told(&error);
        // AWS answers so to a caller that races with another: neither has won or lost.
        if said.contains("ConditionalRequestConflict") || said.contains("OperationAborted") {
            return Self::Passing(said);
        }
        match error {
            E::NotFound { .. } if said.contains("NoSuchBucket") => {
                Self::lasting(|at| Error::NoBucket {
                    lake: at.remote.name.clone(),
                })
            }
            // An unknown key of access is not forbidden but "not found" on some servers.
            E::NotFound { .. } if said.contains("UserNotFound") => Self::refused(said),
            E::NotFound { .. } => Self::Absent,
            E::AlreadyExists { source, .. } if is_conflict(&*source) => Self::rejected(said),
            E::AlreadyExists { .. } => Self::Exists,
            E::Precondition { .. } => Self::Changed,
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Self::refused(said),
            E::Generic { .. } if is_rejection(&said) => Self::rejected(said),
            E::Generic { .. } => Self::Passing(said),
            _ => Self::rejected(said),
        }
    }

    fn lasting(error: impl FnOnce(&Attempts<'_>) -> Error + Send + 'static) -> Self {
        Self::Lasting(Box::new(error))
    }

    fn refused(said: String) -> Self {
        Self::lasting(|at| Error::Refused {
            lake: at.remote.name.clone(),
            action: at.action,
            key: at.key.to_owned(),
            said,
        })
    }

    pub(super) fn rejected(said: String) -> Self {
        Self::lasting(|at| Error::Rejected {
            lake: at.remote.name.clone(),
            action: at.action,
            key: at.key.to_owned(),
            said,
        })
    }
}

/// The attempts of one call.
pub(super) struct Attempts<'a> {
    remote: &'a Remote,
    action: &'static str,
    key: &'a str,
    limit: Duration,
    backoff: Backoff,
    /// The first failure since there was progress.
    failing: Option<Instant>,
    unsure: bool,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(remote: &'a Remote, action: &'static str, key: &'a str, sent: usize) -> Self {
        let sending = Duration::from_secs((sent / SENT_BYTES_S) as u64);
        Self {
            remote,
            action,
            key,
            limit: remote.options.attempt + sending,
            backoff: Backoff::new(DELAYS),
            failing: None,
            unsure: false,
        }
    }

    /// Runs one attempt within its limit.
    pub(super) async fn run<T>(
        &self,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, AttemptFailure> {
        match tokio::time::timeout(self.limit, request).await {
            Ok(answer) => answer.map_err(AttemptFailure::of),
            Err(_) => Err(AttemptFailure::passing(format!(
                "no answer in {:?}",
                self.limit
            ))),
        }
    }

    /// True if an attempt that failed may have been applied.
    pub(super) fn unsure(&self) -> bool {
        self.unsure
    }

    /// Something arrived: the retry limit starts again.
    pub(super) fn progress(&mut self) {
        self.failing = None;
        self.backoff.reset();
    }

    /// Waits before the next attempt, or says that there is none.
    pub(super) async fn again(&mut self, failure: AttemptFailure) -> Result<()> {
        let said = match failure {
            AttemptFailure::Passing(said) => said,
            AttemptFailure::Lasting(error) => return Err(error(self)),
            AttemptFailure::Absent | AttemptFailure::Exists | AttemptFailure::Changed => {
                return self.give_up(Duration::ZERO, "an answer to another question".to_owned());
            }
        };
        self.unsure = true;
        let tried = self.failing.get_or_insert_with(Instant::now).elapsed();
        let delay = self.backoff.next_delay();
        if tried + delay > self.remote.options.patience {
            return self.give_up(tried, said);
        }
        tracing::debug!(action = self.action, key = self.key, said, "trying again");
        tokio::time::sleep(delay).await;
        Ok(())
    }

    fn give_up(&self, tried: Duration, said: String) -> Result<()> {
        Err(Error::Unavailable {
            lake: self.remote.name.clone(),
            action: self.action,
            key: self.key.to_owned(),
            tried,
            said,
        })
    }
}

/// What the store said, without the layers that carried it.
fn told(error: &object_store::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    // The request's own error holds status and body; below it is only what the system said.
    let mut said = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let last = deepest.to_string();
    if !said.contains(&last) {
        said = format!("{said}: {last}");
    }
    without_page(&said.replace('\n', " "))
}

/// The longest that is repeated of what is no answer of S3, such as a proxy's page.
const SAID_CHARS_MAX: usize = 300;

/// Of the page that S3 sends with a refusal only what it says: the rest repeats the request, over thousands of letters.
fn without_page(said: &str) -> String {
    let shortened = || match said.char_indices().nth(SAID_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &said[..end]),
        None => said.to_owned(),
    };
    let (Some(begin), Some(code)) = (said.find('<'), element(said, "Code")) else {
        return shortened();
    };
    let before = &said[..begin];
    match element(said, "Message") {
        Some(message) => format!("{before}{code}: {message}"),
        None => format!("{before}{code}"),
    }
}

/// What stands in the first element of this name.
fn element<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// 409 has more meanings than "exists".
fn is_conflict(source: &(dyn std::error::Error + 'static)) -> bool {
    source.to_string().contains("status code: 409")
}

/// A status that will be the same the next time. 408 and 429 pass, and so does what AWS calls `RequestTimeout`.
fn is_rejection(said: &str) -> bool {
    let Some((_, status)) = said.split_once("status code: ") else {
        return said.contains("redirect without LOCATION");
    };
    let client_side = status.starts_with('4');
    let passes =
        status.starts_with("408") || status.starts_with("429") || said.contains("RequestTimeout");
    client_side && !passes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_page_only_what_it_says_is_repeated() {
        let status = "Server returned non-2xx status code: 403 Forbidden: ";
        let request = "GET 20261122T000000Z host:127.0.0.1 ".repeat(60);
        let page = format!(
            "{status}<?xml version=\"1.0\" encoding=\"UTF-8\"?> <Error><Code>SignatureDoesNotMatch</Code>\
             <Message>The signature does not match.</Message><CanonicalRequest>{request}</CanonicalRequest></Error>"
        );
        let html = format!("{status}<html>{request}</html>");
        for (said, told) in [
            (
                &*page,
                format!("{status}SignatureDoesNotMatch: The signature does not match."),
            ),
            (
                "status code: 404 Not Found: <Error><Code>NoSuchBucket</Code><Message></Message></Error>",
                "status code: 404 Not Found: NoSuchBucket".to_owned(),
            ),
            ("connection refused", "connection refused".to_owned()),
            (
                &*html,
                format!(
                    "{}...",
                    html.chars().take(SAID_CHARS_MAX).collect::<String>()
                ),
            ),
        ] {
            assert_eq!(without_page(said), told);
        }
    }
}
