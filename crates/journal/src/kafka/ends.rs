//! How many entries each partition has: the sum of what its commit messages say.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::Message as _;

use crate::Offset;
use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::kafka::message::Commit;
use crate::kafka::scan::Scanner;

/// Counts the commit messages of all partitions, each only once.
pub(super) struct Ends(Vec<Mutex<EndCursor>>);

#[derive(Default)]
struct EndCursor {
    /// The next commit message in its topic.
    next: i64,
    end: Offset,
}

impl Ends {
    pub(super) fn new(partitions: u16) -> Self {
        Self((0..partitions).map(|_| Mutex::default()).collect())
    }

    /// One past the last entry that was durable when this was called.
    pub(super) fn of(
        &self,
        cluster: &Arc<Cluster>,
        scanner: &Scanner,
        partition: u16,
    ) -> Result<Offset> {
        let mut counted = self.0[usize::from(partition)]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let topic = &cluster.commits;
        if counted.next == 0 {
            let (low, high) = cluster.watermarks(topic, partition)?;
            if low > 0 {
                return Err(Error::not_there(topic, partition, 0, low, high));
            }
        }
        // Taken over only when all of it was read, so that a failure does not count twice.
        let mut end = counted.end;
        let next = scanner.scan(topic, partition, counted.next, |message| {
            let commit = Commit::parse(message.payload().unwrap_or_default())
                .map_err(|why| Error::message(topic, partition, message.offset(), why))?;
            end += commit.count();
            Ok(())
        })?;
        *counted = EndCursor { next, end };
        Ok(end)
    }
}
