//! TokenCounts of a statement's tokens, before anything calls itself over them.
//!
//! A parser and a planner descend as deep as a statement is nested, and as far as a chain of operators is long: 1,008
//! bytes of `1+1+…` end a process. So depth, chains and lists are bounded here, by one pass that cannot be deep.

use datafusion::sql::sqlparser::{
    dialect::PostgreSqlDialect,
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError},
};

use super::position::character;
use crate::sql::error::{SqlError, sqlstate};

/// Bytes of a statement.
pub const BYTES: usize = 16 << 10;
/// Tokens, but for the items of `IN` lists.
pub const TOKENS: usize = 2_000;
/// Parentheses, brackets, `CASE` and prefix operators around one place.
pub const NESTING: usize = 32;
/// Operators of one kind, or branches of one `CASE`, beside each other.
pub const CHAIN: usize = 200;
/// Items of an `IN` list.
pub const IN_LIST: usize = 5_000;
/// Joins, those by a comma included.
pub const JOINS: usize = 8;
/// `UNION`, `INTERSECT` and `EXCEPT`.
pub const SET_OPERATIONS: usize = 32;

/// Checks that a text is short enough to be read at all.
///
/// # Errors
/// If it is not, or if it has a character that no text may have.
pub(crate) fn bounded(sql: &str) -> Result<(), SqlError> {
    if sql.len() > BYTES {
        let message = format!(
            "the statement has {} bytes; at most {BYTES} are allowed",
            sql.len()
        );
        return Err(SqlError::new(sqlstate::LIMIT, message));
    }
    if let Some(at) = sql.chars().position(|c| c == '\0') {
        let message = "the statement has a character U+0000";
        return Err(SqlError::new(sqlstate::SYNTAX, message).at(at as u64 + 1));
    }
    Ok(())
}

/// Checks that a statement is no larger than any plan can bear.
pub(super) fn check(sql: &str) -> Result<(), SqlError> {
    bounded(sql)?;
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location();
    let tokens = tokens.map_err(|error| unreadable(sql, &error))?;
    let mut counts = TokenCounts::default();
    for token in &tokens {
        if !matches!(token.token, Token::Whitespace(_) | Token::EOF) {
            let counted = counts.count(&token.token);
            counted.map_err(|what| refusal(what).at(position(sql, token)))?;
        }
    }
    Ok(())
}

/// What the tokenizer says, with the place that it names.
pub(crate) fn unreadable(sql: &str, error: &TokenizerError) -> SqlError {
    SqlError::new(sqlstate::SYNTAX, error.message.clone()).at(character(
        sql,
        error.location.line,
        error.location.column,
    ))
}

/// The character of the statement, from 1 on, at which a token begins.
fn position(sql: &str, token: &TokenWithSpan) -> u64 {
    character(sql, token.span.start.line, token.span.start.column)
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TooMuch {
    Tokens,
    Nesting,
    Chain,
    InList,
    Joins,
    SetOperations,
}

fn refusal(what: TooMuch) -> SqlError {
    let (state, message) = match what {
        TooMuch::Tokens => (
            sqlstate::LIMIT,
            format!(
                "the statement has more than {TOKENS} words and signs; select fewer columns, or shorten it with WITH"
            ),
        ),
        TooMuch::Nesting => (
            sqlstate::TOO_COMPLEX,
            format!("the statement is nested deeper than {NESTING}; split it with WITH"),
        ),
        TooMuch::Chain => (
            sqlstate::TOO_COMPLEX,
            format!(
                "more than {CHAIN} operators of a kind follow each other; use IN (…), or join with VALUES"
            ),
        ),
        TooMuch::InList => (
            sqlstate::LIMIT,
            format!("an IN list has more than {IN_LIST} items; select a range instead"),
        ),
        TooMuch::Joins => (
            sqlstate::LIMIT,
            format!("the statement has more than {JOINS} joins"),
        ),
        TooMuch::SetOperations => (
            sqlstate::LIMIT,
            format!(
                "more than {SET_OPERATIONS} of UNION, INTERSECT and EXCEPT; use VALUES or IN (…)"
            ),
        ),
    };
    SqlError::new(state, message)
}

/// Kinds of operators that make chains: as many as the planner has levels of its own for.
const KINDS: usize = 8;

/// One level of parentheses, brackets or `CASE`.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// Operators of each kind since the last comma or clause.
    chains: [usize; KINDS],
    /// Whether it is a `CASE`, which ends with `END`.
    case: bool,
    /// Items, where it is an `IN` list.
    items: Option<usize>,
    select: bool,
    from: bool,
}

#[derive(Debug)]
struct TokenCounts {
    levels: Vec<Level>,
    tokens: usize,
    prefixes: usize,
    joins: usize,
    set_operations: usize,
    /// Whether the last token was `IN`.
    in_before: bool,
    /// Whether an operand ended with the last token: then `-` is a chain, else a prefix.
    operand: bool,
}

impl Default for TokenCounts {
    fn default() -> Self {
        Self {
            levels: vec![Level::default()],
            tokens: 0,
            prefixes: 0,
            joins: 0,
            set_operations: 0,
            in_before: false,
            operand: false,
        }
    }
}

fn within(count: &mut usize, most: usize, what: TooMuch) -> Result<(), TooMuch> {
    *count += 1;
    if *count > most { Err(what) } else { Ok(()) }
}

