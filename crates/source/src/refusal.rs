//! Why a server does not open a stream, by the head of its answer.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use url::Url;

use crate::address::{SourceAddress, StreamAddress};
use crate::shown::fit_to_show;
use crate::stream::Interruption;

/// The longest wait a server can ask for.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// What a server says that answers with another status than one that opens a stream. `otherwise` is for a status of
/// which nothing is known.
pub(crate) fn refusal(
    address: &StreamAddress,
    response: &Response,
    otherwise: &str,
) -> Interruption {
    let (status, headers) = (response.status(), response.headers());
    let why = match status {
        _ if status.is_redirection() => redirected(address.url(), headers),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "it refuses access: check user, password or token in the address".to_owned()
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => "there is no stream at this path".to_owned(),
        StatusCode::TOO_MANY_REQUESTS => "it receives too many requests".to_owned(),
        StatusCode::NO_CONTENT => "it has nothing to send".to_owned(),
        _ if status.is_server_error() => "it has an internal error".to_owned(),
        _ => otherwise.to_owned(),
    };
    let wait = text(headers, RETRY_AFTER.as_str())
        .and_then(|asked| wait_of(asked.trim(), SystemTime::now()));
    Interruption {
        cause: format!("the server answers {}: {why}", status.as_u16()),
        wait,
        is_refusal: is_lasting(status),
    }
}

/// Whether a server answers so until somebody changes the address or the server.
fn is_lasting(status: StatusCode) -> bool {
    let passes = matches!(
        status,
        StatusCode::NO_CONTENT
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
    );
    !passes && !status.is_server_error()
}

/// Where a server points that does not open the stream itself. It is not followed: the login would be sent to a host
/// that nobody named.
fn redirected(url: &Url, headers: &HeaderMap) -> String {
    let target = text(headers, LOCATION.as_str()).and_then(|to| target(url, &to));
    match target {
        Some(to) => format!(
            "it redirects to {}, and headcount does not follow redirects: give that address",
            fit_to_show(&to.to_string())
        ),
        None => "it redirects without a usable location, and headcount does not follow redirects: give the right \
                 address"
            .to_owned(),
    }
}

fn target(url: &Url, location: &str) -> Option<SourceAddress> {
    let mut to = url.join(location).ok()?;
    // A login that the address has is the reader's own, to be typed again or not.
    to.set_username("").ok()?;
    to.set_password(None).ok()?;
    let scheme = match (url.scheme(), to.scheme()) {
        ("ws" | "wss", "http") => "ws",
        ("ws" | "wss", "https") => "wss",
        (_, scheme) => scheme,
    }
    .to_owned();
    to.set_scheme(&scheme).ok()?;
    let address: SourceAddress = to.as_str().parse().ok()?;
    matches!(
        address,
        SourceAddress::Http(_) | SourceAddress::WebSocket(_)
    )
    .then_some(address)
}

/// The value of a header that is text.
pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// How long a server asks to wait: in seconds, or until a moment (one that has passed asks for nothing).
fn wait_of(asked: &str, now: SystemTime) -> Option<Duration> {
    let wait = match asked.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(asked)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(wait.min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_moment() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (asked, seconds) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("999999", Some(300)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
            ("Sun Nov  6 08:49:47 1994", Some(10)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 07:00:00 GMT", Some(0)),
            ("Sun, 07 Nov 2094 08:49:37 GMT", Some(300)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(
                wait_of(asked, now),
                seconds.map(Duration::from_secs),
                "{asked}"
            );
        }
    }

    #[test]
    fn what_may_pass_by_itself_is_no_refusal() {
        for status in [204, 408, 425, 429, 500, 502, 503] {
            assert!(!is_lasting(StatusCode::from_u16(status).expect("a status")));
        }
        for status in [200, 301, 302, 308, 400, 401, 403, 404, 410, 426] {
            assert!(is_lasting(StatusCode::from_u16(status).expect("a status")));
        }
    }
}
