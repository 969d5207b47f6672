//! What runs, and how its rows go out.

use super::{
    control::SessionStatement,
    message::{Severity, TransactionStatus},
    session::{MessageFailure, WAITING, WireSession},
    statement::{RunningAnswer, Work},
};
use crate::sql::{
    child::Piece,
    error::SqlError,
    request::{AnswerColumn, AnswerEnd, StatementParameter},
};

/// A statement with its parameters, ready to run or running.
pub(super) struct Portal {
    pub(super) work: Work,
    pub(super) parameters: Vec<StatementParameter>,
    pub(super) binary: Vec<bool>,
    pub(super) running: Option<RunningRows>,
    /// Whether its last row has gone out.
    pub(super) is_done: bool,
}

/// Rows on their way.
pub(super) struct RunningRows {
    pub(super) answer: RunningAnswer,
    /// Rows that have come and have not gone out.
    pending: Vec<u8>,
    end: Option<AnswerEnd>,
}

impl Portal {
    pub(super) const fn new(
        work: Work,
        parameters: Vec<StatementParameter>,
        binary: Vec<bool>,
    ) -> Self {
        Self {
            work,
            parameters,
            binary,
            running: None,
            is_done: false,
        }
    }

    /// Bytes of the values that it holds.
    pub(super) fn size(&self) -> usize {
        let values = self.parameters.iter();
        values
            .map(|parameter| parameter.value.as_ref().map_or(0, String::len))
            .sum()
    }
}

fn text_column(name: &str) -> AnswerColumn {
    AnswerColumn {
        name: name.to_owned(),
        column_type: "text".to_owned(),
    }
}

