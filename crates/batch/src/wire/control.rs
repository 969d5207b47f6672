//! Statements about the session: transactions, settings, and what clients send to clean up.

use super::split::{Word, words};
use crate::sql::error::{SqlError, sqlstate};

/// A statement about the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SessionStatement {
    /// A transaction begins, with a level of isolation of its own or the session's.
    Begin {
        isolation: Option<String>,
    },
    Commit,
    Rollback,
    Savepoint,
    Release,
    RollbackTo,
    /// Changes a setting; without a value to what it was at first.
    Set {
        name: String,
        value: Option<String>,
    },
    /// `SET TRANSACTION …`.
    SetTransaction {
        isolation: Option<String>,
    },
    ResetAll,
    Show(String),
    ShowAll,
    /// Forgets prepared statements: one, or all.
    Deallocate(Option<String>),
    DiscardAll,
    /// What would change nothing here, by the word that answers it.
    Nothing(&'static str),
}

fn bare(words: &[Word]) -> Vec<&str> {
    let texts = words.iter().map(|word| match word {
        Word::Bare(text) => text.as_str(),
        Word::Quoted(_) | Word::Sign(_) => "",
    });
    texts.collect()
}

/// A name or a value as it is written, in lower case if it has no quotes.
fn written(word: &Word) -> String {
    match word {
        Word::Bare(text) => text.to_lowercase(),
        Word::Quoted(text) | Word::Sign(text) => text.clone(),
    }
}

/// A statement about the session; none if it is another.
///
/// # Errors
/// If it is one that this server refuses.
pub(super) fn of(sql: &str) -> Result<Option<SessionStatement>, SqlError> {
    let words = words(sql);
    let texts = bare(&words);
    Ok(Some(match texts.as_slice() {
        ["BEGIN", ..] | ["START", "TRANSACTION", ..] => SessionStatement::Begin {
            isolation: isolation(&texts),
        },
        ["COMMIT" | "END", ..] => SessionStatement::Commit,
        ["ROLLBACK", rest @ ..] if rest.contains(&"TO") => SessionStatement::RollbackTo,
        ["ROLLBACK" | "ABORT", ..] => SessionStatement::Rollback,
        ["SAVEPOINT", ..] => SessionStatement::Savepoint,
        ["RELEASE", ..] => SessionStatement::Release,
        ["SET", "SESSION", "CHARACTERISTICS", ..] => match isolation(&texts) {
            Some(level) => SessionStatement::Set {
                name: "default_transaction_isolation".to_owned(),
                value: Some(level),
            },
            // READ ONLY is what it is, and READ WRITE finds out when it writes.
            None => SessionStatement::Nothing("SET"),
        },
        ["SET", "TRANSACTION", ..] | ["SET", "LOCAL", "TRANSACTION", ..] => {
            SessionStatement::SetTransaction {
                isolation: isolation(&texts),
            }
        }
        ["SET", "ROLE" | "AUTHORIZATION", ..]
        | ["SET", "SESSION" | "LOCAL", "ROLE" | "AUTHORIZATION", ..] => {
            return Err(SqlError::new(
                sqlstate::NOT_ALLOWED,
                "all users are alike here; connect as another one",
            ));
        }
        ["SET", "SESSION" | "LOCAL", ..] => set(&words[2..])?,
        ["SET", ..] => set(&words[1..])?,
        ["RESET", "ALL"] => SessionStatement::ResetAll,
        ["RESET", ..] if words.len() > 1 => SessionStatement::Set {
            name: setting_name(&words[1..]).0,
            value: None,
        },
        ["SHOW", "ALL"] => SessionStatement::ShowAll,
        ["SHOW", ..] if words.len() > 1 => SessionStatement::Show(setting_name(&words[1..]).0),
        ["DEALLOCATE", rest @ ..] => {
            let rest = if rest.first() == Some(&"PREPARE") {
                2
            } else {
                1
            };
            match words.get(rest) {
                Some(Word::Bare(all)) if all == "ALL" => SessionStatement::Deallocate(None),
                Some(name) => SessionStatement::Deallocate(Some(written(name))),
                None => return Ok(None),
            }
        }
        ["DISCARD", "ALL"] => SessionStatement::DiscardAll,
        ["DISCARD", ..] => SessionStatement::Nothing("DISCARD"),
        ["UNLISTEN", ..] => SessionStatement::Nothing("UNLISTEN"),
        ["CLOSE", "ALL"] => SessionStatement::Nothing("CLOSE CURSOR ALL"),
        ["COPY", ..] => {
            return Err(refused(
                "COPY is not available; send SELECT, or ask POST /api/v1/sql for an Arrow stream or Parquet",
            ));
        }
        ["DECLARE" | "FETCH" | "MOVE", ..] => {
            return Err(SqlError::new(
                sqlstate::NOT_SUPPORTED,
                "there are no cursors by name; fetch a portal's rows in parts, as drivers do with a fetch size",
            ));
        }
        ["PREPARE" | "EXECUTE", ..] => {
            return Err(SqlError::new(
                sqlstate::NOT_SUPPORTED,
                "PREPARE and EXECUTE are not available as statements; drivers prepare with the protocol's own messages",
            ));
        }
        ["LISTEN" | "NOTIFY", ..] => {
            return Err(SqlError::new(
                sqlstate::NOT_SUPPORTED,
                "LISTEN and NOTIFY are not available; GET /api/v1/stream tells of changes",
            ));
        }
        _ => return Ok(None),
    }))
}

