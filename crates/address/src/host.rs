//! One host of an address.

use std::fmt;
use std::net::Ipv6Addr;

use crate::secret::quoted;

/// A host with or without a port: a name, an IPv4 address, or an IPv6 address in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    /// The name, or the address, with its brackets if it is one of IPv6.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, if one was typed: 1 to 65535.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    pub(crate) fn set_default_port(&mut self, port: u16) {
        self.port.get_or_insert(port);
    }

    /// Reads `host` or `host:port`; the error is half a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, port) = match text.rfind(']') {
            Some(end) => text.split_at(end + 1),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        if !is_name(name) && !is_ipv6(name) {
            return Err(format!(
                "\"{}\" is no host, which is a name, an IPv4 address, or an IPv6 address in brackets",
                quoted(name)
            ));
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some(digits) => Some(
                digits
                    .parse()
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or_else(|| bad_port(name, digits))?,
            ),
            None => return Err(bad_port(name, port)),
        };
        Ok(Self {
            name: name.to_owned(),
            port,
        })
    }
}

/// What stands for a port and is none may be a password: it is not repeated.
fn bad_port(name: &str, port: &str) -> String {
    if port.contains(':') {
        return "an IPv6 address stands in brackets".to_owned();
    }
    format!("the port of {name} is not a number from 1 to 65535")
}

fn is_name(name: &str) -> bool {
    let letters = |c: char| c.is_alphanumeric() || ".-_".contains(c);
    !name.is_empty() && name.chars().all(letters)
}

fn is_ipv6(name: &str) -> bool {
    name.strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .is_some_and(|name| name.parse::<Ipv6Addr>().is_ok())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
