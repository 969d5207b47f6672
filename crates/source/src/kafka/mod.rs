//! Topics of Kafka, read partition by partition, each record exactly once.
//!
//! ```text
//!  brokers ──▶ client library ──▶ thread: sessions ──▶ 2 batches ──▶ queue of the program
//!              bounded queue      a batch is of one partition, with its position
//! ```
//!
//! All partitions are assigned by hand and nothing is committed to Kafka: the positions are the program's own and stand
//! with the records in its journal. A position is named by the cluster's id, the topic and the partition, and says one
//! past the last offset that was taken; it also holds a hash of that record, so that another topic of the same name is
//! noticed.
//!
//! What cannot be had is said and not jumped over: records that retention removed before they were read are a gap that
//! tells how many; a topic that was deleted and recreated (it is shorter than what was read, or another record stands
//! where one was taken) is a gap too, and is read from its beginning under another name. What comes twice by that is
//! told apart by the winners.
//!
//! Trouble with brokers does not end a source: the client library connects again by itself, and the status says since
//! when no broker answers. The source waits for a topic that does not exist yet.

mod address;
mod arena;
mod begin;
mod client;
mod log_context;
mod partition;
mod reader;
mod session;

use std::thread;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

pub use self::address::TopicAddress;
use self::reader::TopicReader;
use crate::error::{Ended, Error};
use crate::run::Context;

/// Batches between the thread that talks to Kafka and the queue.
const WAITING: usize = 2;

/// Reads until it is time to stop.
pub(crate) async fn run(address: TopicAddress, mut context: Context) -> Result<Ended, Error> {
    let (batches, mut inbox) = mpsc::channel(WAITING);
    let shown = address.to_string();
    let reader = TopicReader::new(address, &context, batches, Handle::current());
    let reading = thread::Builder::new()
        .name("kafka".to_owned())
        .spawn(move || reader.run())
        .map_err(|error| Error::Client(error.to_string()))?;
    loop {
        match context.shutdown.or(inbox.recv()).await {
            // The thread notices that the sink accepts no more batches, and then ends.
            None => return Ok(Ended::Stopped),
            Some(Some(batch)) => context.push(batch).await?,
            Some(None) => break,
        }
    }
    let ended = tokio::task::spawn_blocking(|| reading.join()).await;
    match ended {
        Ok(Ok(())) => Ok(Ended::Stopped),
        _ => Err(Error::Broken(shown)),
    }
}
