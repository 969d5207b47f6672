//! The text of HTML, by the tokenizer of the HTML standard.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use super::plain_html::text_of_plain_html;

/// What Meetup puts in the place of telephone numbers and addresses.
const MASKED: &str = "[masked]";

/// The text of `html`: tags, scripts and styles left out, entities decoded, `[masked]` removed. Tags that end a line, a cell or
/// a paragraph end words, and those that only change how letters look do not.
///
/// Some descriptions were escaped twice, so that their text holds tags and entities again: those are resolved as well, once.
#[must_use]
pub fn text_of_html(html: &str) -> String {
    let mut text = resolved(html);
    if holds_markup(&text) {
        text = resolved(&text);
    }
    // One byte is found much quicker than several, and nearly no text has it.
    if text.contains('[') && text.contains(MASKED) {
        text.replace(MASKED, " ")
    } else {
        text
    }
}

/// The text of one level of HTML.
fn resolved(html: &str) -> String {
    text_of_plain_html(html).unwrap_or_else(|| text_by_tokenizer(html))
}

/// The text of one level of HTML, whatever it holds.
pub(super) fn text_by_tokenizer(html: &str) -> String {
    let mut text = Vec::with_capacity(html.len());
    let mut is_hidden = false;
    let mut emitter = CallbackEmitter::new(
        |event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
            match event {
                CallbackEvent::OpenStartTag { name } => {
                    is_hidden = hides_its_text(name);
                    if !is_within_words(name) {
                        text.push(b'\n');
                    }
                }
                CallbackEvent::EndTag { name } => {
                    is_hidden = false;
                    if !is_within_words(name) {
                        text.push(b'\n');
                    }
                }
                CallbackEvent::String { value } if !is_hidden => text.extend_from_slice(value),
                _ => {}
            }
            None
        },
    );
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    // The tokenizer cuts text nowhere but between characters.
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Elements whose content is no text of the page. The tokenizer reads nothing in them but their own end tag.
fn hides_its_text(tag: &[u8]) -> bool {
    matches!(
        tag,
        b"script" | b"style" | b"iframe" | b"noembed" | b"noframes" | b"noscript"
    )
}

/// Elements that change how letters look, so that a word may begin before them and end after them.
pub(super) fn is_within_words(tag: &[u8]) -> bool {
    matches!(
        tag,
        b"a" | b"abbr"
            | b"acronym"
            | b"b"
            | b"bdi"
            | b"bdo"
            | b"big"
            | b"cite"
            | b"code"
            | b"del"
            | b"dfn"
            | b"em"
            | b"font"
            | b"i"
            | b"ins"
            | b"kbd"
            | b"mark"
            | b"q"
            | b"s"
            | b"samp"
            | b"small"
            | b"span"
            | b"strike"
            | b"strong"
            | b"sub"
            | b"sup"
            | b"time"
            | b"tt"
            | b"u"
            | b"var"
            | b"wbr"
    )
}

/// Whether `text` holds a whole tag or a whole entity. `a < b`, `<3`, `<--` and `Q&A;` with a space are neither.
fn holds_markup(text: &str) -> bool {
    if !text.contains('<') && !text.contains('&') {
        return false;
    }
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, &byte)| match byte {
        b'<' => is_tag(&bytes[at + 1..]),
        b'&' => is_entity(&bytes[at + 1..]),
        _ => false,
    })
}

fn is_tag(rest: &[u8]) -> bool {
    let name = rest.strip_prefix(b"/").unwrap_or(rest);
    // A tag of a description ends on its line; whoever wrote `<soon` ends none.
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .iter()
            .take_while(|&&byte| byte != b'<' && byte != b'\n')
            .any(|&byte| byte == b'>')
}

fn is_entity(rest: &[u8]) -> bool {
    /// The longest name of the standard: `CounterClockwiseContourIntegral`.
    const LONGEST: usize = 31;
    let name = rest.strip_prefix(b"#").unwrap_or(rest);
    let length = name
        .iter()
        .take(LONGEST + 1)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    length > 0 && name.get(length) == Some(&b';')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::text_of_html;

    #[track_caller]
    fn check(html: &str, expected: &[&str]) {
        assert_eq!(
            text_of_html(html).split_whitespace().collect::<Vec<_>>(),
            expected,
            "{html}"
        );
    }

    #[test]
    fn tags_go_and_entities_are_decoded() {
        check(
            "<p>Fish &amp; chips</p> <p>Caf&eacute; &#x2603; &#233;</p>",
            &["Fish", "&", "chips", "Café", "☃", "é"],
        );
        check("plain words, no tags", &["plain", "words,", "no", "tags"]);
        check("", &[]);
    }

    #[test]
    fn a_paragraph_ends_a_word_and_bold_letters_do_not() {
        check(
            "one<br/>two<p>three</p>four",
            &["one", "two", "three", "four"],
        );
        check("<b>W</b>elcome <i>all</i>", &["Welcome", "all"]);
        check(
            "left<img src=\"http://x.example/y.jpeg\"/>right<li>item",
            &["left", "right", "item"],
        );
    }

    #[test]
    fn scripts_styles_comments_and_attributes_are_no_text() {
        check(
            "a<script>if (x < 1) { alert('<b>no</b>') }</script>b",
            &["a", "b"],
        );
        check(
            "<style>p { color: red }</style>c<!-- not this -->d",
            &["cd"],
        );
        check(
            "<a href=\"http://no.example\" title='neither'>link</a>",
            &["link"],
        );
    }

    #[test]
    fn what_was_escaped_twice_is_resolved() {
        check("etc. &amp;nbsp;&amp;nbsp;Bring", &["etc.", "Bring"]);
        check(
            "go to &lt;a href=\"http://no.example/\"&gt;the site&lt;/a&gt;.",
            &["go", "to", "the", "site."],
        );
        check("Ben &amp;amp; Jerry", &["Ben", "&", "Jerry"]);
    }

    #[test]
    fn signs_that_are_no_markup_stay() {
        check(
            "1 &lt; 2, I &lt;3 you &lt;--- here",
            &["1", "<", "2,", "I", "<3", "you", "<---", "here"],
        );
        check("R&amp;B at 5 &lt;soon", &["R&B", "at", "5", "<soon"]);
    }

    #[test]
    fn masked_is_removed() {
        check(
            "<p>Call [masked] or mail[masked].</p>",
            &["Call", "or", "mail", "."],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_taken(html in ".{0,200}", tags in "[<>/&;a-z#0-9 =\"']{0,80}") {
            let _ = text_of_html(&html);
            let _ = text_of_html(&tags);
        }

        #[test]
        fn escaped_text_comes_back(words in proptest::collection::vec("[a-zé]{1,8}", 0..12)) {
            let html = words.iter().map(|word| format!("<p>{word} &lt;</p>")).collect::<String>();
            let expected = words.iter().flat_map(|word| [word.as_str(), "<"]).collect::<Vec<_>>();
            let text = text_of_html(&html);
            prop_assert_eq!(text.split_whitespace().collect::<Vec<_>>(), expected);
        }
    }
}
