//! The complete way of decoding: any spelling of a record, and the verdict on what is none.

use std::sync::Arc;

use super::{Feed, allowed};
use crate::record::Record;
use crate::{
    allowed::Allowed,
    content::{ContentHash, Event, Group, Topic, Venue},
    dictionary::Dictionary,
    id::{Identity, Namespace},
    json::Json,
    other::Other,
    people::fit,
    reason::Reason,
    response::Response,
    rsvp::{GUESTS_MAX, Rsvp, RsvpContent},
    text::RecordText,
    version::Version,
};

/// Characters of an id.
const ID_CHARS_MAX: usize = 64;
/// Topics of one group.
const TOPICS_MAX: usize = 1000;

/// Decodes one JSON object of any feed.
///
/// A text on which nothing depends (a name, a link) may hold half an emoji, repaired. One that
/// decides what is counted, and where, may not: [`text`] refuses it, [`shown`] takes it.
pub(crate) fn decode(line: &RecordText<'_>, dictionary: &mut Dictionary) -> Result<Record, Reason> {
    let members = line.object()?;
    let members = Members(&members);
    match Feed::of_keys(|key| members.has(key)) {
        Some(Feed::Rsvps) => rsvp(&members, dictionary).map(Record::Rsvp),
        Some(feed) => other(feed, &members).map(Record::Other),
        None => Err(Reason::MissingField("rsvp_id")),
    }
}

fn rsvp(top: &Members<'_>, dictionary: &mut Dictionary) -> Result<Rsvp, Reason> {
    let id = positive(top.get("rsvp_id")?, "rsvp_id")?;
    let version = version(top)?;
    let response = match text(top.get("response")?, "response")? {
        Some("yes") => Response::Yes,
        Some("no") => Response::No,
        Some(_) => return Err(Reason::UnknownEnum("response")),
        None => return Err(Reason::MissingField("response")),
    };
    let guests = match integer(top.get("guests")?, "guests")? {
        None => 0,
        Some(guests) => u16::try_from(guests)
            .ok()
            .filter(|&guests| guests <= GUESTS_MAX)
            .ok_or(Reason::Range("guests"))?,
    };
    let visibility = shown(top.get("visibility")?, "visibility")?.unwrap_or_default();
    let member = object(top.get("member")?, "member")?.ok_or(Reason::MissingField("member"))?;
    let member = fit(positive(member.get("member_id")?, "member.member_id")?);
    let event = event(object(top.get("event")?, "event")?)?;
    let group = group(object(top.get("group")?, "group")?, dictionary)?;
    let venue = match object(top.get("venue")?, "venue")? {
        Some(members) => venue(&members)?,
        None => None,
    };
    let event = dictionary.events.intern(event);
    let group = dictionary.groups.intern(group);
    let venue = venue.map(|venue| dictionary.venues.intern(venue));
    let content = RsvpContent {
        id,
        version,
        event: event.hash,
        group: group.hash,
        venue: venue.map(|venue| venue.hash),
        guests,
        response,
        visibility: visibility.as_bytes(),
    }
    .hash();
    Ok(Rsvp {
        id,
        member,
        version,
        event: event.key,
        group: Some(group.key),
        venue: venue.map(|venue| venue.key),
        content,
        id_check: 0,
        member_check: 0,
        guests,
        response,
        tells_event: true,
    })
}

fn event(members: Option<Members<'_>>) -> Result<Event, Reason> {
    let members = members.ok_or(Reason::MissingField("event"))?;
    Ok(Event {
        namespace: Namespace::MEETUP,
        id: id_text(members.get("event_id")?, "event.event_id")?
            .ok_or(Reason::MissingField("event.event_id"))?
            .into(),
        name: shown(members.get("event_name")?, "event.event_name")?
            .unwrap_or_default()
            .into(),
        url: shown(members.get("event_url")?, "event.event_url")?
            .unwrap_or_default()
            .into(),
        time: whole(members.get("time")?, "event.time")?,
    })
}

fn venue(members: &Members<'_>) -> Result<Option<Venue>, Reason> {
    let Some(id) = whole(members.get("venue_id")?, "venue.venue_id")? else {
        return Ok(None);
    };
    Ok(Some(Venue {
        id: identity(id),
        name: shown(members.get("venue_name")?, "venue.venue_name")?
            .unwrap_or_default()
            .into(),
        lat: degrees(members.get("lat")?, 90.0, "venue.lat")?,
        lon: degrees(members.get("lon")?, 180.0, "venue.lon")?,
    }))
}

