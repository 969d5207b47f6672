//! SQL, from the text of a statement to the bytes of its answer.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod sql {
    mod formats;
    mod guard;
    mod hostile;
    mod meaning;
    mod overlay;
    mod statements;
}
#[path = "sql_support/mod.rs"]
mod support;
