//! Putting records, some of which may be refused while others are taken.

use std::time::Duration;

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};
use tokio::time::{Instant, sleep};

use headcount_clock::Backoff;

use crate::client::Client;
use crate::error::{CallFailure, Error, FailureKind, Result};
use crate::hash_key::HashKey;
use crate::record::SequenceNumber;

/// The greatest record, its partition key included.
pub const RECORD_BYTES_MAX: usize = 1 << 20;
/// How many records one call takes ...
pub const PUT_RECORDS_MAX: usize = 500;
/// ... and how many bytes in all.
pub const PUT_BYTES_MAX: usize = 5 << 20;

/// A record to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Its bytes, at most [`RECORD_BYTES_MAX`] with the partition key.
    pub data: Vec<u8>,
    /// Only for people who look at the stream with other tools: `hash_key` decides where the record goes.
    pub partition_key: String,
    /// Decides which shard takes it.
    pub hash_key: HashKey,
}

impl Client {
    /// Puts records; returns where each was taken. What is refused is put again, what was taken is not; after a call
    /// whose outcome is unknown records may be there twice. They are taken in any order.
    ///
    /// # Errors
    /// [`Error::GaveUp`] when some are refused for longer than `put_limit`. Dropping the future leaves open what was
    /// taken.
    pub async fn put(&self, records: Vec<Put>) -> Result<Vec<SequenceNumber>> {
        self.put_within(records, self.options().put_limit).await
    }

    /// As [`Client::put`], with a limit of its own.
    pub async fn put_within(
        &self,
        records: Vec<Put>,
        limit: Duration,
    ) -> Result<Vec<SequenceNumber>> {
        let mut places: Vec<Option<SequenceNumber>> = vec![None; records.len()];
        let mut waiting: Vec<(usize, PutRecordsRequestEntry)> = Vec::with_capacity(records.len());
        for (index, put) in records.into_iter().enumerate() {
            let entry = PutRecordsRequestEntry::builder()
                .data(Blob::new(put.data))
                .partition_key(put.partition_key)
                .explicit_hash_key(put.hash_key.to_string())
                .build()
                .map_err(|error| self.failure(FailureKind::Refused, &error.to_string()))?;
            waiting.push((index, entry));
        }
        let began = Instant::now();
        let mut backoff = Backoff::new(self.options().delays);
        while !waiting.is_empty() {
            let count = call_of(&waiting);
            let refusal = match self.put_once(&waiting[..count]).await {
                Ok(results) => note(&results, count, &mut waiting, &mut places),
                Err(failure) if failure.is_transient() => Some(failure.cause),
                Err(failure) => return Err(failure.into()),
            };
            let Some(cause) = refusal else {
                backoff.reset();
                continue;
            };
            if began.elapsed() > limit {
                return Err(Error::GaveUp {
                    failure: self.failure(FailureKind::Throttled, &cause),
                    seconds: began.elapsed().as_secs(),
                });
            }
            tracing::debug!(
                stream = self.stream(),
                cause,
                waiting = waiting.len(),
                "the stream refused records; trying again"
            );
            sleep(backoff.next_delay()).await;
        }
        Ok(places.into_iter().flatten().collect())
    }

    async fn put_once(
        &self,
        entries: &[(usize, PutRecordsRequestEntry)],
    ) -> Result<Vec<PutRecordsResultEntry>, CallFailure> {
        let entries: Vec<_> = entries.iter().map(|(_, entry)| entry.clone()).collect();
        let count = entries.len();
        let call = self.sdk().put_records().stream_name(self.stream());
        let answer = call.set_records(Some(entries)).send().await;
        let results = answer.map_err(self.failed("write to"))?.records;
        if results.len() == count {
            Ok(results)
        } else {
            Err(self.failure(
                FailureKind::Unavailable,
                "the answer does not match the request",
            ))
        }
    }

    fn failure(&self, kind: FailureKind, cause: &str) -> CallFailure {
        CallFailure {
            kind,
            action: "write to",
            stream: self.stream().to_owned(),
            cause: cause.to_owned(),
        }
    }
}

/// How many of those that wait fit into one call.
fn call_of(waiting: &[(usize, PutRecordsRequestEntry)]) -> usize {
    let mut bytes = 0;
    let fitting = waiting
        .iter()
        .take(PUT_RECORDS_MAX)
        .take_while(|(_, entry)| {
            bytes += entry.data().as_ref().len() + entry.partition_key().map_or(0, str::len);
            bytes <= PUT_BYTES_MAX
        });
    fitting.count().max(1)
}

/// Takes what was accepted out of those that wait; why one was refused, if any was.
fn note(
    results: &[PutRecordsResultEntry],
    count: usize,
    waiting: &mut Vec<(usize, PutRecordsRequestEntry)>,
    places: &mut [Option<SequenceNumber>],
) -> Option<String> {
    let mut refusal = None;
    let tried: Vec<_> = waiting.drain(..count).collect();
    let mut refused = Vec::new();
    for ((index, entry), result) in tried.into_iter().zip(results) {
        match (result.error_code(), result.sequence_number()) {
            (None, Some(sequence)) => places[index] = Some(SequenceNumber::new(sequence)),
            (code, _) => {
                let words = result.error_message().unwrap_or_default();
                refusal = Some(format!("{}: {words}", code.unwrap_or("no sequence number")));
                refused.push((index, entry));
            }
        }
    }
    // Those refused come first again: they are the oldest.
    refused.append(waiting);
    *waiting = refused;
    refusal
}
