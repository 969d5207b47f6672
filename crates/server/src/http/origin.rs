//! The pages that may open the live stream and send statements: our own.

use http::{HeaderMap, StatusCode};

use crate::http::problem::Problem;

/// Refuses a page from another origin. Programs send neither header.
pub(crate) fn check_same_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let same = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && authority == text("host")
        }
        (None, None) => true,
    };
    let error = "a page from another origin cannot use this path";
    if same {
        Ok(())
    } else {
        Err(Problem::new(StatusCode::FORBIDDEN, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_for_our_own_page_and_for_programs() {
        let check = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().expect("a value"));
            }
            check_same_origin(&headers).is_ok()
        };
        assert!(check(&[]));
        assert!(check(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://a"),
            ("host", "b")
        ]));
        assert!(check(&[("sec-fetch-site", "none")]));
        assert!(!check(&[("sec-fetch-site", "cross-site")]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(check(&[
            ("origin", "http://localhost:8080"),
            ("host", "localhost:8080")
        ]));
        assert!(!check(&[
            ("origin", "http://localhost:8081"),
            ("host", "localhost:8080")
        ]));
        assert!(!check(&[("origin", "null"), ("host", "localhost")]));
    }
}
