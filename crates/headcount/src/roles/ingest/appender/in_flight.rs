//! Batches that are not durable yet.

use anyhow::Result;
use headcount_journal::{Error as JournalError, Receipt};
use headcount_source::sink::QueuePermit;

/// A batch that is not durable yet.
pub(super) struct InFlight {
    /// Room in the queue of the source, released when the batch is durable.
    pub(super) held: Vec<QueuePermit>,
    pub(super) receipts: Vec<Receipt>,
}

impl InFlight {
    /// Waits until it is durable, and releases its room. The journal itself waits for room on the disk and for brokers
    /// that are away.
    pub(super) fn settle(self) -> Result<()> {
        for receipt in self.receipts {
            receipt.wait().map_err(not_kept)?;
        }
        drop(self.held);
        Ok(())
    }
}

pub(super) fn not_kept(error: JournalError) -> anyhow::Error {
    // The journal waits for a passing failure until the process ends.
    let what = if error.may_pass() {
        "stopped while the journal was unavailable: the last records were not stored; only resumable sources will \
         resend them"
    } else {
        "append to the journal"
    };
    anyhow::Error::new(error).context(what)
}
