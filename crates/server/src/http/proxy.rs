//! Proxies that pass requests on, and the clients behind them.
//!
//! Every request of a proxy comes from the proxy's address, so limits for each address would take all its readers for
//! one. A proxy that is trusted ([`Options::trusted_proxies`]) may name the client instead, and nobody else may: from
//! its word the way goes back over the addresses that are trusted too, and the first that is not is the client.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use headcount_address::AddressError;
use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use crate::{
    http::forwarded::{self, FORWARDED_FOR, Hop},
    options::Options,
};

const FORWARDED: [HeaderName; 4] = [
    FORWARDED_FOR,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    header::FORWARDED,
];

/// The address of a proxy that may name its clients, or of a network of such proxies: `10.0.0.7`, `10.0.0.0/8`,
/// `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

impl FromStr for TrustedProxy {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let typed = text.trim();
        let address = typed
            .parse::<IpAddr>()
            .map(|ip| IpNet::from(ip.to_canonical()));
        address
            .or_else(|_| typed.parse::<IpNet>())
            .map(Self)
            .map_err(|_| {
                AddressError::new(
                    typed,
                    "this is neither an IP address nor a network",
                    "write the address of the proxy, such as 127.0.0.1, or its network, such as 10.0.0.0/8",
                )
            })
    }
}

/// The proxies that may name their clients.
#[derive(Clone, Debug)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

/// Who sent a request; handlers count by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress {
    /// The other end of the connection.
    pub(crate) peer: IpAddr,
    /// The address that limits for each address count; absent when a trusted proxy does not name its client.
    pub(crate) counted: Option<IpAddr>,
}

impl TrustedProxies {
    pub(crate) fn new(options: &Options) -> Self {
        let named = options.trusted_proxies.iter().map(|TrustedProxy(net)| *net);
        let mut nets: Vec<IpNet> = named.collect();
        // With a name of its own there is a proxy, and it is on this machine unless somebody says where.
        if nets.is_empty() && !options.hosts.is_empty() {
            nets.push(IpNet::new_assert(Ipv4Addr::LOCALHOST.into(), 8));
            nets.push(IpAddr::from(Ipv6Addr::LOCALHOST).into());
        }
        Self(nets)
    }

    pub(crate) fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|net| net.contains(&peer))
    }

    /// Who sent a request with these headers over a connection of `peer`.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let counted = if self.contains(peer) {
            self.named(peer, headers)
        } else {
            Some(peer)
        };
        ClientAddress { peer, counted }
    }

    /// The client that trusted proxies name, the nearest of which is `peer`.
    fn named(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = None;
        for hop in forwarded::hops(headers) {
            match hop {
                Hop::Address(address) => client = Some(address),
                Hop::Unnamed => return None,
                // Whoever sends nonsense gets no address of its own by it.
                Hop::Malformed => return Some(client.unwrap_or(peer)),
            }
            if client.is_some_and(|client| !self.contains(client)) {
                break;
            }
        }
        client
    }
}

/// Whether some proxy has passed this request on.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusting(proxies: &[&str]) -> TrustedProxies {
        TrustedProxies::new(&Options {
            trusted_proxies: proxies
                .iter()
                .map(|proxy| proxy.parse().expect("a proxy"))
                .collect(),
            ..Options::default()
        })
    }

    fn counted(proxies: &TrustedProxies, peer: &str, forwarded_for: &str) -> String {
        let mut headers = HeaderMap::new();
        if !forwarded_for.is_empty() {
            headers.insert(FORWARDED_FOR, forwarded_for.parse().expect("a value"));
        }
        let client = proxies.client(peer.parse().expect("an address"), &headers);
        client
            .counted
            .map_or("nobody".to_owned(), |ip| ip.to_string())
    }

    #[test]
    fn the_last_address_that_is_not_trusted_is_the_client() {
        let proxies = trusting(&["10.0.0.0/8", "127.0.0.1", "2001:db8::/32"]);
        for (peer, forwarded_for, client) in [
            ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
            ("127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
            (
                "2001:db8::5",
                "2001:db9::1, 2001:db8::7, 10.1.2.3",
                "2001:db9::1",
            ),
            // Readers in the proxies' own network.
            ("10.0.0.1", "10.3.3.3, 10.1.2.3", "10.3.3.3"),
            ("127.0.0.1", "", "nobody"),
            ("127.0.0.1", "unknown", "nobody"),
            ("127.0.0.1", "203.0.113.9, unknown", "nobody"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "203.0.113.9, nonsense, 10.1.2.3", "10.1.2.3"),
        ] {
            assert_eq!(
                counted(&proxies, peer, forwarded_for),
                client,
                "{forwarded_for}"
            );
        }
    }

    #[test]
    fn a_client_cannot_name_itself() {
        for proxies in [trusting(&[]), trusting(&["127.0.0.1"])] {
            let client = counted(&proxies, "198.51.100.7", "203.0.113.9");
            assert_eq!(client, "198.51.100.7");
        }
        assert_eq!(
            counted(&trusting(&[]), "127.0.0.1", "203.0.113.9"),
            "127.0.0.1"
        );
    }

    #[test]
    fn a_name_means_a_proxy_on_this_machine_unless_it_is_told_where() {
        let named = |trusted_proxies| {
            TrustedProxies::new(&Options {
                hosts: vec!["counts.example".parse().expect("a name")],
                trusted_proxies,
                ..Options::default()
            })
        };
        let here = named(Vec::new());
        for (peer, is_trusted) in [("127.0.0.9", true), ("::1", true), ("10.0.0.1", false)] {
            assert_eq!(here.contains(peer.parse().expect("an address")), is_trusted);
        }
        let there = named(vec!["10.0.0.1".parse().expect("a proxy")]);
        for (peer, is_trusted) in [("127.0.0.1", false), ("10.0.0.1", true)] {
            assert_eq!(
                there.contains(peer.parse().expect("an address")),
                is_trusted
            );
        }
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        for typed in [
            "127.0.0.1",
            " ::1 ",
            "10.0.0.0/8",
            "10.1.2.3/8",
            "::/0",
            "::ffff:10.0.0.1",
        ] {
            assert!(typed.parse::<TrustedProxy>().is_ok(), "{typed}");
        }
        for typed in [
            "",
            "localhost",
            "10.0.0.0/33",
            "10.0.0",
            "*",
            "10.0.0.1:80",
            "[::1]",
        ] {
            let error = typed.parse::<TrustedProxy>().expect_err(typed).to_string();
            assert!(error.contains("10.0.0.0/8"), "{error}");
        }
    }
}
