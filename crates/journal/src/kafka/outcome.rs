//! Finds out whether a transaction with an unknown outcome was committed.

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

/// Whether the message is committed. The transaction must have ended.
pub(super) fn is_committed(
    cluster: &Cluster,
    scanner: &Scanner,
    writer: &str,
    uncertain: UncertainCommit,
) -> Result<bool> {
    let topic = &cluster.commits;
    let mut found = false;
    scanner.scan(topic, uncertain.partition, uncertain.offset, |message| {
        if message.offset() == uncertain.offset {
            let commit = Commit::parse(message.payload().unwrap_or_default())
                .map_err(|why| Error::message(topic, uncertain.partition, uncertain.offset, why))?;
            found = commit.writer == writer && commit.seq == uncertain.seq;
        }
        Ok(())
    })?;
    Ok(found)
}