impl WireSession<'_> {
    /// Starts a portal's statement if it does not run yet, and answers its columns; none where there are no rows.
    pub(super) async fn open(
        &mut self,
        portal: &mut Portal,
    ) -> Result<Option<Vec<AnswerColumn>>, MessageFailure> {
        self.check_transaction(&portal.work)?;
        let Work::Query(sql) = &portal.work else {
            let columns = self.control_columns(&portal.work);
            return Ok((!columns.is_empty()).then_some(columns));
        };
        if portal.running.is_none() && !portal.is_done {
            let (parameters, binary) = (portal.parameters.clone(), portal.binary.clone());
            let answer = self.start(sql.clone(), parameters, binary, false).await?;
            portal.running = Some(RunningRows {
                answer,
                pending: Vec::new(),
                end: None,
            });
        }
        let running = portal.running.as_ref();
        Ok(running.map(|running| running.answer.answer.columns.clone()))
    }

    /// Sends rows, at most `most` of them if that is not 0, and what is to be said after the last.
    pub(super) async fn execute(
        &mut self,
        portal: &mut Portal,
        most: u64,
    ) -> Result<(), MessageFailure> {
        match &portal.work {
            Work::Empty => {
                self.out.plain(b'I');
                return Ok(());
            }
            Work::Session(control) => {
                let control = control.clone();
                return Ok(self.control(&control)?);
            }
            Work::Query(_) => {}
        }
        self.open(portal).await?;
        let Some(running) = &mut portal.running else {
            self.out.complete("SELECT 0");
            return Ok(());
        };
        let mut sent = 0;
        loop {
            while most == 0 || sent < most {
                let Some(length) = first_row(&running.pending) else {
                    break;
                };
                // All that is there goes at once if nobody counts.
                let length = if most == 0 {
                    whole_rows(&running.pending, &mut sent)
                } else {
                    sent += 1;
                    length
                };
                self.out.0.extend(running.pending.drain(..length));
                if self.out.0.len() > WAITING {
                    self.send().await?;
                }
            }
            if most > 0 && sent == most {
                self.out.plain(b's');
                return Ok(());
            }
            if running.end.is_some() {
                break;
            }
            match self.piece(&mut running.answer).await? {
                Piece::Data(bytes) => running.pending.extend_from_slice(&bytes),
                Piece::End(end) => running.end = Some(end),
            }
        }
        let end = portal.running.take().and_then(|running| running.end);
        portal.is_done = true;
        if let Some(end) = end {
            self.finished(&end);
        }
        self.out.complete(&format!("SELECT {sent}"));
        Ok(())
    }

    /// Tells of which moment an answer was, and whether it was cut off.
    fn finished(&mut self, end: &AnswerEnd) {
        if end.truncated {
            let message = format!(
                "the answer was cut off after {} rows, by the limit of rows or of bytes; filter or group, or read in parts",
                end.row_count
            );
            self.out
                .error(Severity::Warning, &SqlError::new("01000", message));
        }
        let as_of = serde_json::to_string(&end.as_of).unwrap_or_default();
        self.out.setting("headcount.as_of", &as_of);
        self.settings.0.insert("headcount.as_of".to_owned(), as_of);
    }

    /// The columns of what a statement about the session shows.
    pub(super) fn control_columns(&self, work: &Work) -> Vec<AnswerColumn> {
        match work {
            Work::Session(SessionStatement::Show(name)) => {
                let known = self.settings.show(name).map(|(known, _)| known);
                vec![text_column(known.as_ref().unwrap_or(name))]
            }
            Work::Session(SessionStatement::ShowAll) => {
                ["name", "setting", "description"].map(text_column).into()
            }
            _ => Vec::new(),
        }
    }

    /// Does what a statement about the session says.
    fn control(&mut self, control: &SessionStatement) -> Result<(), SqlError> {
        self.check_transaction(&Work::Session(control.clone()))?;
        let in_block = self.status != TransactionStatus::Idle;
        let tag = match control {
            SessionStatement::Begin { isolation } => {
                if in_block {
                    self.warn("25001", "there is already a transaction in progress");
                } else {
                    self.status = TransactionStatus::InBlock;
                    self.settings.isolate(isolation.as_deref());
                }
                "BEGIN"
            }
            SessionStatement::Commit | SessionStatement::Rollback => {
                if !in_block {
                    self.warn("25P01", "there is no transaction in progress");
                }
                let failed = self.status == TransactionStatus::Failed;
                self.status = TransactionStatus::Idle;
                self.settings.isolate(None);
                self.held = None;
                if failed || *control == SessionStatement::Rollback {
                    "ROLLBACK"
                } else {
                    "COMMIT"
                }
            }
            SessionStatement::Savepoint
            | SessionStatement::Release
            | SessionStatement::RollbackTo
                if !in_block =>
            {
                return Err(SqlError::new(
                    "25P01",
                    "savepoints are for transactions; send BEGIN first",
                ));
            }
            SessionStatement::Savepoint => "SAVEPOINT",
            SessionStatement::Release => "RELEASE",
            SessionStatement::RollbackTo => {
                self.status = TransactionStatus::InBlock;
                "ROLLBACK"
            }
            SessionStatement::Set { .. }
            | SessionStatement::SetTransaction { .. }
            | SessionStatement::ResetAll
            | SessionStatement::Show(_)
            | SessionStatement::ShowAll => self.setting(control, in_block)?,
            SessionStatement::Deallocate(Some(name)) => {
                if self.statements.remove(name).is_none() {
                    let message = format!("prepared statement \"{name}\" does not exist");
                    return Err(SqlError::new("26000", message));
                }
                "DEALLOCATE"
            }
            SessionStatement::Deallocate(None) => {
                self.statements.clear();
                "DEALLOCATE ALL"
            }
            SessionStatement::DiscardAll => {
                self.statements.clear();
                self.portals.clear();
                self.reset();
                "DISCARD ALL"
            }
            SessionStatement::Nothing(tag) => tag,
        };
        self.out.complete(tag);
        Ok(())
    }

    /// Changes or shows settings; answers the word that says so.
    fn setting(
        &mut self,
        control: &SessionStatement,
        in_block: bool,
    ) -> Result<&'static str, SqlError> {
        Ok(match control {
            SessionStatement::Set { name, value } => {
                if let Some(warning) = self.settings.set(name, value.as_deref())? {
                    self.out.error(Severity::Warning, &warning);
                }
                if !in_block {
                    self.settings.isolate(None);
                }
                if let Some((name, value)) = self.settings.reported(name) {
                    self.out.setting(name, value);
                }
                if value.is_some() { "SET" } else { "RESET" }
            }
            SessionStatement::SetTransaction { isolation } => {
                if in_block {
                    if isolation.is_some() {
                        self.settings.isolate(isolation.as_deref());
                    }
                } else {
                    self.warn(
                        "25P01",
                        "SET TRANSACTION can only be used in transaction blocks",
                    );
                }
                "SET"
            }
            SessionStatement::ResetAll => {
                self.reset();
                "RESET"
            }
            SessionStatement::Show(name) => {
                let (_, value) = self.settings.show(name)?;
                self.out.row(&[&value]);
                "SHOW"
            }
            SessionStatement::ShowAll => {
                for (name, value) in &self.settings.0 {
                    self.out.row(&[name, value, ""]);
                }
                "SHOW"
            }
            _ => "",
        })
    }

    /// Sets everything to what it was at first.
    fn reset(&mut self) {
        let (_, user) = self
            .settings
            .show("session_authorization")
            .unwrap_or_default();
        self.settings = super::settings::Settings::of(&user);
        for (name, value) in self.settings.all_reported() {
            self.out.setting(name, value);
        }
    }

    fn warn(&mut self, state: &str, message: &str) {
        self.out
            .error(Severity::Warning, &SqlError::new(state, message));
    }
}

/// Bytes of the first row, if it is whole.
fn first_row(pending: &[u8]) -> Option<usize> {
    let length = pending.get(1..5)?;
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
    let whole = usize::try_from(length).ok()?.checked_add(1)?;
    (pending.len() >= whole).then_some(whole)
}

/// Bytes of all whole rows, which are counted.
fn whole_rows(pending: &[u8], count: &mut u64) -> usize {
    let mut length = 0;
    while let Some(row) = first_row(&pending[length..]) {
        length += row;
        *count += 1;
    }
    length
}
