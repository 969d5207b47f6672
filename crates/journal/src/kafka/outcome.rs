//! Whether a transaction whose end was not heard of was committed.

use rdkafka::Message as _;

use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::kafka::message::Commit;
use crate::kafka::scan::Scanner;

/// One commit message of the transaction, which was acknowledged: where one of them is, all are.
#[derive(Clone, Copy)]
pub(super) struct UncertainCommit {
    pub(super) partition: u16,
    pub(super) offset: i64,
    pub(super) seq: u64,
}

/// Looks whether the message is among those that are committed. The transaction must have come to an end.
pub(super) fn is_committed(
    cluster: &Cluster,
    scanner: &Scanner,
    writer: &str,
    doubt: UncertainCommit,
) -> Result<bool> {
    let topic = &cluster.commits;
    let mut found = false;
    scanner.scan(topic, doubt.partition, doubt.offset, |message| {
        if message.offset() == doubt.offset {
            let commit = Commit::parse(message.payload().unwrap_or_default())
                .map_err(|why| Error::message(topic, doubt.partition, doubt.offset, why))?;
            found = commit.writer == writer && commit.seq == doubt.seq;
        }
        Ok(())
    })?;
    Ok(found)
}
