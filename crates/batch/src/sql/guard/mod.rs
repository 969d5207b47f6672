//! What a statement must pass before it is planned: its size ([`tokens`]), that it only reads ([`tree`]), and that it
//! calls only functions that are known to be harmless ([`functions`]) with arguments that are not too large
//! ([`literals`]).

mod functions;
mod literals;
mod position;
mod tokens;
mod tree;

use datafusion::sql::sqlparser::{ast::Statement, dialect::PostgreSqlDialect, parser::Parser};

pub use functions::ALLOWED;
pub use literals::LARGEST;
pub(crate) use position::character;
pub use tokens::{BYTES, CHAIN, IN_LIST, JOINS, NESTING, SET_OPERATIONS, TOKENS};
pub(crate) use tokens::{bounded, unreadable};

use super::error::{SqlError, sqlstate};

/// How deep the parser may call itself: several times for each level of nesting. It makes itself room on the stack.
const RECURSION: usize = NESTING * 12;

/// Checks a statement and parses it.
///
/// # Errors
/// If it is no single statement that only reads, or if it asks for more than one statement may.
pub fn check(sql: &str) -> Result<Statement, SqlError> {
    let statement = parse(sql)?;
    only_reads(&statement)?;
    Ok(statement)
}

/// Parses a single statement that is no larger than one may be.
///
/// # Errors
/// If it is larger, or none, or more than one.
pub fn parse(sql: &str) -> Result<Statement, SqlError> {
    tokens::check(sql)?;
    let statements = Parser::new(&PostgreSqlDialect {})
        .with_recursion_limit(RECURSION)
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(|error| position::of_parser(sql, &error))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (None, _) => Err(SqlError::new(sqlstate::SYNTAX, "the statement is empty")),
        (Some(_), false) => {
            let message = "there is more than one statement; send one at a time";
            Err(SqlError::new(sqlstate::SYNTAX, message))
        }
    }
}

/// Checks that a statement only reads, and calls only functions that it may.
///
/// # Errors
/// If it does something else.
pub fn only_reads(statement: &Statement) -> Result<(), SqlError> {
    tree::check(statement)
}
