//! The only place where a value becomes a part of a statement.

use super::instant::instant;

/// A text as a literal that every dialect reads the same: some take a backslash in quotes for an escape, so none is
/// left in them.
pub(crate) fn text(value: &str) -> String {
    let parts = value
        .split('\\')
        .map(|part| format!("'{}'", part.replace('\'', "''")));
    let parts: Vec<_> = parts.collect();
    if parts.len() == 1 {
        return parts.concat();
    }
    format!("({})", parts.join(" || chr(92) || "))
}

/// An instant, ms since 1970, as a literal.
pub(super) fn time(ms: i64) -> String {
    format!("TIMESTAMPTZ '{}'", instant(ms))
}

/// `column IN (…)`.
pub(super) fn is_one_of<T>(column: &str, values: &[T], literal: impl Fn(&T) -> String) -> String {
    let values: Vec<_> = values.iter().map(literal).collect();
    format!("{column} IN ({})", values.join(", "))
}
