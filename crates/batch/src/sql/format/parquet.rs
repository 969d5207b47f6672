//! One Parquet file. Its types are those that Spark 3.5 reads: microseconds of UTC, nothing unsigned.

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};

use super::Encoder;
use crate::sql::{
    error::{SqlError, sqlstate},
    request::{AnswerColumn, AnswerEnd},
};

/// Rows that are held in memory before they go out.
const GROUP_ROWS: usize = 100_000;

pub(super) struct Parquet {
    writer: ArrowWriter<Vec<u8>>,
}

impl Parquet {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, SqlError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer =
            ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).map_err(failed)?;
        Ok(Self { writer })
    }

    /// What has been written so far; the writer counts on by itself.
    fn take(&mut self, out: &mut Vec<u8>) {
        out.append(self.writer.inner_mut());
    }
}

fn failed(error: ParquetError) -> SqlError {
    SqlError::new(
        sqlstate::INTERNAL,
        format!("the answer is no Parquet file: {error}"),
    )
}

impl Encoder for Parquet {
    fn start(&mut self, _: &[AnswerColumn], _: &mut Vec<u8>) -> Result<(), SqlError> {
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
