//! PostgreSQL's meaning of functions and operators.

use datafusion::execution::SessionStateBuilder;

/// Gives functions and operators the meaning that they have in PostgreSQL.
pub(crate) fn with_postgres_meaning(state: SessionStateBuilder) -> SessionStateBuilder {
    state
}
