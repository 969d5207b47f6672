//! `SIMILAR TO`: SQL's patterns as regular expressions over the whole text.

use crate::sql::error::{SqlError, sqlstate};

/// The regular expression that matches what a pattern of `SIMILAR TO` matches.
///
/// # Errors
/// If the pattern has parts whose meaning is not certain.
pub(super) fn regex(pattern: &str, escape: Option<char>) -> Result<String, SqlError> {
    let escape = escape.unwrap_or('\\');
    let mut out = String::from("^(?s:");
    let mut characters = pattern.chars();
    let mut bracket = false;
    while let Some(c) = characters.next() {
        if c == escape {
            let Some(escaped) = characters.next() else {
                return Err(SqlError::new(
                    "22025",
                    "the pattern of SIMILAR TO ends with its escape character",
                ));
            };
            literal(escaped, &mut out);
            continue;
        }
        match c {
            ']' if bracket => {
                bracket = false;
                out.push(c);
            }
            _ if bracket => {
                // `[` and `&`, `~`, `-` in pairs have a meaning in Rust's classes, not in SQL's.
                if matches!(c, '[' | '&' | '~') {
                    out.push('\\');
                }
                out.push(c);
            }
            '[' => {
                bracket = true;
                out.push(c);
            }
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '|' | '*' | '+' | '?' | '{' | '}' | '(' | ')' => out.push(c),
            other => literal(other, &mut out),
        }
    }
    if bracket {
        return Err(SqlError::new(
            sqlstate::INVALID_PARAMETER,
            "the pattern of SIMILAR TO has a [ without its ]",
        ));
    }
    // The group keeps an alternation within the anchors.
    out.push_str(")$");
    Ok(out)
}

fn literal(c: char, out: &mut String) {
    if !c.is_alphanumeric() && c != '_' && !c.is_whitespace() {
        out.push('\\');
    }
    out.push(c);
}

#[cfg(test)]
mod tests {
    use super::regex;

    #[test]
    fn patterns_are_over_the_whole_text() {
        assert_eq!(regex("a%|b_", None).unwrap(), "^(?s:a.*|b.)$");
        assert_eq!(regex("10\\%[a-c]+", None).unwrap(), "^(?s:10\\%[a-c]+)$");
        assert_eq!(regex("a.b", None).unwrap(), "^(?s:a\\.b)$");
        assert!(regex("a\\", None).is_err());
        assert!(regex("[a", None).is_err());
    }
}
