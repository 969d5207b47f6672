//! Counters, gauges and timers of every room, in the text format of Prometheus.
//!
//! A room declares what it counts in one place and counts with a call; who shows it need not know
//! the room. Names are written as they appear on `/metrics`, so that they can be searched for:
//! `headcount_ROOM_WHAT`, then the unit (`_seconds`, `_bytes`) if it has one, then `_total` if it
//! only grows. Labels are closed lists ([`Label`]), so a metric has no more series than its
//! declaration says, whatever the data. What is computed when it is asked for, such as figures of a
//! view, is a [`Scrape`].
//!
//! It does not do: pushing, sampling, tracing, or anything by the clock.
//!
//! ```
//! use headcount_telemetry::{Label, Registry};
//!
//! #[derive(Clone, Copy)]
//! enum Way {
//!     Fast,
//!     Complete,
//! }
//! impl Label for Way {
//!     const KEY: &'static str = "way";
//!     const VALUES: &'static [(Self, &'static str)] =
//!         &[(Self::Fast, "fast"), (Self::Complete, "complete")];
//! }
//!
//! let registry = Registry::new();
//! let decoded = registry.counters("headcount_decoded_total", "Records decoded.");
//! decoded.of(Way::Fast).inc();
//! let mut text = String::new();
//! registry.write(&mut text);
//! assert!(text.contains("headcount_decoded_total{way=\"fast\"} 1\n"));
//! assert!(text.contains("headcount_decoded_total{way=\"complete\"} 0\n"));
//! ```

#![warn(missing_docs)]

mod label;
mod registry;
mod scrape;
mod share;
#[cfg(test)]
mod tests;

pub use label::{Counters, Gauges, Histograms, Label};
pub use prometheus_client::{
    encoding::prometheus_text::CONTENT_TYPE,
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
};
pub use registry::{MetricDescription, MetricKind, Registry, global};
pub use scrape::{Family, SampleValue, Scrape};
pub use share::Share;
