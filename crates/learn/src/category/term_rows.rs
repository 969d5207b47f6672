//! Few numbers in many columns.

/// Rows of a matrix of which nearly everything is 0.
#[derive(Clone, Debug)]
pub(super) struct TermRows {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    /// How many columns there are.
    pub(super) width: usize,
}

impl TermRows {
    pub(super) fn new(width: usize) -> Self {
        Self {
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            width,
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Adds a row: columns in rising order, each with its value.
    pub(super) fn push(&mut self, row: &[(u32, f32)]) {
        self.columns.extend(row.iter().map(|&(column, _)| column));
        self.values.extend(row.iter().map(|&(_, value)| value));
        self.starts.push(self.columns.len());
    }

    /// The columns of a row that are not 0, in rising order.
    pub(super) fn columns(&self, row: usize) -> &[u32] {
        &self.columns[self.starts[row]..self.starts[row + 1]]
    }

    /// The columns of a row that are not 0, in rising order, each with its value.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (usize, f32)> {
        let range = self.starts[row]..self.starts[row + 1];
        let values = &self.values[range.clone()];
        self.columns[range]
            .iter()
            .zip(values)
            .map(|(&column, &value)| (column as usize, value))
    }
}
