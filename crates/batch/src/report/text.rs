//! Names of the stream: strangers write them, so they may hide, reorder or cover the text around them. That they are no
//! markup is the template's business.

use unicode_segmentation::UnicodeSegmentation;

/// Characters, as readers see them.
const SHOWN_MAX: usize = 120;
/// Code points of one character: a family of emoji with skin tones has ten, and more would be a tower of marks.
const CLUSTER_MAX: usize = 10;
const MARKS_MAX: usize = 4;
const JOINER: char = '\u{200d}';

/// A name as it may be shown; what it is a name of when nothing of it remains.
pub(super) fn shown(name: &str, otherwise: &str) -> String {
    let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let visible: String = spaced
        .chars()
        .filter(|character| !is_invisible(*character))
        .collect();
    let mut text = String::new();
    let mut characters = visible.trim().graphemes(true);
    for character in characters.by_ref().take(SHOWN_MAX) {
        push(&mut text, character);
    }
    if characters.next().is_some() {
        text.push('…');
    }
    if text.is_empty() {
        otherwise.to_owned()
    } else {
        text
    }
}

/// A character with at most [`MARKS_MAX`] marks on each of its letters.
fn push(text: &mut String, character: &str) {
    let mut marks = 0;
    for (at, part) in character.chars().enumerate().take(CLUSTER_MAX) {
        // Within a character, what is neither a letter nor joined to one stands above or below it.
        let is_letter = at == 0 || part == JOINER || part.is_alphanumeric();
        marks = if is_letter { 0 } else { marks + 1 };
        if marks <= MARKS_MAX {
            text.push(part);
        }
    }
}

/// Controls, and what reorders or hides the text around it (but not the joiners that scripts need).
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn names_keep_what_they_say_and_lose_their_tricks() {
        for (name, text) in [
            ("Café Ørsted, 東京", "Café Ørsted, 東京"),
            ("abc\u{202e}dcba", "abcdcba"),
            ("\u{2066}a\u{2069}\u{200e}\u{200f}\u{61c}b", "ab"),
            ("a\u{0}b\u{7}c\u{9b}d", "abcd"),
            (" two\r\n\tlines\u{2028}here ", "two lines here"),
            ("\u{200b} \u{202e}", "no name"),
            (
                "می\u{200c}خواهم 👩🏽\u{200d}💻",
                "می\u{200c}خواهم 👩🏽\u{200d}💻",
            ),
            ("", "no name"),
        ] {
            assert_eq!(shown(name, "no name"), text);
        }
        assert_eq!(shown(&"x".repeat(121), ""), format!("{}…", "x".repeat(120)));
        assert_eq!(
            shown(&format!("e{}x", "\u{301}".repeat(2_000)), ""),
            format!("e{}x", "\u{301}".repeat(4))
        );
    }
}
