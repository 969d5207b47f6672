//! The role `batch`: the worker that keeps tables and answers statements, as a process of its own that this one starts and
//! watches, and never waits for.

mod last_lines;
pub(crate) mod program;
pub(crate) mod worker;
