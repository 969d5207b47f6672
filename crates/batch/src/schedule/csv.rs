//! CSV in which a null and an empty text differ.

use std::io::{self, Write};

use arrow::{
    array::{Array, RecordBatch},
    datatypes::Schema,
    error::ArrowError,
    util::display::{ArrayFormatter, FormatOptions},
};

/// Times as RFC 3339 has them.
const TIMES: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// The line of names.
pub(super) fn write_names(out: &mut impl Write, schema: &Schema) -> io::Result<()> {
    for (at, field) in schema.fields().iter().enumerate() {
        separate(out, at)?;
        quote(out, field.name())?;
    }
    out.write_all(b"\r\n")
}

/// Lines as RFC 4180 has them. A null is nothing, an empty text is `""`: PostgreSQL's COPY reads both as they were.
pub(super) fn write_rows(out: &mut impl Write, batch: &RecordBatch) -> Result<(), ArrowError> {
    let options = FormatOptions::default()
        .with_timestamp_tz_format(Some(TIMES))
        .with_display_error(false);
    let columns = batch.columns().iter();
    let columns: Vec<_> = columns
        .map(|column| Ok((column, ArrayFormatter::try_new(column.as_ref(), &options)?)))
        .collect::<Result<_, ArrowError>>()?;
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        for (at, (column, format)) in columns.iter().enumerate() {
            separate(out, at)?;
            if column.is_valid(row) {
                text.clear();
                format.value(row).write(&mut text)?;
                quote(out, &text)?;
            }
        }
        out.write_all(b"\r\n")?;
    }
    Ok(())
}

fn separate(out: &mut impl Write, at: usize) -> io::Result<()> {
    match at {
        0 => Ok(()),
        _ => out.write_all(b","),
    }
}

fn quote(out: &mut impl Write, text: &str) -> io::Result<()> {
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
    match plain {
        true => out.write_all(text.as_bytes()),
        false => write!(out, "\"{}\"", text.replace('"', "\"\"")),
    }
}
