//! Ingest: sources, their queue, and the appender that writes to the journal.

pub(crate) mod appender;
pub(crate) mod clock_lead;
pub(crate) mod known_sources;
pub(crate) mod origin;
pub(crate) mod queue;
pub(crate) mod recent_refusals;
pub(crate) mod record_time;
pub(crate) mod sources;
pub(crate) mod statuses;
