//! Words as Unicode separates them, in lower case.

use unicode_segmentation::UnicodeSegmentation;

/// The words of `text` in lower case. See [`for_each_word`].
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each_word(text, &mut String::new(), |word| words.push(word.to_owned()));
    words
}

/// Gives the words of `text`, one after the other, in lower case. `buffer` is where they are put together; it is the caller's so
/// that a caller with many texts allocates once.
///
/// A word is a run of letters and digits, by the rules of Unicode (UAX 29) where it is not ASCII: signs of Han are a word each.
/// An apostrophe separates: what is left of `l'atelier` and `l’atelier` is `l` and `atelier`. Marks without width are left out.
pub fn for_each_word(text: &str, buffer: &mut String, mut give: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let separator = separator_length(&bytes[at..]);
        if separator > 0 {
            at += separator;
            continue;
        }
        let start = at;
        let mut all = 0;
        while at < bytes.len() && separator_length(&bytes[at..]) == 0 {
            all |= bytes[at];
            at += 1;
        }
        // Separators begin and end between characters.
        let run = &text[start..at];
        if all < 0x80 {
            buffer.clear();
            buffer.push_str(run);
            buffer.make_ascii_lowercase();
            give(buffer);
        } else {
            words_beyond_ascii(run, buffer, &mut give);
        }
    }
}

/// How many bytes the separator has that `bytes` begin with; 0 if they begin with none. Beyond ASCII only those that are in
/// many texts are known here: the space that does not break, dashes, quotation marks, bullets and dots.
fn separator_length(bytes: &[u8]) -> usize {
    match bytes {
        [byte, ..] if byte.is_ascii() => usize::from(!byte.is_ascii_alphanumeric()),
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0x90..=0x9f | 0xa2 | 0xa6, ..] => 3,
        _ => 0,
    }
}

fn words_beyond_ascii(run: &str, buffer: &mut String, give: &mut impl FnMut(&str)) {
    for word in run
        .split(separates)
        .flat_map(UnicodeSegmentation::unicode_words)
    {
        buffer.clear();
        buffer.extend(
            word.chars()
                .filter(|&character| !has_no_width(character))
                .flat_map(char::to_lowercase),
        );
        if !buffer.is_empty() {
            give(buffer);
        }
    }
}

/// An apostrophe, or a space: Unicode joins words by one of its spaces, the narrow one that does not break.
fn separates(character: char) -> bool {
    matches!(character, '\u{2018}' | '\u{2019}' | '\u{02bc}') || character.is_whitespace()
}

/// The soft hyphen, joiners and the byte order mark: they change nothing about which word it is.
fn has_no_width(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::words;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(words(text), expected, "{text}");
    }

    #[test]
    fn words_of_several_languages() {
        check("Hello, World! 2nd try", &["hello", "world", "2nd", "try"]);
        check(
            "ÉCOLE d’été, l'atelier",
            &["école", "d", "été", "l", "atelier"],
        );
        check("Привет МИР", &["привет", "мир"]);
        check("東京 meetup", &["東", "京", "meetup"]);
        check("10\u{202f}000 pas", &["10", "000", "pas"]);
        check("über-cool_thing", &["über", "cool", "thing"]);
    }

    #[test]
    fn a_soft_hyphen_is_no_part_of_a_word() {
        check("trident\u{ad}con \u{feff}café", &["tridentcon", "café"]);
    }

    #[test]
    fn emoji_and_signs_are_no_words() {
        check("🎉🎉 --- $$ … «ça»", &["ça"]);
    }

    proptest! {
        #[test]
        fn every_word_is_lower_case_and_holds_no_separator(text in "\\PC{0,80}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty());
                prop_assert!(!word.contains(|character: char| character.is_whitespace() || character.is_ascii_uppercase()));
            }
        }

        #[test]
        fn ascii_is_separated_as_beyond_ascii(text in "[a-zA-Z0-9 ,!-]{0,40}") {
            use unicode_segmentation::UnicodeSegmentation;
            // Unicode joins digits around a comma, and nothing else of these signs.
            prop_assume!(!text.as_bytes().windows(3).any(|three| three[0].is_ascii_digit() && three[1] == b',' && three[2].is_ascii_digit()));
            let expected = text.unicode_words().map(str::to_lowercase).collect::<Vec<_>>();
            prop_assert_eq!(words(&text), expected);
        }
    }
}
