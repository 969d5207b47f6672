//! A body that many clients get: hashed once, compressed once, and not sent to a client that has it.

use std::io::Write;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::{sync::OnceCell, task};
use xxhash_rust::xxh3::xxh3_64;

use crate::http::headers;

/// Below this a header costs more than the compression saves.
const WORTH_COMPRESSING_BYTES: usize = 1_024;
const GZIP: HeaderValue = HeaderValue::from_static("gzip");

#[derive(Debug)]
pub(crate) struct CachedBody {
    body: Bytes,
    gzip: OnceCell<Bytes>,
    effort: Option<Compression>,
    /// Of the content alone, so it survives a restart and a commit that changed nothing here.
    tag: HeaderValue,
    tag_gzip: HeaderValue,
    content_type: HeaderValue,
    cache: HeaderValue,
    /// Where the next page is, as in RFC 8288.
    link: Option<HeaderValue>,
}

impl CachedBody {
    /// A body with figures. It changes often, so compression is fast rather than small.
    pub(crate) fn of_figures(content_type: HeaderValue, body: Bytes) -> Self {
        Self::new(
            content_type,
            body,
            Some(Compression::fast()),
            headers::REVALIDATE,
        )
    }

    /// A file of the page, the same for as long as the program runs.
    pub(crate) fn of_file(
        content_type: HeaderValue,
        body: Bytes,
        compressible: bool,
        cache: HeaderValue,
    ) -> Self {
        Self::new(
            content_type,
            body,
            compressible.then(Compression::best),
            cache,
        )
    }

    fn new(
        content_type: HeaderValue,
        body: Bytes,
        effort: Option<Compression>,
        cache: HeaderValue,
    ) -> Self {
        let hash = xxh3_64(&body);
        let tag = |suffix: &str| {
            HeaderValue::from_str(&format!("\"{hash:016x}{suffix}\""))
                .expect("hex digits in quotes")
        };
        Self {
            gzip: OnceCell::new(),
            effort: effort.filter(|_| body.len() >= WORTH_COMPRESSING_BYTES),
            tag: tag(""),
            tag_gzip: tag("-gz"),
            body,
            content_type,
            cache,
            link: None,
        }
    }

    pub(crate) fn with_link(self, link: Option<HeaderValue>) -> Self {
        Self { link, ..self }
    }

    /// Whether both have the same content.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.tag == other.tag && self.body.len() == other.body.len() && self.link == other.link
    }

    /// The response with this body, compressed if the client can read that.
    pub(crate) async fn reply(&self, request: &HeaderMap) -> Response {
        let compressed = self.effort.filter(|_| headers::accepts_gzip(request));
        let tag = if compressed.is_some() {
            &self.tag_gzip
        } else {
            &self.tag
        };
        let known = self.is_known(request);
        let body = match compressed {
            _ if known => Body::empty(),
            Some(effort) => Body::from(self.gzip(effort).await),
            None => Body::from(self.body.clone()),
        };
        let mut response = Response::new(body);
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        if !known {
            headers.insert(header::CONTENT_TYPE, self.content_type.clone());
            if compressed.is_some() {
                headers.insert(header::CONTENT_ENCODING, GZIP);
            }
        }
        headers.insert(header::ETAG, tag.clone());
        headers.insert(header::CACHE_CONTROL, self.cache.clone());
        if let Some(link) = &self.link {
            headers.insert(header::LINK, link.clone());
        }
        if self.effort.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        response
    }

    async fn gzip(&self, effort: Compression) -> Bytes {
        let compress = || async {
            let body = self.body.clone();
            let compressed = task::spawn_blocking(move || gzip(&body, effort)).await;
            compressed.expect("compression neither panics nor is cancelled")
        };
        self.gzip.get_or_init(compress).await.clone()
    }

    /// Whether the client named this content in `If-None-Match`.
    fn is_known(&self, request: &HeaderMap) -> bool {
        let named = request
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .flat_map(|value| value.as_bytes().split(|b| *b == b','));
        named.map(<[u8]>::trim_ascii).any(|tag| {
            let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
            tag == b"*" || tag == self.tag.as_bytes() || tag == self.tag_gzip.as_bytes()
        })
    }
}

fn gzip(body: &[u8], effort: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), effort);
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .expect("a Vec takes every byte")
        .into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http_body_util::BodyExt;

    use super::*;

    fn asking(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().expect("a value")))
            .collect()
    }

    #[tokio::test]
    async fn compressed_when_it_can_be_read_and_worth_it() {
        let text = Bytes::from("headcount ".repeat(1_000));
        let answer = CachedBody::of_figures(HeaderValue::from_static("text/plain"), text.clone());
        for (accepted, compressed) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("gzipx", false),
            ("*/*;q=1e999", false),
        ] {
            let response = answer
                .reply(&asking(&[(header::ACCEPT_ENCODING, accepted)]))
                .await;
            assert_eq!(
                response.headers().contains_key(header::CONTENT_ENCODING),
                compressed,
                "{accepted}"
            );
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain");
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
            let body = response
                .into_body()
                .collect()
                .await
                .expect("a body")
                .to_bytes();
            if compressed {
                assert!(body.len() < text.len() / 10);
                let mut back = String::new();
                flate2::read::GzDecoder::new(&body[..])
                    .read_to_string(&mut back)
                    .expect("gzip");
                assert_eq!(back.as_bytes(), text);
            } else {
                assert_eq!(body, text);
            }
        }
        let small = CachedBody::of_figures(HeaderValue::from_static("text/plain"), "small".into());
        let response = small
            .reply(&asking(&[(header::ACCEPT_ENCODING, "gzip")]))
            .await;
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
    }

    #[tokio::test]
    async fn not_sent_to_whoever_has_it() {
        let answer = CachedBody::of_figures(
            HeaderValue::from_static("text/plain"),
            "x".repeat(2_000).into(),
        );
        let tag = answer.reply(&HeaderMap::new()).await.headers()[header::ETAG].clone();
        let tag = tag.to_str().expect("text");
        let zipped = tag.replace("\"\"", "").trim_end_matches('"').to_owned() + "-gz\"";
        for known in [
            tag,
            &format!("W/{tag}"),
            &format!("\"a\" , {tag}"),
            "*",
            &zipped,
        ] {
            let response = answer
                .reply(&asking(&[(header::IF_NONE_MATCH, known)]))
                .await;
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(
                response.headers()[header::ETAG].to_str().expect("text"),
                tag
            );
            assert!(
                response
                    .into_body()
                    .collect()
                    .await
                    .expect("a body")
                    .to_bytes()
                    .is_empty()
            );
        }
        let response = answer
            .reply(&asking(&[(header::IF_NONE_MATCH, "\"other\"")]))
            .await;
        assert_eq!(response.status(), StatusCode::OK);
    }
}
