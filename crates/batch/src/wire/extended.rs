//! The extended protocol: statements are prepared, bound to values, described and executed, each by its own message.

use super::{
    frame::{FrameError, MessageReader},
    parameter,
    portal::Portal,
    session::{MessageFailure, WireSession},
    statement::{PreparedStatement, Work},
};
use crate::sql::{
    catalog::types,
    error::{SqlError, sqlstate},
    request::StatementParameter,
};

/// Statements and portals that a session may have.
const PREPARED_MAX: usize = 1_000;
const PORTALS_MAX: usize = 64;
/// Bytes of the values that portals of a session may hold.
const VALUES_MAX: usize = 4 << 20;

fn no_statement(name: &str) -> SqlError {
    SqlError::new(
        "26000",
        format!("prepared statement \"{name}\" does not exist"),
    )
}

fn no_portal(name: &str) -> SqlError {
    SqlError::new("34000", format!("portal \"{name}\" does not exist"))
}

fn too_many(what: &str) -> SqlError {
    SqlError::new(
        sqlstate::LIMIT,
        format!("the session has too many {what}; close some"),
    )
}

impl WireSession<'_> {
    pub(super) async fn extended(
        &mut self,
        kind: u8,
        payload: &[u8],
    ) -> Result<(), MessageFailure> {
        let mut payload = MessageReader(payload);
        match kind {
            b'P' => self.parse(&mut payload),
            b'B' => self.bind(&mut payload).await,
            b'D' => self.described(&mut payload).await,
            b'E' => {
                let name = payload.text()?;
                let most = u64::try_from(payload.i32()?).unwrap_or(0);
                let mut portal = self.portals.remove(name).ok_or_else(|| no_portal(name))?;
                let executed = self.execute(&mut portal, most).await;
                self.portals.insert(name.to_owned(), portal);
                executed
            }
            b'C' => {
                let what = payload.u8()?;
                let name = payload.text()?;
                match what {
                    b'S' => drop(self.statements.remove(name)),
                    _ => drop(self.portals.remove(name)),
                }
                self.out.plain(b'3');
                Ok(())
            }
            other => {
                Err(FrameError::Protocol(format!("there is no message of the kind {other}")).into())
            }
        }
    }

    fn parse(&mut self, payload: &mut MessageReader) -> Result<(), MessageFailure> {
        let name = payload.text()?;
        let sql = payload.text()?;
        let mut declared = Vec::new();
        for _ in 0..payload.count()? {
            let oid = payload.i32()?.cast_unsigned();
            declared.push(match oid {
                0 | 705 => None,
                oid => {
                    let known = types::by_oid(i64::from(oid));
                    let known = known.ok_or_else(|| {
                        let message = format!("there is no type with the number {oid}");
                        SqlError::new("42704", message)
                    })?;
                    Some(known.name.to_owned())
                }
            });
        }
        let work = Work::only(sql)?;
        self.check_transaction(&work)?;
        if !name.is_empty() && self.statements.contains_key(name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(SqlError::new("42P05", message).into());
        }
        if self.statements.len() >= PREPARED_MAX {
            return Err(too_many("prepared statements").into());
        }
        let prepared = PreparedStatement {
            work,
            declared,
            described: None,
        };
        self.statements.insert(name.to_owned(), prepared);
        self.out.plain(b'1');
        Ok(())
    }

    async fn bind(&mut self, payload: &mut MessageReader<'_>) -> Result<(), MessageFailure> {
        let portal = payload.text()?;
        let name = payload.text()?;
        let formats = formats(payload)?;
        let mut values = Vec::new();
        for _ in 0..payload.count()? {
            let length = payload.i32()?;
            values.push(match usize::try_from(length) {
                Ok(length) => Some(payload.bytes(length)?),
                Err(_) if length == -1 => None,
                Err(_) => {
                    let message = "a value's length is below 0".to_owned();
                    return Err(FrameError::Protocol(message).into());
                }
            });
        }
        let binary = self::formats(payload)?;
        if formats.len() > 1 && formats.len() != values.len() {
            let message = "there are neither none, one, nor as many formats as values".to_owned();
            return Err(FrameError::Protocol(message).into());
        }
        let is_binary = |at: usize| match formats.as_slice() {
            [all] => *all,
            each => each.get(at).copied().unwrap_or(false),
        };
        let prepared = self
            .statements
            .get(name)
            .cloned()
            .ok_or_else(|| no_statement(name))?;
        self.check_transaction(&prepared.work)?;
        let mut declared = prepared.declared.clone();
        declared.resize(declared.len().max(values.len()), None);
        // The client has asked for the types that it has left open, and follows them now.
        let follows = (0..values.len()).any(|at| is_binary(at) && declared[at].is_none());
        if follows || prepared.described.is_some() {
            let described = self.describe(&prepared).await?;
            for (known, found) in declared.iter_mut().zip(&described.parameters) {
                if known.is_none() {
                    *known = types::by_name(found).map(|known| known.name.to_owned());
                }
            }
        }
        let mut parameters = Vec::new();
        for (at, value) in values.into_iter().enumerate() {
            let type_name = declared[at].clone();
            let value = match (value, is_binary(at)) {
                (None, _) => None,
                (Some(bytes), true) => Some(parameter::text_of(
                    type_name.as_deref().unwrap_or("text"),
                    bytes,
                )?),
                (Some(bytes), false) => Some(parameter::text_of("text", bytes)?),
            };
            parameters.push(StatementParameter { type_name, value });
        }
        let bound = Portal::new(prepared.work, parameters, binary);
        let held: usize = self.portals.values().map(Portal::size).sum();
        if self.portals.len() >= PORTALS_MAX || held + bound.size() > VALUES_MAX {
            return Err(too_many("portals").into());
        }
        if !portal.is_empty() && self.portals.contains_key(portal) {
            let message = format!("portal \"{portal}\" already exists");
            return Err(SqlError::new("42P03", message).into());
        }
        self.portals.insert(portal.to_owned(), bound);
        self.out.plain(b'2');
        Ok(())
    }

    async fn described(&mut self, payload: &mut MessageReader<'_>) -> Result<(), MessageFailure> {
        let what = payload.u8()?;
        let name = payload.text()?;
        if what == b'S' {
            let prepared = self
                .statements
                .get(name)
                .cloned()
                .ok_or_else(|| no_statement(name))?;
            self.check_transaction(&prepared.work)?;
            let described = self.describe(&prepared).await?;
            self.out.parameters(&described.parameters);
            self.columns(&described.columns, &[], &prepared.work);
            if let Some(prepared) = self.statements.get_mut(name) {
                prepared.described = Some(described);
            }
            return Ok(());
        }
        // To run it is the way to know: most clients execute what they describe.
        let mut portal = self.portals.remove(name).ok_or_else(|| no_portal(name))?;
        let columns = self.open(&mut portal).await?;
        self.columns(&columns.unwrap_or_default(), &portal.binary, &portal.work);
        self.portals.insert(name.to_owned(), portal);
        Ok(())
    }

    fn columns(
        &mut self,
        columns: &[crate::sql::request::AnswerColumn],
        binary: &[bool],
        work: &Work,
    ) {
        if columns.is_empty() && !matches!(work, Work::Query(_)) {
            self.out.plain(b'n');
        } else {
            self.out.columns(columns, binary);
        }
    }
}

/// Which values are binary.
fn formats(payload: &mut MessageReader) -> Result<Vec<bool>, FrameError> {
    let mut formats = Vec::new();
    for _ in 0..payload.count()? {
        formats.push(match payload.i16()? {
            0 => false,
            1 => true,
            other => {
                let message = format!("there is no format {other}; 0 is text, and 1 is binary");
                return Err(FrameError::Protocol(message));
            }
        });
    }
    Ok(formats)
}
