//! An entry of the journal.

use headcount_record::Kind;

/// An entry of the journal as the engine sees it.
#[derive(Clone, Copy, Debug)]
pub struct JournaledEntry<'a> {
    /// Its number in the partition, dense from 0.
    pub offset: u64,
    /// When it was appended, ms since 1970: the arrival that record times are held against.
    pub arrived: i64,
    /// What the body is.
    pub kind: Kind,
    /// The number of the source that it came from.
    pub source: u16,
    /// The record, or a control, as the journal holds it.
    pub body: &'a [u8],
}
