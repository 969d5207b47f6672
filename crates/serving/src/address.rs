//! Where what is served is kept: memory, or a keyspace of Cassandra.

use std::{borrow::Cow, env, fmt, path::PathBuf, str::FromStr};

use url::form_urlencoded;

use super::Error;

/// Of Cassandra's native protocol.
const PORT: u16 = 9042;

/// Where the password may stand instead of in the address, which other users of the machine can read.
const PASSWORD: &str = "HEADCOUNT_CASSANDRA_PASSWORD";

const KEYSPACE_BYTES_MAX: usize = 48;

/// `memory:` or `cassandra://user:password@host:port,host2/keyspace?tls=true&ca=FILE&name=HOST&replication=3&dc=NAME`.
///
/// Its `Display` holds no password.
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
    pub(crate) password: Option<String>,
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
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        let rest = text
            .strip_prefix("cassandra://")
            .ok_or_else(|| form("it begins neither with cassandra:// nor is it memory:"))?;
        cassandra(rest, env::var(PASSWORD).ok()).map(Self::Cassandra)
    }
}

/// What is never repeated in an answer: anything that stands before an `@`.
fn form(why: &str) -> Error {
    Error::Address(format!(
        "an address to serve from is written cassandra://host:port,host2/keyspace or memory: ({why})"
    ))
}

fn cassandra(rest: &str, password_apart: Option<String>) -> Result<CassandraAddress, Error> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // It is the end of a password, of which nothing may be repeated.
    let is_login = |(key, value): (Cow<'_, str>, Cow<'_, str>)| {
        key.contains('@') || (key != "ca" && value.contains('@'))
    };
    if form_urlencoded::parse(query.as_bytes()).any(is_login) {
        return Err(form(
            "there is an @ after the question mark; one that belongs to a password is written %3F",
        ));
    }
    // A password may hold a slash or an at sign.
    let (login, place) = match place.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, place),
    };
    let (hosts, keyspace) = place
        .split_once('/')
        .ok_or_else(|| form("there is no keyspace after the hosts"))?;
    let mut address = CassandraAddress {
        hosts: hosts.split(',').map(host).collect::<Result<_, _>>()?,
        keyspace: checked_keyspace(keyspace)?,
        user: None,
        password: None,
        ca: None,
        name: None,
        replication: None,
        dc: None,
    };
    if let Some(login) = login {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        address.user = Some(decoded(user));
        address.password = Some(decoded(password)).filter(|password| !password.is_empty());
    }
    address.password = address.password.or(password_apart);
    if address.user.is_some() && address.password.is_none() {
        return Err(Error::Address(format!(
            "there is a user without a password; write user:password@host, or set {PASSWORD}"
        )));
    }
    options(&mut address, query)?;
    Ok(address)
}

fn options(address: &mut CassandraAddress, query: &str) -> Result<(), Error> {
    let mut tls = None;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "tls" => tls = Some(switch(&value)?),
            "ca" => address.ca = Some(PathBuf::from(value.as_ref())),
            "name" => address.name = Some(host_name(&value)?),
            "replication" => address.replication = Some(copies(&value)?),
            "dc" => address.dc = Some(data_centre(&value)?),
            other => {
                return Err(Error::Address(format!(
                    "{other} means nothing in this address; known are tls, ca, name, replication, dc"
                )));
            }
        }
    }
    if address.name.is_some() && address.ca.is_none() {
        return Err(Error::Address(
            "name=HOST is what certificates are for, which are looked at with tls=true&ca=FILE only"
                .to_owned(),
        ));
    }
    match tls {
        Some(true) if address.ca.is_none() => Err(Error::Address(
            "tls=true wants to know whose signature to trust: ca=FILE (PEM), for instance \
             ca=/etc/ssl/certs/ca-certificates.crt for those that the system trusts"
                .to_owned(),
        )),
        Some(false) if address.ca.is_some() => Err(Error::Address(
            "tls=false and ca=FILE contradict each other; leave one out".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn host(text: &str) -> Result<String, Error> {
    // [::1] and [::1]:9042 hold colons of their own.
    let after = text.rsplit_once(']').map_or(text, |(_, after)| after);
    let (name, port) = match after.rsplit_once(':') {
        Some((_, port)) => (&text[..text.len() - port.len() - 1], port.parse().ok()),
        None => (text, Some(PORT)),
    };
    match port {
        Some(port) if !name.is_empty() => Ok(format!("{name}:{port}")),
        _ => Err(form(&format!("{text:?} is not a host"))),
    }
}

/// Names that need no quotes: nobody should have to wonder about case.
fn checked_keyspace(name: &str) -> Result<String, Error> {
    let fits = (1..=KEYSPACE_BYTES_MAX).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits {
        return Ok(name.to_owned());
    }
    Err(Error::Address(format!(
        "{name:?} is not a name for a keyspace; it is at most {KEYSPACE_BYTES_MAX} small letters, digits and underscores \
         and begins with a letter"
    )))
}

fn switch(value: &str) -> Result<bool, Error> {
    value
        .parse()
        .map_err(|_| Error::Address(format!("tls={value}: it is true or false")))
}

fn copies(value: &str) -> Result<u8, Error> {
    value
        .parse()
        .ok()
        .filter(|n| (1..=9).contains(n))
        .ok_or_else(|| Error::Address(format!("replication={value}: it is a number from 1 to 9")))
}

fn host_name(value: &str) -> Result<String, Error> {
    let fits = !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    fits.then(|| value.to_owned()).ok_or_else(|| {
        Error::Address(format!(
            "name={value}: it is the name of a host, such as cassandra.internal"
        ))
    })
}

fn data_centre(value: &str) -> Result<String, Error> {
    let fits = !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_alphanumeric() || "-_.".contains(c));
    fits.then(|| value.to_owned()).ok_or_else(|| {
        Error::Address(format!(
            "dc={value}: it is letters, digits, hyphens, dots and underscores"
        ))
    })
}

/// Undoes percent signs; a plus is a plus here.
fn decoded(text: &str) -> String {
    let escaped = text
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(key, _)| key.into_owned())
        .unwrap_or_default()
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
        write!(f, "cassandra://")?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        write!(f, "{}/{}", self.hosts.join(","), self.keyspace)
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
        assert_eq!(address.password.as_deref(), Some("p@s/s+w"));
        assert_eq!(address.ca, Some(PathBuf::from("/etc/ca.pem")));
        assert_eq!(address.name.as_deref(), Some("all.nodes"));
        assert_eq!(address.replication, Some(3));
        assert_eq!(address.dc.as_deref(), Some("dc1"));
    }

    #[test]
    fn the_password_is_never_shown() {
        let address = parsed("cassandra://app:secret@one/served");
        let whole = ServingAddress::Cassandra(address.clone());
        assert_eq!(whole.to_string(), "cassandra://app@one:9042/served");
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
        let apart = || Some("from outside".to_owned());
        let address = cassandra("app@one/served", apart()).unwrap();
        assert_eq!(address.password.as_deref(), Some("from outside"));
        let address = cassandra("app:inside@one/served", apart()).unwrap();
        assert_eq!(address.password.as_deref(), Some("inside"));
        assert!(cassandra("app@one/served", None).is_err());
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
            assert!(cassandra(wrong, None).is_err(), "{wrong}");
        }
    }
}
