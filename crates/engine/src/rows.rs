//! Rows that stay where they are.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize, Serializer};

/// Rows of one piece of memory.
const TOGETHER: usize = 4096;

/// A vector by `u32` that grows without copying what is in it: a `Vec` of a million rows has
/// touched three times the memory it needs, and memory touched for the first time is dear.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Vec<T>")]
pub(crate) struct Rows<T>(Vec<Vec<T>>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Rows<T> {
    pub(crate) fn len(&self) -> usize {
        self.0
            .last()
            .map_or(0, |last| (self.0.len() - 1) * TOGETHER + last.len())
    }

    /// Adds a row and returns its index.
    ///
    /// # Panics
    /// When there are 2^32 rows.
    pub(crate) fn push(&mut self, row: T) -> u32 {
        let at = u32::try_from(self.len()).expect("fewer than 2^32 rows a partition");
        match self.0.last_mut() {
            Some(last) if last.len() < TOGETHER => last.push(row),
            _ => {
                let mut rows = Vec::with_capacity(TOGETHER);
                rows.push(row);
                self.0.push(rows);
            }
        }
        at
    }

    /// Sets a row, or adds it if it is the next.
    ///
    /// # Panics
    /// When there are rows missing before it.
    pub(crate) fn put(&mut self, at: u32, row: T) {
        if at as usize == self.len() {
            self.push(row);
        } else {
            self[at] = row;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

impl<T> Index<u32> for Rows<T> {
    type Output = T;

    fn index(&self, at: u32) -> &T {
        &self.0[at as usize / TOGETHER][at as usize % TOGETHER]
    }
}

impl<T> IndexMut<u32> for Rows<T> {
    fn index_mut(&mut self, at: u32) -> &mut T {
        &mut self.0[at as usize / TOGETHER][at as usize % TOGETHER]
    }
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(rows: Vec<T>) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.push(row);
        }
        all
    }
}

impl<T: Serialize> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The format of checkpoints wants the length first.
        let rows: Vec<&T> = self.iter().collect();
        serializer.collect_seq(rows)
    }
}
