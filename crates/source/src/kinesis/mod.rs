//! A stream of Kinesis: every record exactly once to a program that stores positions with records.
//!
//! Records with the same key come in order, across splits and merges. Of trouble and throttling the status tells;
//! neither ends the source. What the stream no longer keeps does, unless the address says `lost=go-on`: then it is a gap.

mod aggregate;
mod cursors;
#[cfg(test)]
mod tests;

use headcount_kinesis::{
    Beginning, Client, Error as StreamError, KinesisAddress, Options, StreamEvent, StreamReader,
    StreamRecord, StreamSummary,
};

use bytes::Bytes;

use self::cursors::ShardCursors;
use crate::envelope::{self, UnwrappedValue};
use crate::error::{Ended, Error};
use crate::message::{Gap, Location, Message, MessageBatch, SourceItem};
use crate::run::Context;
use crate::status::Activity;
use headcount_clock::{Backoff, now_ms};

/// So much before now `latest` begins: the stream refuses a time that has not come yet by its own clock.
const LATEST_BEFORE_MS: i64 = 1_000;

/// Reads until it is time to stop.
pub(crate) async fn run(address: KinesisAddress, context: Context) -> Result<Ended, Error> {
    run_with(address, Options::default(), context).await
}

async fn run_with(
    address: KinesisAddress,
    options: Options,
    mut context: Context,
) -> Result<Ended, Error> {
    let mut shutdown = context.shutdown.clone();
    let Some(found) = shutdown.or(find(&address, options, &mut context)).await else {
        return Ok(Ended::Stopped);
    };
    let (client, summary) = found?;
    // A stream that was deleted and recreated is another one, whatever its name.
    let prefix = format!(
        "kinesis://{}/{}@{} ",
        address.region(),
        address.stream(),
        summary.created_ms
    );
    let begun_ms = match address.beginning() {
        Beginning::Earliest => None,
        Beginning::Latest => Some(now_ms() - LATEST_BEFORE_MS),
        Beginning::Time(ms) => Some(ms),
    };
    let cursors = ShardCursors::new(prefix, begun_ms, &context.resume);
    let plan = cursors.plan(address.goes_on_after_loss());
    let mut reader = StreamReader::new(client, plan);
    let mut reading = StreamReading {
        cursors,
        context,
        messages: 0,
    };
    loop {
        let Some(event) = shutdown.or(reader.next()).await else {
            return Ok(Ended::Stopped);
        };
        reading.take(event?).await?;
    }
}

/// Makes a client of a stream that is there.
async fn find(
    address: &KinesisAddress,
    options: Options,
    context: &mut Context,
) -> Result<(Client, StreamSummary), Error> {
    let client = Client::connect(address, options).await?;
    let mut backoff = Backoff::new(context.options.delays);
    loop {
        match client.summary().await.map_err(StreamError::from) {
            Ok(summary) => return Ok((client, summary)),
            Err(error) if error.is_transient() => {
                context.report.trouble(format!("{error}; trying again"));
                tokio::time::sleep(backoff.next_delay()).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

struct StreamReading {
    cursors: ShardCursors,
    context: Context,
    /// Since the source was started.
    messages: u64,
}

impl StreamReading {
    async fn take(&mut self, event: StreamEvent) -> Result<(), Error> {
        match event {
            StreamEvent::Records {
                shard,
                records,
                behind_ms,
                whole_at: _,
            } => {
                self.context.report.live();
                if records.is_empty() {
                    return self.at_tip(&shard).await;
                }
                self.records(&shard, records, behind_ms == 0).await
            }
            StreamEvent::Ended { .. } => Ok(()),
            StreamEvent::Lost {
                shard,
                from_ms,
                to_ms,
            } => self.lost(&shard, from_ms, to_ms).await,
            StreamEvent::Trouble(sentence) => {
                tracing::warn!(cause = sentence, "trouble with a stream");
                self.context.report.state(Activity::Reconnecting);
                self.context
                    .report
                    .trouble(format!("{sentence}; trying again"));
                Ok(())
            }
        }
    }

    /// Hands records on, in batches that end with a record.
    async fn records(
        &mut self,
        shard: &str,
        records: Vec<StreamRecord>,
        to_tip: bool,
    ) -> Result<(), Error> {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut records = records.into_iter().peekable();
        while let Some(mut record) = records.next() {
            self.cursors.read(shard, &record);
            for opened in opened(&std::mem::take(&mut record.data).into()) {
                self.messages += 1;
                bytes += opened.bytes.len();
                items.push(SourceItem::from(Message {
                    bytes: opened.bytes,
                    position: self.cursors.next(shard),
                    location: Location::Message(self.messages),
                    broken: opened.broken,
                }));
            }
            let is_last = records.peek().is_none();
            let options = &self.context.options;
            if is_last || bytes >= options.batch_bytes || items.len() >= options.batch_items {
                let whole_ms = if is_last && to_tip {
                    now_ms()
                } else {
                    record.arrived_ms
                };
                bytes = 0;
                let batch = MessageBatch {
                    items: std::mem::take(&mut items),
                    position: Some(self.cursors.position(shard)),
                };
                let taken = self.context.push_watched(batch).await?;
                self.cursors
                    .handed_on(shard, taken, &record.sequence, whole_ms);
            }
        }
        Ok(())
    }

    /// Nothing came for a while: that it did not is part of the position.
    async fn at_tip(&mut self, shard: &str) -> Result<(), Error> {
        if self.cursors.at_tip(shard, now_ms()) {
            let batch = MessageBatch {
                items: Vec::new(),
                position: Some(self.cursors.position(shard)),
            };
            self.context.push(batch).await?;
        }
        Ok(())
    }

    async fn lost(&mut self, shard: &str, from_ms: i64, to_ms: i64) -> Result<(), Error> {
        let gap = Gap {
            from_ms,
            to_ms,
            cause: format!("the stream no longer keeps what {shard} had"),
        };
        self.context.report.change(|status| status.gaps += 1);
        let batch = MessageBatch {
            items: vec![SourceItem::Gap(gap)],
            position: Some(self.cursors.position(shard)),
        };
        self.context.push(batch).await?;
        Ok(())
    }
}

/// The messages in a record, in order: in each of those that the Kinesis Producer Library put together in it.
fn opened(data: &Bytes) -> Vec<UnwrappedValue> {
    let mut opened = Vec::new();
    if !aggregate::is_aggregated(data) {
        envelope::open(data, &mut opened);
        return opened;
    }
    match aggregate::unpack(data) {
        Some(parts) => parts
            .into_iter()
            .for_each(|part| envelope::open(&data.slice_ref(part), &mut opened)),
        None => opened.push(envelope::malformed(data)),
    }
    opened
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_the_producer_library_put_together_is_opened_one_by_one() {
        let texts = |data: &[u8]| -> Vec<(Bytes, bool)> {
            opened(&Bytes::copy_from_slice(data))
                .into_iter()
                .map(|opened| (opened.bytes, opened.broken.is_some()))
                .collect()
        };
        let zstd = zstd::encode_all(&b"{\"c\":3}"[..], 1).expect("memory");
        let packed = aggregate::tests::aggregated(&[b"{\"a\":1}{\"b\":2}", &zstd]);
        let value = |text: &'static str| (Bytes::from(text), false);
        assert_eq!(
            texts(&packed),
            [value("{\"a\":1}"), value("{\"b\":2}"), value("{\"c\":3}")]
        );
        let strange = [&[0xf3, 0x89, 0x9a, 0xc2][..], &[0xff; 30]].concat();
        assert_eq!(texts(&strange), [(Bytes::from(strange.clone()), true)]);
    }
}