fn group(members: Option<Members<'_>>, dictionary: &mut Dictionary) -> Result<Group, Reason> {
    let members = members.ok_or(Reason::MissingField("group"))?;
    let country = text(members.get("group_country")?, "group.group_country")?
        .ok_or(Reason::MissingField("group.group_country"))?;
    if country.chars().count() > ID_CHARS_MAX {
        return Err(Reason::Range("group.group_country"));
    }
    let city = text(members.get("group_city")?, "group.group_city")?.unwrap_or_default();
    let state = text(members.get("group_state")?, "group.group_state")?.unwrap_or_default();
    Ok(Group {
        id: identity(
            whole(members.get("group_id")?, "group.group_id")?
                .ok_or(Reason::MissingField("group.group_id"))?,
        ),
        name: shown(members.get("group_name")?, "group.group_name")?
            .unwrap_or_default()
            .into(),
        city: dictionary.texts.share(city),
        state: dictionary.texts.share(state),
        country: Some(dictionary.texts.share(&country.to_ascii_lowercase())),
        lat: degrees(members.get("group_lat")?, 90.0, "group.group_lat")?,
        lon: degrees(members.get("group_lon")?, 180.0, "group.group_lon")?,
        topics: topics(members.get("group_topics")?, dictionary)?,
    })
}

fn topics(value: Option<&Json>, dictionary: &mut Dictionary) -> Result<Box<[Arc<Topic>]>, Reason> {
    const FIELD: &str = "group.group_topics";
    let items = match value {
        None => return Ok(Box::default()),
        Some(Json::List(items)) => items,
        Some(_) => return Err(Reason::BadType(FIELD)),
    };
    if items.len() > TOPICS_MAX {
        return Err(Reason::Range(FIELD));
    }
    let mut topics = Vec::with_capacity(items.len());
    for item in items {
        let members = object(Some(item), FIELD)?.ok_or(Reason::BadType(FIELD))?;
        let Some(urlkey) = text(members.get("urlkey")?, "group.group_topics.urlkey")? else {
            continue;
        };
        let name = shown(members.get("topic_name")?, "group.group_topics.topic_name")?;
        let topic = dictionary.topics.intern(Topic {
            urlkey: dictionary.texts.share(urlkey),
            name: dictionary.texts.share(name.unwrap_or(urlkey)),
        });
        push_topic(&mut topics, Arc::clone(dictionary.topics.content(topic)));
    }
    Ok(topics.into())
}

/// The identity that a number of Meetup's is. None below 0 has been seen, and one would be another
/// than every number above.
pub(crate) fn identity(number: i64) -> Identity {
    Identity::of_number(Namespace::MEETUP, number.cast_unsigned())
}

/// Adds a topic unless its urlkey stands there already.
pub(crate) fn push_topic(topics: &mut Vec<Arc<Topic>>, topic: Arc<Topic>) {
    if topics.iter().all(|known| known.urlkey != topic.urlkey) {
        topics.push(topic);
    }
}

fn other(feed: Feed, top: &Members<'_>) -> Result<Other, Reason> {
    let (id, event) = match feed {
        Feed::Photos => {
            let album = object(top.get("photo_album")?, "photo_album")?;
            let event = match &album {
                Some(album) => object(album.get("event")?, "photo_album.event")?,
                None => None,
            };
            let event = match &event {
                Some(event) => id_text(event.get("id")?, "photo_album.event.id")?,
                None => None,
            };
            (id_text(top.get("photo_id")?, "photo_id")?, event)
        }
        Feed::EventComments => {
            let event = object(top.get("event")?, "event")?;
            let event = match &event {
                Some(event) => id_text(event.get("event_id")?, "event.event_id")?,
                None => None,
            };
            (id_text(top.get("id")?, "id")?, event)
        }
        Feed::OpenEvents => {
            let id = id_text(top.get("id")?, "id")?;
            (id.clone(), id)
        }
        Feed::OpenVenues | Feed::Rsvps => (id_text(top.get("id")?, "id")?, None),
    };
    let key = if feed == Feed::Photos {
        "photo_id"
    } else {
        "id"
    };
    let status = text(top.get("status")?, "status")?;
    if status.is_some_and(|status| status.chars().count() > ID_CHARS_MAX) {
        return Err(Reason::Range("status"));
    }
    Ok(Other {
        feed: feed as u8,
        id: id.ok_or(Reason::MissingField(key))?.into(),
        version: version(top)?,
        content: top.content(allowed::of(feed)),
        event: event.map(Into::into),
        status: status.map(Into::into),
    })
}

fn version(top: &Members<'_>) -> Result<Version, Reason> {
    match top.get("mtime")? {
        None => Err(Reason::MissingField("mtime")),
        Some(Json::Integer(mtime)) => i64::try_from(*mtime)
            .ok()
            .and_then(Version::of_meetup)
            .ok_or(Reason::BadTimestamp),
        Some(_) => Err(Reason::BadTimestamp),
    }
}

/// The members of an object. A key that is asked for may stand only once.
struct Members<'a>(&'a [(String, Json)]);

