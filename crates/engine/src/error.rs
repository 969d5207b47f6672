//! What can be wrong with a journal's entries, a checkpoint or served figures.

use headcount_record::Kind;

use crate::{
    changelog::changes::Table,
    decoders::{Declared, Refused},
};

/// What can be wrong with the input of the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The entry is not the next one of its partition.
    #[error(
        "the journal continues at offset {found} where {expected} was expected (run \"headcount journal verify\")"
    )]
    Gap {
        /// The offset that comes next.
        expected: u64,
        /// The offset of the entry.
        found: u64,
    },
    /// A control entry that this version cannot read.
    #[error(
        "the control entry at offset {offset} cannot be read: {cause} (was it written by a newer version?)"
    )]
    Control {
        /// The offset of the entry.
        offset: u64,
        /// Why it cannot be read.
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
    Kind {
        /// The offset of the entry.
        offset: u64,
        /// The kind that has no schema, or has one already.
        kind: Kind,
    },
    /// A schema that this build does not have, or has with other feeds.
    #[error(
        "the journal declares at offset {offset} that records have the schema {definition:?}, which this version does \
         not have (use the version of headcount that wrote it, or a newer one)"
    )]
    Schema {
        /// The offset of the entry.
        offset: u64,
        /// The text that stands for the schema.
        definition: String,
    },
    /// A schema is declared for a kind that is not free.
    #[error(
        "the journal declares at offset {offset} that kind {} has the schema {definition:?}, but that kind is taken \
         (run \"headcount journal verify\")",
        kind.number()
    )]
    KindTaken {
        /// The offset of the entry.
        offset: u64,
        /// The kind that has no schema, or has one already.
        kind: Kind,
        /// The text that stands for the schema.
        definition: String,
    },
    /// The checkpoint cannot be used; it can always be made anew from the journal.
    #[error(
        "checkpoint {place}: {problem} (it is made anew from the journal; to do that now, run \"headcount rebuild\")"
    )]
    Checkpoint {
        /// Where the checkpoint is kept.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The checkpoint is sound, but of something else: it was put there from elsewhere.
    #[error(
        "checkpoint {place}: holds the state of partition {partition} of journal {journal:016x}, \
         not of partition {expected_partition} of journal {expected_journal:016x} (remove it; it \
         is made anew from the journal)"
    )]
    Foreign {
        /// Where the checkpoint is kept.
        place: String,
        /// The journal whose state it holds.
        journal: u64,
        /// The partition whose state it holds.
        partition: u16,
        /// The journal that is read.
        expected_journal: u64,
        /// The partition that is read.
        expected_partition: u16,
    },
    /// A row of served figures that this version cannot read.
    #[error(
        "row {number} of {table:?} cannot be read (was it stored by another version of headcount?)"
    )]
    Row {
        /// The table that it is a row of.
        table: Table,
        /// Its number in the table.
        number: u32,
    },
    /// Metadata of served figures that this version cannot read.
    #[error(
        "the metadata of a partition cannot be read (was it stored by another version of headcount?)"
    )]
    Meta,
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
