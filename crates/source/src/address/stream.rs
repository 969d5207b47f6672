//! The address of a stream on the network.

use std::fmt;

use url::Url;

use super::{AddressError, refuse};

/// A stream on the network.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamAddress {
    url: Url,
    /// Whether the server can be asked to go on from a record time.
    resumes: bool,
}

/// Parameters of the feed's own protocol; the values of all others may be secrets and are not shown.
const SHOWN: [&str; 7] = [
    "since_mtime",
    "since_count",
    "event_id",
    "trickle",
    "callback",
    "api_version",
    "resume",
];

impl StreamAddress {
    pub(super) fn new(text: &str, may_resume: bool) -> Result<Self, AddressError> {
        // What the parser says of the text is repeated, the text itself may hold a password.
        let mut url = Url::parse(text).map_err(|error| {
            AddressError(format!(
                "the address of a stream is not a URL ({error}): write {}",
                example(may_resume)
            ))
        })?;
        if url.host_str().is_none_or(str::is_empty) {
            return refuse(format!(
                "the address of a stream has no host: write {}",
                example(may_resume)
            ));
        }
        url.set_fragment(None);
        let asked = url
            .query_pairs()
            .find(|(key, _)| key == "resume")
            .map(|(_, value)| value.into_owned());
        let resumes = match asked.as_deref() {
            None => may_resume && url.path().starts_with("/2/"),
            Some("since_mtime") if may_resume => true,
            Some("none") => false,
            Some(_) if !may_resume => {
                return refuse("a WebSocket cannot be asked to go on where it was: leave resume= away, or use http://".to_owned());
            }
            Some(_) => {
                return refuse("resume= knows since_mtime (ask the server to go on from a record time) and none".to_owned());
            }
        };
        if asked.is_some() {
            set_query(&mut url, |key| key != "resume", &[]);
        }
        Ok(StreamAddress { url, resumes })
    }

    /// The address itself, with credentials.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the server can be asked to go on from a record time.
    pub fn resumes(&self) -> bool {
        self.resumes
    }

    /// The address that asks for what is newer than `mtime_ms`.
    pub(crate) fn since(&self, mtime_ms: i64) -> Url {
        let mut url = self.url.clone();
        // The server takes one of the two, not both.
        let others = |key: &str| key != "since_mtime" && key != "since_count";
        set_query(&mut url, others, &[("since_mtime", &mtime_ms.to_string())]);
        url
    }

    /// What its positions are called: the stream, whoever asks for it and from wherever on.
    pub(crate) fn identity(&self) -> String {
        let mut url = self.shown();
        set_query(&mut url, |key| !key.starts_with("since_"), &[]);
        url.to_string()
    }

    /// Without anything that may be a secret.
    fn shown(&self) -> Url {
        let mut url = self.url.clone();
        // Neither can fail for an address that has a host.
        let _ = url.set_password(None);
        if !self.url.username().is_empty() || self.url.password().is_some() {
            let _ = url.set_username("***");
        }
        if url.query().is_some() {
            let shown: Vec<(String, String)> = self
                .url
                .query_pairs()
                .map(|(key, value)| {
                    let open = SHOWN.contains(&key.as_ref()) || value.is_empty();
                    (
                        key.into_owned(),
                        if open {
                            value.into_owned()
                        } else {
                            "***".to_owned()
                        },
                    )
                })
                .collect();
            let shown: Vec<(&str, &str)> = shown
                .iter()
                .map(|(key, value)| (&**key, &**value))
                .collect();
            set_query(&mut url, |_| false, &shown);
        }
        url
    }
}

/// Keeps the parameters that `keep` names and adds others.
fn set_query(url: &mut Url, keep: impl Fn(&str) -> bool, add: &[(&str, &str)]) {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| keep(key))
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    url.set_query(None);
    let all = kept
        .iter()
        .map(|(k, v)| (&**k, &**v))
        .chain(add.iter().copied());
    for (key, value) in all {
        // A parameter without a value (`?trickle`) stays without its equals sign.
        if value.is_empty() {
            let query = url
                .query()
                .map_or(key.to_owned(), |query| format!("{query}&{key}"));
            url.set_query(Some(&query));
        } else {
            url.query_pairs_mut().append_pair(key, value);
        }
    }
}

impl fmt::Display for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().fmt(f)
    }
}

impl fmt::Debug for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamAddress({self}, resumes: {})", self.resumes)
    }
}

fn example(http: bool) -> &'static str {
    if http {
        "http://host:port/2/rsvps"
    } else {
        "ws://host:port/2/rsvps"
    }
}
