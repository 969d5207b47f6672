//! Statements as a client prepares them, and how they are started.

use std::{sync::Arc, time::Duration};

use super::{
    control::{self, SessionStatement},
    message::TransactionStatus,
    session::{MessageFailure, WireSession},
    split,
};
use crate::{
    serve::follower::HeldSnapshot,
    sql::{
        child::{Piece, StreamedAnswer},
        error::{SqlError, sqlstate},
        guard,
        request::{
            AnswerColumn, AnswerFormat, BoundStatement, StatementLimits, StatementParameter,
        },
    },
};

/// What a statement is.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Empty,
    Session(SessionStatement),
    Query(String),
}

/// A statement that has been prepared.
#[derive(Clone, Debug)]
pub(super) struct PreparedStatement {
    pub(super) work: Work,
    /// The types of parameters that the client has named.
    pub(super) declared: Vec<Option<String>>,
    /// Its columns and the types of all parameters, once somebody has asked.
    pub(super) described: Option<Arc<StatementDescription>>,
}

/// What a statement takes and gives.
#[derive(Debug)]
pub(super) struct StatementDescription {
    pub(super) columns: Vec<AnswerColumn>,
    pub(super) parameters: Vec<String>,
}

/// An answer that is being given, with the rows that it is made of.
pub(super) struct RunningAnswer {
    pub(super) answer: StreamedAnswer,
    _held: Arc<HeldSnapshot>,
}

impl Work {
    /// What a single statement is.
    ///
    /// # Errors
    /// If it is larger than it may be, or no statement.
    pub(super) fn of(sql: &str) -> Result<Self, SqlError> {
        if let Some(control) = control::of(sql)? {
            return Ok(Self::Session(control));
        }
        // Read here to say at once what is wrong with it, and where; the process that answers it reads it again.
        guard::parse(sql)?;
        Ok(Self::Query(sql.to_owned()))
    }

    /// The only statement of a text.
    ///
    /// # Errors
    /// As [`of`](Self::of); if there are several.
    pub(super) fn only(sql: &str) -> Result<Self, SqlError> {
        let parts = split::statements(sql)?;
        match parts.as_slice() {
            [] => Ok(Self::Empty),
            [part] => Self::of(&part.sql).map_err(|error| moved(error, part.before)),
            _ => Err(SqlError::new(
                sqlstate::SYNTAX,
                "cannot insert multiple commands into a prepared statement",
            )),
        }
    }
}

/// The same error in a text that the statement is a part of.
pub(super) fn moved(mut error: SqlError, before: u64) -> SqlError {
    error.position = error.position.map(|at| at + before);
    error
}

impl WireSession<'_> {
    /// Refuses all but the end of a transaction that has failed.
    pub(super) fn check_transaction(&self, work: &Work) -> Result<(), SqlError> {
        let ends = matches!(
            work,
            Work::Empty
                | Work::Session(
                    SessionStatement::Commit
                        | SessionStatement::Rollback
                        | SessionStatement::RollbackTo
                )
        );
        if self.status == TransactionStatus::Failed && !ends {
            return Err(SqlError::new(
                "25P02",
                "the transaction has failed, and ignores all until its end; send ROLLBACK",
            ));
        }
        Ok(())
    }

    /// Starts a statement; answers when its first rows are there.
    pub(super) async fn start(
        &mut self,
        sql: String,
        parameters: Vec<StatementParameter>,
        binary: Vec<bool>,
        only_described: bool,
    ) -> Result<RunningAnswer, MessageFailure> {
        let mut limits = StatementLimits::served();
        let time = self
            .settings
            .statement_time(Duration::from_millis(limits.wall_ms));
        limits.wall_ms = u64::try_from(time.as_millis()).unwrap_or(limits.wall_ms);
        let bound = BoundStatement {
            parameters,
            only_described,
            binary,
            session: self.asking(),
        };
        let worker = self.worker;
        let held = self.held.clone();
        let work = async move {
            let held = match held {
                Some(held) => held,
                None => worker.hold().await?,
            };
            let answer = worker
                .ask(sql, AnswerFormat::Wire, limits, Some(bound), &held)
                .await?;
            Ok::<_, SqlError>((answer, held))
        };
        let (stream, told) = self.parts();
        let (answer, held) = Self::unless_cancelled(stream, told, work).await??;
        if self.settings.is_stable() && self.status == TransactionStatus::InBlock {
            self.held = Some(Arc::clone(&held));
        }
        Ok(RunningAnswer {
            answer,
            _held: held,
        })
    }

    /// The next piece of an answer.
    pub(super) async fn piece(
        &mut self,
        running: &mut RunningAnswer,
    ) -> Result<Piece, MessageFailure> {
        let (stream, told) = self.parts();
        let piece = Self::unless_cancelled(stream, told, running.answer.next()).await?;
        match piece {
            Some(piece) => Ok(piece?),
            None => Err(SqlError::new(
                sqlstate::CANCELED,
                "the statement was ended: its rows were not taken in the time that it may have",
            )
            .into()),
        }
    }

    /// What a statement takes and gives.
    pub(super) async fn describe(
        &mut self,
        prepared: &PreparedStatement,
    ) -> Result<Arc<StatementDescription>, MessageFailure> {
        if let Some(described) = &prepared.described {
            return Ok(Arc::clone(described));
        }
        let Work::Query(sql) = &prepared.work else {
            return Ok(Arc::new(StatementDescription {
                columns: self.control_columns(&prepared.work),
                parameters: Vec::new(),
            }));
        };
        let parameters = prepared
            .declared
            .iter()
            .map(|type_name| StatementParameter {
                type_name: type_name.clone(),
                value: None,
            });
        let parameters = parameters.collect();
        let mut running = self
            .start(sql.clone(), parameters, Vec::new(), true)
            .await?;
        let mut names = Vec::new();
        while let Piece::Data(bytes) = self.piece(&mut running).await? {
            names = serde_json::from_slice(&bytes)
                .map_err(|error| SqlError::new(sqlstate::INTERNAL, error.to_string()))?;
        }
        Ok(Arc::new(StatementDescription {
            columns: running.answer.columns,
            parameters: names,
        }))
    }
}
