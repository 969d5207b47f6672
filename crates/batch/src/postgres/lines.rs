//! Rows on their way to the server: lines of COPY, as many as are sent at once.

use std::ops::Range;

/// How many rows are sent at once. More would be no faster.
const ROWS_MAX: usize = 8192;

/// How many bytes are sent at once, but for the last row: what memory a piece takes.
const BYTES_MAX: usize = 8 << 20;

/// Some rows of one table, in COPY's text format.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    /// Where each line ends, its newline included.
    ends: Vec<usize>,
}

impl Lines {
    /// Takes as many of the rows from `first` on, of `count` in all, as are sent at once. `write` adds a row's line.
    pub(super) fn of(
        count: usize,
        first: usize,
        mut write: impl FnMut(usize, &mut String),
    ) -> Self {
        let mut lines = Self::default();
        let mut row = first;
        while row < count && lines.count() < ROWS_MAX && lines.text.len() < BYTES_MAX {
            write(row, &mut lines.text);
            lines.ends.push(lines.text.len());
            row += 1;
        }
        lines
    }

    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// The lines of some rows.
    pub(super) fn range(&self, rows: Range<usize>) -> &str {
        &self.text[self.start(rows.start)..self.start(rows.end)]
    }

    /// The line of a row, without its end.
    pub(super) fn line(&self, row: usize) -> &str {
        self.range(row..row + 1).trim_end_matches('\n')
    }

    fn start(&self, row: usize) -> usize {
        match row {
            0 => 0,
            row => self.ends[row - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_by_rows_and_by_bytes() {
        let write = |row: usize, out: &mut String| out.push_str(&format!("{row}\n"));
        let lines = Lines::of(5, 2, write);
        assert_eq!((lines.count(), lines.range(0..3)), (3, "2\n3\n4\n"));
        assert_eq!((lines.range(1..2), lines.line(2)), ("3\n", "4"));
        assert_eq!(Lines::of(5, 5, write).count(), 0);
        assert_eq!(Lines::of(20_000, 0, write).count(), ROWS_MAX);
        let long = "x".repeat(BYTES_MAX / 2);
        let lines = Lines::of(9, 0, |_, out| out.push_str(&format!("{long}\n")));
        assert_eq!(lines.count(), 2);
    }
}
