//! The text of the HTML that nearly all descriptions are: quicker than the tokenizer of the standard, and equal to it.
//!
//! Every byte is proved to be text, one of five entities, or a simple tag. At anything else this way declines, and the
//! tokenizer reads the whole.

use super::html::is_within_words;

/// The text of one level of `html`; none if it holds more than simple tags and the commonest entities.
pub(super) fn text_of_plain_html(html: &str) -> Option<String> {
    // The standard turns both into something else. Looking at all bytes without a stop is quickest.
    if html
        .bytes()
        .fold(false, |found, byte| found | (byte == b'\r') | (byte == 0))
    {
        return None;
    }
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.bytes().position(|byte| byte == b'<' || byte == b'&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = if rest.starts_with('&') {
            entity(rest, &mut text)?
        } else {
            tag(rest, &mut text)?
        };
    }
    text.push_str(rest);
    Some(text)
}

/// Decodes the entity that `html` begins with, and returns what follows.
fn entity<'a>(html: &'a str, text: &mut String) -> Option<&'a str> {
    const KNOWN: [(&str, char); 5] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&nbsp;", '\u{a0}'),
    ];
    KNOWN.iter().find_map(|&(name, character)| {
        let rest = html.strip_prefix(name)?;
        text.push(character);
        Some(rest)
    })
}

/// Steps over the tag that `html` begins with, and returns what follows.
fn tag<'a>(html: &'a str, text: &mut String) -> Option<&'a str> {
    let bytes = html.as_bytes();
    let is_end = bytes.get(1) == Some(&b'/');
    let name_start = if is_end { 2 } else { 1 };
    let is_name = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let name = &bytes[name_start..];
    let name = &name[..name.iter().take_while(is_name).count()];
    if !name.first()?.is_ascii_lowercase() || changes_how_to_read(name) {
        return None;
    }
    let mut at = name_start + name.len();
    if !is_end {
        while bytes.get(at) == Some(&b' ') && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase)
        {
            at = end_of_attribute(bytes, at + 1)?;
        }
        at += usize::from(bytes.get(at) == Some(&b' '));
        at += usize::from(bytes.get(at) == Some(&b'/'));
    }
    if bytes.get(at) != Some(&b'>') {
        return None;
    }
    if !is_within_words(name) {
        text.push('\n');
    }
    Some(&html[at + 1..])
}

/// Where the attribute `name="value"` that begins at `at` ends.
fn end_of_attribute(bytes: &[u8], at: usize) -> Option<usize> {
    let is_name = |byte: &&u8| byte.is_ascii_lowercase() || **byte == b'-';
    let equals = at + bytes.get(at..)?.iter().take_while(is_name).count();
    if equals == at || bytes.get(equals..equals + 2) != Some(b"=\"") {
        return None;
    }
    let value = equals + 2;
    Some(value + bytes[value..].iter().position(|&byte| byte == b'"')? + 1)
}

/// Elements after which the tokenizer reads by other rules.
fn changes_how_to_read(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 13] = [
        b"iframe",
        b"math",
        b"noembed",
        b"noframe",
        b"noframes",
        b"noscript",
        b"plaintext",
        b"script",
        b"style",
        b"svg",
        b"textarea",
        b"title",
        b"xmp",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::html::text_by_tokenizer;
    use super::text_of_plain_html;

    #[test]
    fn what_descriptions_are_made_of_needs_no_tokenizer() {
        let html = "<p>Fish &amp; chips<br/><b>7 pm</b> <a href=\"http://x.example/?a=1&b=<2>\" class=\"linkified\">there</a></p>\
                    <img src=\"y.jpeg\" /><hr />";
        assert_eq!(text_of_plain_html(html), Some(text_by_tokenizer(html)));
    }

    #[test]
    fn the_rest_is_left_to_the_tokenizer() {
        for html in [
            "<script>x",
            "a < b",
            "&eacute;",
            "<!-- x -->",
            "<p",
            "<P>",
            "<a href=x>",
            "</p >",
            "a\r\nb",
            "&amp x",
            "< p>",
        ] {
            assert_eq!(text_of_plain_html(html), None, "{html}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_agree(parts in proptest::collection::vec(
            prop_oneof![
                "[a-z é\u{a0}]{0,6}",
                Just("<p>".to_owned()), Just("</p>".to_owned()), Just("<br/>".to_owned()), Just("<b>".to_owned()),
                Just("</b>".to_owned()), Just("&amp;".to_owned()), Just("&lt;".to_owned()), Just("&nbsp;".to_owned()),
                Just("<a href=\"x>y&amp;<z\">".to_owned()), Just("<img src=\"\" alt=\"\" />".to_owned()),
                "[<>&/;\"= a-z-]{0,4}",
            ],
            0..12,
        )) {
            let html = parts.concat();
            if let Some(text) = text_of_plain_html(&html) {
                prop_assert_eq!(text, text_by_tokenizer(&html));
            }
        }
    }
}
