//! Who may ask: names this server answers to, and pages that may open its stream.
//!
//! A server on loopback has no password, so a page from elsewhere must not reach it through a name that
//! is pointed at 127.0.0.1 while the page is open (DNS rebinding). Such a request carries the foreign name
//! in `Host`; a port may differ, for tunnels.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, StatusCode, Uri, Version, header, uri::Authority};

use crate::problem::Problem;

pub(crate) struct Hosts {
    /// Bound to loopback: only loopback names and those configured are ours.
    guarded: bool,
    also: Vec<String>,
}

impl Hosts {
    pub(crate) fn new(local: SocketAddr, also: &[String]) -> Self {
        let also = also.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self {
            guarded: local.ip().to_canonical().is_loopback(),
            also,
        }
    }

    /// Refuses a request that is addressed to somebody else, or to two.
    pub(crate) fn check(
        &self,
        version: Version,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        let mut named = headers.get_all(header::HOST).iter();
        let host = named.next();
        if named.next().is_some() {
            return Err(bad("a request has one Host header"));
        }
        let Some(host) = host else {
            // HTTP/1.0 had none; a browser always sends one.
            return if version < Version::HTTP_11 {
                Ok(())
            } else {
                Err(bad("the Host header is missing"))
            };
        };
        let host: Authority = host
            .to_str()
            .ok()
            .and_then(|host| host.parse().ok())
            .ok_or_else(|| bad("the Host header is not a name"))?;
        let in_uri = uri.authority().map(Authority::host);
        if std::iter::once(host.host())
            .chain(in_uri)
            .all(|name| self.knows(name))
        {
            return Ok(());
        }
        let error = "this server answers to loopback names only (another one can be allowed in its options)";
        Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, error))
    }

    fn knows(&self, name: &str) -> bool {
        if !self.guarded {
            return true;
        }
        let name = name.to_ascii_lowercase();
        let name = name.trim_end_matches('.');
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost"
            || name.ends_with(".localhost")
            || bare
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.to_canonical().is_loopback())
            || self.also.iter().any(|also| also == name)
    }
}

fn bad(error: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, error)
}

/// Refuses a stream to a page from another origin. Programs send neither header.
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
    let error = "a page from another origin cannot open this stream";
    if same {
        Ok(())
    } else {
        Err(Problem::new(StatusCode::FORBIDDEN, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(local: &str, hosts: &[&str]) -> bool {
        let rule = Hosts::new(
            local.parse().expect("an address"),
            &["counts.example".into()],
        );
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().expect("a value"));
        }
        rule.check(Version::HTTP_11, &Uri::from_static("/"), &headers)
            .is_ok()
    }

    #[test]
    fn a_loopback_server_answers_to_loopback_names() {
        for own in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.:1",
            "demo.localhost:3000",
            "127.0.0.1:9",
            "127.8.8.8",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
            "Counts.Example",
        ] {
            assert!(check("127.0.0.1:8080", &[own]), "{own}");
        }
        for foreign in [
            "evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "localhost.evil.example",
            "0.0.0.0",
            "",
        ] {
            assert!(!check("[::1]:8080", &[foreign]), "{foreign}");
        }
        assert!(!check("127.0.0.1:80", &["localhost", "localhost"]), "two");
        assert!(!check("127.0.0.1:80", &[]), "none");
        assert!(
            check("0.0.0.0:80", &["evil.example"]),
            "the world may use any name"
        );
    }

    #[test]
    fn an_address_in_the_request_line_counts_too() {
        let rule = Hosts::new("127.0.0.1:1".parse().expect("an address"), &[]);
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "localhost".parse().expect("a value"));
        let ask = |uri: &'static str| {
            rule.check(Version::HTTP_11, &Uri::from_static(uri), &headers)
                .is_ok()
        };
        assert!(ask("http://127.0.0.1/healthz"));
        assert!(!ask("http://evil.example/healthz"));
    }

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
