//! The fast way of decoding an RSVP: it proves every byte, or declines.
//!
//! It never refuses. `None` means only that the complete decoder has to look.

use std::sync::Arc;

use crate::{
    complete::push_topic,
    content::{Content, Event, Group, Topic, Venue},
    dictionary::{Dictionary, Found, Table, Texts},
    fingerprint::Fingerprints,
    rsvp::{GUESTS_MAX, Rsvp, RsvpContent},
    version::Version,
    walker::{Text, Walker},
};

/// A decoded RSVP, where it ended, and where its member object stood.
pub(crate) struct Proved {
    pub(crate) rsvp: Rsvp,
    pub(crate) length: usize,
    pub(crate) member: (usize, usize),
}

/// The top-level keys that are used, one bit each, so that none is taken twice.
const EVENT: u16 = 1;
const GROUP: u16 = 1 << 1;
const VENUE: u16 = 1 << 2;
const MEMBER: u16 = 1 << 3;
const MTIME: u16 = 1 << 4;
const RSVP_ID: u16 = 1 << 5;
const RESPONSE: u16 = 1 << 6;
const GUESTS: u16 = 1 << 7;
const VISIBILITY: u16 = 1 << 8;
const NEEDED: u16 = EVENT | GROUP | MEMBER | MTIME | RSVP_ID | RESPONSE;

/// Decodes the RSVP at the beginning of `bytes`, which must end at a line end or with the bytes.
pub(crate) fn decode(bytes: &[u8], dictionary: &mut Dictionary) -> Option<Proved> {
    let mut walker = Walker::new(bytes);
    let mut seen = 0_u16;
    let (mut id, mut version, mut member_id, mut guests, mut yes) = (0, None, 0, 0, false);
    let (mut event, mut group, mut venue) = (None, None, None);
    let mut member = (0, 0);
    let mut visibility: &[u8] = b"";
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        let bit = match key.raw {
            b"event" => {
                event = Some(find_event(&mut walker, dictionary)?);
                EVENT
            }
            b"group" => {
                group = Some(find_group(&mut walker, dictionary)?);
                GROUP
            }
            b"venue" => {
                venue = Some(find_venue(&mut walker, dictionary)?);
                VENUE
            }
            b"member" => {
                let start = walker.at;
                member_id = find_member(&mut walker)?;
                member = (start, walker.at);
                MEMBER
            }
            b"mtime" => {
                version = Some(Version::of(walker.integer()?)?);
                MTIME
            }
            b"rsvp_id" => {
                id = walker.positive()?;
                RSVP_ID
            }
            b"response" => {
                yes = match walker.text()?.raw {
                    b"yes" => true,
                    b"no" => false,
                    _ => return None,
                };
                RESPONSE
            }
            b"guests" => {
                guests = u16::try_from(walker.integer()?).ok()?;
                if guests > GUESTS_MAX {
                    return None;
                }
                GUESTS
            }
            b"visibility" => {
                let text = walker.text()?;
                if text.escaped {
                    return None;
                }
                visibility = text.raw;
                VISIBILITY
            }
            _ => {
                unused(&mut walker, key, 1)?;
                0
            }
        };
        if seen & bit != 0 {
            return None;
        }
        seen |= bit;
        more = walker.more(b'}')?;
    }
    let length = end_of_line(&walker)?;
    if seen & NEEDED != NEEDED {
        return None;
    }
    let (event, group, version) = (event?, group?, version?);
    let content = RsvpContent {
        id,
        version,
        event: event.hash,
        group: group.hash,
        venue: venue.map(|venue: Found| venue.hash),
        guests,
        yes,
        visibility,
    }
    .hash();
    let rsvp = Rsvp {
        id,
        member: member_id,
        version,
        event: event.key,
        group: group.key,
        venue: venue.map(|venue| venue.key),
        content,
        guests,
        yes,
    };
    Some(Proved {
        rsvp,
        length,
        member,
    })
}

/// Passes the value of a key that is not used. An escaped key might spell one that is.
fn unused(walker: &mut Walker<'_>, key: Text<'_>, depth: usize) -> Option<()> {
    if key.escaped {
        return None;
    }
    walker.value(depth + 1)
}

