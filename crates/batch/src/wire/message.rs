//! What is sent to clients.

use crate::sql::{catalog::types, error::SqlError, request::AnswerColumn};

/// Messages that wait to be sent.
#[derive(Debug, Default)]
pub(super) struct Outgoing(pub(super) Vec<u8>);

/// How bad it is that something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Warning,
    Error,
    /// The connection ends.
    Fatal,
}

impl Severity {
    const fn word(self) -> &'static str {
        match self {
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// In which state a session waits for the next statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransactionStatus {
    Idle,
    InBlock,
    Failed,
}

impl Outgoing {
    fn message(&mut self, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) {
        self.0.push(kind);
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        fill(&mut self.0);
        let length = i32::try_from(self.0.len() - start).unwrap_or(i32::MAX);
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    pub(super) fn authenticated(&mut self) {
        self.message(b'R', |out| out.extend(0_i32.to_be_bytes()));
    }

    /// An older minor version of the protocol than the client speaks, and which of its options are unknown.
    pub(super) fn older(&mut self, options: &[&str]) {
        self.message(b'v', |out| {
            out.extend(0_i32.to_be_bytes());
            out.extend(i32::try_from(options.len()).unwrap_or(0).to_be_bytes());
            options.iter().for_each(|option| text(out, option));
        });
    }

    pub(super) fn setting(&mut self, name: &str, value: &str) {
        self.message(b'S', |out| {
            text(out, name);
            text(out, value);
        });
    }

    pub(super) fn key(&mut self, process: i32, secret: i32) {
        self.message(b'K', |out| {
            out.extend(process.to_be_bytes());
            out.extend(secret.to_be_bytes());
        });
    }

    pub(super) fn ready(&mut self, status: TransactionStatus) {
        let status = match status {
            TransactionStatus::Idle => b'I',
            TransactionStatus::InBlock => b'T',
            TransactionStatus::Failed => b'E',
        };
        self.message(b'Z', |out| out.push(status));
    }

    /// The columns of rows that follow; `binary` as a client asked for it.
    pub(super) fn columns(&mut self, columns: &[AnswerColumn], binary: &[bool]) {
        self.message(b'T', |out| {
            out.extend(i16::try_from(columns.len()).unwrap_or(0).to_be_bytes());
            for (at, column) in columns.iter().enumerate() {
                let is_binary = match binary {
                    [] => false,
                    [all] => *all,
                    each => each.get(at).copied().unwrap_or(false),
                };
                let known = types::by_name(&column.column_type);
                let oid = known.as_ref().map_or(25, |known| known.oid);
                let length = known.as_ref().map_or(-1, |known| known.length);
                text(out, &column.name);
                // Neither a table nor its column: answers do not say where their columns come from.
                out.extend(0_i32.to_be_bytes());
                out.extend(0_i16.to_be_bytes());
                out.extend(i32::try_from(oid).unwrap_or(25).to_be_bytes());
                out.extend(i16::try_from(length).unwrap_or(-1).to_be_bytes());
                out.extend((-1_i32).to_be_bytes());
                out.extend(i16::from(is_binary).to_be_bytes());
            }
        });
    }

    /// The types of a statement's parameters, by their names.
    pub(super) fn parameters(&mut self, names: &[String]) {
        self.message(b't', |out| {
            out.extend(i16::try_from(names.len()).unwrap_or(0).to_be_bytes());
            for name in names {
                let oid = types::by_name(name).map_or(25, |known| known.oid);
                out.extend(i32::try_from(oid).unwrap_or(25).to_be_bytes());
            }
        });
    }

    /// A row of texts.
    pub(super) fn row(&mut self, values: &[&str]) {
        self.message(b'D', |out| {
            out.extend(i16::try_from(values.len()).unwrap_or(0).to_be_bytes());
            for value in values {
                out.extend(i32::try_from(value.len()).unwrap_or(0).to_be_bytes());
                out.extend_from_slice(value.as_bytes());
            }
        });
    }

    pub(super) fn complete(&mut self, tag: &str) {
        self.message(b'C', |out| text(out, tag));
    }

    /// A message that has no content, by its kind.
    pub(super) fn plain(&mut self, kind: u8) {
        self.message(kind, |_| {});
    }

    pub(super) fn error(&mut self, severity: Severity, error: &SqlError) {
        let kind = if severity == Severity::Warning {
            b'N'
        } else {
            b'E'
        };
        self.message(kind, |out| {
            for (field, value) in [
                (b'S', severity.word()),
                (b'V', severity.word()),
                (b'C', error.sqlstate.as_str()),
                (b'M', error.message.as_str()),
            ] {
                out.push(field);
                text(out, value);
            }
            if let Some(position) = error.position {
                out.push(b'P');
                text(out, &position.to_string());
            }
            out.push(0);
        });
    }
}

/// A text with a zero at its end. One within would end it early.
fn text(out: &mut Vec<u8>, value: &str) {
    out.extend(value.bytes().filter(|byte| *byte != 0));
    out.push(0);
}
