//! Where a cluster's scheduler is, as it is typed.

use std::{fmt, str::FromStr};

use headcount_address::{Address, AddressError};

const FORM: &str = "df://HOST:PORT";

/// What a scheduler listens on unless it is told otherwise.
const PORT: u16 = 50050;

/// The scheduler of a cluster: `df://HOST:PORT`, or `df://HOST` for port 50050.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterAddress {
    host: String,
    port: u16,
}

impl ClusterAddress {
    /// The host as it stands in a URL.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for ClusterAddress {
    type Err = AddressError;

    fn from_str(typed: &str) -> Result<Self, AddressError> {
        // What `executor --scheduler` takes has no scheme, as nothing else could stand there.
        let full = match typed.contains("://") || typed.is_empty() {
            true => typed.to_owned(),
            false => format!("df://{typed}"),
        };
        let address = Address::parse(&full, FORM)?;
        if headcount_address::scheme_of(&full).as_deref() != Some("df") {
            return Err(address.refuse("a cluster's address begins with df://"));
        }
        if address.login().is_some() {
            return Err(address.refuse("a cluster asks for no credentials"));
        }
        address.only(&[])?;
        let [host] = address.hosts() else {
            return Err(address.refuse("a cluster has one scheduler"));
        };
        if host.name().is_empty() || !address.path()?.trim_matches('/').is_empty() {
            return Err(address.refuse("this is not the address of a scheduler"));
        }
        Ok(Self {
            host: host.name().to_owned(),
            port: host.port().unwrap_or(PORT),
        })
    }
}

impl fmt::Display for ClusterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') && !self.host.starts_with('[') {
            true => write!(f, "df://[{}]:{}", self.host, self.port),
            false => write!(f, "df://{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_others_refused_with_the_way_out() {
        for (typed, shown) in [
            ("df://scheduler:50050", "df://scheduler:50050"),
            ("df://scheduler", "df://scheduler:50050"),
            ("127.0.0.1:7", "df://127.0.0.1:7"),
            ("df://[::1]:50050", "df://[::1]:50050"),
        ] {
            let address: ClusterAddress = typed.parse().expect(typed);
            assert_eq!(address.to_string(), shown);
        }
        for typed in [
            "",
            "df://",
            "http://scheduler:50050",
            "df://a:1,b:2",
            "df://me:secret@scheduler",
            "df://scheduler/path",
            "df://scheduler?tls=true",
        ] {
            let error = typed
                .parse::<ClusterAddress>()
                .expect_err(typed)
                .to_string();
            assert!(
                error.contains("df://HOST:PORT") || error.contains("tls"),
                "{typed}: {error}"
            );
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