/// The record must be all there is on its line.
fn end_of_line(walker: &Walker<'_>) -> Option<usize> {
    match walker.bytes[walker.at..] {
        [] | [b'\n', ..] => Some(walker.at),
        [b'\r'] | [b'\r', b'\n', ..] => Some(walker.at),
        _ => None,
    }
}

/// The bytes from the walker's place up to the next `close`: an object, if that ends it.
fn guess<'a>(walker: &Walker<'a>, close: u8) -> Option<&'a [u8]> {
    let rest = &walker.bytes[walker.at..];
    memchr::memchr(close, rest).map(|end| &rest[..=end])
}

/// A group ends with the first brace after its list of topics.
fn guess_group<'a>(walker: &Walker<'a>) -> Option<&'a [u8]> {
    let topics = guess(walker, b']')?.len();
    let rest = &walker.bytes[walker.at..];
    memchr::memchr(b'}', &rest[topics..]).map(|end| &rest[..=topics + end])
}

/// Passes a sub-object whose guessed bytes have been seen: they need no proof again.
fn pass<T: Content + PartialEq>(
    walker: &mut Walker<'_>,
    guess: Option<&[u8]>,
    prints: &Fingerprints,
    seen: &Table<T>,
) -> Option<Found> {
    let bytes = guess?;
    let found = seen.find(&prints.of(bytes)?)?;
    walker.at += bytes.len();
    Some(found)
}

fn find_event(walker: &mut Walker<'_>, dictionary: &mut Dictionary) -> Option<Found> {
    let Dictionary { prints, events, .. } = dictionary;
    let (start, guess) = (walker.at, guess(walker, b'}'));
    pass(walker, guess, prints, events).or_else(|| {
        let event = walk_event(walker)?;
        Some(events.learn(prints, &walker.bytes[start..walker.at], event))
    })
}

fn find_venue(walker: &mut Walker<'_>, dictionary: &mut Dictionary) -> Option<Found> {
    let Dictionary { prints, venues, .. } = dictionary;
    let (start, guess) = (walker.at, guess(walker, b'}'));
    pass(walker, guess, prints, venues).or_else(|| {
        let venue = walk_venue(walker)?;
        Some(venues.learn(prints, &walker.bytes[start..walker.at], venue))
    })
}

fn find_group(walker: &mut Walker<'_>, dictionary: &mut Dictionary) -> Option<Found> {
    let (start, guess) = (walker.at, guess_group(walker));
    if let Some(found) = pass(walker, guess, &dictionary.prints, &dictionary.groups) {
        return Some(found);
    }
    let group = walk_group(walker, dictionary)?;
    let Dictionary { prints, groups, .. } = dictionary;
    Some(groups.learn(prints, &walker.bytes[start..walker.at], group))
}

fn find_topic(walker: &mut Walker<'_>, dictionary: &mut Dictionary) -> Option<Arc<Topic>> {
    let Dictionary {
        prints,
        topics,
        texts,
        ..
    } = dictionary;
    let (start, guess) = (walker.at, guess(walker, b'}'));
    let found = pass(walker, guess, prints, topics).or_else(|| {
        let topic = walk_topic(walker, texts)?;
        Some(topics.learn(prints, &walker.bytes[start..walker.at], topic))
    })?;
    Some(Arc::clone(topics.content(found)))
}

/// Stores a value that must not be there yet.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.is_none().then(|| *slot = Some(value))
}

fn walk_event(walker: &mut Walker<'_>) -> Option<Event> {
    let (mut id, mut name, mut url, mut time) = (None, None, None, None);
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        match key.raw {
            b"event_id" => once(&mut id, short(walker)?)?,
            b"event_name" => once(&mut name, shared(walker)?)?,
            b"event_url" => once(&mut url, shared(walker)?)?,
            b"time" => once(&mut time, walker.integer()?)?,
            _ => unused(walker, key, 2)?,
        }
        more = walker.more(b'}')?;
    }
    Some(Event {
        id: id?,
        name: name.unwrap_or_else(|| "".into()),
        url: url.unwrap_or_else(|| "".into()),
        time,
    })
}

