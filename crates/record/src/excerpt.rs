//! What a dead letter keeps of the text that was refused: enough to mend it and read it again, and
//! nothing of a person's.
//!
//! As far as the text is JSON it is masked as a record is, by the paths that its schema allows. Where
//! it breaks off nobody knows any more where texts begin and end, for one quote too many turns them
//! inside out. From there on only what is *known* to be no person's is copied, namely brackets, commas
//! and the values of keys that say by themselves what they are, and all the rest is `"masked"`. Of a
//! text in which nothing is known nothing is kept: it is no record at all.

#[cfg(test)]
mod tests;

use crate::{
    MAX_BYTES,
    allowed::Allowed,
    mask::{MASKED, Mask},
    people::PeopleKey,
    schema::Schema,
    token::{
        blanks, id_length, is_layout, is_quote, literal_length, number_length, plain_length,
        text_length, value_length, word_length, word_of,
    },
    top_keys::TopKeys,
    walker::Walker,
};

/// Bytes of a refused message that are kept.
const EXCERPT_BYTES: usize = 4096;

/// People's keys: they stay, so that one sees what stood there, their values go.
const PEOPLE_KEYS: [&str; 9] = [
    "member",
    "member_name",
    "other_services",
    "identifier",
    "photo",
    "photo_link",
    "name",
    "bio",
    "comment",
];

/// The beginning of a text as it came.
pub(crate) fn begin(text: &[u8]) -> String {
    let cut = &text[..text.len().min(EXCERPT_BYTES)];
    let mut excerpt = String::from_utf8_lossy(cut).into_owned();
    excerpt.truncate(excerpt.floor_char_boundary(EXCERPT_BYTES));
    excerpt
}

/// The beginning of a text that a schema refused, without people; empty when it is no record at all.
pub(crate) fn masked(text: &[u8], schema: &dyn Schema, people: &PeopleKey) -> String {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = text.trim_ascii_start();
    if let Some(inner) = encoded_twice(text) {
        let inner = masked(inner.as_bytes(), schema, people);
        let json = serde_json::to_vec(&inner).expect("a text is JSON");
        return begin(&json);
    }
    let is_json = is_json(text);
    let text = if is_json {
        text
    } else {
        &text[..text.len().min(EXCERPT_BYTES)]
    };
    let keys = TopKeys::of(text);
    let root = schema.allowed(&|key| keys.has(key));
    let mut out = Vec::with_capacity(text.len());
    let mut excerpt = Excerpt {
        text,
        people,
        root,
        landmarks: schema.landmarks(),
        at: 0,
        out: Vec::new(),
        masked: 0,
        open: Vec::new(),
        outside: &Allowed::Unknown,
        next: &Allowed::Unknown,
        knows_a_key: text.starts_with(b"{"),
    };
    if text.starts_with(b"{") {
        let landmarks = if is_json { &[] } else { excerpt.landmarks };
        let beginning = Mask::copy_beginning(text, people, root, landmarks, &mut out);
        excerpt.at = beginning.length;
        excerpt.open = beginning.open;
    }
    excerpt.out = out;
    excerpt.next = excerpt.inside().of_item();
    begin(&excerpt.finish().unwrap_or_default())
}

/// Whether a text is one JSON object, so that nothing in it can be somewhere else than it seems.
fn is_json(text: &[u8]) -> bool {
    let mut walker = Walker::new(text);
    let ends = text.len() <= MAX_BYTES && text.starts_with(b"{") && walker.value(1).is_some();
    walker.space();
    ends && walker.at == text.len()
}

/// The record in a text that was encoded once more than it should have been.
fn encoded_twice(text: &[u8]) -> Option<String> {
    let is_text = text.starts_with(b"\"") && text.len() <= MAX_BYTES;
    let inner: String = serde_json::from_slice(is_text.then_some(text)?).ok()?;
    inner.trim_start().starts_with('{').then_some(inner)
}

