//! The statements of a text that may hold several, and the words of one that is no query.

use datafusion::sql::sqlparser::{
    dialect::PostgreSqlDialect,
    tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace},
};

use crate::sql::{error::SqlError, guard};

/// Statements that one text may hold.
const STATEMENTS_MAX: usize = 100;

/// A statement within a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatementPart {
    pub(super) sql: String,
    /// Characters before it.
    pub(super) before: u64,
}

fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    guard::bounded(sql)?;
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location();
    tokens.map_err(|error| guard::unreadable(sql, &error))
}

/// Splits a text at its semicolons. Parts without a word are left out.
///
/// # Errors
/// If it is too long, has no end of a text or a comment, or holds too many.
pub(super) fn statements(sql: &str) -> Result<Vec<StatementPart>, SqlError> {
    let mut parts = Vec::new();
    let mut begin: Option<u64> = None;
    let chars: Vec<char> = sql.chars().collect();
    let cut = |from: u64, to: u64| -> String {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(chars.len());
        chars[place(from)..place(to)].iter().collect()
    };
    for token in tokens(sql)? {
        let start = token.span.start;
        let at = guard::character(sql, start.line, start.column).saturating_sub(1);
        match token.token {
            Token::SemiColon => {
                if let Some(before) = begin.take() {
                    let sql = cut(before, at);
                    parts.push(StatementPart { sql, before });
                }
            }
            Token::Whitespace(_) | Token::EOF => {}
            _ => begin = begin.or(Some(at)),
        }
        if parts.len() > STATEMENTS_MAX {
            let message = format!("a text holds more than {STATEMENTS_MAX} statements");
            return Err(SqlError::new(crate::sql::error::sqlstate::LIMIT, message));
        }
    }
    if let Some(before) = begin {
        let sql = cut(before, u64::MAX);
        parts.push(StatementPart { sql, before });
    }
    Ok(parts)
}

/// A word or a sign of a statement that is no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// In upper case.
    Bare(String),
    /// A text, or a name in quotes.
    Quoted(String),
    Sign(String),
}

/// The words of a statement; none where they cannot be read.
pub(super) fn words(sql: &str) -> Vec<Word> {
    let tokens = tokens(sql).unwrap_or_default().into_iter();
    let words = tokens.filter_map(|token| match token.token {
        Token::Whitespace(
            Whitespace::Space
            | Whitespace::Newline
            | Whitespace::Tab
            | Whitespace::SingleLineComment { .. }
            | Whitespace::MultiLineComment(_),
        )
        | Token::EOF => None,
        Token::Word(word) if word.quote_style.is_some() => Some(Word::Quoted(word.value)),
        Token::Word(word) => Some(Word::Bare(word.value.to_uppercase())),
        Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => {
            Some(Word::Quoted(text))
        }
        Token::Number(digits, _) => Some(Word::Quoted(digits)),
        other => Some(Word::Sign(other.to_string())),
    });
    words.collect()
}
