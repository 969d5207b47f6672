//! What the tables want of Meetup's records and the counts do not: fields that the decoder passes over.
//!
//! The paths are those of the API's documentation and of the public recordings. What is missing, or of another type
//! than expected, is null; a record is never refused here, for it has been admitted.

use std::{borrow::Cow, sync::Arc};

use headcount_record::{ContentHash, Feed, Version};
use memchr::memmem;
use serde_json::Value;

use super::{
    facts::{
        CategoryFacts, CommentFacts, EventFacts, GroupFacts, MemberFacts, MemberTold, PhotoFacts,
        Tale, Tales, Teller, TopicFacts, VenueFacts,
    },
    pending::Pending,
};
use crate::model::{Time, finite};

/// What an answer tells beside what is decoded.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct AnswerDetails<'a> {
    pub(crate) visibility: Option<Cow<'a, str>>,
    pub(crate) urlname: Option<Cow<'a, str>>,
}

impl<'a> AnswerDetails<'a> {
    /// Reads them from a record.
    ///
    /// Nearly every record spells both keys once and without escapes; then two searches do. Any other spelling is parsed.
    pub(crate) fn of(body: &'a [u8]) -> Self {
        let quick = spelled(body, b"\"visibility\"").zip(spelled(body, b"\"group_urlname\""));
        if let Some((visibility, urlname)) = quick {
            return Self {
                visibility: Some(visibility.into()),
                urlname: Some(urlname.into()),
            };
        }
        let record = parse(body);
        let owned = |path| text(&record, path).map(|text| Cow::Owned(text.as_ref().to_owned()));
        Self {
            visibility: owned("/visibility"),
            urlname: owned("/group/group_urlname"),
        }
    }
}

/// The text behind a key that stands once, unless it is spelled in any unusual way. A quote within a JSON text has a
/// backslash before it, so a key with its quotes is never found within a text.
fn spelled<'a>(body: &'a [u8], key: &[u8]) -> Option<&'a str> {
    let at = memmem::find(body, key)?;
    let rest = &body[at + key.len()..];
    if memmem::find(rest, key).is_some() {
        return None;
    }
    let rest = rest.strip_prefix(b":\"")?;
    let end = memchr::memchr2(b'"', b'\\', rest)?;
    (rest[end] == b'"' && end > 0).then(|| std::str::from_utf8(&rest[..end]).ok())?
}

/// The name and photo in an answer of a journal that keeps people.
pub(crate) fn person(body: &[u8], version: Version) -> Option<Box<Tales<MemberFacts>>> {
    let record = parse(body);
    let facts = MemberFacts {
        name: text(&record, "/member/member_name"),
        photo: text(&record, "/member/photo"),
    };
    let content = hash([facts.name.as_deref(), facts.photo.as_deref()]);
    let mut tales = Tales::default();
    tales.tell(
        Teller::Answers,
        Tale {
            version,
            content,
            facts: Arc::new(facts),
        },
    );
    Some(Box::new(tales))
}

/// Tells what a record of another feed than the answers holds.
pub(crate) fn tell(feed: Feed, body: &[u8], version: Version, content: u32, pending: &mut Pending) {
    pending.text_bytes += body.len();
    let record = parse(body);
    let teller = if feed == Feed::OpenEvents {
        Teller::Events
    } else {
        Teller::Others
    };
    let told = MeetupRecord {
        teller,
        version,
        content: u64::from(content),
        pending,
    };
    match feed {
        Feed::OpenEvents => told.event(&record),
        Feed::Photos => told.photo(&record),
        Feed::EventComments => told.comment(&record),
        Feed::OpenVenues => told.open_venue(&record),
        // Answers are decoded whole.
        Feed::Rsvps => {}
    }
}

struct MeetupRecord<'a> {
    teller: Teller,
    version: Version,
    content: u64,
    pending: &'a mut Pending,
}

