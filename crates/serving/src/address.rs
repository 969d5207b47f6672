//! The address of a serving store: memory, or a keyspace of Cassandra.

use std::{env, fmt, path::PathBuf, str::FromStr};

use headcount_address::{Address, AddressError, Secret};

const FORM: &str = "cassandra://HOST:PORT,HOST/KEYSPACE or memory:";

/// Parameters, none of which is a secret.
const PARAMS: [&str; 5] = ["tls", "ca", "name", "replication", "dc"];

/// Of Cassandra's native protocol.
const PORT: u16 = 9042;

/// Where the password may stand instead of in the address, which other users of the machine can read.
const PASSWORD: &str = "HEADCOUNT_CASSANDRA_PASSWORD";

const KEYSPACE_BYTES_MAX: usize = 48;

/// `memory:` or `cassandra://user:password@host:port,host2/keyspace?tls=true&ca=FILE&name=HOST&replication=3&dc=NAME`.
///
/// Its `Display` holds no login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServingAddress {
    /// In this process, gone with it.
    Memory,
    /// In a keyspace.
    Cassandra(CassandraAddress),
}

/// A keyspace and how it is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct CassandraAddress {
    /// `host:port` each: where to begin; the others are learnt from these.
    pub(crate) hosts: Vec<String>,
    pub(crate) keyspace: String,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    /// The certificates of those who may sign the servers'. With it all connections are encrypted.
    pub(crate) ca: Option<PathBuf>,
    /// What the nodes' certificates are for, if not for their IP addresses.
    pub(crate) name: Option<String>,
    /// Copies of every row, when the keyspace is made. By default as many as there are nodes, at most 3.
    pub(crate) replication: Option<u8>,
    /// The data centre that is asked. By default there is only one.
    pub(crate) dc: Option<String>,
}

impl CassandraAddress {
    /// The keyspace.
    #[must_use]
    pub fn keyspace(&self) -> &str {
        &self.keyspace
    }
}

impl FromStr for ServingAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        let address = Address::parse(text, FORM)?
            .showing(&PARAMS)
            .with_default_port(PORT);
        match address.scheme() {
            "cassandra" => cassandra(&address, env::var(PASSWORD).ok()).map(Self::Cassandra),
            _ => Err(address.refuse("it starts with neither cassandra:// nor memory:")),
        }
    }
}

fn cassandra(
    address: &Address,
    password_apart: Option<String>,
) -> Result<CassandraAddress, AddressError> {
    address.only(&PARAMS)?;
    if address.hosts().is_empty() {
        return Err(address.refuse("it names no host"));
    }
    let (user, password) = login(address, password_apart)?;
    // Names go into statements as they are, so only letters that need no quoting are let in.
    let text = |key, expected, fits: fn(char) -> bool| {
        address.checked(key, expected, |value| {
            let fits = !value.is_empty() && value.chars().all(fits);
            fits.then(|| value.to_owned())
        })
    };
    Ok(CassandraAddress {
        hosts: address.hosts().iter().map(ToString::to_string).collect(),
        keyspace: keyspace(address)?,
        user,
        password,
        ca: certificate_authority(address)?,
        name: text(
            "name",
            "the name of a host, such as cassandra.internal",
            |c| c.is_ascii_alphanumeric() || "-.".contains(c),
        )?,
        replication: address.checked("replication", "a number from 1 to 9", |value| {
            value.parse().ok().filter(|n| (1..=9).contains(n))
        })?,
        dc: text(
            "dc",
            "letters, digits, hyphens, dots and underscores",
            |c| c.is_alphanumeric() || "-_.".contains(c),
        )?,
    })
}

fn login(
    address: &Address,
    password_apart: Option<String>,
) -> Result<(Option<String>, Option<Secret>), AddressError> {
    let apart = password_apart.map(Secret::new);
    let Some(login) = address.login() else {
        return Ok((None, apart));
    };
    let password = login.password.clone().or(apart);
    if password.is_none() {
        return Err(address.refuse_with(
            "there is a user without a password",
            format!("write USER:PASSWORD@HOST, or set {PASSWORD}"),
        ));
    }
    Ok((Some(login.user.expose().to_owned()), password))
}

