//! Aligned columns for people. The first rows decide how wide the columns are; the others stream past.

use arrow::{
    array::{Array, ArrayRef, RecordBatch},
    datatypes::DataType,
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{
    Encoder,
    text::{self, Instants},
};
use crate::sql::{
    error::SqlError,
    request::{AnswerColumn, AnswerEnd},
};

/// Rows that decide the widths.
const MEASURED: usize = 1_000;
/// No column is narrower, however small the terminal.
const NARROWEST: usize = 8;

#[derive(Debug)]
pub(super) struct AlignedTable {
    terminal: usize,
    names: Vec<String>,
    right: Vec<bool>,
    widths: Option<Vec<usize>>,
    waiting: Vec<Vec<String>>,
}

impl AlignedTable {
    pub(super) fn new(terminal: u16) -> Self {
        Self {
            terminal: usize::from(terminal),
            names: Vec::new(),
            right: Vec::new(),
            widths: None,
            waiting: Vec::new(),
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if self.widths.is_none() {
            let widths = self.measure();
            let head = self.line(&self.names, &widths, &vec![false; widths.len()]);
            let rule: Vec<_> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(rule.join("┼").as_bytes());
            out.push(b'\n');
            self.widths = Some(widths);
        }
        let waiting = std::mem::take(&mut self.waiting);
        let widths = self.widths.as_deref().unwrap_or_default();
        for row in &waiting {
            out.extend_from_slice(self.line(row, widths, &self.right).as_bytes());
        }
    }

    /// As wide as the widest value, unless all of them together are wider than the terminal: then the widest give way.
    fn measure(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.names.iter().map(|name| name.width()).collect();
        for row in &self.waiting {
            for (width, value) in widths.iter_mut().zip(row) {
                *width = (*width).max(value.width());
            }
        }
        let borders = widths.len() * 3;
        if self.terminal == 0 {
            return widths;
        }
        while widths.iter().sum::<usize>() + borders > self.terminal {
            let Some(widest) = widths.iter_mut().max().filter(|width| **width > NARROWEST) else {
                break;
            };
            *widest -= 1;
        }
        widths
    }

    fn line(&self, values: &[String], widths: &[usize], right: &[bool]) -> String {
        let cells = values.iter().zip(widths).zip(right);
        let cells: Vec<_> = cells
            .map(|((value, width), right)| cell(value, *width, *right))
            .collect();
        let mut line = format!(" {}", cells.join(" │ ")).trim_end().to_owned();
        line.push('\n');
        line
    }
}

/// A value in so many columns of the terminal, cut where it is wider.
fn cell(value: &str, width: usize, right: bool) -> String {
    let mut shown = value.to_owned();
    if shown.width() > width {
        let mut room = width.saturating_sub(1);
        shown = value
            .chars()
            .take_while(|c| {
                let wide = c.width().unwrap_or(0);
                let fits = wide <= room;
                room = room.saturating_sub(wide);
                fits
            })
            .collect();
        shown.push('…');
    }
    let space = " ".repeat(width.saturating_sub(shown.width()));
    if right {
        format!("{space}{shown}")
    } else {
        format!("{shown}{space}")
    }
}

/// Control characters move a terminal's cursor, and worse: they are shown as what they are called.
fn shown(value: &str) -> String {
    value
        .chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

impl Encoder for AlignedTable {
    fn start(&mut self, columns: &[AnswerColumn], _: &mut Vec<u8>) -> Result<(), SqlError> {
        self.names = columns.iter().map(|column| shown(&column.name)).collect();
        let number = |column: &AnswerColumn| {
            matches!(
                column.column_type.as_str(),
                "smallint" | "integer" | "bigint" | "double precision" | "numeric"
            )
        };
        self.right = columns.iter().map(number).collect();
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), SqlError> {
        for row in 0..batch.num_rows() {
            let text = |column: &ArrayRef| match text::value(column, row, Instants::Postgres) {
                None => "NULL".to_owned(),
                Some(text) if *column.data_type() == DataType::Utf8 => shown(&text),
                Some(text) => text,
            };
            self.waiting
                .push(batch.columns().iter().map(text).collect());
            if self.waiting.len() >= MEASURED {
                self.flush(out);
            }
        }
        if self.widths.is_some() {
            self.flush(out);
        }
        Ok(())
    }

    fn end(&mut self, end: &AnswerEnd, out: &mut Vec<u8>) -> Result<(), SqlError> {
        self.flush(out);
        let rows = if end.row_count == 1 { "row" } else { "rows" };
        let cut = if end.truncated {
            "; the rest is cut off"
        } else {
            ""
        };
        out.extend_from_slice(format!("({} {rows}{cut})\n", end.row_count).as_bytes());
        Ok(())
    }
}