impl MeetupRecord<'_> {
    fn tale<T>(&self, facts: T) -> Tale<T> {
        Tale {
            version: self.version,
            content: self.content,
            facts: Arc::new(facts),
        }
    }

    fn event(mut self, record: &Value) {
        let Some(id) = id_text(record, "/id") else {
            return;
        };
        let group = self.group(record.pointer("/group"));
        let venue = record.pointer("/venue").map(|venue| self.venue(venue));
        let facts = EventFacts {
            group,
            venue: venue.map(Some),
            name: text(record, "/name"),
            url: text(record, "/event_url"),
            time: long(record, "/time").and_then(Time::within_reach),
            utc_offset: long(record, "/utc_offset"),
            duration: long(record, "/duration"),
            status: text(record, "/status"),
            visibility: text(record, "/visibility"),
            description: text(record, "/description"),
            rsvp_limit: long(record, "/rsvp_limit"),
            yes_rsvp_count: long(record, "/yes_rsvp_count"),
            fee: double(record, "/fee/amount"),
        };
        let tale = self.tale(facts);
        self.pending
            .events
            .entry(id)
            .or_default()
            .tell(self.teller, tale);
    }

    fn photo(mut self, record: &Value) {
        let Some(id) = id_text(record, "/photo_id") else {
            return;
        };
        let event = self.mentioned(record.pointer("/photo_album/event"), "/id", "/name");
        self.group(record.pointer("/photo_album/group"));
        let facts = PhotoFacts {
            event,
            member: self.member(record),
            time: long(record, "/ctime").and_then(Time::within_reach),
            caption: text(record, "/caption"),
            link: text(record, "/photo_link"),
            highres_link: text(record, "/highres_link"),
            thumb_link: text(record, "/thumb_link"),
            status: text(record, "/status"),
        };
        let tale = self.tale(facts);
        self.pending
            .photos
            .entry(id)
            .or_default()
            .tell(self.teller, tale);
    }

    fn comment(mut self, record: &Value) {
        let Some(id) = id_text(record, "/id") else {
            return;
        };
        let event = self.mentioned(record.pointer("/event"), "/event_id", "/event_name");
        self.group(record.pointer("/group"));
        let facts = CommentFacts {
            event,
            member: self.member(record),
            comment: text(record, "/comment"),
            in_reply_to: id_text(record, "/in_reply_to"),
            status: text(record, "/status"),
        };
        let tale = self.tale(facts);
        self.pending
            .comments
            .entry(id)
            .or_default()
            .tell(self.teller, tale);
    }

    fn open_venue(mut self, record: &Value) {
        self.venue(record);
    }

    /// An event that a record of something else names.
    fn mentioned(&mut self, event: Option<&Value>, id: &str, name: &str) -> Option<Arc<str>> {
        let event = event?;
        let id = id_text(event, id)?;
        let facts = EventFacts {
            name: text(event, name),
            time: long(event, "/time").and_then(Time::within_reach),
            ..EventFacts::default()
        };
        let tale = self.tale(facts);
        self.pending
            .events
            .entry(Arc::clone(&id))
            .or_default()
            .tell(self.teller, tale);
        Some(id)
    }

    fn member(&mut self, record: &Value) -> Option<i64> {
        let id = long(record, "/member/member_id").filter(|id| *id > 0)?;
        self.pending
            .tell_member(id, MemberTold::at(self.version.time()));
        Some(id)
    }

    fn group(&mut self, group: Option<&Value>) -> Option<i64> {
        let group = group?;
        let id = long(group, "/id")?;
        let category = self.category(group.pointer("/category"));
        let topics = group
            .pointer("/group_topics")
            .and_then(Value::as_array)
            .map(|topics| self.topics(topics));
        let facts = GroupFacts {
            name: text(group, "/name"),
            urlname: text(group, "/urlname"),
            city: text(group, "/city"),
            state: text(group, "/state"),
            country: text(group, "/country").map(|country| country.to_lowercase().into()),
            lat: double(group, "/group_lat").or_else(|| double(group, "/lat")),
            lon: double(group, "/group_lon").or_else(|| double(group, "/lon")),
            join_mode: text(group, "/join_mode"),
            category,
            topics,
        };
        let tale = self.tale(facts);
        self.pending
            .groups
            .entry(id)
            .or_default()
            .tell(self.teller, tale);
        Some(id)
    }

    fn category(&mut self, category: Option<&Value>) -> Option<i64> {
        let category = category?;
        let id = long(category, "/id")?;
        let facts = CategoryFacts {
            name: text(category, "/name"),
            shortname: text(category, "/shortname"),
        };
        let tale = self.tale(facts);
        self.pending
            .categories
            .entry(id)
            .or_default()
            .tell(self.teller, tale);
        Some(id)
    }

    fn topics(&mut self, topics: &[Value]) -> Box<[Arc<str>]> {
        let mut urlkeys: Vec<Arc<str>> = Vec::new();
        for topic in topics {
            let Some(urlkey) = text(topic, "/urlkey") else {
                continue;
            };
            if urlkeys.contains(&urlkey) {
                continue;
            }
            let name = text(topic, "/topic_name").unwrap_or_else(|| Arc::clone(&urlkey));
            let tale = self.tale(TopicFacts { name: Some(name) });
            self.pending
                .topics
                .entry(Arc::clone(&urlkey))
                .or_default()
                .tell(self.teller, tale);
            urlkeys.push(urlkey);
        }
        urlkeys.into()
    }

    fn venue(&mut self, venue: &Value) -> i64 {
        let facts = VenueFacts {
            name: text(venue, "/name"),
            lat: double(venue, "/lat"),
            lon: double(venue, "/lon"),
            address: text(venue, "/address_1"),
            city: text(venue, "/city"),
            state: text(venue, "/state"),
            country: text(venue, "/country").map(|country| country.to_lowercase().into()),
        };
        let id = long(venue, "/id").or_else(|| id_text(venue, "/id")?.parse().ok());
        let id = id.unwrap_or_else(|| id_of_content(&facts));
        let tale = self.tale(facts);
        self.pending
            .venues
            .entry(id)
            .or_default()
            .tell(self.teller, tale);
        id
    }
}

