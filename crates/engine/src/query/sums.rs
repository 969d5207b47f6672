//! The two sums of a row of a panel.

use crate::{counts::Counts, query::misses::Dimensions};

/// What a panel lists, which no value of its own dimension leaves out, and what counts under the whole filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) listed: Counts,
    pub(crate) counted: Counts,
}

impl Sums {
    /// Adds what misses nothing, or at most the panel's own dimension.
    pub(crate) fn add_one(&mut self, counts: Counts, misses: Dimensions) {
        self.listed.add(counts);
        if misses.is_empty() {
            self.counted.add(counts);
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.listed.add(other.listed);
        self.counted.add(other.counted);
    }

    pub(crate) fn is_listed(&self) -> bool {
        self.listed.events > 0
    }

    pub(crate) fn is_counted(&self) -> bool {
        self.counted.events > 0
    }
}
