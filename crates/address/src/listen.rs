//! The address to listen on, as it is typed.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::AddressError;

/// Reads what `--listen` takes: `IP:PORT`, `localhost:PORT`, or `:PORT`. Without an IP address it is this machine's
/// loopback (127.0.0.1): that others can reach it must be said. Port 0 is any free one.
///
/// ```
/// # use headcount_address::listen;
/// assert_eq!(listen(":8080")?.to_string(), "127.0.0.1:8080");
/// assert_eq!(listen("localhost:8080")?.to_string(), "127.0.0.1:8080");
/// assert_eq!(listen("0.0.0.0:8080")?.to_string(), "0.0.0.0:8080");
/// # Ok::<(), headcount_address::AddressError>(())
/// ```
///
/// # Errors
/// When it is neither; the error says what to write instead.
pub fn listen(typed: &str) -> Result<SocketAddr, AddressError> {
    if let Ok(address) = typed.parse() {
        return Ok(address);
    }
    let (host, port) = match typed.rsplit_once(':') {
        Some(("" | "localhost", port)) if port.parse::<u16>().is_ok() => {
            let port = port.parse().unwrap_or_default();
            return Ok((Ipv4Addr::LOCALHOST, port).into());
        }
        Some(parts) => parts,
        None => ("", ""),
    };
    let refuse = |problem: &str, instead: String| {
        Err(AddressError::new(
            typed,
            problem,
            format!("write {instead}"),
        ))
    };
    if typed.parse::<u16>().is_ok() {
        return refuse("this is a port only", format!(":{typed}"));
    }
    if let Ok(ip) = typed.parse::<Ipv4Addr>() {
        return refuse("there is no port", format!("{ip}:8080"));
    }
    if let Ok(ip) = typed.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        return refuse(
            "an IPv6 address stands in brackets, with the port after it",
            format!("[{ip}]:8080"),
        );
    }
    if typed.contains("://") {
        return refuse(
            "what is listened on has no scheme",
            "127.0.0.1:8080".to_owned(),
        );
    }
    if !host.is_empty() && port.parse::<u16>().is_err() {
        return refuse(
            "the port is not a number up to 65535",
            "127.0.0.1:8080".to_owned(),
        );
    }
    match host {
        "*" => refuse(
            "* is no IP address",
            format!("0.0.0.0:{port} for all addresses of this machine"),
        ),
        _ => refuse(
            "this is no address to listen on, which is an IP address of this machine and a port",
            "127.0.0.1:8080, or 0.0.0.0:8080 for all addresses of this machine".to_owned(),
        ),
    }
}
