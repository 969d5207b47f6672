//! The page: files that `build.rs` put into the executable.

use std::{borrow::Cow, collections::HashMap, path::Path, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use rust_embed::RustEmbed;
use xxhash_rust::xxh3::Xxh3;

use crate::http::{
    cached_body::CachedBody,
    endpoint::{PAGES, is_event_page},
    headers,
};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Files;

pub(crate) struct PageFiles {
    files: HashMap<String, CachedBody>,
    build: Arc<str>,
}

/// The version of the page in this executable; it is `build` in every snapshot, and a page that was
/// loaded from another build reloads itself.
#[must_use]
pub fn build_id() -> String {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    let mut hasher = Xxh3::new();
    for name in names {
        hasher.update(name.as_bytes());
        hasher.update(
            &Files::get(&name)
                .map(|file| file.metadata.sha256_hash())
                .unwrap_or_default(),
        );
    }
    format!("{}-{:016x}", env!("CARGO_PKG_VERSION"), hasher.digest())
}

impl PageFiles {
    pub(crate) fn embedded() -> Self {
        let files = Files::iter().filter_map(|name| {
            let data = match Files::get(&name)?.data {
                Cow::Borrowed(data) => Bytes::from_static(data),
                Cow::Owned(data) => Bytes::from(data),
            };
            Some((format!("/{name}"), body(&name, data)))
        });
        Self {
            files: files.collect(),
            build: build_id().into(),
        }
    }

    pub(crate) fn build(&self) -> Arc<str> {
        Arc::clone(&self.build)
    }

    /// A file by its exact name: nothing is decoded, joined or looked up on a disk.
    pub(crate) fn find(&self, path: &str) -> Option<&CachedBody> {
        if is_event_page(path) {
            // It lies one folder deeper, so the addresses in it begin one folder higher. The fallback page has no
            // such twin.
            let event = self.files.get("/events/index.html");
            return event.or_else(|| self.files.get("/index.html"));
        }
        // The report has the page in its place while nobody makes it.
        let is_page = PAGES.contains(&path) || path == "/report";
        self.files.get(if is_page { "/index.html" } else { path })
    }
}

fn body(name: &str, data: Bytes) -> CachedBody {
    let (content_type, compressible) = kind(name);
    let cache = if is_hashed(name) {
        headers::FOR_EVER
    } else {
        headers::REVALIDATE
    };
    CachedBody::of_file(
        HeaderValue::from_static(content_type),
        data,
        compressible,
        cache,
    )
}

/// Content type by extension, and whether compression helps.
fn kind(name: &str) -> (&'static str, bool) {
    match Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some("html") => ("text/html; charset=utf-8", true),
        Some("js" | "mjs") => ("text/javascript; charset=utf-8", true),
        Some("css") => ("text/css; charset=utf-8", true),
        Some("json" | "map") => ("application/json", true),
        Some("webmanifest") => ("application/manifest+json", true),
        Some("svg") => ("image/svg+xml", true),
        Some("md") => ("text/markdown; charset=utf-8", true),
        Some("txt") => ("text/plain; charset=utf-8", true),
        Some("png") => ("image/png", false),
        Some("ico") => ("image/x-icon", true),
        Some("woff2") => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}

/// Whether the bundler has put a hash of the content into the name: `assets/main-BxT3qk9Z.js`.
fn is_hashed(name: &str) -> bool {
    let stem = name
        .strip_prefix("assets/")
        .and_then(|name| name.split_once('.'))
        .map(|(stem, _)| stem);
    let hash = stem
        .filter(|stem| stem.len() > 8)
        .and_then(|stem| stem.get(stem.len() - 9..));
    hash.and_then(|hash| hash.strip_prefix('-'))
        .is_some_and(|hash| {
            let mixed = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
            hash.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                && hash.bytes().any(mixed) // `assets/live-overview.json` is two words
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(is_hashed("assets/main-BxT3qk9Z.js"));
        assert!(is_hashed("assets/inter-latin-DcQ-_8zA.woff2"));
        assert!(is_hashed("assets/a-12345678.js.map"));
        assert!(!is_hashed("index.html"));
        assert!(!is_hashed("theme.js"));
        assert!(!is_hashed("main-BxT3qk9Z.js"));
        assert!(!is_hashed("assets/world.json"));
        assert!(!is_hashed("assets/live-overview.json"));
        assert!(!is_hashed("assets/é-1234567.js"));
        assert!(!is_hashed("assets/-.js"));
    }

    #[test]
    fn the_page_is_in_the_executable() {
        let page = PageFiles::embedded();
        for path in PAGES {
            assert!(page.find(path).is_some(), "{path}");
        }
        assert!(page.find("/report").is_some());
        assert!(page.find("/events/238486635").is_some());
        assert!(page.find("/events/1/2").is_none());
        assert!(page.find("/query/").is_none());
        assert!(page.find("/../Cargo.toml").is_none());
        assert!(page.find("/assets/").is_none());
        assert_eq!(build_id(), build_id());
    }
}
