//! What must not be seen, and text that may hold it.

use std::fmt;

/// Stands for a secret wherever one would be printed.
pub(crate) const HIDDEN: &str = "***";

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
