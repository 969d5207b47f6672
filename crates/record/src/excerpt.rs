//! What a dead letter keeps of the text that was refused: enough to mend it and read it again, and
//! nothing of a person's.
//!
//! A record that is kept loses what its `member` holds. A refused one cannot be masked by its
//! structure, which may be what is broken, so it is turned round: what is *known* to be no person's
//! is copied, namely brackets, commas and the values of the feeds' own keys, and all the rest is
//! `"masked"`. Nothing depends on where texts begin and end, for one quote too many would turn them
//! inside out. Of a text in which nothing is known nothing is kept: it is no record at all.

#[cfg(test)]
mod tests;
mod token;

use crate::people::{MASKED, PeopleKey};
use token::{
    blanks, figure_length, is_layout, is_quote, literal_length, plain_length, shared_length,
    text_length, value_length, word_length,
};

/// Bytes of a refused message that are kept.
const EXCERPT_BYTES: usize = 4096;

/// Keys that say themselves what they are of, wherever they stand.
const RECORD_KEYS: [&[u8]; 16] = [
    b"event",
    b"event_id",
    b"event_name",
    b"event_url",
    b"group",
    b"group_name",
    b"group_urlname",
    b"group_city",
    b"group_state",
    b"group_country",
    b"group_topics",
    b"urlkey",
    b"topic_name",
    b"venue",
    b"venue_name",
    b"photo_album",
];
/// Keys of numbers, and of the answer. A text there is not what the key stands for and may be a person's.
const FIGURE_KEYS: [&[u8]; 12] = [
    b"rsvp_id",
    b"response",
    b"guests",
    b"mtime",
    b"group_id",
    b"group_lat",
    b"group_lon",
    b"venue_id",
    b"photo_id",
    b"photo_album_id",
    b"in_reply_to",
    b"yes_rsvp_count",
];
/// Keys that a person may have as well: their values are kept only in a record, its event, its
/// group or its venue.
const SHARED_KEYS: [&[u8]; 6] = [b"id", b"status", b"visibility", b"time", b"lat", b"lon"];
/// People's keys: they stay, so that one sees what stood there, their values go.
const PEOPLE_KEYS: [&[u8]; 9] = [
    b"member",
    b"member_name",
    b"other_services",
    b"identifier",
    b"photo",
    b"photo_link",
    b"name",
    b"bio",
    b"comment",
];

/// The beginning of a text as it came.
pub(crate) fn begin(text: &[u8]) -> String {
    let cut = &text[..text.len().min(EXCERPT_BYTES)];
    let mut excerpt = String::from_utf8_lossy(cut).into_owned();
    excerpt.truncate(excerpt.floor_char_boundary(EXCERPT_BYTES));
    excerpt
}

impl PeopleKey {
    /// The beginning of a refused text without people; empty when it is no record at all.
    pub(crate) fn excerpt(&self, text: &[u8]) -> String {
        let cut = &text[..text.len().min(EXCERPT_BYTES)];
        begin(&Excerpt::of(cut, self).unwrap_or_default())
    }
}

/// Copying what is known.
struct Excerpt<'a> {
    text: &'a [u8],
    people: &'a PeopleKey,
    at: usize,
    out: Vec<u8>,
    /// Where the last mask ends in `out`: masks with only blanks between them become one.
    masked: usize,
    /// For every open bracket whether it is of a record or a part of one that is no person.
    open: Vec<bool>,
    /// Whether a bracket that opens here would be.
    trusted: bool,
    /// Whether a key of the feeds was found.
    known: bool,
}

/// Whose the value of a key is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyOwner {
    Record,
    Figure,
    Shared,
    MemberId,
    Person,
}

