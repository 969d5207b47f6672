//! The names that a server answers to.
//!
//! A server on loopback has no password, so a page from elsewhere must not reach it through a name that is pointed at
//! 127.0.0.1 while the page is open (DNS rebinding). Such a request carries the foreign name in `Host`; a port may
//! differ, for tunnels.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use crate::AddressError;

/// A name under which a server on loopback may be addressed, such as `counts.example`: that of a proxy in front of it
/// which passes its own `Host` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let is_label = |label: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !label.is_empty() && label.bytes().all(fits)
        };
        let bare = without_brackets(&name);
        if bare.parse::<IpAddr>().is_ok() || name.split('.').all(is_label) {
            return Ok(Self(bare.to_owned()));
        }
        Err(AddressError::new(
            text,
            "this is not the name of a host",
            "write the name alone, such as counts.example, without scheme, port or path, and each name by itself",
        ))
    }
}

/// What a server that is bound to one address answers to.
#[derive(Clone, Debug)]
pub struct ServerNames {
    /// Bound to loopback: only loopback names and those added are its own.
    is_guarded: bool,
    added: Vec<HostName>,
}

impl ServerNames {
    /// The names of a server bound to `local`. On loopback these are the names of loopback and those `added`; the world
    /// may call any other server by any name.
    #[must_use]
    pub fn new(local: SocketAddr, added: &[HostName]) -> Self {
        Self {
            is_guarded: local.ip().to_canonical().is_loopback(),
            added: added.to_vec(),
        }
    }

    /// Whether a request for this host, a name or an address without its port, is meant for this server.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        if !self.is_guarded {
            return true;
        }
        let name = host.to_ascii_lowercase();
        let name = name.trim_end_matches('.');
        let bare = without_brackets(name);
        name == "localhost"
            || name.ends_with(".localhost")
            || bare
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.to_canonical().is_loopback())
            || self.added.iter().any(|HostName(added)| added == bare)
    }
}

fn without_brackets(name: &str) -> &str {
    name.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_server_answers_to_loopback_names() {
        let added = ["Counts.Example.", "10.0.0.9"].map(|name| name.parse().expect("a name"));
        let names = |local: &str| ServerNames::new(local.parse().expect("an address"), &added);
        for own in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "demo.localhost",
            "127.0.0.1",
            "127.8.8.8",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "Counts.Example",
            "counts.example.",
            "10.0.0.9",
        ] {
            assert!(names("127.0.0.1:8080").contains(own), "{own}");
        }
        for foreign in [
            "evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "localhost.evil.example",
            "0.0.0.0",
            "",
        ] {
            assert!(!names("[::1]:8080").contains(foreign), "{foreign}");
            assert!(
                names("0.0.0.0:80").contains(foreign),
                "the world may use any name"
            );
        }
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
}
