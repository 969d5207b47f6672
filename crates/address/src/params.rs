//! Parameters: those that are known, and what their values can be.

use std::str::FromStr;

use url::Url;

use crate::secret::quoted;
use crate::{Address, AddressError};

impl Address {
    /// The value of a parameter, escapes undone.
    #[must_use]
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params
            .iter()
            .find_map(|(k, value)| (k == key).then_some(value.as_str()))
    }

    /// The names of all parameters, as they come.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.params.iter().map(|(key, _)| key.as_str())
    }

    /// Refuses an address that has other parameters than these, or one of them twice, so that a slip of the pen is not
    /// taken for the default.
    ///
    /// # Errors
    /// Names the first that is not known, and those that are.
    pub fn only(&self, known: &[&str]) -> Result<(), AddressError> {
        for (at, key) in self.keys().enumerate() {
            if !known.contains(&key) {
                let way_out = match known {
                    [] => "it takes no parameters".to_owned(),
                    known => format!("it takes {}", known.join(", ")),
                };
                return Err(self.refuse_with(
                    format!("{} means nothing in this address", quoted(key)),
                    way_out,
                ));
            }
            if self.keys().take(at).any(|earlier| earlier == key) {
                return Err(self.refuse_with(format!("{key}= is given twice"), "leave one out"));
            }
        }
        Ok(())
    }

    /// The value of a parameter, read as a number or the like; `expected` says what it can be.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, AddressError> {
        self.checked(key, expected, |value| value.parse().ok())
    }

    /// The value of a parameter, read by `read`, which has nothing for what it cannot be; `expected` says what it can.
    ///
    /// # Errors
    /// When `read` has nothing for it. The value is repeated: a parameter that holds a secret is not read by this.
    pub fn checked<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, AddressError> {
        let Some(value) = self.param(key) else {
            return Ok(None);
        };
        match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(self.refuse_with(
                format!("{key}={} is not possible", quoted(value)),
                format!("give {expected}"),
            )),
        }
    }

    /// A parameter that is on or off: `true`, `1` or nothing, `false` or `0`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn switch(&self, key: &str) -> Result<Option<bool>, AddressError> {
        self.checked(key, "true or false", |value| match value {
            "" | "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        })
    }

    /// A parameter that is the URL of a server, `http://` or `https://`, without login or parameters of its own.
    ///
    /// # Errors
    /// When it is none.
    pub fn server(&self, key: &str) -> Result<Option<Url>, AddressError> {
        let Some(value) = self.param(key) else {
            return Ok(None);
        };
        let way_out = format!("write {key}=https://HOST or {key}=http://127.0.0.1:PORT");
        let refuse = |problem: &str| {
            let problem = format!("{key}= {problem}");
            Err(self.refuse_with(problem, way_out.clone()))
        };
        let url = match Url::parse(value) {
            Ok(url) => url,
            Err(error) => return refuse(&format!("is not a URL ({error})")),
        };
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return refuse("begins neither with https:// nor with http://");
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return refuse("takes neither credentials nor parameters");
        }
        Ok(Some(url))
    }
}
