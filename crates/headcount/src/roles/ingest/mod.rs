//! Taking records in: sources, their queue, and the journal they are appended to.

pub(crate) mod appender;
pub(crate) mod origin;
pub(crate) mod queue;
pub(crate) mod resume;
#[cfg(feature = "kafka")]
pub(crate) mod route;
pub(crate) mod sources;
pub(crate) mod statuses;
