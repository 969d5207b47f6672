//! The address of a database.

use std::{env, fmt, net::IpAddr, path::PathBuf, str::FromStr};

use headcount_address::{Address, AddressError, Host, Secret};

const FORM: &str = "postgres://USER@HOST:PORT/DATABASE";

/// Parameters, none of which is a secret. Those that libpq has too mean the same.
const PARAMS: [&str; 3] = ["sslmode", "sslrootcert", "schema"];

/// Of PostgreSQL's protocol.
const PORT: u16 = 5432;

/// Where the password stands: what is typed as an argument can be read by other users of the machine. The first wins.
const PASSWORDS: [&str; 2] = ["HEADCOUNT_POSTGRES_PASSWORD", "PGPASSWORD"];

/// Of the names of schemas, by which PostgreSQL cuts longer ones.
const NAME_BYTES_MAX: usize = 63;

/// `postgres://user@host:port/database?sslmode=verify-full&sslrootcert=FILE&schema=headcount`.
///
/// Its `Display` holds neither user nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) database: String,
    /// Where the tables are; plain letters, which need no quotes.
    pub(super) schema: String,
    pub(super) encryption: Encryption,
}

/// Whether connections are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// They are not: what passes can be read and changed on the way.
    Off,
    /// The server has a certificate for its name, by one of those in the file, or by one that the system trusts.
    Verified(Option<PathBuf>),
}

impl FromStr for PostgresAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let password = PASSWORDS.iter().find_map(|name| env::var(name).ok());
        Self::with_password(text, password)
    }
}

impl PostgresAddress {
    /// Reads an address whose password is not that of the environment.
    ///
    /// # Errors
    /// When it is none, or holds a password itself.
    pub fn with_password(text: &str, password: Option<String>) -> Result<Self, AddressError> {
        let address = Address::parse(text, FORM)?
            .showing(&PARAMS)
            .with_default_port(PORT);
        if !matches!(address.scheme(), "postgres" | "postgresql") {
            return Err(address.refuse("it does not start with postgres://"));
        }
        address.only(&PARAMS)?;
        if address.hosts().is_empty() {
            return Err(address.refuse("it names no host"));
        }
        Ok(Self {
            hosts: address.hosts().to_vec(),
            user: user(&address)?,
            password: password
                .filter(|password| !password.is_empty())
                .map(Secret::new),
            database: database(&address)?,
            schema: schema(&address)?,
            encryption: encryption(&address)?,
        })
    }
}

fn user(address: &Address) -> Result<String, AddressError> {
    match address.login() {
        Some(login) if login.password.is_some() => Err(address.refuse_with(
            "other users of this machine can read a password in an address",
            format!(
                "write USER@HOST, and put the password into {}",
                PASSWORDS[0]
            ),
        )),
        Some(login) if !login.user.expose().is_empty() => Ok(login.user.expose().to_owned()),
        _ => Err(address.refuse("it names no user")),
    }
}

fn database(address: &Address) -> Result<String, AddressError> {
    match address.name()? {
        name if name.is_empty() || name.contains('/') => {
            Err(address.refuse("its path is not the name of a database"))
        }
        name => Ok(name),
    }
}

/// Names that need no quotes: nobody should have to wonder about case.
fn schema(address: &Address) -> Result<String, AddressError> {
    let expected = "small letters, digits and underscores that begin with a letter other than pg_";
    let schema = address.checked("schema", expected, |name| {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let fits = (1..=NAME_BYTES_MAX).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(letter)
            // PostgreSQL keeps these names to itself.
            && !name.starts_with("pg_");
        fits.then(|| name.to_owned())
    })?;
    Ok(schema.unwrap_or_else(|| "headcount".to_owned()))
}

fn encryption(address: &Address) -> Result<Encryption, AddressError> {
    let authority = address
        .param("sslrootcert")
        .filter(|&file| file != "system");
    let verified = Encryption::Verified(authority.map(PathBuf::from));
    let local = address.hosts().iter().all(is_loopback);
    match (address.param("sslmode"), authority) {
        (Some("verify-full"), _) | (None, Some(_)) => Ok(verified),
        (None, None) if !local => Ok(verified),
        (None, None) | (Some("disable"), None) => Ok(Encryption::Off),
        (Some("disable"), Some(_)) => Err(address.refuse_with(
            "sslmode=disable and sslrootcert=FILE contradict each other",
            "leave one out",
        )),
        (Some(mode), _) => Err(address.refuse_with(
            format!(
                "sslmode={} does not check who the server is",
                Address::quote(mode)
            ),
            "write sslmode=verify-full with sslrootcert=FILE for an authority of your own, or sslmode=disable for no \
             encryption",
        )),
    }
}

