//! What a text is that holds no record.

use std::io::Read as _;
use std::path::Path;

use super::open::open;

/// How much is looked at.
const HEAD_BYTES: u64 = 1024;

/// What a file is in which nothing is a record, as half a sentence with the way out; `None` when that cannot be told, or
/// the file cannot be read.
pub fn other_text(path: &Path) -> Option<&'static str> {
    let mut head = Vec::new();
    open(path)
        .ok()?
        .take(HEAD_BYTES)
        .read_to_end(&mut head)
        .ok()?;
    kind_of(&String::from_utf8_lossy(&head))
}

fn kind_of(head: &str) -> Option<&'static str> {
    let text = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let text = text.to_ascii_lowercase();
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        return Some("a web page (HTML): save what the address of the stream itself answers");
    }
    if text.starts_with("<?xml") || text.starts_with("<!doctype") {
        return Some("XML: convert it to JSON first");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_save_by_mistake_is_named() {
        for (head, expected) in [
            ("<!DOCTYPE html>\n<html>", Some("a web page")),
            ("\u{feff} \n<HTML lang=en>", Some("a web page")),
            ("<?xml version=\"1.0\"?><rss>", Some("XML")),
            ("rsvp_id,response\n1,yes\n", None),
            ("", None),
        ] {
            let found = kind_of(head);
            assert_eq!(found.is_some(), expected.is_some(), "{head}");
            assert!(
                found
                    .zip(expected)
                    .is_none_or(|(found, part)| found.starts_with(part))
            );
        }
    }
}
