//! Where a reader stands, in a form that outlives it.

use crate::Offset;

/// Where to begin reading a partition: an offset, and what lets the backend begin there without a search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The next entry.
    pub offset: Offset,
    /// The backend's own, to be kept with the offset and given back as it is. Empty where the offset is enough; a
    /// place without it is always right, but may have to be found by reading from the beginning.
    pub hint: Vec<u8>,
}

impl Place {
    /// The place of an offset, without a hint.
    #[must_use]
    pub fn at(offset: Offset) -> Self {
        Self {
            offset,
            hint: Vec::new(),
        }
    }
}
