//! Names of the stream in HTML: strangers write them, so they may be markup, thousands of letters, or towers of accents.

use unicode_segmentation::UnicodeSegmentation;

/// Characters (as readers see them) that are shown; the title has the rest.
const SHOWN_MAX: usize = 120;
/// Code points of a title: longer than any name that means something.
const TITLE_MAX: usize = 4_096;
/// Marks that may stand on one letter. Hebrew and Vietnamese need three.
const MARKS_MAX: usize = 4;
/// Code points of one character: a family of emoji with skin tones has ten.
const CLUSTER_MAX: usize = 16;
/// A word may be broken after each so many characters, or it would be wider than the screen.
const UNBROKEN_MAX: usize = 16;
const JOINER: char = '\u{200d}';

/// Appends a table cell with a name as text: markup escaped, invisible characters left out, cut when it is long; the
/// cell's title then has the whole.
pub(super) fn push_cell(html: &mut String, name: &str) {
    let visible: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    let mut clusters = visible.graphemes(true);
    let mut shown = String::with_capacity(visible.len().min(1_024));
    let (mut is_whole, mut unbroken) = (true, 0);
    for cluster in clusters.by_ref().take(SHOWN_MAX) {
        unbroken = if cluster.trim().is_empty() {
            0
        } else {
            unbroken + 1
        };
        if unbroken > UNBROKEN_MAX {
            shown.push_str("<wbr>");
            unbroken = 1;
        }
        is_whole &= push_cluster(&mut shown, cluster);
    }
    if clusters.next().is_some() {
        shown.push('…');
        is_whole = false;
    }
    html.push_str("<td dir=\"auto\"");
    if !is_whole {
        html.push_str(" title=\"");
        for character in visible.chars().take(TITLE_MAX) {
            push_escaped(html, character);
        }
        html.push('"');
    }
    html.push('>');
    html.push_str(&shown);
    html.push_str("</td>");
}

/// Appends one character with at most [`MARKS_MAX`] marks on each of its letters; whether that is all of it.
fn push_cluster(html: &mut String, cluster: &str) -> bool {
    let (mut marks, mut is_whole) = (0, true);
    for (at, character) in cluster.chars().enumerate() {
        // Within a cluster, what is neither a letter nor joined to one stands above or below it.
        marks = match character {
            JOINER => 0,
            letter if at == 0 || letter.is_alphanumeric() => 0,
            _ => marks + 1,
        };
        if marks <= MARKS_MAX && at < CLUSTER_MAX {
            push_escaped(html, character);
        } else {
            is_whole = false;
        }
    }
    is_whole
}

fn push_escaped(html: &mut String, character: char) {
    match character {
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '&' => html.push_str("&amp;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        other => html.push(other),
    }
}

/// Controls, and what reorders or hides the text around it (but not the joiners that scripts need).
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(name: &str) -> String {
        let mut html = String::new();
        push_cell(&mut html, name);
        html
    }

    #[test]
    fn names_of_the_stream_are_text() {
        for (name, shown) in [
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            (
                "\"><img src=x onerror=alert(1)>",
                "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;",
            ),
            ("' onmouseover='x", "&#39; onmouseover=&#39;x"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("abc\u{202e}fed\u{200b}\u{7}\r\n", "abcfed"),
            (
                "👩\u{200d}💻 می\u{200c}خواهم",
                "👩\u{200d}💻 می\u{200c}خواهم",
            ),
            ("{{7*7}}", "{{7*7}}"),
        ] {
            let html = cell(name).replace("<wbr>", "");
            assert_eq!(html, format!("<td dir=\"auto\">{shown}</td>"));
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_whole_in_the_title() {
        for (character, count) in [
            ("x", 2_000),
            ("é", 121),
            ("👨🏻\u{200d}❤️\u{200d}💋\u{200d}👨🏼", 300),
            ("e\u{301}\u{323}", 200),
        ] {
            let name = character.repeat(count);
            let html = cell(&name);
            let (title, shown) = html
                .strip_prefix("<td dir=\"auto\" title=\"")
                .and_then(|html| html.split_once("\">"))
                .expect("a title");
            assert_eq!(title, name);
            let shown = shown.replace("<wbr>", "");
            assert_eq!(shown, format!("{}…</td>", character.repeat(SHOWN_MAX)));
        }
        let fits = "ж".repeat(SHOWN_MAX);
        assert_eq!(
            cell(&fits).replace("<wbr>", ""),
            format!("<td dir=\"auto\">{fits}</td>")
        );
        let huge = cell(&"x".repeat(1 << 20));
        assert!(huge.len() < 2 * TITLE_MAX, "{}", huge.len());
    }

    #[test]
    fn a_tower_of_marks_is_cut_down() {
        for tower in [
            "e\u{301}".to_owned() + &"\u{301}".repeat(2_000),
            "\u{301}".repeat(2_000),
        ] {
            let html = cell(&tower);
            let (_, shown) = html.split_once("\">").expect("a title");
            assert!(shown.contains('\u{301}'));
            let marks = shown.chars().filter(|c| *c == '\u{301}').count();
            assert!(marks <= MARKS_MAX + 1, "{marks}");
        }
        let joined = "e\u{301}\u{200d}".repeat(500);
        assert!(
            cell(&joined)
                .split_once("\">")
                .expect("a title")
                .1
                .chars()
                .count()
                < 200 * CLUSTER_MAX
        );
        for whole in ["Tiê\u{323}ng Viê\u{323}t", "שָׁ֖לוֹם", "क्ष्म्यां", "🏳️\u{200d}🌈"]
        {
            assert_eq!(cell(whole), format!("<td dir=\"auto\">{whole}</td>"));
        }
    }

    #[test]
    fn a_word_is_never_wider_than_a_phone() {
        let html = cell(&format!("{} and {}", "x".repeat(50), "y".repeat(20)));
        let longest = html.split(['>', '<', ' ']).map(str::len).max();
        assert!(
            longest <= Some(UNBROKEN_MAX.max("dir=\"auto\"".len())),
            "{html}"
        );
    }
}