impl<'a> Members<'a> {
    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }

    /// The value of a key; a null counts as absent.
    fn get(&self, key: &'static str) -> Result<Option<&'a Json>, Reason> {
        let mut found = self.0.iter().filter(|(name, _)| name == key);
        let value = found.next().map(|(_, value)| value);
        if found.next().is_some() {
            return Err(Reason::DupKey(key));
        }
        Ok(value.filter(|value| **value != Json::Null))
    }

    /// A hash that depends neither on the order of keys nor on how the record is masked: it is over
    /// what always stays.
    fn content(&self, allowed: &'static Allowed) -> u32 {
        let sum = hash_of_members(self.0, allowed);
        (sum ^ sum >> 32) as u32
    }
}

fn hash_of_members(members: &[(String, Json)], allowed: &'static Allowed) -> u64 {
    members.iter().fold(0, |sum, (name, value)| {
        sum.wrapping_add(hash_of(name, value, allowed.of_key(name)))
    })
}

/// A hash of a named value, in which the members of objects have no order; 0 if it does not always
/// stay.
fn hash_of(name: &str, value: &Json, allowed: &'static Allowed) -> u64 {
    if !allowed.always_stays() {
        return 0;
    }
    let mut hash = ContentHash::default();
    hash.text(name);
    match value {
        Json::Bool(truth) => hash.number(1 + u64::from(*truth)),
        Json::Integer(number) if allowed.takes_numbers() => hash.number(*number as u64),
        Json::Float(number) if allowed.takes_numbers() => hash.number(number.to_bits()),
        Json::Text(text) | Json::Repaired(text) if allowed.takes_text(text) => hash.text(text),
        Json::List(items) => items
            .iter()
            .for_each(|item| hash.number(hash_of("", item, allowed.of_item()))),
        Json::Object(members) => hash.number(hash_of_members(members, allowed).wrapping_add(3)),
        _ => return 0,
    }
    hash.finish()
}

fn object<'a>(value: Option<&'a Json>, field: &'static str) -> Result<Option<Members<'a>>, Reason> {
    match value {
        None => Ok(None),
        Some(Json::Object(members)) => Ok(Some(Members(members))),
        Some(_) => Err(Reason::BadType(field)),
    }
}

/// A text that is only shown: half an emoji in it does no harm.
fn shown<'a>(value: Option<&'a Json>, field: &'static str) -> Result<Option<&'a str>, Reason> {
    match value {
        None => Ok(None),
        Some(Json::Text(text) | Json::Repaired(text)) if text.contains('\0') => {
            Err(Reason::NulChar)
        }
        Some(Json::Text(text) | Json::Repaired(text)) => Ok(Some(text)),
        Some(_) => Err(Reason::BadType(field)),
    }
}

/// A text that decides what is counted: two halves of different emoji must not become one text.
fn text<'a>(value: Option<&'a Json>, field: &'static str) -> Result<Option<&'a str>, Reason> {
    match value {
        Some(Json::Repaired(_)) => Err(Reason::BadText(field)),
        value => shown(value, field),
    }
}

/// An id as text; feeds disagree on whether ids are numbers.
fn id_text(value: Option<&Json>, field: &'static str) -> Result<Option<String>, Reason> {
    match value {
        Some(Json::Integer(number)) => Ok(Some(number.to_string())),
        value => match text(value, field)? {
            Some(id) if id.is_empty() || id.chars().count() > ID_CHARS_MAX => {
                Err(Reason::Range(field))
            }
            id => Ok(id.map(ToOwned::to_owned)),
        },
    }
}

fn integer(value: Option<&Json>, field: &'static str) -> Result<Option<i128>, Reason> {
    match value {
        None => Ok(None),
        Some(Json::Integer(number)) => Ok(Some(*number)),
        Some(_) => Err(Reason::BadType(field)),
    }
}

/// A number from 1 to 2^64 - 1.
fn positive(value: Option<&Json>, field: &'static str) -> Result<u64, Reason> {
    let number = integer(value, field)?.ok_or(Reason::MissingField(field))?;
    u64::try_from(number)
        .ok()
        .filter(|&number| number > 0)
        .ok_or(Reason::Range(field))
}

fn whole(value: Option<&Json>, field: &'static str) -> Result<Option<i64>, Reason> {
    integer(value, field)?
        .map(|number| i64::try_from(number).map_err(|_| Reason::Range(field)))
        .transpose()
}

fn degrees(value: Option<&Json>, max: f64, field: &'static str) -> Result<Option<f64>, Reason> {
    let degrees = match value {
        None => return Ok(None),
        Some(Json::Integer(number)) => *number as f64,
        Some(Json::Float(number)) => *number,
        Some(_) => return Err(Reason::BadType(field)),
    };
    if degrees.abs() <= max {
        Ok(Some(degrees))
    } else {
        Err(Reason::Range(field))
    }
}
