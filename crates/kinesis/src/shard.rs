//! One shard, from a place in it to its end.

use aws_sdk_kinesis::types::ShardIteratorType;

use headcount_clock::now_ms;

use crate::client::{Client, ShardRecords};
use crate::error::{Error, FailureKind, Result};
use crate::record::{SequenceNumber, StreamRecord};

/// Where reading a shard begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardStart {
    /// At the oldest record it still has.
    Oldest,
    /// At the first record that arrived at this time (ms since 1970) or later.
    Time(i64),
    /// At this record, which was the first one once.
    At(SequenceNumber),
    /// Behind a record that was read. Everything that arrived up to `whole_ms` was read.
    After {
        /// The record.
        sequence: SequenceNumber,
        /// In ms since 1970, by the stream's clock.
        whole_ms: i64,
    },
}

/// What one read brought.
pub(crate) struct Page {
    pub(crate) records: Vec<StreamRecord>,
    pub(crate) behind_ms: i64,
    pub(crate) ended: bool,
    /// Records between these times of arrival are lost; only where that is tolerated.
    pub(crate) lost_ms: Option<(i64, i64)>,
}

pub(crate) struct ShardReader {
    client: Client,
    shard: String,
    start: ShardStart,
    tolerates_loss: bool,
    iterator: Option<String>,
    /// The record at `start` has not been seen yet: it may be gone, and others with it.
    proving: bool,
}

impl ShardReader {
    pub(crate) fn new(
        client: Client,
        shard: String,
        start: ShardStart,
        tolerates_loss: bool,
    ) -> Self {
        ShardReader {
            client,
            shard,
            start,
            tolerates_loss,
            iterator: None,
            proving: false,
        }
    }

    /// Waits until the shard may be read again.
    pub(crate) async fn turn(&self) {
        self.client.turn(&self.shard).await;
    }

    /// Reads once. After a transient error it may be called again; nothing is lost by that.
    pub(crate) async fn read(&mut self) -> Result<Page> {
        let iterator = match self.iterator.take() {
            Some(iterator) => iterator,
            None => self.place().await?,
        };
        let ShardRecords {
            records,
            behind_ms,
            next,
        } = match self.client.records(&iterator).await {
            Ok(answer) => answer,
            Err(failure) if failure.kind == FailureKind::Expired => return Ok(Page::nothing()),
            Err(failure) => {
                self.iterator = Some(iterator);
                return Err(failure.into());
            }
        };
        let mut page = Page {
            records,
            behind_ms,
            ended: next.is_none(),
            lost_ms: None,
        };
        self.prove(&mut page).await?;
        self.iterator = next;
        self.advance(&page);
        Ok(page)
    }

    async fn place(&mut self) -> Result<String> {
        let (kind, sequence, time_ms) = match &self.start {
            ShardStart::Oldest => (ShardIteratorType::TrimHorizon, None, None),
            ShardStart::Time(ms) => (ShardIteratorType::AtTimestamp, None, Some(*ms)),
            ShardStart::At(sequence) | ShardStart::After { sequence, .. } => {
                (ShardIteratorType::AtSequenceNumber, Some(sequence), None)
            }
        };
        self.proving = sequence.is_some();
        let found = self.client.iterator(&self.shard, kind, sequence, time_ms);
        Ok(found.await?)
    }

    /// The service goes on at the oldest record when the one that was asked for is gone, and does not say so. Therefore
    /// the record itself is read again: if it is there, so is everything after it.
    async fn prove(&mut self, page: &mut Page) -> Result<()> {
        let (ShardStart::At(wanted)
        | ShardStart::After {
            sequence: wanted, ..
        }) = &self.start
        else {
            return Ok(());
        };
        if !self.proving {
            return Ok(());
        }
        match page.records.first() {
            Some(first) if first.sequence == *wanted => {
                if matches!(self.start, ShardStart::After { .. }) {
                    page.records.remove(0);
                }
            }
            None if !page.ended && page.behind_ms > 0 => return Ok(()),
            _ => {
                let wanted = wanted.clone();
                self.judge_loss(wanted, page).await?;
            }
        }
        self.proving = false;
        Ok(())
    }

    async fn judge_loss(&mut self, sequence: SequenceNumber, page: &mut Page) -> Result<()> {
        let retention_hours = self.client.summary().await?.retention_hours;
        let oldest_ms = now_ms() - i64::from(retention_hours) * 3_600_000;
        let whole_ms = match self.start {
            ShardStart::After { whole_ms, .. } => whole_ms,
            _ => 0,
        };
        if whole_ms > oldest_ms {
            // The record is gone because of its age, but all that came later is there.
            return Ok(());
        }
        if self.tolerates_loss {
            page.lost_ms = Some((whole_ms, oldest_ms));
            return Ok(());
        }
        Err(Error::Lost {
            stream: self.client.stream().to_owned(),
            shard: self.shard.clone(),
            sequence,
            whole_ms,
            retention_hours,
        })
    }

    fn advance(&mut self, page: &Page) {
        let at_tip = page.behind_ms == 0;
        match (page.records.last(), &mut self.start) {
            (Some(last), _) => {
                self.start = ShardStart::After {
                    sequence: last.sequence.clone(),
                    whole_ms: if at_tip { now_ms() } else { last.arrived_ms },
                };
            }
            (None, ShardStart::After { whole_ms, .. }) if at_tip => *whole_ms = now_ms(),
            _ => {}
        }
    }
}

impl Page {
    fn nothing() -> Self {
        Page {
            records: Vec::new(),
            behind_ms: i64::MAX,
            ended: false,
            lost_ms: None,
        }
    }
}
