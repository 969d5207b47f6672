//! By what a stream is known again, and told from others.

use headcount_address::is_secret;
use sha2::{Digest, Sha256};
use url::Url;

/// Hexadecimal digits of the hash in the name of a stream's positions ...
const IDENTITY_DIGITS: usize = 16;
/// ... and in the name that people see.
const SHOWN_DIGITS: usize = 8;

/// What makes a stream this one and no other: all of its address but what is secret, for a password or a token is
/// replaced one day, and but the place to begin at, which moves on.
///
/// It is a hash, for parts of an address are not shown that are no secrets by their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamIdentity {
    digits: String,
    /// Whether something that tells it from others is not shown.
    is_hidden: bool,
}

impl StreamIdentity {
    /// Of an address as the URL standard has it; `name` is what its user calls it, and `shown` are the parameters that
    /// are shown.
    pub(super) fn of(url: &Url, name: Option<&str>, shown: &[&str]) -> Self {
        let mut pairs: Vec<_> = url
            .query_pairs()
            .filter(|(key, _)| !is_place(key))
            .map(|(key, value)| match is_secret(&key) {
                true => (key, "".into()),
                false => (key, value),
            })
            .collect();
        // Their order changes nothing.
        pairs.sort();
        let is_hidden = !url.username().is_empty()
            || pairs
                .iter()
                .any(|(key, value)| !value.is_empty() && !shown.contains(&&**key));
        let port = url.port_or_known_default().unwrap_or(0).to_string();
        let place = [
            url.scheme(),
            url.username(),
            url.host_str().unwrap_or_default(),
            &port,
            url.path(),
            name.unwrap_or_default(),
        ];
        let mut hasher = Sha256::new();
        let pairs = pairs.iter().flat_map(|(key, value)| [&**key, &**value]);
        for part in place.into_iter().chain(pairs) {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        StreamIdentity {
            digits: hex::encode(hasher.finalize())[..IDENTITY_DIGITS].to_owned(),
            is_hidden,
        }
    }

    pub(super) fn digits(&self) -> &str {
        &self.digits
    }

    /// What is added to the address that is shown, where that alone may be another stream's too.
    pub(super) fn shown(&self) -> Option<&str> {
        self.is_hidden.then(|| &self.digits[..SHOWN_DIGITS])
    }
}

/// Whether a parameter says from where on a stream is sent.
fn is_place(key: &str) -> bool {
    key.starts_with("since_")
}
