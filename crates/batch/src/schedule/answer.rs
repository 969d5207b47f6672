//! The answer of a job's statement, as files.

use std::{
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
};

use arrow::{
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    record_batch::RecordBatch,
};
use datafusion::execution::SendableRecordBatchStream;
use futures_util::StreamExt;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use tempfile::{NamedTempFile, TempPath};

use super::{csv, jobs::Format};

/// An answer in files of this machine, which go with it.
#[derive(Debug)]
pub struct Answer {
    rows: u64,
    offsets: Vec<u64>,
    files: Vec<(Format, TempPath)>,
}

impl Answer {
    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// One past the last entry that counts, of each partition of the journal.
    #[must_use]
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// Its files.
    pub fn files(&self) -> impl Iterator<Item = (Format, &Path)> {
        self.files
            .iter()
            .map(|(format, path)| (*format, path.as_ref()))
    }
}

enum Writer {
    Parquet(Box<ArrowWriter<BufWriter<NamedTempFile>>>),
    Csv(BufWriter<NamedTempFile>),
}

impl Writer {
    fn new(format: Format, schema: &SchemaRef) -> anyhow::Result<Self> {
        let mut file = BufWriter::new(NamedTempFile::new()?);
        Ok(match format {
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
                    .build();
                Self::Parquet(Box::new(ArrowWriter::try_new(
                    file,
                    Arc::clone(schema),
                    Some(properties),
                )?))
            }
            Format::Csv => {
                csv::write_names(&mut file, schema)?;
                Self::Csv(file)
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match self {
            Self::Parquet(writer) => Ok(writer.write(batch)?),
            Self::Csv(file) => Ok(csv::write_rows(file, batch)?),
        }
    }

    fn end(self) -> anyhow::Result<(Format, TempPath)> {
        let (format, mut file) = match self {
            Self::Parquet(writer) => (Format::Parquet, writer.into_inner()?),
            Self::Csv(file) => (Format::Csv, file),
        };
        file.flush()?;
        let file = file.into_inner().map_err(|error| error.into_error())?;
        Ok((format, file.into_temp_path()))
    }
}

/// Writes an answer, of entries of the journal before `offsets`, in these formats. Batches go through one by one.
///
/// # Errors
/// When the statement fails, the disk is full, or a number is greater than what tables have room for.
pub async fn write_answer(
    mut batches: SendableRecordBatchStream,
    formats: &[Format],
    offsets: Vec<u64>,
) -> anyhow::Result<Answer> {
    let schema = portable(&batches.schema());
    let mut writers: Vec<_> = formats
        .iter()
        .map(|format| Writer::new(*format, &schema))
        .collect::<anyhow::Result<_>>()?;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = converted(&batch?, &schema)?;
        rows += u64::try_from(batch.num_rows())?;
        for writer in &mut writers {
            writer.write(&batch)?;
        }
    }
    let files = writers
        .into_iter()
        .map(Writer::end)
        .collect::<anyhow::Result<_>>()?;
    Ok(Answer {
        rows,
        offsets,
        files,
    })
}

/// The types that every reader takes: Spark refuses nanoseconds and unsigned numbers, and a column without a type.
fn portable(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let data_type = match field.data_type() {
            DataType::Timestamp(_, _) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            }
            DataType::UInt64 | DataType::UInt32 => DataType::Int64,
            DataType::UInt16 | DataType::UInt8 => DataType::Int32,
            DataType::Null | DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            other => other.clone(),
        };
        field
            .as_ref()
            .clone()
            .with_data_type(data_type)
            .with_nullable(true)
    };
    Arc::new(Schema::new(
        schema.fields().iter().map(field).collect::<Vec<_>>(),
    ))
}

fn converted(batch: &RecordBatch, schema: &SchemaRef) -> anyhow::Result<RecordBatch> {
    // A number that does not fit is an error and no null.
    let strictly = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns
        .map(|(column, field)| cast_with_options(column, field.data_type(), &strictly))
        .collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    async fn answer(sql: &str) -> anyhow::Result<Answer> {
        let frame = SessionContext::new().sql(sql).await?;
        write_answer(
            frame.execute_stream().await?,
            &[Format::Parquet, Format::Csv],
            vec![7],
        )
        .await
    }

    fn file(answer: &Answer, format: Format) -> &Path {
        answer
            .files()
            .find(|(of, _)| *of == format)
            .expect("the file")
            .1
    }

    #[tokio::test]
    async fn every_reader_takes_what_is_written() {
        let sql = "SELECT * FROM (VALUES (1, 'a,\"b\"', timestamp '2017-03-19T05:11:10.96'), (2, '', NULL), (3, NULL, NULL)) \
                   AS t (n, text, at) CROSS JOIN (SELECT row_number() OVER () AS u, NULL AS nothing) AS o ORDER BY n";
        let answer = answer(sql).await.expect("an answer");
        assert_eq!((answer.rows(), answer.offsets()), (3, &[7][..]));
        let csv = std::fs::read_to_string(file(&answer, Format::Csv)).expect("the CSV");
        assert_eq!(
            csv,
            "n,text,at,u,nothing\r\n1,\"a,\"\"b\"\"\",2017-03-19T05:11:10.960Z,1,\r\n2,\"\",,1,\r\n3,,,1,\r\n"
        );
        let parquet = std::fs::File::open(file(&answer, Format::Parquet)).expect("the Parquet");
        let reader = ParquetRecordBatchReaderBuilder::try_new(parquet).expect("a reader");
        let types: Vec<_> = reader
            .schema()
            .fields()
            .iter()
            .map(|field| field.data_type().clone())
            .collect();
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!(
            types,
            [
                DataType::Int64,
                DataType::Utf8,
                micros,
                DataType::Int64,
                DataType::Utf8
            ]
        );
        let rows: usize = reader
            .build()
            .expect("rows")
            .map(|batch| batch.expect("a batch").num_rows())
            .sum();
        assert_eq!(rows, 3);
    }

    #[tokio::test]
    async fn a_number_without_room_is_an_error_and_no_null() {
        let error = answer("SELECT 18446744073709551615 AS n")
            .await
            .expect_err("too great")
            .to_string();
        assert!(error.contains("18446744073709551615"), "{error}");
    }
}
