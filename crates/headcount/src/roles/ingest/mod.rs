//! Taking records in: sources, their queue, and the journal they are appended to.

pub(crate) mod appender;
pub(crate) mod clock_lead;
pub(crate) mod known_sources;
pub(crate) mod origin;
pub(crate) mod queue;
pub(crate) mod record_time;
pub(crate) mod sources;
pub(crate) mod statuses;
