//! Copying JSON with what may not stay of it masked.
//!
//! A record that is accepted is copied to its end. One that is refused may be no JSON at all: then
//! its beginning is copied, up to where nobody can tell any more what belongs to what.

use crate::{
    allowed::{Allowed, looks_like_id},
    json::MAX_DEPTH,
    people::PeopleKey,
    walker::{Text, Walker},
};

/// What stands for a text.
pub(crate) const MASKED: &[u8] = b"\"masked\"";
/// The longest key that stays though no list has it.
const KEY_BYTES_MAX: usize = 64;
/// So many digits in a row may be an id.
const ID_DIGITS: usize = 5;

/// A copy in the making.
pub(crate) struct Mask<'a, 'o> {
    walker: Walker<'a>,
    people: &'a PeopleKey,
    /// Whether texts that people write are masked too.
    texts: bool,
    trail: Option<Trail>,
    /// Up to where the input is in `out`.
    copied: usize,
    out: &'o mut Vec<u8>,
    blanked: u64,
}

/// What is remembered of a refused record, to know what is right of it when it breaks off.
struct Trail {
    root: &'static Allowed,
    /// Keys by which one sees that a person has ended, though the bracket that ends it is missing.
    /// Empty if the record is JSON.
    landmarks: &'static [&'static str],
    open: Vec<&'static Allowed>,
    sure: Sure,
}

/// The place up to which the brackets that are open are known. What follows may be a text that begins
/// or ends at the wrong place.
#[derive(Clone, Copy, Default)]
struct Sure {
    at: usize,
    copied: usize,
    out: usize,
}

/// The beginning of a refused record.
pub(crate) struct JsonPrefix {
    /// Its length. It is everything if the record is JSON.
    pub(crate) length: usize,
    /// What may stay in the brackets that are open there, from the outermost.
    pub(crate) open: Vec<&'static Allowed>,
}

impl<'a, 'o> Mask<'a, 'o> {
    /// A copy of an accepted record, or a part of one, appended to `out`.
    pub(crate) fn new(
        json: &'a [u8],
        people: &'a PeopleKey,
        texts: bool,
        out: &'o mut Vec<u8>,
    ) -> Self {
        Self {
            walker: Walker::new(json),
            people,
            texts,
            trail: None,
            copied: 0,
            out,
            blanked: 0,
        }
    }

    /// Copies all of it; returns how many values were masked for being unknown. `None` if it is not
    /// valid JSON.
    pub(crate) fn copy(mut self, allowed: &'static Allowed) -> Option<u64> {
        self.walker.space();
        self.value(allowed, 1)?;
        self.out
            .extend_from_slice(&self.walker.bytes[self.copied..]);
        Some(self.blanked)
    }

