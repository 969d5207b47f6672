//! The fast way of decoding an RSVP: it proves every byte, or declines.
//!
//! It never refuses. `None` means only that the complete decoder has to look.

use std::{ops::Range, sync::Arc};

use crate::{
    content::{Content, Event, Group, Topic, Venue},
    dictionary::{ContentTable, Dictionary, Found, Texts},
    fingerprint::{Fingerprint, Fingerprints},
    id::Namespace,
    meetup::complete::{identity, push_topic},
    people::fit,
    response::Response,
    rsvp::{GUESTS_MAX, Rsvp, RsvpContent},
    version::Version,
    walker::{Text, Walker},
};

/// An RSVP whose bytes are proved but for its event, venue and group. Those are looked up, or
/// proved if they are new, when it is settled.
pub(crate) struct Draft<'a> {
    bytes: &'a [u8],
    id: u64,
    member_id: u64,
    version: Version,
    guests: u16,
    response: Response,
    visibility: &'a [u8],
    event: Part,
    group: Part,
    venue: Option<Part>,
    /// Where its member object stands.
    pub(crate) member: Range<usize>,
    /// Whether everything but its member, event, group and venue may stay when it is masked.
    is_listed: bool,
}

/// An RSVP of which every byte is proved.
pub(crate) struct ProvedRsvp {
    pub(crate) rsvp: Rsvp,
    /// Whether everything but its member may stay when it is masked.
    pub(crate) is_listed: bool,
}

/// A sub-object that has not been looked up: where it should stand, and its fingerprint.
#[derive(Clone, Copy)]
struct Part {
    start: usize,
    end: usize,
    print: Option<Fingerprint>,
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

/// Drafts the RSVP that `bytes` are.
pub(crate) fn draft<'a>(bytes: &'a [u8], prints: &Fingerprints) -> Option<Draft<'a>> {
    let mut walker = Walker::new(bytes);
    let mut seen = 0_u16;
    let (mut id, mut version, mut member_id, mut guests) = (0, None, 0, 0);
    let mut response = Response::No;
    let (mut event, mut group, mut venue) = (None, None, None);
    let (mut member, mut is_listed) = (0..0, true);
    let mut visibility: &[u8] = b"";
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        let bit = match key.raw {
            b"event" => {
                event = Some(part(&mut walker, prints, guess_flat)?);
                EVENT
            }
            b"group" => {
                group = Some(part(&mut walker, prints, guess_group)?);
                GROUP
            }
            b"venue" => {
                venue = Some(part(&mut walker, prints, guess_flat)?);
                VENUE
            }
            b"member" => {
                let start = walker.at;
                member_id = fit(find_member(&mut walker)?);
                member = start..walker.at;
                MEMBER
            }
            b"mtime" => {
                version = Some(Version::of_meetup(walker.integer()?)?);
                MTIME
            }
            b"rsvp_id" => {
                id = walker.positive()?;
                RSVP_ID
            }
            b"response" => {
                response = match walker.text()?.raw {
                    b"yes" => Response::Yes,
                    b"no" => Response::No,
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
                is_listed = false;
                0
            }
        };
        if seen & bit != 0 {
            return None;
        }
        seen |= bit;
        more = walker.more(b'}')?;
    }
    // The record must be all there is.
    if seen & NEEDED != NEEDED || walker.at != bytes.len() {
        return None;
    }
    Some(Draft {
        bytes,
        id,
        member_id,
        version: version?,
        guests,
        response,
        visibility,
        event: event?,
        group: group?,
        venue,
        member,
        is_listed,
    })
}

/// Makes the RSVP of a draft.
pub(crate) fn settle(draft: &Draft<'_>, dictionary: &mut Dictionary) -> Option<ProvedRsvp> {
    let Draft { bytes, version, .. } = *draft;
    let event = settle_event(bytes, draft.event, dictionary)?;
    let group = settle_group(bytes, draft.group, dictionary)?;
    let venue = match draft.venue {
        Some(venue) => Some(settle_venue(bytes, venue, dictionary)?),
        None => None,
    };
    let content = RsvpContent {
        id: draft.id,
        version,
        event: event.hash,
        group: group.hash,
        venue: venue.map(|venue| venue.hash),
        guests: draft.guests,
        response: draft.response,
        visibility: draft.visibility,
    }
    .hash();
    let rsvp = Rsvp {
        id: draft.id,
        member: draft.member_id,
        version,
        event: event.key,
        group: Some(group.key),
        venue: venue.map(|venue| venue.key),
        content,
        id_check: 0,
        member_check: 0,
        guests: draft.guests,
        response: draft.response,
        tells_event: true,
    };
    Some(ProvedRsvp {
        rsvp,
        is_listed: draft.is_listed
            && event.is_listed
            && group.is_listed
            && venue.is_none_or(|venue| venue.is_listed),
    })
}

