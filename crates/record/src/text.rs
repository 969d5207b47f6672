//! The text of a record: UTF-8, with what some senders damage put right.
//!
//! Two damages are told from garbage. CESU-8 writes a character beyond the basic plane as two
//! surrogates of three bytes each; the pair is one character. And a sender that cuts texts by
//! UTF-16 units leaves half an emoji behind, `\ud83d` without the `\ude00` that belongs to it. No
//! UTF-8 can hold that half, so U+FFFD takes its place, an escape of the same length.

use std::borrow::Cow;

use crate::{MAX_BYTES, json::Json, reason::Reason};

/// Bytes of an escape such as `\ud83d`.
const ESCAPE_BYTES: usize = 6;
/// U+FFFD, which stands for what could not be read.
const REPLACEMENT: &str = r"\ufffd";
/// Any other character: texts that differ between the two hold a half.
const OTHER: &str = r"\ufffc";

/// A line as text.
pub(crate) struct RecordText<'a> {
    text: Cow<'a, str>,
    /// Where the escapes of halves stand.
    halves: Vec<usize>,
}

impl<'a> RecordText<'a> {
    /// Reads a line, without its byte order mark.
    pub(crate) fn of(line: &'a [u8]) -> Result<Self, Reason> {
        if line.len() > MAX_BYTES {
            return Err(Reason::TooBig);
        }
        let text = utf8(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line))?;
        let halves = halves(text.as_bytes());
        Ok(Self { text, halves })
    }

    /// Whether half an emoji was put right.
    pub(crate) fn is_repaired(&self) -> bool {
        !self.halves.is_empty()
    }

    /// The text with U+FFFD for every half.
    pub(crate) fn repaired(&self) -> Cow<'_, str> {
        self.with(REPLACEMENT)
    }

    /// The members of the JSON object that the text is. Texts that held a half are
    /// [`Json::Repaired`].
    pub(crate) fn object(&self) -> Result<Vec<(String, Json)>, Reason> {
        let mut members = Json::object(&self.repaired())?;
        if self.is_repaired() {
            // A U+FFFD may have been sent as such, so what was repaired shows only in comparison.
            let others = Json::object(&self.with(OTHER))?;
            for ((_, value), (_, other)) in members.iter_mut().zip(&others) {
                value.mark_repaired(other);
            }
        }
        Ok(members)
    }

    fn with(&self, escape: &str) -> Cow<'_, str> {
        if self.halves.is_empty() {
            return Cow::Borrowed(&self.text);
        }
        let mut text = String::with_capacity(self.text.len());
        let mut copied = 0;
        for &half in &self.halves {
            text.push_str(&self.text[copied..half]);
            text.push_str(escape);
            copied = half + ESCAPE_BYTES;
        }
        text.push_str(&self.text[copied..]);
        Cow::Owned(text)
    }
}

/// Where escapes of surrogates stand that are not pairs. Outside of texts a backslash is no JSON
/// anyway, so texts need not be told apart from what is between them.
fn halves(text: &[u8]) -> Vec<usize> {
    let mut halves = Vec::new();
    let mut at = 0;
    while let Some(slash) = memchr::memchr(b'\\', &text[at..]).map(|found| at + found) {
        at = match unit(text, slash) {
            Some(0xd800..=0xdbff) => match unit(text, slash + ESCAPE_BYTES) {
                Some(0xdc00..=0xdfff) => slash + 2 * ESCAPE_BYTES,
                _ => {
                    halves.push(slash);
                    slash + ESCAPE_BYTES
                }
            },
            Some(0xdc00..=0xdfff) => {
                halves.push(slash);
                slash + ESCAPE_BYTES
            }
            _ => (slash + 2).min(text.len()),
        };
    }
    halves
}

/// The UTF-16 unit of the escape at `at`, if one stands there.
fn unit(text: &[u8], at: usize) -> Option<u32> {
    let [b'\\', b'u', digits @ ..]: &[u8; ESCAPE_BYTES] = text.get(at..)?.first_chunk()? else {
        return None;
    };
    digits.iter().try_fold(0, |unit, &digit| {
        Some(unit << 4 | char::from(digit).to_digit(16)?)
    })
}

/// Decodes bytes as UTF-8, or CESU-8, as some dumps of the feed have it.
fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Reason> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => repair_cesu8(bytes).map(Into::into).ok_or(Reason::BadUtf8),
    }
}

fn repair_cesu8(bytes: &[u8]) -> Option<String> {
    let mut repaired = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(text) => {
                repaired.push_str(text);
                return Some(repaired);
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                repaired.push_str(std::str::from_utf8(good).ok()?);
                let pair: &[u8; 6] = bad.first_chunk()?;
                repaired.push(surrogate_pair(pair)?);
                rest = &bad[6..];
            }
        }
    }
}

/// `ED A0..AF xx ED B0..BF xx` as the one character it stands for.
fn surrogate_pair(pair: &[u8; 6]) -> Option<char> {
    let [
        0xed,
        a @ 0xa0..=0xaf,
        b @ 0x80..=0xbf,
        0xed,
        c @ 0xb0..=0xbf,
        d @ 0x80..=0xbf,
    ] = *pair
    else {
        return None;
    };
    let high = u32::from(a & 0x0f) << 6 | u32::from(b & 0x3f);
    let low = u32::from(c & 0x0f) << 6 | u32::from(d & 0x3f);
    char::from_u32(0x10000 + (high << 10 | low))
}
