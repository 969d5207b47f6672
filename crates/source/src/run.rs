//! What every running source has at hand.

use std::time::Duration;

use crate::error::Stopped;
use crate::message::MessageBatch;
use crate::position::Resume;
use crate::record_time::ReadTime;
use crate::shutdown::Shutdown;
use crate::sink::Sink;
use crate::status::Reporter;
use headcount_clock::Delays;

/// What may be set on a source. The defaults suit production; tests use shorter times.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A batch is handed on when it has this many bytes ...
    pub batch_bytes: usize,
    /// ... or this many items. Streams hand on whatever has arrived, at once.
    pub batch_items: usize,
    /// How long making a connection may take, TLS included.
    pub connect_limit: Duration,
    /// A connection on which nothing arrives for this long is considered dead.
    pub idle_limit: Duration,
    /// When bytes arrive for this long without completing a value, the status says so.
    pub value_limit: Duration,
    /// How often a WebSocket's peer gets a ping.
    pub ping_interval: Duration,
    /// How far behind the greatest record time an HTTP stream is asked to go on: record times do not come in order.
    /// Of the records that Meetup sends again, rounded to the second, 99 of 100 come within 196 s of the first.
    pub overlap: Duration,
    /// How long a server that resumes is trusted to keep what it sent; an outage beyond it is a gap. The real one kept
    /// half an hour.
    pub backlog: Duration,
    /// Between one attempt to connect and the next.
    pub delays: Delays,
    /// The same where the server answers that there is no stream.
    pub refusal_delays: Delays,
    /// A connection that held this long is one, even if it has brought nothing.
    pub proved_after: Duration,
    /// After a connection that held this long the next delay is the first again.
    pub healthy: Duration,
    /// How often a followed file is checked for new content while it has none; ten times as often while it has.
    pub poll_interval: Duration,
    /// How long a followed file that is no longer at its path must be still to be over: who has it open may write on.
    pub still_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            batch_bytes: 1 << 20,
            batch_items: 4096,
            connect_limit: Duration::from_secs(10),
            idle_limit: Duration::from_secs(60),
            value_limit: Duration::from_secs(60),
            ping_interval: Duration::from_secs(20),
            overlap: Duration::from_secs(200),
            backlog: Duration::from_secs(30 * 60),
            // The docs of the feed ask clients to reconnect "within a few seconds".
            delays: Delays {
                first: Duration::from_secs(1),
                most: Duration::from_secs(30),
            },
            // Somebody has to change something first, and is told how it went soon after.
            refusal_delays: Delays {
                first: Duration::from_secs(1),
                most: Duration::from_secs(300),
            },
            // A page or an error that comes in the place of a stream comes at once.
            proved_after: Duration::from_secs(5),
            healthy: Duration::from_secs(60),
            poll_interval: Duration::from_millis(250),
            still_limit: Duration::from_secs(60),
        }
    }
}

/// What a running source has at hand.
pub(crate) struct Context {
    pub(crate) sink: Sink,
    pub(crate) resume: Resume,
    pub(crate) report: Reporter,
    pub(crate) shutdown: Shutdown,
    pub(crate) read_time: ReadTime,
    pub(crate) options: Options,
}

impl Context {
    /// Hands a batch on and counts it.
    pub(crate) async fn push(&mut self, batch: MessageBatch) -> Result<(), Stopped> {
        let (messages, bytes) = (batch.messages() as u64, batch.bytes() as u64);
        self.sink.push(batch).await?;
        self.report.brought(messages, bytes);
        Ok(())
    }

    /// As [`Context::push`]; tells later whether the program has let go of the batch.
    #[cfg(feature = "kinesis")]
    pub(crate) async fn push_watched(
        &mut self,
        batch: MessageBatch,
    ) -> Result<crate::sink::BatchReceipt, Stopped> {
        let (messages, bytes) = (batch.messages() as u64, batch.bytes() as u64);
        let taken = self.sink.push_watched(batch).await?;
        self.report.brought(messages, bytes);
        Ok(taken)
    }
}
