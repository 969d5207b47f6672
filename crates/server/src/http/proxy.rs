//! A proxy on this machine that passes requests on, and the clients behind it.
//!
//! Every request of such a proxy comes from loopback, so limits per address would take all readers
//! for one. With [`Options::hosts`](crate::Options::hosts) set there is a proxy, and the address it adds
//! to `X-Forwarded-For` counts instead. Only the last address of that header is the proxy's word; what
//! stands before it came from the client.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::options::Options;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: [HeaderName; 3] = [
    FORWARDED_FOR,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
];

/// Whether a peer is the proxy that `--host` says there is.
pub(crate) fn is_proxy(peer: IpAddr, options: &Options) -> bool {
    !options.hosts.is_empty() && peer.to_canonical().is_loopback()
}

/// The address that a request counts for.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, options: &Options) -> IpAddr {
    let named = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .next_back()
        .filter(|_| is_proxy(peer, options))
        .and_then(|value| value.to_str().ok())
        .and_then(|value| address(value.rsplit(',').next()?.trim()));
    named.unwrap_or(peer)
}

/// Whether some proxy has passed this request on.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(name))
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| {
        let with_port: Option<SocketAddr> = text.parse().ok();
        with_port.map(|address| address.ip())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let behind_a_proxy = Options {
            hosts: vec!["counts.example".parse().expect("a name")],
            ..Options::default()
        };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().expect("a value"));
        }
        let peer = peer.parse().expect("an address");
        let found = client(peer, &headers, &behind_a_proxy);
        assert_eq!(found.to_string(), expected, "{forwarded:?}");
        assert_eq!(client(peer, &headers, &Options::default()), peer);
    }

    #[test]
    fn a_proxy_on_this_machine_names_its_client() {
        check("127.0.0.1", &["203.0.113.9"], "203.0.113.9");
        check("::1", &["10.9.9.9, 203.0.113.9"], "203.0.113.9");
        check(
            "127.0.0.1",
            &["10.9.9.9", "203.0.113.9:4711"],
            "203.0.113.9",
        );
        check("::ffff:127.0.0.1", &["[2001:db8::1]:80"], "2001:db8::1");
        check("127.0.0.1", &["unknown"], "127.0.0.1");
        check("127.0.0.1", &[], "127.0.0.1");
    }

    #[test]
    fn a_client_cannot_name_itself() {
        check("198.51.100.7", &["203.0.113.9"], "198.51.100.7");
    }
}
