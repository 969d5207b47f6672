//! The `Host` of a request: one, and a name that this server answers to.

use headcount_address::ServerNames;
use http::{HeaderMap, StatusCode, Uri, Version, header, uri::Authority};

use crate::http::problem::{self, Problem};

/// Refuses a request that is addressed to somebody else, or to two.
pub(crate) fn check(
    names: &ServerNames,
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
        .filter(is_name_and_port)
        .ok_or_else(|| bad("the Host header is not a name"))?;
    let in_uri = uri.authority().map(Authority::host);
    let foreign = std::iter::once(host.host())
        .chain(in_uri)
        .find(|name| !names.contains(name));
    match foreign {
        None => Ok(()),
        Some(name) => Err(misdirected(name)),
    }
}

/// An authority may have a login, and anything for a port.
fn is_name_and_port(host: &Authority) -> bool {
    match host.as_str().strip_prefix(host.host()) {
        Some("" | ":") => true,
        Some(_) => host.port_u16().is_some(),
        None => false,
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

    fn is_ours(uri: &'static str, hosts: &[&str]) -> bool {
        let names = ServerNames::new("127.0.0.1:8080".parse().expect("an address"), &[]);
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().expect("a value"));
        }
        check(&names, Version::HTTP_11, &Uri::from_static(uri), &headers).is_ok()
    }

    #[test]
    fn a_request_has_one_host_of_ours_with_any_port() {
        for own in [
            "LOCALHOST:8080",
            "localhost.:1",
            "localhost:",
            "127.0.0.1:9",
            "[::1]:8080",
        ] {
            assert!(is_ours("/", &[own]), "{own}");
        }
        for foreign in [
            "evil.example:8080",
            "evil.example",
            "localhost:port",
            "localhost:70000",
            "me@localhost",
            "",
        ] {
            assert!(!is_ours("/", &[foreign]), "{foreign}");
        }
        assert!(!is_ours("/", &["localhost", "localhost"]), "two");
        assert!(!is_ours("/", &[]), "none");
    }

    #[test]
    fn an_address_in_the_request_line_counts_too() {
        assert!(is_ours("http://127.0.0.1/healthz", &["localhost"]));
        assert!(!is_ours("http://evil.example/healthz", &["localhost"]));
    }
}