/// Whether what is sent to a host stays on this machine.
fn is_loopback(host: &Host) -> bool {
    let bare = host.name().trim_start_matches('[').trim_end_matches(']');
    let is_local = |ip: IpAddr| ip.to_canonical().is_loopback();
    bare == "localhost" || bare.parse().is_ok_and(is_local)
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(ToString::to_string).collect();
        write!(f, "postgres://{}/{}", hosts.join(","), self.database)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PostgresAddress, AddressError> {
        PostgresAddress::with_password(text, Some("s3cr3t".to_owned()))
    }

    #[test]
    fn an_address_is_read_and_shown_without_its_login() {
        let address = parse("postgres://me%40us@db.example/meet%20up?schema=tables").expect("fine");
        assert_eq!(
            (
                address.user.as_str(),
                address.database.as_str(),
                address.schema.as_str()
            ),
            ("me@us", "meet up", "tables")
        );
        assert_eq!(address.password, Some(Secret::new("s3cr3t")));
        assert_eq!(address.to_string(), "postgres://db.example:5432/meet up");
        assert_eq!(format!("{address:?}"), address.to_string());
        let address = parse("postgresql://me@one,[::1]:7/x").expect("fine");
        assert_eq!(address.to_string(), "postgres://one:5432,[::1]:7/x");
        assert_eq!(address.schema, "headcount");
        let address = PostgresAddress::with_password("postgres://me@one/x", Some(String::new()));
        assert_eq!(address.expect("fine").password, None);
    }

    #[test]
    fn beyond_loopback_the_server_is_verified_unless_it_is_said_otherwise() {
        let file = || Some(PathBuf::from("/ca.pem"));
        for (rest, encryption) in [
            ("db.example/x", Encryption::Verified(None)),
            ("10.0.0.1/x", Encryption::Verified(None)),
            ("localhost,db.example/x", Encryption::Verified(None)),
            (
                "db.example/x?sslrootcert=system",
                Encryption::Verified(None),
            ),
            (
                "db.example/x?sslrootcert=/ca.pem",
                Encryption::Verified(file()),
            ),
            ("db.example/x?sslmode=disable", Encryption::Off),
            ("localhost/x", Encryption::Off),
            ("127.0.0.1/x", Encryption::Off),
            ("[::1]/x", Encryption::Off),
            (
                "localhost/x?sslmode=verify-full",
                Encryption::Verified(None),
            ),
            ("[::1]/x?sslrootcert=/ca.pem", Encryption::Verified(file())),
        ] {
            let address = parse(&format!("postgres://me@{rest}")).expect(rest);
            assert_eq!(address.encryption, encryption, "{rest}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_way_out_and_without_secrets() {
        for (text, problem) in [
            ("mysql://me@one/x", "it does not start with postgres://"),
            ("postgres://one/x", "it names no user"),
            (
                "postgres://me:s3cr3t@one/x",
                "put the password into HEADCOUNT_POSTGRES_PASSWORD",
            ),
            ("postgres:/x", "it names no host"),
            (
                "postgres://me@one",
                "its path is not the name of a database",
            ),
            (
                "postgres://me@one/x/y",
                "its path is not the name of a database",
            ),
            (
                "postgres://me@one/x?sslmode=require",
                "write sslmode=verify-full",
            ),
            (
                "postgres://me@one/x?sslmode=disable&sslrootcert=f",
                "contradict",
            ),
            (
                "postgres://me@one/x?schema=Tables",
                "schema=Tables is not possible",
            ),
            (
                "postgres://me@one/x?schema=pg_x",
                "schema=pg_x is not possible",
            ),
            (
                "postgres://me@one/x?password=s3cr3t",
                "password means nothing",
            ),
            (
                "postgres://me@one/x?schema=a&schema=b",
                "schema= is given twice",
            ),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }
}
