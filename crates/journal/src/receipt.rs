//! The answer to an append, which comes when the batch is durable.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use crate::Offset;
use crate::error::{Error, Result};

pub(crate) type Reply = oneshot::Sender<Result<Option<Offset>>>;

/// The promise of an answer. It can be waited for ([`Receipt::wait`]) or awaited; dropping it changes nothing about
/// the batch.
///
/// `Ok` means: every entry of the batch is on stable storage. With `Some` its offsets end before the one returned; that
/// is what segments say. `None` means that other processes write to the same partitions, so the offsets of the batch
/// are found by reading. `Err` means that the batch was not acknowledged: after [`Error::Full`] it is not in the
/// journal, after any other error it is there whole or not at all, which the next opening decides.
#[derive(Debug)]
#[must_use = "nothing is known to be durable before the receipt says so"]
pub struct Receipt(oneshot::Receiver<Result<Option<Offset>>>);

impl Receipt {
    pub(crate) fn new() -> (Reply, Self) {
        let (reply, receipt) = oneshot::channel();
        (reply, Self(receipt))
    }

    /// Blocks until the batch is durable; returns one past its last offset where that is known.
    ///
    /// # Panics
    ///
    /// When called on a thread of an async runtime: await the receipt there.
    pub fn wait(self) -> Result<Option<Offset>> {
        self.0.blocking_recv().unwrap_or(Err(Error::Closed))
    }
}

impl Future for Receipt {
    type Output = Result<Option<Offset>>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.0).poll(ctx));
        Poll::Ready(answer.unwrap_or(Err(Error::Closed)))
    }
}
