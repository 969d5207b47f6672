//! The place of the journal on Kinesis: its `Journal` and `Reader` come to stand here, and a variant of each in the
//! enums of `journal.rs` and `reader.rs`. Nothing of it exists yet, and so nothing can open it.
