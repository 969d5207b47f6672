//! What a client asks for, and what it is told when it cannot have it.

use std::fmt;

use headcount_record::Feed;
use serde_json::json;

/// A name of a function that JSONP may call is no longer than this.
const CALLBACK_MAX: usize = 100;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) since: Since,
    pub(super) event_id: Option<String>,
    /// The whole content in batches, instead of at its pace.
    pub(super) trickle: bool,
    /// The function that a long poll's answer calls.
    pub(super) callback: Option<String>,
}

/// Where to begin.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub(super) enum Since {
    #[default]
    Start,
    /// At the first record newer than this.
    Mtime(i64),
    /// With the last records, at once.
    Count(usize),
}

/// Why a request is refused, as the real stream said it: an object with `errors`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        json!({"errors": [{"code": self.code, "message": self.message}]}).fmt(out)
    }
}

impl Query {
    /// Reads the part of an address behind its `?`. Unknown parameters are ignored, as they were.
    pub(super) fn read(feed: Feed, text: &str) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let (mut mtime, mut count) = (None, None);
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "since_mtime" => mtime = Some(number(&name, &value)?),
                "since_count" => count = Some(number(&name, &value)?),
                "event_id" if !value.is_empty() => query.event_id = Some(value.into_owned()),
                "trickle" => query.trickle = feed == Feed::OpenVenues,
                "callback" => query.callback = Some(callback(&value)?),
                _ => {}
            }
        }
        query.since = match (mtime, count) {
            (Some(_), Some(_)) => {
                let message =
                    "since_mtime and since_count cannot be used together: give one of them";
                return Err(Refusal::new("bad_request", message));
            }
            (Some(mtime), None) => Since::Mtime(mtime),
            (None, Some(count)) => Since::Count(usize::try_from(count).unwrap_or(usize::MAX)),
            (None, None) => Since::Start,
        };
        Ok(query)
    }
}

fn number(name: &str, value: &str) -> Result<i64, Refusal> {
    value
        .parse()
        .ok()
        .filter(|number| *number >= 0)
        .ok_or_else(|| {
            let message = format!("{name} must be a whole number of 0 or more");
            Refusal::new("bad_request", message)
        })
}

/// The name comes back as part of a script, so it may be nothing but a name.
fn callback(name: &str) -> Result<String, Refusal> {
    let is_named = |byte: u8| byte.is_ascii_alphanumeric() || b"_$.[]".contains(&byte);
    if name.is_empty() || name.len() > CALLBACK_MAX || !name.bytes().all(is_named) {
        let message = "callback must be the name of a function: letters, digits, _ $ . [ ]";
        return Err(Refusal::new("bad_request", message));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read() {
        let read = |text| Query::read(Feed::OpenVenues, text).unwrap();
        assert_eq!(read(""), Query::default());
        assert_eq!(read("since_mtime=17&x=y").since, Since::Mtime(17));
        assert_eq!(read("since_count=3").since, Since::Count(3));
        assert!(read("trickle").trickle);
        assert_eq!(read("event_id=ab%2Fc").event_id.as_deref(), Some("ab/c"));
        assert_eq!(
            read("callback=jQuery17.cb").callback.as_deref(),
            Some("jQuery17.cb")
        );
        assert!(!Query::read(Feed::Rsvps, "trickle").unwrap().trickle);
    }

    #[test]
    fn what_cannot_be_is_an_object_with_errors() {
        for text in [
            "since_mtime=1&since_count=2",
            "since_mtime=yesterday",
            "since_count=-1",
            "callback=alert(1)",
            "callback=",
        ] {
            let refusal = Query::read(Feed::Rsvps, text).unwrap_err().to_string();
            let value: serde_json::Value = serde_json::from_str(&refusal).unwrap();
            assert_eq!(value["errors"][0]["code"], "bad_request", "{text}");
        }
    }
}