/// Looks up what settling will look up, so that it is near then. The value means nothing.
pub(crate) fn touch(draft: &Draft<'_>, dictionary: &Dictionary) -> usize {
    let event = draft.event.find(&dictionary.events);
    let group = draft.group.find(&dictionary.groups);
    let venue = draft.venue.and_then(|venue| venue.find(&dictionary.venues));
    [event, group, venue]
        .into_iter()
        .flatten()
        .fold(0, |near, found| near ^ found.key.index())
}

/// Passes the value of a key that is not used. An escaped key might spell one that is.
fn unused(walker: &mut Walker<'_>, key: Text<'_>, depth: usize) -> Option<()> {
    if key.escaped {
        return None;
    }
    walker.value(depth + 1)
}

/// Passes a sub-object. Its end is guessed; if what follows shows the guess to be wrong, it is
/// walked to. If it does not, [`settle`] will find that out.
fn part<'a>(
    walker: &mut Walker<'a>,
    prints: &Fingerprints,
    guess: impl FnOnce(&'a [u8]) -> Option<usize>,
) -> Option<Part> {
    let start = walker.at;
    let guessed = guess(&walker.bytes[start..]).map(|length| start + length);
    match guessed {
        Some(end) if matches!(walker.bytes.get(end), Some(b',' | b'}')) => walker.at = end,
        _ => walker.value(2)?,
    }
    Some(Part {
        start,
        end: walker.at,
        print: prints.of(&walker.bytes[start..walker.at]),
    })
}

/// The length of the object at the beginning of `rest` if its first brace ends it.
fn guess_flat(rest: &[u8]) -> Option<usize> {
    memchr::memchr(b'}', rest).map(|end| end + 1)
}

/// A group ends with the first brace after its list of topics.
fn guess_group(rest: &[u8]) -> Option<usize> {
    let topics = memchr::memchr(b']', rest)?;
    Some(topics + guess_flat(&rest[topics..])?)
}

impl Part {
    fn find<T: Content + PartialEq>(&self, seen: &ContentTable<T>) -> Option<Found> {
        seen.find(&self.print?)
    }

    /// Proves the part by walking it: it must end where it was thought to.
    fn walk<'a, T>(
        &self,
        bytes: &'a [u8],
        walk: impl FnOnce(&mut Walker<'a>) -> Option<T>,
    ) -> Option<T> {
        let mut walker = Walker {
            bytes,
            at: self.start,
        };
        let content = walk(&mut walker)?;
        (walker.at == self.end).then_some(content)
    }
}

fn settle_event(bytes: &[u8], part: Part, dictionary: &mut Dictionary) -> Option<Found> {
    part.find(&dictionary.events).or_else(|| {
        let event = part.walk(bytes, walk_event)?;
        Some(
            dictionary
                .events
                .learn(part.print, part.end - part.start, event),
        )
    })
}

fn settle_venue(bytes: &[u8], part: Part, dictionary: &mut Dictionary) -> Option<Found> {
    part.find(&dictionary.venues).or_else(|| {
        let venue = part.walk(bytes, walk_venue)?;
        Some(
            dictionary
                .venues
                .learn(part.print, part.end - part.start, venue),
        )
    })
}

fn settle_group(bytes: &[u8], part: Part, dictionary: &mut Dictionary) -> Option<Found> {
    part.find(&dictionary.groups).or_else(|| {
        let group = part.walk(bytes, |walker| walk_group(walker, dictionary))?;
        Some(
            dictionary
                .groups
                .learn(part.print, part.end - part.start, group),
        )
    })
}

fn find_topic(walker: &mut Walker<'_>, dictionary: &mut Dictionary) -> Option<Found> {
    let topic = part(walker, &dictionary.prints, guess_flat)?;
    topic.find(&dictionary.topics).or_else(|| {
        let texts = &mut dictionary.texts;
        let content = topic.walk(walker.bytes, |walker| walk_topic(walker, texts))?;
        let length = topic.end - topic.start;
        Some(dictionary.topics.learn(topic.print, length, content))
    })
}

/// Stores a value that must not be there yet.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.is_none().then(|| *slot = Some(value))
}

