//! The forms in which the rows of an answer come.

mod answer;
mod arrow;
mod csv;
mod json;
mod objects;
mod parquet;
mod table;
mod text;

use ::arrow::{array::RecordBatch, datatypes::SchemaRef};

pub(crate) use answer::AnswerSchema;
pub(crate) use text::postgres_text;

use super::{
    error::SqlError,
    request::{AnswerColumn, End, Format},
};

/// Turns an answer into bytes. Each call adds to `out` what can go out.
pub(crate) trait Encoder: Send {
    /// The columns are known.
    fn start(&mut self, columns: &[AnswerColumn], out: &mut Vec<u8>) -> Result<(), SqlError>;

    /// Further rows.
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), SqlError>;

    /// The last row has gone out.
    fn end(&mut self, end: &End, out: &mut Vec<u8>) -> Result<(), SqlError>;
}

/// The encoder of a format, for batches of this schema.
pub(crate) fn encoder(format: Format, schema: &SchemaRef) -> Result<Box<dyn Encoder>, SqlError> {
    Ok(match format {
        Format::Json => Box::new(json::JsonAnswer::default()),
        Format::Objects => Box::new(objects::ObjectsAnswer::default()),
        Format::Csv => Box::new(csv::Csv::of_programs()),
        Format::CsvExport => Box::new(csv::Csv::of_spreadsheets()),
        Format::Arrow => Box::new(arrow::ArrowStream::new(schema)?),
        Format::Parquet => Box::new(parquet::Parquet::new(schema)?),
        Format::Table { width } => Box::new(table::AlignedTable::new(width)),
    })
}
