//! The record time of a message that nobody has decoded yet, for pacing and for resuming.

use memchr::memmem;

/// The `mtime` of a record, found without decoding it. `None` when there is none; a message that is no record may give
/// a wrong one, so nothing may depend on it but how soon and from where on messages come.
pub(crate) fn mtime_of(bytes: &[u8]) -> Option<i64> {
    let found = memmem::find(bytes, b"\"mtime\"")?;
    let after = &bytes[found + 7..];
    if memmem::find(after, b"\"mtime\"").is_some() {
        return own_mtime(bytes);
    }
    let mut rest = after.iter().copied().skip_while(u8::is_ascii_whitespace);
    if rest.next() != Some(b':') {
        return None;
    }
    let digits = rest
        .skip_while(u8::is_ascii_whitespace)
        .take_while(u8::is_ascii_digit)
        .take(16);
    let number = digits.fold(None, |number, digit| {
        Some(number.unwrap_or(0) * 10 + i64::from(digit - b'0'))
    });
    number.filter(|&number| number > 0)
}

/// The `mtime` of the record itself, when something inside it has one too.
fn own_mtime(bytes: &[u8]) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Timed {
        mtime: i64,
    }
    serde_json::from_slice::<Timed>(bytes)
        .ok()
        .map(|timed| timed.mtime)
        .filter(|&mtime| mtime > 0)
}

/// Whether it is a live message's: re-sent ones are rounded to the second.
pub(crate) fn is_live(mtime_ms: i64) -> bool {
    mtime_ms % 1000 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_without_decoding() {
        let table: &[(&str, Option<i64>)] = &[
            (r#"{"mtime":1425774000123}"#, Some(1_425_774_000_123)),
            (
                "{\"a\":1,\n  \"mtime\" : 1425774000123\n}",
                Some(1_425_774_000_123),
            ),
            (
                r#"{"group":{"mtime":5},"mtime":1425774000123}"#,
                Some(1_425_774_000_123),
            ),
            (
                r#"{"name":"the \"mtime\":7 trick","mtime":1425774000123}"#,
                Some(1_425_774_000_123),
            ),
            (r#"{"name":"\"mtime\":7"}"#, None),
            (r#"{"mtime":"soon"}"#, None),
            (r#"{"mtime":-1}"#, None),
            (r#"{"mtime":0}"#, None),
            (
                r#"{"mtime":99999999999999999999999}"#,
                Some(9_999_999_999_999_999),
            ),
            (r#"{"mtime""#, None),
            (r"{}", None),
        ];
        for (text, expected) in table {
            assert_eq!(mtime_of(text.as_bytes()), *expected, "{text}");
        }
    }
}
