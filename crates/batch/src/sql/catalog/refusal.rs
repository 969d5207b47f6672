//! What the catalogue does not answer.

use crate::sql::error::{SqlError, sqlstate};

pub(super) fn unsupported(what: &str) -> SqlError {
    SqlError::new(
        sqlstate::NOT_SUPPORTED,
        format!("{what} is not supported in statements over pg_catalog and information_schema"),
    )
}

pub(super) fn no_table(name: &str) -> SqlError {
    SqlError::new(
        sqlstate::UNDEFINED_TABLE,
        format!("relation \"{name}\" does not exist"),
    )
}

pub(super) fn no_function(name: &str) -> SqlError {
    SqlError::new(
        sqlstate::UNDEFINED_FUNCTION,
        format!("there is no function {name} over the catalogue"),
    )
}
