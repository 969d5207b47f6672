//! The head of a response: whether what follows is a stream of values.

use std::ops::Range;
use std::time::SystemTime;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap};
use reqwest::{Response, StatusCode};

use crate::address::StreamAddress;
use crate::envelope::DeclaredPacking;
use crate::refusal::{refusal, text};
use crate::shown::fit_to_show;
use crate::stream::Interruption;

/// From 2010 to 2100: a device without a clock begins at 1970 or 2000.
const DATES_MS: Range<i64> = 1_262_304_000_000..4_102_444_800_000;

/// Whether this is a stream of values, by its head, and how it says that it is packed.
pub(super) fn check(
    address: &StreamAddress,
    response: &Response,
) -> Result<DeclaredPacking, Interruption> {
    match response.status() {
        StatusCode::OK => check_content(response.headers()),
        _ => Err(refusal(address, response, "this is not a stream")),
    }
}

fn check_content(headers: &HeaderMap) -> Result<DeclaredPacking, Interruption> {
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
        return Err(Interruption::refusal(
            "the server answers with a web page, not a stream: is the address right?",
        ));
    }
    if !records {
        let kind = fit_to_show(&kind);
        return Err(Interruption::refusal(format!(
            "the server sends {kind}, not JSON"
        )));
    }
    // What is packed is told by its first bytes, for servers forget to say so. Only deflate has none.
    let packed = text(headers, CONTENT_ENCODING.as_str()).map(|name| name.to_ascii_lowercase());
    match packed.as_deref() {
        Some("deflate") => Ok(DeclaredPacking::Deflate),
        None | Some("" | "identity" | "gzip" | "x-gzip" | "zstd") => Ok(DeclaredPacking::ByMagic),
        Some(packed) => Err(Interruption::refusal(format!(
            "the server sends content packed as {}; headcount unpacks gzip, deflate and zstd",
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