    /// Copies the beginning of a refused record to `out`, which is empty.
    pub(crate) fn copy_beginning(
        json: &'a [u8],
        people: &'a PeopleKey,
        root: &'static Allowed,
        landmarks: &'static [&'static str],
        out: &'o mut Vec<u8>,
    ) -> JsonPrefix {
        let mut mask = Self::new(json, people, true, out);
        mask.trail = Some(Trail {
            root,
            landmarks,
            open: Vec::new(),
            sure: Sure::default(),
        });
        mask.walker.space();
        if mask.value(root, 1).is_some() {
            mask.walker.space();
            mask.is_sure();
        }
        let Trail { open, sure, .. } = mask.trail.expect("set above");
        mask.out.truncate(sure.out);
        mask.out.extend_from_slice(&json[sure.copied..sure.at]);
        JsonPrefix {
            length: sure.at,
            open,
        }
    }

    fn value(&mut self, allowed: &'static Allowed, depth: usize) -> Option<()> {
        let start = self.walker.at;
        if self.trail.is_none() && matches!(allowed, Allowed::Whole) {
            return self.walker.value(depth);
        }
        match self.walker.peek()? {
            b'"' => {
                let text = self.walker.text()?;
                self.text(start, text, allowed);
            }
            b'{' | b'[' if depth > MAX_DEPTH => return None,
            b'{' => self.object(allowed, depth)?,
            b'[' => self.list(allowed, depth)?,
            b't' | b'f' | b'n' => self.walker.value(depth)?,
            _ => {
                let number = self.walker.number()?;
                self.number(start, number, allowed);
            }
        }
        Some(())
    }

    fn object(&mut self, mut allowed: &'static Allowed, depth: usize) -> Option<()> {
        let mut more = self.walker.open()?;
        self.opened(allowed);
        let mut odd_keys = 0;
        while more {
            let start = self.walker.at;
            self.is_sure();
            let key = self.walker.key()?;
            let name = key.unescape();
            let name = name.as_deref().unwrap_or_default();
            if let Some(root) = self.person_ended_before(name, allowed) {
                allowed = root;
            }
            let below = allowed.of_key(name);
            let is_listed = !matches!(below, Allowed::Nothing | Allowed::Unknown);
            if !is_listed && !is_word(name.as_bytes()) {
                odd_keys += 1;
                self.blanked += u64::from(allowed.is_unexpected());
                self.mask_key(start, key, odd_keys);
            }
            self.value(below, depth + 1)?;
            more = self.walker.more(b'}')?;
        }
        self.closed();
        Some(())
    }

    fn list(&mut self, allowed: &'static Allowed, depth: usize) -> Option<()> {
        self.walker.at += 1;
        self.walker.space();
        let mut more = self.walker.peek()? != b']';
        self.walker.at += usize::from(!more);
        self.opened(allowed);
        while more {
            self.is_sure();
            self.value(allowed.of_item(), depth + 1)?;
            more = self.walker.more(b']')?;
        }
        self.closed();
        Some(())
    }

    fn text(&mut self, start: usize, text: Text<'_>, allowed: &'static Allowed) {
        if matches!(allowed, Allowed::PersonId) {
            let name = text.unescape();
            let pseudonym = self
                .people
                .pseudonym_of_text(name.as_deref().unwrap_or_default());
            return self.replace(start, format!("\"{pseudonym}\"").as_bytes());
        }
        let stays = match (&self.trail, allowed) {
            (Some(_), _) => is_harmless(text, allowed),
            (None, Allowed::Written) if self.texts => false,
            (None, Allowed::Number) => text.unescape().is_some_and(|it| allowed.takes_text(&it)),
            (None, _) => allowed.takes_text(""),
        };
        if !stays && text.raw != b"masked" {
            self.blanked += u64::from(allowed.is_unexpected());
            self.replace(start, MASKED);
        }
    }

    fn number(&mut self, start: usize, number: &str, allowed: &'static Allowed) {
        if matches!(allowed, Allowed::PersonId) {
            let id = number.parse::<u64>();
            let pseudonym = id.map_or(0, |id| self.people.pseudonym(id));
            self.replace(start, pseudonym.to_string().as_bytes());
        } else if !allowed.takes_numbers() && number != "0" {
            self.blanked += u64::from(allowed.is_unexpected());
            self.replace(start, b"0");
        }
    }

    /// Keys stay, but for those that are data: a map by the names or ids of people.
    fn mask_key(&mut self, start: usize, key: Text<'_>, number: u32) {
        let end = start + key.raw.len() + 2;
        let name = format!("\"masked-{number}\"");
        self.out
            .extend_from_slice(&self.walker.bytes[self.copied..start]);
        self.out.extend_from_slice(name.as_bytes());
        self.copied = end;
    }

    fn replace(&mut self, start: usize, by: &[u8]) {
        self.out
            .extend_from_slice(&self.walker.bytes[self.copied..start]);
        self.out.extend_from_slice(by);
        self.copied = self.walker.at;
    }

    /// What may stay of the record, if a person is not ended by its bracket but by a key that only the
    /// record has.
    fn person_ended_before(
        &mut self,
        key: &str,
        allowed: &'static Allowed,
    ) -> Option<&'static Allowed> {
        let trail = self.trail.as_mut()?;
        let ended = matches!(allowed, Allowed::Person(_)) && trail.landmarks.contains(&key);
        let is_figure = matches!(trail.root.of_key(key), Allowed::Number | Allowed::Word(_));
        let root = (ended && is_figure).then_some(trail.root)?;
        *trail.open.last_mut()? = root;
        Some(root)
    }

    fn opened(&mut self, allowed: &'static Allowed) {
        if let Some(trail) = &mut self.trail {
            trail.open.push(allowed);
        }
        self.is_sure();
    }

    fn closed(&mut self) {
        if let Some(trail) = &mut self.trail {
            trail.open.pop();
        }
        self.is_sure();
    }

    fn is_sure(&mut self) {
        if let Some(trail) = &mut self.trail {
            trail.sure = Sure {
                at: self.walker.at,
                copied: self.copied,
                out: self.out.len(),
            };
        }
    }
}

/// Whether a text of a refused record, in which nothing is proved, is what belongs there.
fn is_harmless(text: Text<'_>, allowed: &Allowed) -> bool {
    match allowed {
        Allowed::Id => looks_like_id(text.raw),
        Allowed::Word(words) => words.iter().any(|word| word.as_bytes() == text.raw),
        Allowed::Name => !holds_a_key(text.raw),
        Allowed::Number => text
            .unescape()
            .is_some_and(|text| allowed.takes_text(&text)),
        _ => false,
    }
}

/// Whether a key that is within quotes itself stands in a text: then the text is JSON, or has
/// swallowed some.
fn holds_a_key(text: &[u8]) -> bool {
    text.windows(2)
        .enumerate()
        .filter(|(_, two)| two == br#"\""#)
        .any(|(at, _)| text[at + 2..].trim_ascii_start().starts_with(b":"))
}

/// Whether a key is the name of something, as programs call it, not somebody's name or id.
fn is_word(key: &[u8]) -> bool {
    let mut digits = 0;
    let fits = key.iter().all(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits < ID_DIGITS && (byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    });
    let is_named = key.first().is_some_and(|first| !first.is_ascii_digit());
    fits && is_named && key.len() <= KEY_BYTES_MAX
}
