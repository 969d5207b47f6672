//! One JSON array of objects, for programs at the end of a pipe.

use arrow::array::RecordBatch;

use super::{Encoder, json};
use crate::sql::{
    error::SqlError,
    request::{AnswerColumn, End},
};

#[derive(Debug, Default)]
pub(super) struct ObjectsAnswer {
    /// The members' names as JSON. Where a name comes a second time it gets a number, lest one value hide another.
    names: Vec<String>,
    rows: u64,
}

impl Encoder for ObjectsAnswer {
    fn start(&mut self, columns: &[AnswerColumn], out: &mut Vec<u8>) -> Result<(), SqlError> {
        let mut used: Vec<String> = Vec::new();
        for column in columns {
            let mut name = column.name.clone();
            let mut number = 1;
            while used.contains(&name) {
                number += 1;
                name = format!("{}_{number}", column.name);
            }
            self.names.push(json::json(&name)?);
            used.push(name);
        }
        out.push(b'[');
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), SqlError> {
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            line.push_str(if self.rows == 0 { "\n{" } else { ",\n{" });
            self.rows += 1;
            for (index, (name, column)) in self.names.iter().zip(batch.columns()).enumerate() {
                if index > 0 {
                    line.push(',');
                }
                line.push_str(name);
                line.push(':');
                json::value(column, row, &mut line)?;
            }
            line.push('}');
            out.extend_from_slice(line.as_bytes());
        }
        Ok(())
    }

    fn end(&mut self, _: &End, out: &mut Vec<u8>) -> Result<(), SqlError> {
        out.extend_from_slice(if self.rows == 0 { "]\n" } else { "\n]\n" }.as_bytes());
        Ok(())
    }
}
