//! A client of one stream: calls with limits, their failures judged.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_kinesis::Client as Sdk;
use aws_sdk_kinesis::config::ProvideCredentials;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{ShardIteratorType, StreamStatus};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::time::{Instant, sleep, sleep_until};

use headcount_clock::Backoff;

use crate::address::KinesisAddress;
use crate::error::{CallFailure, Error, FailureKind, Result, root_cause};
use crate::graph::Shard;
use crate::options::Options;
use crate::record::{SequenceNumber, StreamRecord};

/// How long a stream may take to become ready.
const ACTIVE_LIMIT: Duration = Duration::from_secs(120);

/// A client of one stream. Cheap to clone; clones share their turns at the shards.
#[derive(Clone)]
pub struct Client {
    sdk: Sdk,
    stream: Arc<str>,
    options: Arc<Options>,
    /// When a shard may be read next.
    turns: Arc<Mutex<HashMap<String, Instant>>>,
}

/// What a stream says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSummary {
    /// When it was created, ms since 1970: tells it from an earlier stream of the same name.
    pub created_ms: i64,
    /// How long it keeps a record.
    pub retention_hours: i32,
    /// How many shards take records.
    pub open_shards: i32,
    active: bool,
}

/// One answer to a read.
pub(crate) struct ShardRecords {
    pub(crate) records: Vec<StreamRecord>,
    /// How far behind the tip, ms of arrival.
    pub(crate) behind_ms: i64,
    /// `None` at the end of a closed shard.
    pub(crate) next: Option<String>,
}