fn walk_venue(walker: &mut Walker<'_>) -> Option<Venue> {
    let (mut id, mut name, mut lat, mut lon) = (None, None, None, None);
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        match key.raw {
            b"venue_id" => once(&mut id, walker.integer()?)?,
            b"venue_name" => once(&mut name, shared(walker)?)?,
            b"lat" => once(&mut lat, degrees(walker, 90.0)?)?,
            b"lon" => once(&mut lon, degrees(walker, 180.0)?)?,
            _ => unused(walker, key, 2)?,
        }
        more = walker.more(b'}')?;
    }
    Some(Venue {
        id: id?,
        name: name.unwrap_or_else(|| "".into()),
        lat,
        lon,
    })
}

fn walk_group(walker: &mut Walker<'_>, dictionary: &mut Dictionary) -> Option<Group> {
    let (mut id, mut name, mut city, mut state, mut country) = (None, None, None, None, None);
    let (mut lat, mut lon, mut topics) = (None, None, None);
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        match key.raw {
            b"group_id" => once(&mut id, walker.integer()?)?,
            b"group_name" => once(&mut name, shared(walker)?)?,
            b"group_city" => once(
                &mut city,
                dictionary.texts.share(&walker.text()?.unescape()?),
            )?,
            b"group_state" => once(
                &mut state,
                dictionary.texts.share(&walker.text()?.unescape()?),
            )?,
            b"group_country" => {
                let text = walker.text()?;
                if text.escaped || !matches!(text.raw, [b'a'..=b'z', b'a'..=b'z']) {
                    return None;
                }
                once(&mut country, dictionary.texts.share(&text.unescape()?))?;
            }
            b"group_lat" => once(&mut lat, degrees(walker, 90.0)?)?,
            b"group_lon" => once(&mut lon, degrees(walker, 180.0)?)?,
            b"group_topics" => once(&mut topics, walk_topics(walker, dictionary)?)?,
            _ => unused(walker, key, 2)?,
        }
        more = walker.more(b'}')?;
    }
    Some(Group {
        id: id?,
        name: name.unwrap_or_else(|| "".into()),
        city: city.unwrap_or_else(|| dictionary.texts.share("")),
        state: state.unwrap_or_else(|| dictionary.texts.share("")),
        country: country?,
        lat,
        lon,
        topics: topics.unwrap_or_default(),
    })
}

fn walk_topics(walker: &mut Walker<'_>, dictionary: &mut Dictionary) -> Option<Box<[Arc<Topic>]>> {
    let mut topics = Vec::with_capacity(16);
    walker.byte(b'[')?;
    walker.space();
    let mut more = walker.peek()? != b']';
    walker.at += usize::from(!more);
    while more {
        push_topic(&mut topics, find_topic(walker, dictionary)?);
        if topics.len() > 100 {
            return None;
        }
        more = walker.more(b']')?;
    }
    Some(topics.into())
}

fn walk_topic(walker: &mut Walker<'_>, texts: &mut Texts) -> Option<Topic> {
    let (mut urlkey, mut name) = (None, None);
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        match key.raw {
            b"urlkey" => once(&mut urlkey, texts.share(&walker.text()?.unescape()?))?,
            b"topic_name" => once(&mut name, texts.share(&walker.text()?.unescape()?))?,
            _ => unused(walker, key, 4)?,
        }
        more = walker.more(b'}')?;
    }
    Some(Topic {
        urlkey: urlkey?,
        name: name?,
    })
}

/// The member's id; everything else of it is only proved.
fn find_member(walker: &mut Walker<'_>) -> Option<u64> {
    let mut id = None;
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        match key.raw {
            b"member_id" => once(&mut id, walker.positive()?)?,
            _ => unused(walker, key, 2)?,
        }
        more = walker.more(b'}')?;
    }
    id
}

fn shared(walker: &mut Walker<'_>) -> Option<Arc<str>> {
    Some(walker.text()?.unescape()?.as_ref().into())
}

/// An id: so short that no check of characters is needed.
fn short(walker: &mut Walker<'_>) -> Option<Arc<str>> {
    let text = walker.text()?;
    let fits = !text.raw.is_empty() && text.raw.len() <= 64 && !text.escaped;
    fits.then(|| text.unescape())?.map(|id| id.as_ref().into())
}

fn degrees(walker: &mut Walker<'_>, max: f64) -> Option<f64> {
    let degrees: f64 = walker.number()?.parse().ok()?;
    (degrees.abs() <= max).then_some(degrees)
}
