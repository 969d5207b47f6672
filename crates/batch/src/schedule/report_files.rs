//! The answer of a job's statement, as files.

use std::{
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures_util::StreamExt;
use tempfile::{NamedTempFile, TempPath};

use super::jobs::ReportFormat;
use crate::{
    snapshot::TablesAsOf,
    sql::{
        format::{AnswerSchema, Encoder, encoder},
        request::{AnswerEnd, AnswerFormat},
    },
};

/// An answer in files of this machine, which go with it.
#[derive(Debug)]
pub struct ReportFiles {
    end: AnswerEnd,
    files: Vec<(ReportFormat, TempPath)>,
}

impl ReportFiles {
    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.end.row_count
    }

    /// One past the last entry that counts, of each partition of the journal.
    #[must_use]
    pub fn offsets(&self) -> &[u64] {
        &self.end.as_of.offsets
    }

    /// Its files.
    pub fn files(&self) -> impl Iterator<Item = (ReportFormat, &Path)> {
        self.files
            .iter()
            .map(|(format, path)| (*format, path.as_ref()))
    }
}

/// A file that is being written.
struct Writer {
    format: ReportFormat,
    encoder: Box<dyn Encoder>,
    file: BufWriter<NamedTempFile>,
}

impl Writer {
    fn new(format: ReportFormat, schema: &AnswerSchema) -> anyhow::Result<Self> {
        let as_answered = match format {
            ReportFormat::Parquet => AnswerFormat::Parquet,
            ReportFormat::Csv => AnswerFormat::Csv,
        };
        let mut writer = Self {
            format,
            encoder: encoder(as_answered, &schema.schema)?,
            file: BufWriter::new(NamedTempFile::new()?),
        };
        let mut out = Vec::new();
        writer.encoder.start(&schema.columns, &mut out)?;
        writer.file.write_all(&out)?;
        Ok(writer)
    }

    fn rows(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let mut out = Vec::new();
        self.encoder.rows(batch, &mut out)?;
        Ok(self.file.write_all(&out)?)
    }

    fn end(mut self, end: &AnswerEnd) -> anyhow::Result<(ReportFormat, TempPath)> {
        let mut out = Vec::new();
        self.encoder.end(end, &mut out)?;
        self.file.write_all(&out)?;
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        Ok((self.format, file.into_temp_path()))
    }
}

/// Writes an answer of this moment in these formats. Batches go through one by one.
///
/// # Errors
/// When the statement fails, the disk is full, or the answer holds what these formats have no type for.
pub async fn write_report(
    mut batches: SendableRecordBatchStream,
    formats: &[ReportFormat],
    as_of: TablesAsOf,
) -> anyhow::Result<ReportFiles> {
    let started = Instant::now();
    let schema = AnswerSchema::of(&batches.schema())?;
    let writers = formats.iter().map(|format| Writer::new(*format, &schema));
    let mut writers = writers.collect::<anyhow::Result<Vec<_>>>()?;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = schema.batch(&batch?)?;
        rows += batch.num_rows() as u64;
        for writer in &mut writers {
            writer.rows(&batch)?;
        }
    }
    let end = AnswerEnd {
        truncated: false,
        row_count: rows,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        bytes_read: None,
        as_of,
    };
    let files = writers.into_iter().map(|writer| writer.end(&end));
    Ok(ReportFiles {
        files: files.collect::<anyhow::Result<_>>()?,
        end,
    })
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    #[tokio::test]
    async fn both_files_hold_the_answer() {
        let sql = "SELECT * FROM (VALUES (1, 'a,b'), (2, ''), (3, NULL)) AS t (n, text) \
                   CROSS JOIN (SELECT row_number() OVER () AS u) AS o ORDER BY n";
        let frame = SessionContext::new().sql(sql).await.expect("a plan");
        let rows = frame.execute_stream().await.expect("rows");
        let as_of = TablesAsOf {
            offsets: vec![7],
            stream_time: None,
        };
        let formats = [ReportFormat::Parquet, ReportFormat::Csv];
        let files = write_report(rows, &formats, as_of).await.expect("files");
        assert_eq!((files.rows(), files.offsets()), (3, &[7][..]));
        let file = |of| {
            files
                .files()
                .find(|(format, _)| *format == of)
                .expect("it")
                .1
        };
        let csv = std::fs::read_to_string(file(ReportFormat::Csv)).expect("the CSV");
        let lines: Vec<_> = csv.lines().skip(1).collect();
        assert_eq!(lines, ["1,\"a,b\",1", "2,\"\",1", "3,,1"]);
        let parquet = std::fs::File::open(file(ReportFormat::Parquet)).expect("the Parquet");
        let reader = ParquetRecordBatchReaderBuilder::try_new(parquet).expect("a reader");
        assert_eq!(reader.schema().fields().len(), 3);
        let rows: usize = reader
            .build()
            .expect("rows")
            .map(|batch| batch.expect("a batch").num_rows())
            .sum();
        assert_eq!(rows, 3);
    }
}
