//! The forms in which the rows of an answer come.

mod answer;
mod arrow;
mod csv;
mod json;
mod objects;
mod parquet;
mod table;
mod text;
mod wire;

use ::arrow::{array::RecordBatch, datatypes::SchemaRef};

pub(crate) use answer::{AnswerSchema, type_name};
pub(crate) use text::postgres_text;
pub(crate) use wire::WireRows;

use super::{
    error::SqlError,
    request::{AnswerColumn, AnswerEnd, AnswerFormat},
};

/// Turns an answer into bytes. Each call adds to `out` what can go out.
pub(crate) trait Encoder: Send {
    /// The columns are known.
    fn start(&mut self, columns: &[AnswerColumn], out: &mut Vec<u8>) -> Result<(), SqlError>;

    /// Further rows.
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), SqlError>;

    /// The last row has gone out.
    fn end(&mut self, end: &AnswerEnd, out: &mut Vec<u8>) -> Result<(), SqlError>;
}

/// The encoder of a format, for batches of this schema.
pub(crate) fn encoder(
    format: AnswerFormat,
    schema: &SchemaRef,
) -> Result<Box<dyn Encoder>, SqlError> {
    Ok(match format {
        AnswerFormat::Json => Box::new(json::JsonAnswer::default()),
        AnswerFormat::Objects => Box::new(objects::ObjectsAnswer::default()),
        AnswerFormat::Csv => Box::new(csv::Csv::of_programs()),
        AnswerFormat::CsvExport => Box::new(csv::Csv::of_spreadsheets()),
        AnswerFormat::Arrow => Box::new(arrow::ArrowStream::new(schema)?),
        AnswerFormat::Wire => Box::new(WireRows::new(Vec::new())),
        AnswerFormat::Parquet => Box::new(parquet::Parquet::new(schema)?),
        AnswerFormat::Table { width } => Box::new(table::AlignedTable::new(width)),
    })
}
