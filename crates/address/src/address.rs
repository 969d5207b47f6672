//! The grammar.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::secret::{HIDDEN, quoted};
use crate::{AddressError, Host, Secret};

/// An address, taken apart. See the crate's page for the grammar.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    scheme: String,
    login: Option<Login>,
    hosts: Vec<Host>,
    /// Escaped as it was typed, with the slash before it if there is one.
    path: String,
    pub(crate) params: Vec<(String, String)>,
    /// Parameters whose values may be seen.
    open: &'static [&'static str],
    /// How an address of this kind is written, for errors.
    form: &'static str,
}

/// What stands before the `@`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Login {
    /// The user's name, escapes undone. It is not shown with an address, for it may be a token.
    pub user: Secret,
    /// The password, escapes undone, if there is a colon with something after it.
    pub password: Option<Secret>,
}

/// The scheme of a text in lower case, if it has one. One letter is none: `C:\data` is a path on another system.
#[must_use]
pub fn scheme_of(typed: &str) -> Option<String> {
    let (scheme, _) = typed.split_once(':')?;
    let rest = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    (scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic()))
        .then(|| scheme.to_ascii_lowercase())
        .filter(|scheme| scheme.chars().all(rest))
}

fn is_web(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "ws" | "wss")
}

impl Address {
    /// Takes a text apart. `form` is how an address of this kind is written, such as `kafka://HOST:PORT/TOPIC`.
    ///
    /// # Errors
    /// When it has no scheme, or hosts or a login that cannot be.
    pub fn parse(typed: &str, form: &'static str) -> Result<Self, AddressError> {
        let wrong = |problem: &str| {
            let hint = match typed.contains('@') {
                true => " (in a password write %3F for ?, %2F for / and %40 for @)",
                false => "",
            };
            AddressError::new(typed, problem, format!("write {form}{hint}"))
        };
        let scheme = scheme_of(typed).ok_or_else(|| {
            wrong("an address begins with its scheme and a colon, and this does not")
        })?;
        let rest = &typed[scheme.len() + 1..];
        let Pieces {
            login,
            hosts,
            path,
            query,
        } = Pieces::of(rest, is_web(&scheme));
        // Names of files and what follows a host on the web may hold one; elsewhere it is the end of a login.
        let may_hold_at = scheme == "file" || is_web(&scheme);
        if !may_hold_at && (query.contains('@') || (hosts.is_empty() && path.contains('@'))) {
            return Err(wrong("there is an @ where no login ends"));
        }
        let hosts = match hosts {
            "" => Vec::new(),
            hosts => hosts
                .split(',')
                .map(Host::parse)
                .collect::<Result<_, _>>()
                .map_err(|problem| wrong(&problem))?,
        };
        if login.is_some() && hosts.is_empty() {
            return Err(wrong("there is no host after the login"));
        }
        Ok(Self {
            scheme,
            login: login.map(Login::parse),
            hosts,
            path: path.to_owned(),
            params: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            open: &[],
            form,
        })
    }

    /// Declares that the values of these parameters are no secrets: `Display` and `Debug` show them.
    #[must_use]
    pub fn showing(mut self, open: &'static [&'static str]) -> Self {
        self.open = open;
        self
    }

    /// The same address with this port where a host has none.
    #[must_use]
    pub fn with_default_port(mut self, port: u16) -> Self {
        for host in &mut self.hosts {
            host.set_default_port(port);
        }
        self
    }

    /// The same address with those parameters only whose names `keep` takes.
    #[must_use]
    pub fn keeping(&self, keep: impl Fn(&str) -> bool) -> Self {
        let mut address = self.clone();
        address.params.retain(|(key, _)| keep(key));
        address
    }

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// The hosts after `//`; none in `scheme:path`.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The path, escapes undone, with the slash before it if there is one. A `%` that begins no escape is a `%`.
    ///
    /// # Errors
    /// When the escapes stand for bytes that are no text, or for a NUL, which no path has.
    pub fn path(&self) -> Result<String, AddressError> {
        let path = percent_decode_str(&self.path).decode_utf8();
        match path {
            Ok(path) if !path.contains('\0') => Ok(path.into_owned()),
            _ => Err(self.refuse("the escapes (%..) in the path are not UTF-8")),
        }
    }

    /// The one name that the path is, such as a topic or a keyspace: without the slash before it; may be empty.
    ///
    /// # Errors
    /// As [`Address::path`].
    pub fn name(&self) -> Result<String, AddressError> {
        let path = self.path()?;
        Ok(path.strip_prefix('/').unwrap_or(&path).to_owned())
    }

    /// Refuses this address: `problem` is half a sentence, which must not repeat what may be a secret
    /// ([`Address::quote`]). The error says how such an address is written.
    pub fn refuse(&self, problem: impl Into<String>) -> AddressError {
        self.refuse_with(problem, format!("write {}", self.form))
    }

    /// Refuses this address with a way out of its own.
    pub fn refuse_with(
        &self,
        problem: impl Into<String>,
        way_out: impl Into<String>,
    ) -> AddressError {
        AddressError::at(&self.to_string(), problem, way_out)
    }

    /// A piece of an address for an error message: short, and hidden if it may be the end of a mistyped password.
    #[must_use]
    pub fn quote(piece: &str) -> String {
        quoted(piece)
    }
}

/// The pieces of what follows the scheme, still escaped.
struct Pieces<'a> {
    login: Option<&'a str>,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Pieces<'a> {
    /// On the web a login ends before the first slash, as the URL standard has it, and paths may hold an `@`.
    /// Elsewhere no name holds one, so that a password may hold a slash.
    fn of(rest: &'a str, web: bool) -> Self {
        let Some(place) = rest.strip_prefix("//") else {
            return Self::of_path(rest);
        };
        if place.starts_with('/') {
            return Self::of_path(place);
        }
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let end = match web {
            true => place.find('/').unwrap_or(place.len()),
            false => place.len(),
        };
        let at = place[..end].rfind('@');
        let (login, place) = match at {
            Some(at) => (Some(&place[..at]), &place[at + 1..]),
            None => (None, place),
        };
        let (hosts, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        Self {
            login,
            hosts,
            path,
            query,
        }
    }

    /// Without hosts the last question mark divides: names of files may hold others.
    fn of_path(rest: &'a str) -> Self {
        let (path, query) = rest.rsplit_once('?').unwrap_or((rest, ""));
        Self {
            login: None,
            hosts: "",
            path,
            query,
        }
    }
}

impl Login {
    /// A plus is a plus here, unlike in parameters.
    fn parse(text: &str) -> Self {
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Self {
            user: Secret::new(plain(user)),
            password: Some(plain(password))
                .filter(|password| !password.is_empty())
                .map(Secret::new),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme)?;
        if !self.hosts.is_empty() {
            f.write_str("//")?;
        }
        if self.login.is_some() {
            write!(f, "{HIDDEN}@")?;
        }
        for (at, host) in self.hosts.iter().enumerate() {
            write!(f, "{}{host}", if at == 0 { "" } else { "," })?;
        }
        f.write_str(&self.path)?;
        for (at, (key, value)) in self.params.iter().enumerate() {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect();
            // A URL in a parameter may have a login of its own.
            let open = self.open.contains(&key.as_str()) && !value.contains('@');
            let (key, value): (String, String) = match open {
                _ if value.is_empty() => (encoded(key), String::new()),
                true => (encoded(key), format!("={}", encoded(value) as String)),
                false => (encoded(key), format!("={HIDDEN}")),
            };
            write!(f, "{}{key}{value}", if at == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