/// Copying what is known of a text that is broken.
struct Excerpt<'a> {
    text: &'a [u8],
    people: &'a PeopleKey,
    root: &'static Allowed,
    landmarks: &'static [&'static str],
    at: usize,
    out: Vec<u8>,
    /// Where the last mask ends in `out`: masks with only blanks between them become one.
    masked: usize,
    /// What may stay in the brackets that are open, as far as one can tell.
    open: Vec<&'static Allowed>,
    /// What may stay outside of all of them.
    outside: &'static Allowed,
    /// What may stay of a value that stands here, or in a bracket that opens here.
    next: &'static Allowed,
    /// Whether it is a record at all.
    knows_a_key: bool,
}

impl Excerpt<'_> {
    fn finish(mut self) -> Option<Vec<u8>> {
        while let Some(&byte) = self.text.get(self.at) {
            self.step(byte);
        }
        self.knows_a_key.then_some(self.out)
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => {
                self.open.push(self.next);
                self.next = self.next.of_item();
                self.copy(1);
            }
            b'}' | b']' => {
                if self.open.pop().is_none() {
                    self.outside = &Allowed::Unknown;
                }
                self.next = &Allowed::Unknown;
                self.copy(1);
            }
            b',' => {
                self.next = self.inside().of_item();
                self.copy(1);
            }
            // What follows a key that is not known is not known either.
            b':' => {
                self.next = &Allowed::Unknown;
                self.copy(1);
            }
            _ if is_layout(byte) => self.copy(1),
            _ => match self.key() {
                Some((length, allowed)) => self.member(length, allowed),
                None => self.unknown(),
            },
        }
    }

    /// What may stay in the innermost bracket.
    fn inside(&self) -> &'static Allowed {
        self.open.last().copied().unwrap_or(self.outside)
    }

    /// If a key that is known stands here: its length with its colon, and what may stay of the value
    /// that follows.
    fn key(&mut self) -> Option<(usize, &'static Allowed)> {
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
        let name = std::str::from_utf8(&rest[begin..begin + word]).ok()?;
        Some((end, self.allowed(name)?))
    }

    /// What may stay of the value of a key, if the key is known.
    fn allowed(&mut self, key: &str) -> Option<&'static Allowed> {
        let is_landmark = self.landmarks.contains(&key);
        if is_landmark && is_figure(self.root.of_key(key)) {
            // Only the record has it, so whatever was open before it has ended.
            match self.open.last_mut() {
                Some(inside) => *inside = self.root,
                None => self.outside = self.root,
            }
        }
        let here = self.inside().of_key(key);
        let elsewhere = self.root.find(key);
        match here {
            // A name may be a person's, if the text is somewhere else than it seems.
            Allowed::Name | Allowed::Written if !is_landmark => Some(&Allowed::Nothing),
            Allowed::Unknown | Allowed::Nothing => match elsewhere {
                Some(found) if is_landmark && (is_figure(found) || is_person_id(found)) => {
                    Some(found)
                }
                Some(_) => Some(&Allowed::Unknown),
                None => PEOPLE_KEYS.contains(&key).then_some(&Allowed::Nothing),
            },
            here => Some(here),
        }
    }

    /// Copies a key and what may be copied of its value.
    fn member(&mut self, key: usize, allowed: &'static Allowed) {
        self.knows_a_key = true;
        self.copy(key);
        self.next = allowed;
        let rest = &self.text[self.at..];
        let length = match allowed {
            Allowed::PersonId => return self.person_id(),
            Allowed::Number => plain_length(rest).or_else(|| number_length(rest)),
            Allowed::Id => plain_length(rest).or_else(|| id_length(rest)),
            Allowed::Word(words) => word_of(rest, words),
            Allowed::Name => Some(value_length(rest).unwrap_or(0)),
            _ => None,
        };
        match length.or_else(|| literal_length(rest)) {
            Some(length) => self.copy(length),
            None => self.unknown(),
        }
    }

    /// A number that ends with the text may have lost its end, and with it be another person's.
    fn person_id(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let id = std::str::from_utf8(&rest[..length]).map(str::parse);
        match id {
            Ok(Ok(id)) if length < rest.len() => {
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
        self.next = &Allowed::Unknown;
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

/// Whether the values are so short of words that nobody's name is among them.
const fn is_figure(allowed: &Allowed) -> bool {
    matches!(allowed, Allowed::Number | Allowed::Id | Allowed::Word(_))
}

const fn is_person_id(allowed: &Allowed) -> bool {
    matches!(allowed, Allowed::PersonId)
}