/// The id of a venue that came without one: below zero, so that it is nobody's number, and of 53 bits, which every
/// reader holds exactly. Two venues with the same content are one.
fn id_of_content(facts: &VenueFacts) -> i64 {
    let mut content = ContentHash::default();
    for text in [
        &facts.name,
        &facts.address,
        &facts.city,
        &facts.state,
        &facts.country,
    ] {
        content.text(text.as_deref().unwrap_or_default());
    }
    content.coordinate(facts.lat);
    content.coordinate(facts.lon);
    -1 - (content.finish() >> 11).cast_signed()
}

fn hash<const N: usize>(texts: [Option<&str>; N]) -> u64 {
    let mut hash = ContentHash::default();
    for text in texts {
        hash.text(text.unwrap_or_default());
    }
    hash.finish()
}

fn parse(body: &[u8]) -> Value {
    // It has been decoded, so it is JSON.
    serde_json::from_slice(body).unwrap_or_default()
}

/// A text that is not empty. PostgreSQL holds no U+0000.
fn text(record: &Value, path: &str) -> Option<Arc<str>> {
    let text = record.pointer(path)?.as_str()?;
    match text {
        "" => None,
        text if text.contains('\0') => Some(text.replace('\0', "\u{fffd}").into()),
        text => Some(text.into()),
    }
}

/// An id; feeds disagree on whether ids are numbers.
fn id_text(record: &Value, path: &str) -> Option<Arc<str>> {
    match record.pointer(path)? {
        Value::Number(number) => Some(number.to_string().into()),
        _ => text(record, path),
    }
}

fn long(record: &Value, path: &str) -> Option<i64> {
    record.pointer(path)?.as_i64()
}

fn double(record: &Value, path: &str) -> Option<f64> {
    record.pointer(path)?.as_f64().and_then(finite)
}
