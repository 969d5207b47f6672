//! What a journal on Kafka is for ever: its number, which kinds of entries stand in which topic, and which kinds it gave
//! to which schema.
//!
//! It stands in `NAME.positions` under the key `journal`:
//!
//! ```json
//! {"version":3,"id":"5d3c…","topics":[{"name":"rsvps","kinds":[1,1]},{"name":"other","kinds":[16,254]}],
//!  "registered":[{"schema":"calendar 1","first":16,"count":2}]}
//! ```
//!
//! Topics are known by their names and kinds, never by their place in a list: a program with more feeds than the one
//! that made the journal adds topics, and what the others hold stays what it is.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, way_out};
use crate::kafka::message::{FormatVersion, VERSION};
use crate::kafka::topic::JournalTopic;
use crate::kinds::{KindRange, are_sound};

/// What a journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JournalIdentity {
    pub(super) id: u64,
    /// No two of them have a name or a kind in common.
    pub(super) topics: Vec<JournalTopic>,
    /// No two of them have a schema or a kind in common.
    pub(super) registered: Vec<KindRange>,
}

#[derive(Serialize, Deserialize)]
struct IdentityJson {
    version: u32,
    id: String,
    topics: Vec<TopicJson>,
    registered: Vec<KindRange>,
}

#[derive(Serialize, Deserialize)]
struct TopicJson {
    name: String,
    /// The first kind and the last.
    kinds: (u8, u8),
}

impl JournalIdentity {
    pub(super) fn to_text(&self) -> Vec<u8> {
        let topics = self.topics.iter().map(|topic| TopicJson {
            name: topic.name.clone(),
            kinds: topic.kinds,
        });
        let text = IdentityJson {
            version: VERSION,
            id: format!("{:016x}", self.id),
            topics: topics.collect(),
            registered: self.registered.clone(),
        };
        serde_json::to_vec(&text).expect("an identity is plain data")
    }

    /// Reads what stands in `topic`.
    pub(super) fn parse(topic: &str, text: &[u8]) -> Result<Self> {
        let damaged = |error: serde_json::Error| {
            Error::topic(topic, format!("the journal's description: {error}"))
        };
        // The version first: it says how the rest is to be read.
        let FormatVersion { version } = serde_json::from_slice(text).map_err(damaged)?;
        if version != VERSION {
            let way_out = way_out(version, VERSION);
            return Err(Error::topic(
                topic,
                format!(
                    "the journal has format version {version}, this program reads {VERSION}; {way_out}"
                ),
            ));
        }
        let text: IdentityJson = serde_json::from_slice(text).map_err(damaged)?;
        let id = u64::from_str_radix(&text.id, 16)
            .map_err(|error| Error::topic(topic, format!("the journal's number: {error}")))?;
        let topics = text.topics.into_iter().map(|topic| JournalTopic {
            name: topic.name,
            kinds: topic.kinds,
        });
        if !are_sound(&text.registered) {
            return Err(Error::topic(
                topic,
                "the journal's description gives a kind to two schemas; restore it from a backup"
                    .to_owned(),
            ));
        }
        Ok(Self {
            id,
            topics: topics.collect(),
            registered: text.registered,
        })
    }
}

/// The topics of a journal, and those that `wanted` names for kinds that have none yet.
///
/// # Errors
/// When a name or a part of the kinds is taken by another topic: records would be looked for where they are not.
pub(super) fn merged(
    journal: &str,
    known: &[JournalTopic],
    wanted: &[JournalTopic],
) -> Result<Vec<JournalTopic>> {
    // What is there stays as it is, in its order: readers of old commit messages find topics by these names.
    let mut all = known.to_vec();
    for topic in wanted {
        if all.iter().any(|other| other.holds(topic)) {
            continue;
        }
        if let Some(other) = all.iter().find(|other| other.conflicts_with(topic)) {
            return Err(Error::topic(
                &format!("{journal}.{}", topic.name),
                format!(
                    "this program stores entries of kinds {} in it, but in this journal {} holds kinds {}; use the version of headcount \
                     that wrote the journal, or give a new journal another name",
                    kinds_text(topic.kinds),
                    other.name,
                    kinds_text(other.kinds)
                ),
            ));
        }
        all.push(topic.clone());
    }
    debug_assert!(
        all.iter()
            .enumerate()
            .all(|(at, topic)| all[..at].iter().all(|other| !other.conflicts_with(topic))),
        "each kind and each name is one topic's"
    );
    Ok(all)
}

fn kinds_text((first, last): (u8, u8)) -> String {
    match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn topics(topics: &[(&str, u8, u8)]) -> Vec<JournalTopic> {
        let topic = |&(name, first, last): &(&str, u8, u8)| JournalTopic {
            name: name.to_owned(),
            kinds: (first, last),
        };
        topics.iter().map(topic).collect()
    }

    #[test]
    fn an_identity_is_read_back() {
        let identity = JournalIdentity {
            id: 0xfeed,
            topics: topics(&[("rsvps", 1, 1), ("other", 16, 254)]),
            registered: vec![KindRange {
                schema: "calendar 1".to_owned(),
                first: 16,
                count: 2,
            }],
        };
        let text = identity.to_text();
        assert_eq!(
            String::from_utf8_lossy(&text),
            r#"{"version":3,"id":"000000000000feed","topics":[{"name":"rsvps","kinds":[1,1]},{"name":"other","kinds":[16,254]}],"registered":[{"schema":"calendar 1","first":16,"count":2}]}"#
        );
        assert_eq!(
            JournalIdentity::parse("j.positions", &text).unwrap(),
            identity
        );
    }

    /// As version 1 wrote it, whose topics were known by the places of feeds in a list.
    #[test]
    fn one_of_another_version_is_refused_with_the_way_out() {
        let old =
            JournalIdentity::parse("j.positions", br#"{"version":1,"id":"000000000000feed"}"#);
        let said = old.unwrap_err().to_string();
        assert!(
            said.starts_with(
                "topic j.positions: the journal has format version 1, this program reads 3; import"
            ),
            "{said}"
        );
        let new = JournalIdentity::parse("j.positions", br#"{"version":4,"topics":{}}"#);
        let said = new.unwrap_err().to_string();
        assert!(said.ends_with("or a newer one"), "{said}");
    }

    #[test]
    fn a_feed_more_gets_a_topic_of_its_own_and_moves_no_other() {
        let old = topics(&[("rsvps", 1, 1), ("photos", 3, 3), ("dead-letters", 6, 6)]);
        let new = topics(&[("rsvps", 1, 1), ("check_ins", 7, 7), ("dead-letters", 6, 6)]);
        let all = merged("j", &old, &new).unwrap();
        assert_eq!(all[..3], old);
        assert_eq!(all[3..], topics(&[("check_ins", 7, 7)]));
        // The program that knows fewer changes nothing.
        assert_eq!(merged("j", &all, &old).unwrap(), all);
    }

    #[test]
    fn a_topic_is_never_two_things() {
        let old = topics(&[("rsvps", 1, 1), ("other", 16, 254)]);
        for wanted in [("rsvps", 7, 7), ("more", 10, 20), ("all", 1, 2)] {
            let error = merged("j", &old, &topics(&[wanted])).unwrap_err();
            let said = error.to_string();
            assert!(said.starts_with(&format!("topic j.{}", wanted.0)), "{said}");
        }
        // Under another name it is the same topic, if it holds all that is wanted.
        assert_eq!(merged("j", &old, &topics(&[("x", 20, 30)])).unwrap(), old);
    }
}
