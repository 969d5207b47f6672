//! What the implementations of a journal can do and others cannot.

/// What a journal can do. Everything that is not named here all of them can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Its files are on a disk of this machine, whose room and folders may go.
    pub is_local: bool,
    /// A [`Receipt`](crate::Receipt) says where its batch ends. Where other processes write to the same partitions, only
    /// reading tells.
    pub knows_offsets: bool,
    /// It keeps the last position of every source, so that [`Journal::positions`](crate::Journal::positions) answers
    /// without reading the journal.
    pub keeps_positions: bool,
    /// Of two processes that write under one name, the older one can write no more.
    pub fences_writers: bool,
    /// Several processes may share its partitions ([`Journal::join`](crate::Journal::join)).
    pub shares_partitions: bool,
    /// Retention deletes old records, so a recount from the beginning may not find all of them.
    pub forgets: bool,
}
