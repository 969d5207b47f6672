//! How the worker has statements answered, whoever sends them.

use std::sync::Arc;

use super::{
    follower::{HeldSnapshot, TablesFollower},
    live::LiveProgram,
    surprise::SurpriseCache,
};
use crate::sql::{
    child::{StatementRunner, StreamedAnswer},
    error::{SqlError, sqlstate},
    request::{AnswerFormat, BoundStatement, StatementLimits, StatementRequest},
};

/// Tables that are made of the live program's counts.
const LIVE_TABLES: [&str; 3] = ["live_", "sources", "dead_letters"];

/// What all that serve statements share.
pub(crate) struct TablesWorker {
    pub(super) follower: TablesFollower,
    pub(super) statements: StatementRunner,
    pub(super) live: LiveProgram,
    pub(super) surprises: SurpriseCache,
}

impl TablesWorker {
    /// All that is in the journal now, for as long as it is held.
    pub(crate) async fn hold(&self) -> Result<Arc<HeldSnapshot>, SqlError> {
        let held = self.follower.snapshot().await;
        held.map_err(|error| SqlError::new(sqlstate::SYSTEM, error.to_string()))
    }

    /// Starts a statement over what is held.
    pub(crate) async fn ask(
        &self,
        sql: String,
        format: AnswerFormat,
        limits: StatementLimits,
        bound: Option<BoundStatement>,
        held: &HeldSnapshot,
    ) -> Result<StreamedAnswer, SqlError> {
        let mut snapshot = held.snapshot.clone();
        if LIVE_TABLES.iter().any(|name| sql.contains(name)) {
            snapshot.live = self.live.summary().await;
        }
        let request = StatementRequest {
            sql,
            format,
            limits,
            snapshot,
            bound,
        };
        self.statements.run(&request).await
    }
}
