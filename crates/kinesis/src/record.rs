//! What a shard holds.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One record of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// Its place in its shard.
    pub sequence: SequenceNumber,
    /// When the stream took it, ms since 1970 by the stream's clock; about right.
    pub arrived_ms: i64,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// The place of a record in its shard: a decimal number of up to 56 digits that grows, but not by one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SequenceNumber(String);

impl SequenceNumber {
    /// A number as the service wrote it, in decimal digits.
    pub fn new(digits: impl Into<String>) -> Self {
        SequenceNumber(digits.into())
    }

    /// Its decimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SequenceNumber {
    /// As numbers: they have no leading zeros, so the longer one is the greater one.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_compared_as_numbers() {
        let numbers = [
            "0",
            "9",
            "10",
            "99",
            "49680430635484481654832106595264933134551834879856738306",
        ];
        assert!(numbers.map(SequenceNumber::new).is_sorted());
    }
}
