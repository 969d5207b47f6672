//! The address of a stream on the network.

use std::fmt;

use headcount_address::{Address, AddressError, scheme_of};
use url::Url;

use super::stream_identity::StreamIdentity;

/// A stream on the network.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamAddress {
    url: Url,
    /// The same without secrets.
    shown: Address,
    /// Whether the server can be asked to go on from a record time.
    resumes: bool,
    identity: StreamIdentity,
    /// What its user calls it, behind a `#`, which is not sent.
    name: Option<String>,
}

/// Parameters of the feed's own protocol; the values of all others may be secrets and are not shown.
const SHOWN: [&str; 6] = [
    "since_mtime",
    "since_count",
    "event_id",
    "trickle",
    "callback",
    "api_version",
];

impl StreamAddress {
    pub(super) fn new(text: &str) -> Result<Self, AddressError> {
        let (text, name) = match text.split_once('#') {
            Some((text, name)) => (text, Some(name).filter(|name| !name.is_empty())),
            None => (text, None),
        };
        let may_resume = matches!(scheme_of(text).as_deref(), Some("http" | "https"));
        let address = Address::parse(text, example(may_resume))?.showing(&SHOWN);
        if address.hosts().len() != 1 {
            return Err(address.refuse("the address of a stream names one host"));
        }
        // What is sent is what the URL standard makes of the text, in the same words for every spelling of it.
        let mut url = Url::parse(text)
            .map_err(|error| address.refuse(format!("this is not a URL ({error})")))?;
        if let Some(name) = name
            && !name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        {
            return Err(address.refuse_with(
                "the name behind the # has other signs than letters, digits, -, _ and .",
                "write #NAME at the end, or %23 for a # that belongs to the address",
            ));
        }
        let asked = address.param("resume");
        let resumes = match asked {
            None => may_resume && url.path().starts_with("/2/"),
            Some("since_mtime") if may_resume => true,
            Some("none") => false,
            Some(_) if !may_resume => {
                return Err(address.refuse_with(
                    "a WebSocket cannot be asked to go on where it was",
                    "leave resume= away, or use http://",
                ));
            }
            Some(_) => {
                return Err(address.refuse_with(
                    "resume= is not possible",
                    "give since_mtime (ask the server to go on from a record time) or none",
                ));
            }
        };
        if asked.is_some() {
            set_query(&mut url, |key| key != "resume", &[]);
        }
        let shown = Address::parse(url.as_str(), example(may_resume))?.showing(&SHOWN);
        Ok(StreamAddress {
            identity: StreamIdentity::of(&url, name, &SHOWN),
            name: name.map(str::to_owned),
            url,
            shown,
            resumes,
        })
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

    /// What its positions are called.
    pub(crate) fn identity(&self) -> String {
        format!(
            "{}#{}",
            self.shown.keeping(|_| false),
            self.identity.digits()
        )
    }

    pub(super) fn refuse_as_twin(&self) -> AddressError {
        self.shown.refuse_with(
            "another source has the same address, or one that differs only in secrets, so that headcount cannot know \
             later how far it has read each",
            "give each a name of its own at the end of its address, such as #one and #two, or leave one out",
        )
    }

    /// What the source is called. Unlike what is printed of it, no other stream has this name.
    pub(super) fn name(&self) -> String {
        match (&self.name, self.identity.shown()) {
            (None, Some(digits)) => format!("{self}#{digits}"),
            _ => self.to_string(),
        }
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
        self.shown.fmt(f)?;
        match &self.name {
            Some(name) => write!(f, "#{name}"),
            None => Ok(()),
        }
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