impl<'a> Excerpt<'a> {
    fn of(text: &'a [u8], people: &'a PeopleKey) -> Option<Vec<u8>> {
        let mut excerpt = Self {
            text,
            people,
            at: 0,
            out: Vec::with_capacity(text.len()),
            masked: 0,
            open: Vec::new(),
            trusted: true,
            known: false,
        };
        while let Some(&byte) = text.get(excerpt.at) {
            excerpt.step(byte);
        }
        let object = text.trim_ascii_start().starts_with(b"{");
        (excerpt.known || object).then_some(excerpt.out)
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => {
                self.open.push(self.trusted);
                self.copy(1);
            }
            b'}' | b']' => {
                self.open.pop();
                self.trusted = self.inside();
                self.copy(1);
            }
            b',' => {
                self.trusted = self.inside();
                self.copy(1);
            }
            // What follows a key that is not known is not known either.
            b':' => {
                self.trusted = false;
                self.copy(1);
            }
            _ if is_layout(byte) => self.copy(1),
            _ => match self.key() {
                Some((length, owner)) => self.member(length, owner),
                None => self.unknown(),
            },
        }
    }

    /// Whether this is inside of something that is no person.
    fn inside(&self) -> bool {
        self.open.last().copied().unwrap_or(true)
    }

    /// If a key that is known stands here: its length with its colon, and whose value follows.
    fn key(&self) -> Option<(usize, KeyOwner)> {
        let rest = &self.text[self.at..];
        let python = usize::from(matches!(rest, [b'u', b'"' | b'\'', ..]));
        let quoted = is_quote(rest.get(python));
        // Without its quote a word is a key only inside of an object: prose has colons, too.
        if !quoted && self.open.is_empty() {
            return None;
        }
        let begin = python + usize::from(quoted);
        let word = word_length(&rest[begin..]);
        let mut end = begin + word;
        end += usize::from(is_quote(rest.get(end)));
        end += blanks(&rest[end..]);
        if !matches!(rest.get(end), Some(b':' | b'=')) {
            return None;
        }
        end += 1;
        end += blanks(&rest[end..]);
        Some((end, self.owner(&rest[begin..begin + word])?))
    }

    fn owner(&self, key: &[u8]) -> Option<KeyOwner> {
        if RECORD_KEYS.contains(&key) {
            Some(KeyOwner::Record)
        } else if FIGURE_KEYS.contains(&key) {
            Some(KeyOwner::Figure)
        } else if SHARED_KEYS.contains(&key) && self.inside() {
            Some(KeyOwner::Shared)
        } else if key == b"member_id" {
            Some(KeyOwner::MemberId)
        } else if PEOPLE_KEYS.contains(&key) || SHARED_KEYS.contains(&key) {
            Some(KeyOwner::Person)
        } else {
            None
        }
    }

    /// Copies a key and what may be copied of its value.
    fn member(&mut self, key: usize, owner: KeyOwner) {
        self.known = true;
        self.copy(key);
        self.trusted = owner == KeyOwner::Record;
        let rest = &self.text[self.at..];
        match owner {
            KeyOwner::Record => {
                let value = plain_length(rest).or_else(|| value_length(rest));
                self.copy(value.unwrap_or(0));
            }
            KeyOwner::Figure => match plain_length(rest).or_else(|| figure_length(rest)) {
                Some(length) => self.copy(length),
                None => self.unknown(),
            },
            KeyOwner::Shared => match plain_length(rest).or_else(|| shared_length(rest)) {
                Some(length) => self.copy(length),
                None => self.unknown(),
            },
            KeyOwner::MemberId => self.member_id(),
            KeyOwner::Person => self.unknown(),
        }
    }

    fn member_id(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let id = std::str::from_utf8(&rest[..length]).map(str::parse);
        match id {
            Ok(Ok(id)) => {
                let pseudonym = self.people.pseudonym(id).to_string();
                self.out.extend_from_slice(pseudonym.as_bytes());
                self.at += length;
            }
            _ => self.unknown(),
        }
    }

    /// Masks what is not known: a text as a whole if it is one, else as little as may be, so that a
    /// quote too many does not hide the keys behind it.
    fn unknown(&mut self) {
        let rest = &self.text[self.at..];
        if rest.first().is_none_or(|&byte| is_layout(byte)) {
            return;
        }
        if let Some(length) = literal_length(rest) {
            return self.copy(length);
        }
        let whole = text_length(rest).filter(|&length| {
            let next = length + blanks(&rest[length..]);
            matches!(rest.get(next), None | Some(b',' | b':' | b'}' | b']'))
        });
        let piece = |byte: &&u8| !is_layout(**byte) && !is_quote(Some(*byte));
        self.mask(whole.unwrap_or_else(|| 1 + rest[1..].iter().take_while(piece).count()));
    }

    fn mask(&mut self, length: usize) {
        self.trusted = false;
        self.at += length;
        if self.masked > 0 && self.out[self.masked..].iter().all(|&byte| byte == b' ') {
            self.out.truncate(self.masked);
            return;
        }
        self.out.extend_from_slice(MASKED);
        self.masked = self.out.len();
    }

    fn copy(&mut self, length: usize) {
        self.out
            .extend_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
    }
}
