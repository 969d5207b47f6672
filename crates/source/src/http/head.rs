//! The head of a response: whether what follows is a stream of values.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use crate::address::{SourceAddress, StreamAddress};
use crate::shown::fit_to_show;
use crate::stream::Interruption;

/// The longest wait a server can ask for.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// From 2010 to 2100: a device without a clock begins at 1970 or 2000.
const DATES_MS: Range<i64> = 1_262_304_000_000..4_102_444_800_000;

/// Whether this is a stream of values, by its head.
pub(super) fn check(address: &StreamAddress, response: &Response) -> Result<(), Interruption> {
    let (status, headers) = (response.status(), response.headers());
    let why = match status {
        StatusCode::OK => return check_content(address, headers),
        _ if status.is_redirection() => {
            let target = text(headers, LOCATION.as_str())
                .and_then(|to| address.url().join(&to).ok())
                .and_then(|url| url.as_str().parse::<SourceAddress>().ok());
            let target = target.map_or(String::new(), |to| {
                format!(" to {}", fit_to_show(&to.to_string()))
            });
            format!(
                "it redirects{target}, and headcount does not follow redirects: give the right address"
            )
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "it refuses access: check user, password or token in the address".to_owned()
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => "there is no stream at this path".to_owned(),
        StatusCode::TOO_MANY_REQUESTS => "it receives too many requests".to_owned(),
        StatusCode::NO_CONTENT => "it has nothing to send".to_owned(),
        _ if status.is_server_error() => "it has an internal error".to_owned(),
        _ => "this is not a stream".to_owned(),
    };
    let wait = text(headers, RETRY_AFTER.as_str())
        .and_then(|asked| wait_of(asked.trim(), SystemTime::now()));
    Err(Interruption {
        cause: format!("{address} answers {}: {why}", status.as_u16()),
        wait,
    })
}

fn check_content(address: &StreamAddress, headers: &HeaderMap) -> Result<(), Interruption> {
    let kind = text(headers, CONTENT_TYPE.as_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let records = kind.is_empty()
        || kind.contains("json")
        || kind.contains("javascript")
        || matches!(
            &*kind,
            "text/plain"
                | "application/octet-stream"
                | "binary/octet-stream"
                | "application/gzip"
                | "application/x-gzip"
                | "application/zstd"
        );
    if kind == "text/html" || kind == "application/xhtml+xml" {
        return Err(Interruption::new(format!(
            "{address} answers with a web page, not a stream: is the address right?"
        )));
    }
    if !records {
        let kind = fit_to_show(&kind);
        return Err(Interruption::new(format!(
            "{address} sends {kind}, not JSON"
        )));
    }
    // What is packed is told by its first bytes, for servers forget to say so.
    match text(headers, CONTENT_ENCODING.as_str()).as_deref() {
        None | Some("" | "identity" | "gzip" | "x-gzip" | "deflate" | "zstd") => Ok(()),
        Some(packed) => Err(Interruption::new(format!(
            "{address} sends content packed as {}; headcount unpacks gzip, deflate and zstd",
            fit_to_show(packed)
        ))),
    }
}

/// The server's time when it began to answer, ms since 1970, if it says one that can be.
pub(super) fn date_ms(headers: &HeaderMap) -> Option<i64> {
    let date = httpdate::parse_http_date(text(headers, DATE.as_str())?.trim()).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis())
        .ok()
        .filter(|ms| DATES_MS.contains(ms))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// How long a server asks to wait: in seconds, or until a moment (one that has passed asks for nothing).
pub(super) fn wait_of(asked: &str, now: SystemTime) -> Option<Duration> {
    let wait = match asked.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(asked)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(wait.min(WAIT_MAX))
}