fn refused(message: &str) -> SqlError {
    SqlError::new(sqlstate::READ_ONLY, message)
}

/// The level of isolation that a statement names.
fn isolation(texts: &[&str]) -> Option<String> {
    let levels = ["SERIALIZABLE", "REPEATABLE", "COMMITTED", "UNCOMMITTED"];
    let found = levels.into_iter().find(|level| texts.contains(level))?;
    let name = match found {
        "SERIALIZABLE" => "serializable",
        "REPEATABLE" => "repeatable read",
        "COMMITTED" => "read committed",
        _ => "read uncommitted",
    };
    Some(name.to_owned())
}

/// The name of a setting, which may have parts, and how many words it takes.
fn setting_name(words: &[Word]) -> (String, usize) {
    match bare(words).as_slice() {
        ["TIME", "ZONE", ..] => return ("timezone".to_owned(), 2),
        ["TRANSACTION", "ISOLATION", "LEVEL", ..] => {
            return ("transaction_isolation".to_owned(), 3);
        }
        ["NAMES", ..] => return ("client_encoding".to_owned(), 1),
        _ => {}
    }
    let mut name = words.first().map(written).unwrap_or_default();
    let mut taken = 1;
    while let Some([Word::Sign(dot), part]) = words.get(taken..taken + 2)
        && dot == "."
    {
        name = format!("{name}.{}", written(part));
        taken += 2;
    }
    (name, taken)
}

fn set(words: &[Word]) -> Result<SessionStatement, SqlError> {
    let (name, taken) = setting_name(words);
    let rest = words.get(taken..).unwrap_or_default();
    let values = match rest.first() {
        Some(Word::Sign(sign)) if sign == "=" => &rest[1..],
        Some(Word::Bare(to)) if to == "TO" => &rest[1..],
        // SET TIME ZONE and SET NAMES have neither.
        _ if name == "timezone" || name == "client_encoding" => rest,
        _ => &[],
    };
    let mut value = String::new();
    for word in values {
        match word {
            Word::Sign(comma) if comma == "," => value.push_str(", "),
            word => value.push_str(&written(word)),
        }
    }
    match values {
        [] => Err(SqlError::new(
            sqlstate::SYNTAX,
            "write SET name = value, or SET name TO value",
        )),
        [Word::Bare(default)] if default == "DEFAULT" => {
            Ok(SessionStatement::Set { name, value: None })
        }
        _ => Ok(SessionStatement::Set {
            name,
            value: Some(value),
        }),
    }
}
