//! Arrow's streaming IPC.

use arrow::{
    array::RecordBatch, datatypes::SchemaRef, error::ArrowError, ipc::writer::StreamWriter,
};

use super::Encoder;
use crate::sql::{
    error::{SqlError, sqlstate},
    request::{AnswerColumn, AnswerEnd},
};

pub(super) struct ArrowStream {
    writer: StreamWriter<Vec<u8>>,
}

impl ArrowStream {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, SqlError> {
        let writer = StreamWriter::try_new(Vec::new(), schema).map_err(failed)?;
        Ok(Self { writer })
    }

    fn take(&mut self, out: &mut Vec<u8>) {
        out.append(self.writer.get_mut());
    }
}

fn failed(error: ArrowError) -> SqlError {
    SqlError::new(
        sqlstate::INTERNAL,
        format!("the answer is no Arrow stream: {error}"),
    )
}

impl Encoder for ArrowStream {
    fn start(&mut self, _: &[AnswerColumn], out: &mut Vec<u8>) -> Result<(), SqlError> {
        self.take(out);
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), SqlError> {
        self.writer.write(batch).map_err(failed)?;
        self.take(out);
        Ok(())
    }

    fn end(&mut self, _: &AnswerEnd, out: &mut Vec<u8>) -> Result<(), SqlError> {
        self.writer.finish().map_err(failed)?;
        self.take(out);
        Ok(())
    }
}
