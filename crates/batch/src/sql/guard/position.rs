//! Where in a statement an error is.

use datafusion::sql::sqlparser::parser::ParserError;

use crate::sql::error::SqlError;

/// The character of the statement, from 1 on, at a line and a column, which count from 1 on too.
pub(crate) fn character(sql: &str, line: u64, column: u64) -> u64 {
    let before = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let lines = sql.split_inclusive('\n').take(before);
    let before: usize = lines.map(|line| line.chars().count()).sum();
    before as u64 + column
}

/// What the parser says. It names the place in words; they become the error's position.
pub(super) fn of_parser(sql: &str, error: &ParserError) -> SqlError {
    let error = SqlError::syntax(error);
    let Some((message, place)) = error.message.rsplit_once(" at Line: ") else {
        return error;
    };
    let place = place.split_once(", Column: ");
    let place =
        place.and_then(|(line, column)| Some((line.parse().ok()?, column.trim().parse().ok()?)));
    match place {
        Some((line, column)) => {
            SqlError::new(&error.sqlstate, message).at(character(sql, line, column))
        }
        None => error,
    }
}
