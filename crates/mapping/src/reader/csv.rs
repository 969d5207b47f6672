//! A sheet with a header row, as JSON.

use std::io::{self, Read};

use csv::{ByteRecord, ReaderBuilder};
use serde_json::{Map, Value};

/// Columns that a sheet has at most.
const COLUMNS_MAX: usize = 1000;

/// The rows of a sheet, each a line of JSON.
pub(super) struct SheetRows<R> {
    sheet: csv::Reader<R>,
    names: Vec<String>,
    row: ByteRecord,
    line: Vec<u8>,
    at: usize,
}

impl<R: Read> SheetRows<R> {
    pub(super) fn new(source: R) -> io::Result<Self> {
        // A row that is shorter or longer than the header is refused as a record, and those after it are read.
        let mut sheet = ReaderBuilder::new().flexible(true).from_reader(source);
        let header = sheet.byte_headers()?.clone();
        let names: Vec<_> = header.iter().map(name).collect();
        let problem = |problem: &str| {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                problem.to_owned(),
            ))
        };
        if names.len() > COLUMNS_MAX {
            return problem("the header row has more than 1000 columns");
        }
        if names.iter().all(String::is_empty) {
            return problem("the sheet has no header row");
        }
        Ok(Self {
            sheet,
            names,
            row: ByteRecord::new(),
            line: Vec::new(),
            at: 0,
        })
    }

    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.at = 0;
        if !self.sheet.read_byte_record(&mut self.row)? {
            return Ok(false);
        }
        let mut cells = Map::new();
        for (name, cell) in self.names.iter().zip(&self.row) {
            if !name.is_empty() && !cell.is_empty() {
                let cell = String::from_utf8_lossy(cell).into_owned();
                cells.insert(name.clone(), Value::String(cell));
            }
        }
        if self.row.len() > self.names.len() {
            // What stands under no name cannot be meant: a quote is missing, or a column.
            cells.clear();
        }
        serde_json::to_writer(&mut self.line, &cells)?;
        self.line.push(b'\n');
        Ok(true)
    }
}

impl<R: Read> Read for SheetRows<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() && !self.next_line()? {
            return Ok(0);
        }
        let read = (&self.line[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

/// The name of a column: lower case, with `_` where it has a space, a `-` or several of them.
fn name(header: &[u8]) -> String {
    let header = String::from_utf8_lossy(header);
    let header = header.trim_start_matches('\u{feff}').to_lowercase();
    let words =
        header.split(|letter: char| letter.is_whitespace() || letter == '-' || letter == '_');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_an_object_of_the_headers_names() {
        let sheet = "\u{feff}E-Mail,Event Time,,note\r\nann@x,2026-11-21,7,\"two\nlines, \"\"quoted\"\"\"\r\nbob@x\r\na,b,c,d,e\r\n";
        let mut lines = String::new();
        SheetRows::new(sheet.as_bytes())
            .and_then(|mut rows| rows.read_to_string(&mut lines))
            .expect("a sheet");
        let expected = [
            r#"{"e_mail":"ann@x","event_time":"2026-11-21","note":"two\nlines, \"quoted\""}"#,
            r#"{"e_mail":"bob@x"}"#,
            "{}",
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_a_header_it_is_no_sheet() {
        assert!(SheetRows::new("".as_bytes()).is_err());
        assert!(SheetRows::new(",,\r\n".as_bytes()).is_err());
    }
}
