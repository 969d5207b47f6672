//! The tables as they are kept, and what changes in them.

mod changes;

pub use changes::Changes;
