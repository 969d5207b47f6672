//! What can be wrong with a journal's entries, a checkpoint or served figures.

use headcount_record::Kind;

use crate::{
    changes::Table,
    decoders::{Declared, Refused},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The entry is not the next one of its partition.
    #[error(
        "the journal continues at offset {found} where {expected} was expected (run \"headcount journal verify\")"
    )]
    Gap { expected: u64, found: u64 },
    /// A control entry that this version cannot read.
    #[error(
        "the control entry at offset {offset} cannot be read: {cause} (was it written by a newer version?)"
    )]
    Control {
        offset: u64,
        cause: serde_json::Error,
    },
    /// An entry of a kind that has no schema: to pass over it would be to lose it.
    #[error(
        "the entry at offset {offset} is of kind {}, {} (use the version of headcount that wrote it, or a newer one)",
        kind.number(),
        if kind.is_registered() {
            "whose schema the journal has not declared before it"
        } else {
            "which this version does not know"
        }
    )]
    Kind { offset: u64, kind: Kind },
    /// A schema that this build does not have, or has with other feeds.
    #[error(
        "the journal declares at offset {offset} that records have the schema {definition:?}, which this version does \
         not have (use the version of headcount that wrote it, or a newer one)"
    )]
    Schema { offset: u64, definition: String },
    /// A schema is declared for a kind that is not free.
    #[error(
        "the journal declares at offset {offset} that kind {} has the schema {definition:?}, but that kind is taken \
         (run \"headcount journal verify\")",
        kind.number()
    )]
    KindTaken {
        offset: u64,
        kind: Kind,
        definition: String,
    },
    /// The checkpoint cannot be used; it can always be made anew from the journal.
    #[error(
        "checkpoint {place}: {problem} (it is made anew from the journal; to do that now, run \"headcount rebuild\")"
    )]
    Checkpoint { place: String, problem: String },
    /// The checkpoint is sound, but of something else: it was put there from elsewhere.
    #[error(
        "checkpoint {place}: holds the state of partition {partition} of journal {journal:016x}, \
         not of partition {expected_partition} of journal {expected_journal:016x} (remove it; it \
         is made anew from the journal)"
    )]
    Foreign {
        place: String,
        journal: u64,
        partition: u16,
        expected_journal: u64,
        expected_partition: u16,
    },
    /// A row of served figures that this version cannot read.
    #[error(
        "row {number} of {table:?} cannot be read (was it stored by another version of headcount?)"
    )]
    Row { table: Table, number: u32 },
    /// A book of served figures that this version cannot read.
    #[error(
        "the book of a partition cannot be read (was it stored by another version of headcount?)"
    )]
    Book,
}

impl Error {
    pub(crate) fn of_schema(offset: u64, declared: Declared, refused: &Refused) -> Self {
        let definition = declared.definition;
        match *refused {
            Refused::UnknownSchema => Self::Schema { offset, definition },
            Refused::Taken(kind) => Self::KindTaken {
                offset,
                kind,
                definition,
            },
        }
    }
}