/// Who signs the certificates, if connections are encrypted.
fn certificate_authority(address: &Address) -> Result<Option<PathBuf>, AddressError> {
    let ca = address.param("ca").map(PathBuf::from);
    let (problem, way_out) = match (address.switch("tls")?, &ca) {
        (Some(true), None) => (
            "tls=true does not name a certificate authority to trust",
            "add ca=FILE (PEM), for instance ca=/etc/ssl/certs/ca-certificates.crt for those of the system",
        ),
        (Some(false), Some(_)) => (
            "tls=false and ca=FILE contradict each other",
            "leave one out",
        ),
        (_, None) if address.param("name").is_some() => (
            "name=HOST is checked against certificates, and without TLS there are none",
            "add ca=FILE, or drop name=",
        ),
        _ => return Ok(ca),
    };
    Err(address.refuse_with(problem, way_out))
}

/// Names that need no quotes: nobody should have to wonder about case.
fn keyspace(address: &Address) -> Result<String, AddressError> {
    let name = address.name()?;
    let fits = (1..=KEYSPACE_BYTES_MAX).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits {
        return Ok(name);
    }
    Err(address.refuse(format!(
        "\"{}\" is not the name of a keyspace, which is at most {KEYSPACE_BYTES_MAX} small letters, digits and \
         underscores and begins with a letter",
        Address::quote(&name)
    )))
}

impl fmt::Display for ServingAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Cassandra(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for CassandraAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cassandra://{}/{}", self.hosts.join(","), self.keyspace)
    }
}

impl fmt::Debug for CassandraAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> CassandraAddress {
        match text.parse() {
            Ok(ServingAddress::Cassandra(address)) => address,
            other => panic!("{other:?}"),
        }
    }

    fn password(address: &CassandraAddress) -> Option<&str> {
        address.password.as_ref().map(Secret::expose)
    }

    #[test]
    fn an_address_names_hosts_a_login_a_keyspace_and_options() {
        let address = parsed(
            "cassandra://app:p%40s/s+w@one:9999,two,[::1]:77,[::2]/served?ca=/etc/ca.pem&tls=true&name=all.nodes&replication=3&dc=dc1",
        );
        assert_eq!(
            address.hosts,
            ["one:9999", "two:9042", "[::1]:77", "[::2]:9042"]
        );
        assert_eq!(address.keyspace, "served");
        assert_eq!(address.user.as_deref(), Some("app"));
        assert_eq!(password(&address), Some("p@s/s+w"));
        assert_eq!(address.ca, Some(PathBuf::from("/etc/ca.pem")));
        assert_eq!(address.name.as_deref(), Some("all.nodes"));
        assert_eq!(address.replication, Some(3));
        assert_eq!(address.dc.as_deref(), Some("dc1"));
    }

    #[test]
    fn the_password_is_never_shown() {
        let address = parsed("cassandra://app:secret@one/served");
        let whole = ServingAddress::Cassandra(address.clone());
        assert_eq!(whole.to_string(), "cassandra://one:9042/served");
        assert!(!format!("{whole:?} {address:?}").contains("secret"));
        for wrong in [
            "cassandra://app:secret@one",
            "cassandra://app:secret@/served",
            "casandra://app:secret@one/served",
            "cassandra://app:secret@one/Served",
            "cassandra://app:secret@one/served?tsl=true",
        ] {
            let error = wrong.parse::<ServingAddress>().unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_password_may_stand_in_the_environment() {
        let of = |text: &str, apart: Option<&str>| {
            let address = Address::parse(text, FORM).unwrap();
            cassandra(&address, apart.map(str::to_owned))
        };
        let address = of("cassandra://app@one/served", Some("outside")).unwrap();
        assert_eq!(password(&address), Some("outside"));
        let address = of("cassandra://app:inside@one/served", Some("outside")).unwrap();
        assert_eq!(password(&address), Some("inside"));
        assert!(of("cassandra://app@one/served", None).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in [
            "one/served?tls=true",
            "one/served?tls=false&ca=x",
            "one/served?tls=maybe",
            "one/served?name=all.nodes",
            "one/served?ca=x&name=a/b",
            "one/served?replication=0",
            "one/served?dc=x'y",
            "one/",
            "/served",
            "one:port/served",
        ] {
            let address = format!("cassandra://{wrong}").parse::<ServingAddress>();
            assert!(address.is_err(), "{wrong}");
        }
    }
}
