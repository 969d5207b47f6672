//! What must not be seen, and text that may hold it.

use std::fmt;

/// Stands for a secret wherever one would be printed.
pub(crate) const HIDDEN: &str = "***";

/// Words by which the name of a parameter says that its value is a secret. A secret is replaced from time to time, and
/// what it opens stays the same.
const SECRET_WORDS: [&str; 19] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "auth",
    "authorization",
    "bearer",
    "credential",
    "jwt",
    "key",
    "pass",
    "passwd",
    "password",
    "pwd",
    "secret",
    "session",
    "sig",
    "sign",
    "signature",
    "token",
];

/// Whether a parameter of this name holds a secret: `token`, `sig_id`, `X-Amz-Signature`, `apiKey`.
#[must_use]
pub fn is_secret(key: &str) -> bool {
    let is_secret = |word: &str| SECRET_WORDS.contains(&word);
    let lower = key.to_ascii_lowercase();
    // Words are divided by signs, or by a capital letter.
    let mut word = String::new();
    let mut was_lower = false;
    for letter in key.chars() {
        let ends = !letter.is_alphanumeric() || (was_lower && letter.is_uppercase());
        if ends && is_secret(&std::mem::take(&mut word)) {
            return true;
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    is_secret(&word) || is_secret(lower.trim_matches(|c: char| !c.is_alphanumeric()))
}

/// A password or a token. It can be used, but not printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Hides a text from now on.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for whoever must send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Typed text, fit for an error message although it could not be understood: an `@` tells of a login, and a port that
/// is no number may be a password whose host was forgotten. Parameters are left out altogether.
pub(crate) fn without_secrets(typed: &str) -> String {
    let (scheme, rest) = match typed.split_once(':') {
        Some((scheme, rest)) => (format!("{scheme}:"), rest),
        None => (String::new(), typed),
    };
    let place = rest.split('?').next().unwrap_or_default();
    let shown = if rest[place.len()..].contains('@') {
        // The question mark may belong to a password.
        "...".to_owned()
    } else if let Some((_, place)) = place.rsplit_once('@') {
        format!("//{HIDDEN}@{place}")
    } else if let Some(place) = place.strip_prefix("//") {
        let end = place.find('/').unwrap_or(place.len());
        let (hosts, path) = place.split_at(end);
        let hosts: Vec<String> = hosts.split(',').map(without_odd_port).collect();
        format!("//{}{path}", hosts.join(","))
    } else {
        place.to_owned()
    };
    format!("{scheme}{shown}")
}

fn without_odd_port(host: &str) -> String {
    match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') && !port.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{name}:{HIDDEN}")
        }
        _ => host.to_owned(),
    }
}

/// A piece of an address for an error message, unless it may be the end of a password.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains('@') {
        HIDDEN.to_owned()
    } else {
        printable(text, 60)
    }
}

/// One line, not too long.
pub(crate) fn printable(text: &str, chars_max: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(chars_max)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_the_name_of_its_parameter() {
        for key in [
            "token",
            "TOKEN",
            "access_token",
            "accessToken",
            "apiKey",
            "api-key",
            "apikey",
            "key",
            "sig",
            "sig_id",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "password",
            "sasl.password",
            "client_secret",
            "auth",
            "AccessKey",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in [
            "",
            "event_id",
            "topic",
            "keyword",
            "monkey",
            "since_mtime",
            "design",
            "passenger",
            "author",
            "tokens_max",
        ] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
