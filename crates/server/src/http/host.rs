//! The names that this server answers to.
//!
//! A server on loopback has no password, so a page from elsewhere must not reach it through a name that
//! is pointed at 127.0.0.1 while the page is open (DNS rebinding). Such a request carries the foreign name
//! in `Host`; a port may differ, for tunnels.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::{HeaderMap, StatusCode, Uri, Version, header, uri::Authority};

use crate::http::problem::{self, Problem};

/// A name under which a server on loopback may be addressed, such as `counts.example`: that of a proxy
/// in front of it which passes its own `Host` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

/// Says why a text is not the name of a host, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostNameError(String);

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let is_label = |label: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !label.is_empty() && label.bytes().all(fits)
        };
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() || name.split('.').all(is_label) {
            return Ok(Self(bare.to_owned()));
        }
        Err(HostNameError(problem::shown(text)))
    }
}

impl fmt::Display for HostNameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "\"{}\" is not the name of a host: write the name alone, such as counts.example, without \
             scheme, port or path, and each name by itself",
            self.0
        )
    }
}

impl std::error::Error for HostNameError {}

pub(crate) struct Hosts {
    /// Bound to loopback: only loopback names and those configured are ours.
    guarded: bool,
    also: Vec<HostName>,
}

impl Hosts {
    pub(crate) fn new(local: SocketAddr, also: &[HostName]) -> Self {
        Self {
            guarded: local.ip().to_canonical().is_loopback(),
            also: also.to_vec(),
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
        let foreign = std::iter::once(host.host())
            .chain(in_uri)
            .find(|name| !self.knows(name));
        match foreign {
            None => Ok(()),
            Some(name) => Err(misdirected(name)),
        }
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
            || self.also.iter().any(|HostName(also)| also == bare)
    }
}

/// The remedy is for whoever runs a proxy in front of this server; a page that reached it by DNS
/// rebinding learns nothing from it.
fn misdirected(name: &str) -> Problem {
    let name = problem::shown(name);
    let error = format!(
        "headcount listens on this machine only, and does not know the name {name}; if a proxy in front \
         of it has that name, start headcount with --host {name} (or HEADCOUNT_HOST={name})"
    );
    Problem::new(StatusCode::MISDIRECTED_REQUEST, error)
}

fn bad(error: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(local: &str, hosts: &[&str]) -> bool {
        let rule = Hosts::new(
            local.parse().expect("an address"),
            &[
                "Counts.Example.".parse().expect("a name"),
                "10.0.0.9".parse().expect("a name"),
            ],
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
            "counts.example.:443",
            "10.0.0.9:80",
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
    fn names_are_written_alone() {
        for (name, kept) in [
            ("counts.example", "counts.example"),
            (" Counts.Example. ", "counts.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("my_host", "my_host"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(name.parse(), Ok(HostName(kept.to_owned())), "{name}");
        }
        for wrong in [
            "",
            ".",
            "https://counts.example",
            "counts.example:8080",
            "counts.example/path",
            "*.example",
            "a..b",
            "a b",
        ] {
            let error = wrong.parse::<HostName>().expect_err(wrong).to_string();
            assert!(error.contains("write the name alone"), "{error}");
        }
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
}
