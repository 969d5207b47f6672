//! `LIKE` and regular expressions.

use regex::RegexBuilder;

use super::value::CatalogValue as Value;
use crate::sql::error::{SqlError, sqlstate};

/// Bytes of a compiled expression.
const COMPILED: usize = 1 << 20;

fn matches(text: &str, pattern: &str, ignores_case: bool) -> Result<bool, SqlError> {
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(ignores_case)
        .size_limit(COMPILED)
        .build();
    let regex = regex
        .map_err(|error| SqlError::new(sqlstate::INVALID_REGULAR_EXPRESSION, error.to_string()))?;
    Ok(regex.is_match(text))
}

/// Whether a text matches a regular expression; none if one is NULL.
pub(super) fn regex(
    text: &Value,
    pattern: &Value,
    ignores_case: bool,
) -> Result<Option<bool>, SqlError> {
    if text.is_null() || pattern.is_null() {
        return Ok(None);
    }
    matches(&text.shown(), &pattern.shown(), ignores_case).map(Some)
}

/// Whether a text is like a pattern; none if one is NULL.
pub(super) fn like(
    text: &Value,
    pattern: &Value,
    escape: Option<&str>,
    ignores_case: bool,
) -> Result<Option<bool>, SqlError> {
    if text.is_null() || pattern.is_null() {
        return Ok(None);
    }
    let escape = escape.map_or(Some('\\'), |escape| escape.chars().next());
    let mut expression = String::from("(?s)^");
    let pattern = pattern.shown();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            c if Some(c) == escape => {
                let escaped = chars.next().map(String::from).unwrap_or_default();
                expression.push_str(&regex::escape(&escaped));
            }
            '%' => expression.push_str(".*"),
            '_' => expression.push('.'),
            other => expression.push_str(&regex::escape(&other.to_string())),
        }
    }
    expression.push('$');
    matches(&text.shown(), &expression, ignores_case).map(Some)
}
