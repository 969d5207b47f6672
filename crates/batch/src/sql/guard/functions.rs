//! Which functions there are.

use datafusion::sql::sqlparser::ast::{ObjectName, ObjectNamePart};

use crate::sql::error::{SqlError, sqlstate};

/// The functions that a statement may call. Each is PostgreSQL's, or answers as PostgreSQL's of another name does; none
/// opens a file or a connection, waits, or sees anything but its arguments.
pub const ALLOWED: &[&str] = &[];

/// A function's name in lower case, without PostgreSQL's schema in front.
pub(super) fn name_of(name: &ObjectName) -> String {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(name) => name.value.to_lowercase(),
        ObjectNamePart::Function(function) => function.name.value.to_lowercase(),
    };
    let parts: Vec<_> = name.0.iter().map(part).collect();
    let parts = match parts.as_slice() {
        [schema, rest @ ..] if schema == "pg_catalog" && !rest.is_empty() => rest,
        all => all,
    };
    parts.join(".")
}

/// Checks that a function may be called.
pub(super) fn check(name: &ObjectName) -> Result<(), SqlError> {
    let name = name_of(name);
    if ALLOWED.binary_search(&name.as_str()).is_ok() {
        return Ok(());
    }
    Err(SqlError::new(
        sqlstate::UNDEFINED_FUNCTION,
        format!("there is no function {name}; docs/sql.md lists those that there are"),
    ))
}
