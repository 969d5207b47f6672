//! The keys at the top of a record, by which one tells what it is a record of.

use std::borrow::Cow;

use crate::token::{blanks, is_quote, text_length};

/// The keys of the outermost object of a text, which may be broken.
pub(crate) struct TopKeys<'a>(Vec<Cow<'a, str>>);

impl<'a> TopKeys<'a> {
    pub(crate) fn of(text: &'a [u8]) -> Self {
        let (mut keys, mut depth, mut at) = (Vec::new(), 0_usize, 0);
        while let Some(&byte) = text.get(at) {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ if is_quote(Some(&byte)) => {
                    let length = text_length(&text[at..]).unwrap_or(1);
                    let next = at + length;
                    if depth == 1 && text.get(next + blanks(&text[next..])) == Some(&b':') {
                        keys.extend(key(&text[at..next]));
                    }
                    at = next;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        Self(keys)
    }

    /// Whether a key is among them.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|name| name == key)
    }
}

/// The text within quotes, if it is one.
fn key(quoted: &[u8]) -> Option<Cow<'_, str>> {
    if quoted.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted)
            .ok()
            .map(Cow::Owned);
    }
    let inside = quoted.get(1..quoted.len().checked_sub(1)?)?;
    std::str::from_utf8(inside).ok().map(Cow::Borrowed)
}