impl Client {
    /// Finds credentials and makes a client. The first call shows whether the stream exists.
    ///
    /// # Errors
    /// [`Error::Credentials`] when there are none, or their provider fails.
    pub async fn connect(address: &KinesisAddress, options: Options) -> Result<Self> {
        let http = Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let limits = TimeoutConfig::builder()
            .connect_timeout(options.connect_limit)
            .operation_attempt_timeout(options.call_limit)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(address.region().to_owned()))
            .http_client(http)
            // Who waits how long is decided here, where it is known what may be repeated.
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits);
        if let Some(credentials) = &options.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        let shared = loader.load().await;
        let credentials = shared
            .credentials_provider()
            .ok_or_else(|| Error::Credentials("none are configured".to_owned()))?;
        credentials
            .provide_credentials()
            .await
            .map_err(|error| Error::Credentials(root_cause(&error)))?;
        let mut config = aws_sdk_kinesis::config::Builder::from(&shared);
        if let Some(endpoint) = address.endpoint() {
            config = config.endpoint_url(endpoint.as_str());
        }
        Ok(Client {
            sdk: Sdk::from_conf(config.build()),
            stream: address.stream().into(),
            options: Arc::new(options),
            turns: Arc::default(),
        })
    }

    /// The name of the stream.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// What the client was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn sdk(&self) -> &Sdk {
        &self.sdk
    }

    /// What the stream says of itself.
    pub async fn summary(&self) -> Result<StreamSummary, CallFailure> {
        let call = self
            .sdk
            .describe_stream_summary()
            .stream_name(self.stream());
        let answer = call.send().await.map_err(self.failed("look at"))?;
        let summary = answer.stream_description_summary();
        let missing = || self.refused("look at", "the answer holds no summary");
        let summary = summary.ok_or_else(missing)?;
        Ok(StreamSummary {
            created_ms: ms_of(Some(summary.stream_creation_timestamp())),
            retention_hours: summary.retention_period_hours(),
            open_shards: summary.open_shard_count(),
            active: matches!(
                summary.stream_status(),
                StreamStatus::Active | StreamStatus::Updating
            ),
        })
    }

    /// Creates the stream with `shards` shards unless it exists, and waits until it can be used.
    pub async fn create(&self, shards: u16) -> Result<StreamSummary> {
        match self.summary().await {
            Ok(_) => return self.active().await,
            Err(failure) if failure.kind == FailureKind::Missing => {}
            Err(failure) if failure.is_transient() => return self.active().await,
            Err(failure) => return Err(failure.into()),
        }
        let call = self.sdk.create_stream().stream_name(self.stream());
        let created = call.shard_count(i32::from(shards)).send().await;
        match created.map_err(self.failed("create")) {
            // Somebody else was quicker.
            Err(failure) if failure.kind != FailureKind::InUse => Err(failure.into()),
            _ => self.active().await,
        }
    }

    /// Waits until the stream can be used.
    ///
    /// # Errors
    /// [`Error::NotActive`] after two minutes, or the first failure that no repetition mends.
    pub async fn active(&self) -> Result<StreamSummary> {
        let until = Instant::now() + ACTIVE_LIMIT;
        let mut backoff = Backoff::new(self.options.delays);
        loop {
            match self.summary().await {
                Ok(summary) if summary.active => return Ok(summary),
                Err(failure) if !failure.is_transient() => return Err(failure.into()),
                _ if Instant::now() > until => {
                    return Err(Error::NotActive {
                        stream: self.stream().to_owned(),
                        seconds: ACTIVE_LIMIT.as_secs(),
                    });
                }
                _ => sleep(backoff.next_delay()).await,
            }
        }
    }

    /// The value of a tag of the stream; `None` if it has no such tag.
    pub async fn tag(&self, key: &str) -> Result<Option<String>> {
        let mut tags = self.tags().await?.into_iter();
        Ok(tags.find(|(found, _)| found == key).map(|(_, value)| value))
    }

    /// All tags of the stream: keys and values. There are 50 at most, which one answer holds.
    pub async fn tags(&self) -> Result<Vec<(String, String)>> {
        let call = self.sdk.list_tags_for_stream().stream_name(self.stream());
        let answer = call.send().await.map_err(self.failed("read the tags of"))?;
        let tags = answer.tags().iter();
        Ok(tags
            .map(|tag| {
                let value = tag.value().unwrap_or_default();
                (tag.key().to_owned(), value.to_owned())
            })
            .collect())
    }

    /// Tags the stream; a tag with this key is replaced.
    pub async fn set_tag(&self, key: &str, value: &str) -> Result<()> {
        let call = self.sdk.add_tags_to_stream().stream_name(self.stream());
        call.tags(key, value)
            .send()
            .await
            .map_err(self.failed("tag"))?;
        Ok(())
    }

    /// Lengthens the retention of the stream to `hours`, which must be more than it is.
    pub async fn keep(&self, hours: i32) -> Result<()> {
        let call = self.sdk.increase_stream_retention_period();
        let call = call.stream_name(self.stream());
        let answer = call.retention_period_hours(hours).send().await;
        answer.map_err(self.failed("lengthen the retention of"))?;
        self.active().await.map(drop)
    }

    /// All shards that the stream still knows, closed ones too.
    pub async fn shards(&self) -> Result<Vec<Shard>, CallFailure> {
        let mut shards = Vec::new();
        let mut token = None;
        loop {
            let call = self.sdk.list_shards();
            // A page is asked for by its token alone.
            let call = match token.take() {
                Some(token) => call.next_token(token),
                None => call.stream_name(self.stream()),
            };
            let answer = call
                .send()
                .await
                .map_err(self.failed("list the shards of"))?;
            shards.extend(answer.shards().iter().filter_map(Shard::of));
            token = answer.next_token;
            if token.is_none() {
                return Ok(shards);
            }
        }
    }

    pub(crate) async fn iterator(
        &self,
        shard: &str,
        kind: ShardIteratorType,
        sequence: Option<&SequenceNumber>,
        time_ms: Option<i64>,
    ) -> Result<String, CallFailure> {
        let call = self.sdk.get_shard_iterator().stream_name(self.stream());
        let call = call.shard_id(shard).shard_iterator_type(kind);
        let answer = call
            .set_starting_sequence_number(sequence.map(|number| number.as_str().to_owned()))
            .set_timestamp(time_ms.map(DateTime::from_millis))
            .send()
            .await
            .map_err(self.failed("find the place in"))?;
        let missing = || self.refused("find the place in", "the answer holds no iterator");
        answer.shard_iterator.ok_or_else(missing)
    }

    pub(crate) async fn records(&self, iterator: &str) -> Result<ShardRecords, CallFailure> {
        let call = self.sdk.get_records().shard_iterator(iterator);
        let answer = call
            .limit(self.options.read_records)
            .send()
            .await
            .map_err(self.failed("read"))?;
        Ok(ShardRecords {
            behind_ms: answer.millis_behind_latest.unwrap_or(0),
            next: answer.next_shard_iterator,
            records: answer.records.into_iter().map(StreamRecord::from).collect(),
        })
    }

    /// Waits until a shard may be read again.
    pub(crate) async fn turn(&self, shard: &str) {
        let at = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            turns.retain(|_, next| *next > now);
            let at = turns.get(shard).copied().unwrap_or(now);
            turns.insert(shard.to_owned(), at + self.options.read_interval);
            at
        };
        sleep_until(at).await;
    }

    pub(crate) fn failed<E>(
        &self,
        action: &'static str,
    ) -> impl FnOnce(aws_sdk_kinesis::error::SdkError<E>) -> CallFailure
    where
        E: aws_sdk_kinesis::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        move |error| CallFailure::of(action, &self.stream, &error)
    }

    fn refused(&self, action: &'static str, cause: &str) -> CallFailure {
        CallFailure {
            kind: FailureKind::Refused,
            action,
            stream: self.stream().to_owned(),
            cause: cause.to_owned(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

impl From<aws_sdk_kinesis::types::Record> for StreamRecord {
    fn from(record: aws_sdk_kinesis::types::Record) -> Self {
        StreamRecord {
            arrived_ms: ms_of(record.approximate_arrival_timestamp.as_ref()),
            sequence: SequenceNumber::new(record.sequence_number),
            data: record.data.into_inner(),
        }
    }
}

fn ms_of(time: Option<&DateTime>) -> i64 {
    time.and_then(|time| time.to_millis().ok()).unwrap_or(0)
}
