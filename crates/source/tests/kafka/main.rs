//! Topics of a real Kafka as a source.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used)]

mod faults;
mod reading;
mod support;
