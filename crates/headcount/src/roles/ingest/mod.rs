//! Ingest: sources, their queue, and the appender that writes to the journal.

pub(crate) mod appender;
pub(crate) mod clock_lead;
pub(crate) mod dead_letter_sampler;
pub(crate) mod ingest_loop;
pub(crate) mod known_sources;
pub(crate) mod origin;
pub(crate) mod people;
pub(crate) mod queue;
pub(crate) mod recent_refusals;
pub(crate) mod record_time;
pub(crate) mod source_numbers;
pub(crate) mod sources;
pub(crate) mod statuses;
