//! What a line behind a broken value is: the rest of it, or something of its own.

use memchr::{memchr, memchr_iter, memchr2};

use super::blank::{BYTE_ORDER_MARK, is_blank, is_mark, trimmed_length};

/// How far into a line the beginning of an object is looked for while recovering.
const JUDGE_BYTES: usize = 256;

/// The words of JSON.
const LITERALS: [&[u8]; 3] = [b"true", b"false", b"null"];

/// How the broken value is laid out.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// On several lines, of which the first holds only its brace.
    pub(super) is_pretty: bool,
    /// The blanks before its brace.
    pub(super) indent: usize,
}

/// What begins on a line, as far as it can be seen.
pub(super) enum Judgement {
    /// An object: the offset of its brace in the line, and how many blanks stand before it.
    Object { brace: usize, indent: usize },
    /// What may be the rest of a broken value.
    Other,
    /// What is no part of it: prose, or a value of its own that is no object.
    Foreign,
    /// Too little of it came.
    Unknown,
}

/// What begins on the line after a broken value.
pub(super) fn judge(line: &[u8], eof: bool, layout: Layout) -> Judgement {
    let window = &line[..line.len().min(JUDGE_BYTES)];
    let newline = memchr(b'\n', window);
    let text = &window[..newline.unwrap_or(window.len())];
    let indent = text.iter().take_while(|&&byte| is_blank(byte)).count();
    for (index, &byte) in text.iter().enumerate().skip(indent) {
        match byte {
            b'{' if !layout.is_pretty || indent <= layout.indent => {
                return Judgement::Object {
                    brace: index,
                    indent,
                };
            }
            b',' | b' ' | b'\t' | b'\r' => {}
            byte if is_mark(byte) || BYTE_ORDER_MARK.contains(&byte) => {}
            // Some printers write `}, {` on one line.
            b'}' | b']' | b'[' if layout.is_pretty && !begins_array(&text[index..]) => {}
            // A pretty-printed value goes on as long as its lines are indented.
            _ if layout.is_pretty && indent > layout.indent => return Judgement::Other,
            _ if newline.is_none() && !eof && window.len() < JUDGE_BYTES => {
                return Judgement::Unknown;
            }
            _ if stands_alone(&text[index..]) => return Judgement::Foreign,
            _ if may_be_json(text) => return Judgement::Other,
            _ => return Judgement::Foreign,
        }
    }
    if newline.is_some() || eof || window.len() == JUDGE_BYTES {
        Judgement::Other
    } else {
        Judgement::Unknown
    }
}

/// Whether a line, from its first byte on, is a JSON value that is no object, as in a stream of values that are one a
/// line. With a comma behind it it is more likely a part of the broken one. Of an array the beginning is enough, and of a
/// text that is longer than what is looked at: a key is shorter.
fn stands_alone(line: &[u8]) -> bool {
    let line = &line[..trimmed_length(line)];
    match line {
        [b'[', ..] => begins_array(line),
        [b'"', rest @ ..] => {
            let end = text_end(rest);
            end.is_none_or(|end| end + 1 == rest.len())
        }
        _ if LITERALS.contains(&line) => true,
        [b'-' | b'0'..=b'9', ..] => line
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')),
        _ => false,
    }
}

/// Whether this is the beginning of an array with something in it.
fn begins_array(line: &[u8]) -> bool {
    let Some(inner) = line.strip_prefix(b"[") else {
        return false;
    };
    let first = inner.iter().position(|&byte| !is_blank(byte));
    first.is_some_and(|at| {
        matches!(inner[at], b'"' | b'[' | b'{' | b'-' | b'0'..=b'9')
            || LITERALS.iter().any(|word| inner[at..].starts_with(word))
    })
}

/// Where the text ends of which the first quote was read; `None` when it does not.
fn text_end(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + memchr2(b'"', b'\\', &text[from..])?;
        match text[found] {
            b'"' => return Some(found),
            _ => from = (found + 2).min(text.len()),
        }
    }
}

/// Whether a line can be a part of a broken value: it has a key in it, or it is made of what JSON is made of, the last
/// of it perhaps cut off.
fn may_be_json(line: &[u8]) -> bool {
    let mut words = line;
    while let [byte, rest @ ..] = words {
        words = match byte {
            b'"' => match memchr(b'"', rest) {
                Some(end) => &rest[end + 1..],
                None => &[],
            },
            b'0'..=b'9' | b'-' | b'+' | b'.' | b'{' | b'}' | b'[' | b']' | b',' | b':' => rest,
            _ if is_blank(*byte) => rest,
            _ => match LITERALS.iter().find_map(|word| words.strip_prefix(*word)) {
                Some(rest) => rest,
                None => return has_key(line),
            },
        };
    }
    true
}

/// Whether a quote and a colon stand together, as they do behind a key.
fn has_key(line: &[u8]) -> bool {
    memchr_iter(b':', line).any(|colon| {
        let before = &line[..trimmed_length(&line[..colon])];
        matches!(before.last(), Some(b'"' | b'\''))
    })
}