/// The event, and whether everything in it may stay.
fn walk_event(walker: &mut Walker<'_>) -> Option<(Event, bool)> {
    let (mut id, mut name, mut url, mut time) = (None, None, None, None);
    let mut is_listed = true;
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        match key.raw {
            b"event_id" => once(&mut id, short(walker)?)?,
            b"event_name" => once(&mut name, shared(walker)?)?,
            b"event_url" => once(&mut url, shared(walker)?)?,
            b"time" => once(&mut time, walker.integer()?)?,
            _ => {
                unused(walker, key, 2)?;
                is_listed = false;
            }
        }
        more = walker.more(b'}')?;
    }
    let event = Event {
        namespace: Namespace::MEETUP,
        id: id?,
        name: name.unwrap_or_else(|| "".into()),
        url: url.unwrap_or_else(|| "".into()),
        time,
    };
    Some((event, is_listed))
}

/// The venue, and whether everything in it may stay.
fn walk_venue(walker: &mut Walker<'_>) -> Option<(Venue, bool)> {
    let (mut id, mut name, mut lat, mut lon) = (None, None, None, None);
    let mut is_listed = true;
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        match key.raw {
            b"venue_id" => once(&mut id, walker.integer()?)?,
            b"venue_name" => once(&mut name, shared(walker)?)?,
            b"lat" => once(&mut lat, degrees(walker, 90.0)?)?,
            b"lon" => once(&mut lon, degrees(walker, 180.0)?)?,
            _ => {
                unused(walker, key, 2)?;
                is_listed = false;
            }
        }
        more = walker.more(b'}')?;
    }
    let venue = Venue {
        id: identity(id?),
        name: name.unwrap_or_else(|| "".into()),
        lat,
        lon,
    };
    Some((venue, is_listed))
}

/// The group, and whether everything in it may stay.
fn walk_group(walker: &mut Walker<'_>, dictionary: &mut Dictionary) -> Option<(Group, bool)> {
    let (mut id, mut name, mut city, mut state, mut country) = (None, None, None, None, None);
    let (mut lat, mut lon, mut topics) = (None, None, None);
    let mut is_listed = true;
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
            b"group_topics" => {
                let (items, are_listed) = walk_topics(walker, dictionary)?;
                once(&mut topics, items)?;
                is_listed &= are_listed;
            }
            b"group_urlname" if walker.peek()? == b'"' => is_listed &= !walker.text()?.escaped,
            _ => {
                unused(walker, key, 2)?;
                is_listed = false;
            }
        }
        more = walker.more(b'}')?;
    }
    let group = Group {
        id: identity(id?),
        name: name.unwrap_or_else(|| "".into()),
        city: city.unwrap_or_else(|| dictionary.texts.share("")),
        state: state.unwrap_or_else(|| dictionary.texts.share("")),
        country: Some(country?),
        lat,
        lon,
        topics: topics.unwrap_or_default(),
    };
    Some((group, is_listed))
}

/// The topics, and whether everything in them may stay.
fn walk_topics(
    walker: &mut Walker<'_>,
    dictionary: &mut Dictionary,
) -> Option<(Box<[Arc<Topic>]>, bool)> {
    let (mut topics, mut are_listed) = (Vec::with_capacity(16), true);
    walker.byte(b'[')?;
    walker.space();
    let mut more = walker.peek()? != b']';
    walker.at += usize::from(!more);
    while more {
        let found = find_topic(walker, dictionary)?;
        push_topic(&mut topics, Arc::clone(dictionary.topics.content(found)));
        are_listed &= found.is_listed;
        if topics.len() > 100 {
            return None;
        }
        more = walker.more(b']')?;
    }
    Some((topics.into(), are_listed))
}

/// The topic, and whether everything in it may stay.
fn walk_topic(walker: &mut Walker<'_>, texts: &mut Texts) -> Option<(Topic, bool)> {
    let (mut urlkey, mut name, mut is_listed) = (None, None, true);
    let mut more = walker.open()?;
    while more {
        let key = walker.key()?;
        match key.raw {
            b"urlkey" => once(&mut urlkey, texts.share(&walker.text()?.unescape()?))?,
            b"topic_name" => once(&mut name, texts.share(&walker.text()?.unescape()?))?,
            _ => {
                unused(walker, key, 4)?;
                is_listed = false;
            }
        }
        more = walker.more(b'}')?;
    }
    let topic = Topic {
        urlkey: urlkey?,
        name: name?,
    };
    Some((topic, is_listed))
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
