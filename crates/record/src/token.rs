//! What an excerpt tells apart in text that may be broken anywhere: lengths of what stands at its beginning.

use crate::allowed::looks_like_id;

/// Values that say nothing about anybody, in JSON and as Python prints them.
const LITERALS: [&[u8]; 6] = [b"true", b"false", b"null", b"True", b"False", b"None"];

/// What stands between the keys and values of JSON.
pub(crate) fn is_layout(byte: u8) -> bool {
    matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':') || byte.is_ascii_whitespace()
}

pub(crate) fn is_quote(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'"' | b'\''))
}

pub(crate) fn blanks(text: &[u8]) -> usize {
    text.iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}

pub(crate) fn word_length(text: &[u8]) -> usize {
    let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    text.iter().take_while(is_word).count()
}

pub(crate) fn literal_length(text: &[u8]) -> Option<usize> {
    let word = word_length(text);
    LITERALS.contains(&&text[..word]).then_some(word)
}

/// The length of a number or a literal.
pub(crate) fn plain_length(text: &[u8]) -> Option<usize> {
    let is_number = |byte: &&u8| byte.is_ascii_digit() || b"+-.eE".contains(*byte);
    let number = text.iter().take_while(is_number).count();
    literal_length(text).or((number > 0).then_some(number))
}

/// The length of a quoted text. It ends with its line at the latest, for what follows is another's.
pub(crate) fn text_length(text: &[u8]) -> Option<usize> {
    let python = usize::from(text.first() == Some(&b'u'));
    let quote = *text.get(python).filter(|byte| is_quote(Some(*byte)))?;
    let mut at = python + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\n' => return Some(at),
            b'\\' if text.get(at + 1) != Some(&b'\n') => at += 1,
            _ if byte == quote => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    Some(text.len())
}

/// The length of what may be copied of a quoted text. One in which the other quote ends a key began
/// with a quote too many. One whose quote is followed by a word lost its own before: it is copied to
/// its first comma, where that most likely stood.
pub(crate) fn value_length(text: &[u8]) -> Option<usize> {
    let length = text_length(text)?;
    let quote = text[usize::from(text[0] == b'u')];
    let is_key = |at: usize| {
        is_quote(text.get(at))
            && text[at] != quote
            && text.get(at + 1 + blanks(&text[at + 1..])) == Some(&b':')
    };
    if (0..length).any(is_key) {
        return None;
    }
    match text.get(length + blanks(&text[length..])) {
        None | Some(b',' | b'}' | b']') => Some(length),
        _ => text[..length].iter().position(|&byte| byte == b','),
    }
}

/// The length of a quoted text that is a number, which may have lost its second quote.
pub(crate) fn number_length(text: &[u8]) -> Option<usize> {
    let (length, word) = quoted_word(text)?;
    let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    word.iter().all(is_number).then_some(length)
}

/// The length of a quoted text that is one of these, which may have lost its second quote.
pub(crate) fn word_of(text: &[u8], words: &[&str]) -> Option<usize> {
    let (length, word) = quoted_word(text)?;
    let found = words.iter().any(|known| known.as_bytes() == word);
    found.then_some(length)
}

/// The length of a quoted text that is an id of an event.
pub(crate) fn id_length(text: &[u8]) -> Option<usize> {
    let (length, word) = quoted_word(text)?;
    looks_like_id(word).then_some(length)
}

/// The length of a quoted text, and what is within the quotes.
fn quoted_word(text: &[u8]) -> Option<(usize, &[u8])> {
    let length = value_length(text)?;
    let begin = 1 + usize::from(text[0] == b'u');
    let word = text.get(begin..length)?;
    Some((
        length,
        word.strip_suffix(&text[begin - 1..begin]).unwrap_or(word),
    ))
}
