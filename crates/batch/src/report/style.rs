//! The report's style: the page's tokens and font, and what makes of them a page to read and to print.

use std::{fmt::Write, sync::LazyLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Everything but what a single report adds.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let tokens = include_str!("../../../../dashboard/src/styles/tokens.css");
    let font = STANDARD.encode(include_bytes!(
        "../../../../dashboard/src/fonts/inter-latin.woff2"
    ));
    let tokens = tokens.replace(
        "../fonts/inter-latin.woff2",
        &format!("data:font/woff2;base64,{font}"),
    );
    // The page sets its theme by an attribute, from a script. Here the reader's system does, and paper is always light.
    let (light, dark) = tokens
        .split_once(DARK)
        .expect("the page's tokens have a dark theme");
    let dark = format!("@media screen and (prefers-color-scheme: dark) {{\n:root {{{dark}}}\n");
    format!("{light}{dark}{}", include_str!("report.css"))
});

const DARK: &str = ":root[data-theme=\"dark\"] {";

/// The style of a report, with what stands at the top of every sheet of paper but the first.
pub(super) fn style(title: &str, moment: &str) -> String {
    format!(
        "{}\n@page {{ @top-left {{ content: {} }} @top-right {{ content: {} }} }}\n\
         @page :first {{ @top-left {{ content: none }} @top-right {{ content: none }} }}\n",
        *STYLE,
        string(title),
        string(moment)
    )
}

/// A text as a string of CSS in which nothing of it can end the string or the element around it. The space after an escape
/// belongs to it.
fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        if character.is_alphanumeric() && character.is_ascii() || character == ' ' {
            out.push(character);
        } else {
            write!(out, "\\{:06x} ", u32::from(character)).expect("a String takes every character");
        }
    }
    out.push('"');
    out
}

/// What a browser is allowed: this style, fonts and pictures in the file itself, and nothing else.
pub(super) fn policy(style: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(style));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; font-src data:; img-src data:; base-uri 'none'; form-action 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_the_pages_in_both_themes() {
        let style = style("a", "b");
        for token in [
            "--paper: #f6f5f1",
            "--paper: #0e1113",
            "--step-6: #175f77",
            "--step-6: #4ba8c1",
        ] {
            assert!(style.contains(token), "{token}");
        }
        assert_eq!(style.matches('{').count(), style.matches('}').count());
        assert!(!style.contains("data-theme") && !style.contains("../"));
    }

    #[test]
    fn a_string_ends_where_it_should() {
        assert_eq!(
            string("a\"}</style>\\ é"),
            "\"a\\000022 \\00007d \\00003c \\00002f style\\00003e \\00005c  \\0000e9 \""
        );
    }
}