impl TokenCounts {
    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn count(&mut self, token: &Token) -> Result<(), TooMuch> {
        if self.level().items.is_none() {
            within(&mut self.tokens, TOKENS, TooMuch::Tokens)?;
        }
        let in_before = std::mem::take(&mut self.in_before);
        let operand = std::mem::take(&mut self.operand);
        if let Some(prefix) = prefix(token, operand) {
            self.operand = false;
            return if prefix {
                within(&mut self.prefixes, NESTING, TooMuch::Nesting)
            } else {
                self.prefixes = 0;
                self.operator(token)
            };
        }
        self.prefixes = 0;
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                if operand && *token == Token::LBracket {
                    self.operator(token)?;
                }
                self.open(Level {
                    items: (in_before && *token == Token::LParen).then_some(1),
                    ..Level::default()
                })
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                self.operand = true;
                self.close();
                Ok(())
            }
            Token::Comma => self.comma(),
            Token::Word(word) => {
                self.operand = !is_reserved(word.keyword);
                self.word(word.keyword)
            }
            other => {
                self.operand = is_value(other);
                if self.operand {
                    Ok(())
                } else {
                    self.operator(other)
                }
            }
        }
    }

    fn open(&mut self, level: Level) -> Result<(), TooMuch> {
        self.levels.push(level);
        if self.levels.len() > NESTING + 1 {
            return Err(TooMuch::Nesting);
        }
        Ok(())
    }

    /// Closes a parenthesis, and any `CASE` that somebody left open within it.
    fn close(&mut self) {
        while self.level().case && self.levels.len() > 1 {
            self.levels.pop();
        }
        self.levels.pop();
    }

    fn comma(&mut self) -> Result<(), TooMuch> {
        let level = self.level();
        level.chains = [0; KINDS];
        if let Some(items) = &mut level.items {
            return within(items, IN_LIST, TooMuch::InList);
        }
        if level.from {
            return within(&mut self.joins, JOINS, TooMuch::Joins);
        }
        Ok(())
    }

    fn operator(&mut self, token: &Token) -> Result<(), TooMuch> {
        let Some(kind) = kind(token) else {
            return Ok(());
        };
        within(&mut self.level().chains[kind], CHAIN, TooMuch::Chain)
    }

    fn word(&mut self, keyword: Keyword) -> Result<(), TooMuch> {
        match keyword {
            Keyword::IN => self.in_before = true,
            Keyword::CASE => {
                return self.open(Level {
                    case: true,
                    ..Level::default()
                });
            }
            Keyword::END if self.level().case => {
                self.levels.pop();
                self.operand = true;
            }
            Keyword::WHEN => return within(&mut self.level().chains[6], CHAIN, TooMuch::Chain),
            Keyword::OR => return within(&mut self.level().chains[0], CHAIN, TooMuch::Chain),
            Keyword::AND => return within(&mut self.level().chains[1], CHAIN, TooMuch::Chain),
            Keyword::IS
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::AT
            | Keyword::COLLATE => {
                return within(&mut self.level().chains[2], CHAIN, TooMuch::Chain);
            }
            Keyword::JOIN => return within(&mut self.joins, JOINS, TooMuch::Joins),
            Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => {
                self.clause(|level| (level.select, level.from) = (false, false));
                return within(
                    &mut self.set_operations,
                    SET_OPERATIONS,
                    TooMuch::SetOperations,
                );
            }
            Keyword::SELECT => {
                // An IN list that is a query is no list.
                self.clause(|level| (level.select, level.from, level.items) = (true, false, None));
            }
            Keyword::FROM if self.level().select => self.clause(|level| level.from = true),
            Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::WINDOW => {
                self.clause(|level| level.from = false);
            }
            Keyword::ON => self.clause(|_| ()),
            _ => {}
        }
        Ok(())
    }

    fn clause(&mut self, change: impl FnOnce(&mut Level)) {
        let level = self.level();
        level.chains = [0; KINDS];
        change(level);
    }
}

/// Whether a sign is a prefix operator, or none for what is neither prefix nor the like.
fn prefix(token: &Token, operand: bool) -> Option<bool> {
    match token {
        Token::Minus | Token::Plus => Some(!operand),
        Token::Tilde => Some(!operand),
        Token::ExclamationMark
        | Token::DoubleExclamationMark
        | Token::PGSquareRoot
        | Token::PGCubeRoot
        | Token::AtSign => Some(true),
        Token::Word(word) if word.keyword == Keyword::NOT => Some(true),
        _ => None,
    }
}

/// Words after which an operand begins. All others may be names.
fn is_reserved(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(
        keyword,
        K::SELECT
            | K::WHERE
            | K::AND
            | K::OR
            | K::NOT
            | K::IN
            | K::WHEN
            | K::THEN
            | K::ELSE
            | K::CASE
            | K::ON
            | K::BETWEEN
            | K::LIKE
            | K::ILIKE
            | K::BY
            | K::HAVING
            | K::LIMIT
            | K::OFFSET
            | K::FROM
            | K::VALUES
            | K::DISTINCT
            | K::AS
            | K::IS
            | K::SIMILAR
            | K::TO
            | K::ALL
            | K::ANY
            | K::USING
            | K::RETURNING
    )
}

fn is_value(token: &Token) -> bool {
    matches!(
        token,
        Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Char(_)
    )
}

/// The kind of an operator; none for signs that are no operators.
fn kind(token: &Token) -> Option<usize> {
    Some(match token {
        Token::Period | Token::SemiColon | Token::Colon | Token::Backslash => return None,
        Token::Eq
        | Token::DoubleEq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::Spaceship => 2,
        Token::Plus | Token::Minus => 3,
        Token::Mul | Token::Div | Token::Mod | Token::Caret => 4,
        Token::DoubleColon => 5,
        // `||` and all others.
        _ => 7,
    })
}
