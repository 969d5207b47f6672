//! Names of objects: parts with `/` between them, the same on a disk and on S3.

use std::fmt::Write as _;

use super::error::{Error, Result};

/// The longest part of a name; file systems take 255, of which a temporary name needs some.
const PART_BYTES_MAX: usize = 200;
/// The longest name; S3 takes 1,024 with the prefix.
const KEY_BYTES_MAX: usize = 700;

/// Refuses what would be another name on one of the stores, or none. Hidden names are the lake's own.
pub(super) fn check(key: &str) -> Result<()> {
    let good = key.len() <= KEY_BYTES_MAX && key.split('/').all(is_part);
    if good {
        Ok(())
    } else {
        Err(Error::Key {
            key: key.to_owned(),
        })
    }
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= PART_BYTES_MAX
        && !part.starts_with('.')
        && !part.chars().any(|c| c.is_control() || c == '\\')
}

/// One part of a name from any text, such as the name of a machine: other bytes than letters, digits, `-` and `_` are
/// written as `%2F`, so that different texts stay different. Texts that would be too long are refused when used.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut part = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if plain || (byte == b'.' && at > 0) {
            part.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(part, "%{byte:02X}");
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_be_others_elsewhere_are_refused() {
        for key in [
            "a",
            "a/b",
            "raw/feed=x/p000-1.zst",
            "ü/ %+&?#",
            "a..b",
            "x/%2F",
        ] {
            assert!(check(key).is_ok(), "{key:?}");
        }
        let long = "x".repeat(201);
        for key in [
            "", "/a", "a/", "a//b", ".", "..", "a/../b", ".tmp", "a\\b", "a\nb", &long,
        ] {
            assert!(check(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn any_text_becomes_one_part() {
        assert_eq!(escape("worker-1.example"), "worker-1.example");
        assert_eq!(escape("a/b"), "a%2Fb");
        assert_eq!(escape(".hidden%"), "%2Ehidden%25");
        assert!(check(&escape("../ü\n")).is_ok());
    }
}
