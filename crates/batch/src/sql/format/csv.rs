//! CSV by RFC 4180, in which NULL and an empty text differ: NULL is nothing, an empty text is `""`.

use arrow::{
    array::{Array, RecordBatch},
    datatypes::DataType,
};

use super::{
    Encoder,
    text::{self, Instants},
};
use crate::sql::{
    error::SqlError,
    request::{AnswerColumn, AnswerEnd},
};

#[derive(Debug)]
pub(super) struct Csv {
    spreadsheets: bool,
}

impl Csv {
    pub(super) fn of_programs() -> Self {
        Self {
            spreadsheets: false,
        }
    }

    /// Texts that a spreadsheet would take for a formula get a `'` in front.
    pub(super) fn of_spreadsheets() -> Self {
        Self { spreadsheets: true }
    }

    fn text(&self, text: &str, out: &mut String) {
        let formula = self.spreadsheets && text.starts_with(FORMULA);
        let quoted = formula || text.is_empty() || text.contains([',', '"', '\n', '\r']);
        if !quoted {
            out.push_str(text);
            return;
        }
        out.push('"');
        if formula {
            out.push('\'');
        }
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    }
}

/// What a cell of a spreadsheet begins with that is computed rather than shown, and the full-width forms of it.
const FORMULA: [char; 12] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠',
];

impl Encoder for Csv {
    fn start(&mut self, columns: &[AnswerColumn], out: &mut Vec<u8>) -> Result<(), SqlError> {
        let mut line = String::new();
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                line.push(',');
            }
            self.text(&column.name, &mut line);
        }
        line.push_str("\r\n");
        out.extend_from_slice(line.as_bytes());
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), SqlError> {
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            for (index, column) in batch.columns().iter().enumerate() {
                if index > 0 {
                    line.push(',');
                }
                let Some(value) = text::value(column, row, Instants::Rfc3339) else {
                    continue;
                };
                match column.data_type() {
                    DataType::Utf8 | DataType::List(_) => self.text(&value, &mut line),
                    // A number below zero is none that a spreadsheet would compute with.
                    _ => line.push_str(&value),
                }
            }
            line.push_str("\r\n");
            out.extend_from_slice(line.as_bytes());
        }
        Ok(())
    }

    fn end(&mut self, _: &AnswerEnd, _: &mut Vec<u8>) -> Result<(), SqlError> {
        Ok(())
    }
}
