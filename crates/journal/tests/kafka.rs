//! The journal on a real broker: the conformance suite, and what only several processes can do to each other.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used)]

mod suite;

#[path = "kafka/support.rs"]
mod support;

#[path = "kafka/sharing.rs"]
mod sharing;

#[path = "kafka/topics.rs"]
mod topics;

#[path = "kafka/outage.rs"]
mod outage;

#[path = "kafka/kill.rs"]
mod kill;

#[path = "kafka/group.rs"]
mod group;

use headcount_journal::{Journal, Result};

use support::{Site, options};

/// A journal of its own on the broker that all tests share.
struct Kafka(Site);

impl suite::Subject for Kafka {
    const KNOWS_OFFSETS: bool = false;

    fn new() -> Self {
        Self(Site::shared())
    }

    fn open(&self, partitions: Option<u16>) -> Result<Journal> {
        let mut options = options(&self.0, "worker");
        options.partitions = partitions;
        Journal::kafka(options)
    }
}

conformance!(kafka, Kafka);
