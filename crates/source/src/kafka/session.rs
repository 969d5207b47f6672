//! From one connection to the next: partitions assigned, records taken, and a check of the topics now and then.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::address::From;
use super::begin::{Begin, PartitionName, Range, begin, mark_of, other_record};
use super::client::TopicClient;
use super::partition::TopicPartition;
use super::reader::{FirstStart, TopicReader};
use crate::message::{Gap, MessageBatch, SourceItem};
use crate::position::{Position, Resume};
use headcount_clock::now_ms;

/// How long a poll waits when no record is there (one that comes ends it at once), and with it how long a stop may.
const POLL: Duration = Duration::from_millis(100);

/// The longest that reading is held up by a question to a broker.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A connection with all partitions assigned.
pub(super) struct Session {
    client: TopicClient,
    parts: Vec<TopicPartition>,
    /// Where the last record was: the next one is mostly there too.
    last: usize,
    /// When it was last checked that the topics are as they were; `None` when it is time to.
    checked: Option<Instant>,
    /// No broker answered at that time.
    silent: bool,
}

/// Why a session ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// The sink accepts no more batches.
    Over,
    /// There is another state of things, which the next session finds out.
    Changed,
    Trouble(String),
    Missing(String),
}

impl Session {
    /// Connects, finds out where every partition begins, and tells what is lost.
    pub(super) fn open(reader: &mut TopicReader) -> Result<Self, SessionEnd> {
        let limit = reader.options.connect_limit.min(ANSWER_LIMIT);
        let client = TopicClient::new(&reader.address, limit)
            .map_err(|error| SessionEnd::Trouble(error.to_string()))?;
        let partitions = client.partitions(reader.address.topics())?;
        let cluster = client.cluster()?;
        let mut session = Session {
            client,
            parts: Vec::new(),
            last: 0,
            checked: Some(Instant::now()),
            silent: false,
        };
        let taken = reader.taken();
        let mut assigned = TopicPartitionList::new();
        for (topic, partition) in partitions {
            let name = PartitionName::new(&cluster, &topic, partition);
            let start = reader.start(&cluster);
            let from = session.begin(reader, (&topic, partition, name), &taken, start)?;
            let offset = Offset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
            assigned
                .add_partition_offset(&topic, partition, offset)
                .map_err(|error| SessionEnd::Trouble(error.to_string()))?;
        }
        session
            .client
            .consumer
            .assign(&assigned)
            .map_err(|error| SessionEnd::Trouble(error.to_string()))?;
        Ok(session)
    }

    /// Adds a partition; the offset to read it from.
    fn begin(
        &mut self,
        reader: &mut TopicReader,
        (topic, partition, mut name): (&str, i32, PartitionName),
        taken: &Resume,
        start: Option<FirstStart>,
    ) -> Result<u64, SessionEnd> {
        let range = self.client.range(topic, partition)?;
        let known = name.newest(taken);
        let begin = begin(known, range);
        let now_ms = now_ms();
        let seen_ms = known.and_then(Position::seen_ms);
        let gap = begin.gap(topic, partition, seen_ms.unwrap_or(now_ms), now_ms);
        let mut proof = None;
        let (name, from, taken) = match begin {
            Begin::First => {
                let from = self.first(reader, topic, partition, range, start)?;
                (name, from, from)
            }
            Begin::On { from, taken } => {
                proof = known.and_then(mark_of);
                (name, from, taken)
            }
            Begin::Lost { low, .. } => (name, low, low),
            Begin::Other { .. } => (name.next_generation(), range.low, range.low),
        };
        let part = TopicPartition::new(topic, partition, name, taken)
            .with_proof(proof)
            .begun(start.map(|start| start.ms));
        tell(reader, part.position(), gap)?;
        self.parts.push(part);
        Ok(from)
    }

    /// Where a partition begins that was never read.
    fn first(
        &self,
        reader: &TopicReader,
        topic: &str,
        partition: i32,
        range: Range,
        start: Option<FirstStart>,
    ) -> Result<u64, SessionEnd> {
        let at_time = |ms| {
            let found = self.client.at_time(topic, partition, ms)?;
            Ok(found.unwrap_or(range.high))
        };
        match (reader.address.from(), start) {
            (From::Time(ms), _) => at_time(ms),
            // Nothing of it was kept when the source was started for the first time; something may have come since.
            (From::Latest, Some(start)) if start.is_old => at_time(start.ms),
            (From::Latest, _) if !reader.was_live => Ok(range.high),
            // Also a partition that came to a topic while that was read.
            _ => Ok(range.low),
        }
    }

    /// Reads until something ends the session.
    pub(super) fn read(mut self, reader: &mut TopicReader) -> SessionEnd {
        let ended = loop {
            if let Err(end) = self.step(reader) {
                break end;
            }
        };
        // What was put together is as good as ever.
        match self.hand_on_all(reader) {
            Ok(()) => ended,
            Err(end) => end,
        }
    }

    /// Takes one record, or does what is to be done when none is there.
    fn step(&mut self, reader: &mut TopicReader) -> Result<(), SessionEnd> {
        let mut polled = self.client.consumer.poll(Duration::ZERO);
        if polled.is_none() {
            for part in &mut self.parts {
                hand_on(reader, part)?;
            }
            if self.is_check_due(reader) {
                return self.check(reader);
            }
            if reader.is_over() {
                return Err(SessionEnd::Over);
            }
            polled = self.client.consumer.poll(POLL);
        }
        // The next session looks whether the last record of each partition is still there.
        if self.client.consumer.context().made_anew() {
            return Err(SessionEnd::Changed);
        }
        let record = match polled {
            None => return Ok(()),
            Some(Ok(record)) => record,
            Some(Err(error)) => {
                tracing::debug!(%error, "kafka");
                self.checked = None;
                return ended_by(&error);
            }
        };
        let (topic, partition) = (record.topic(), record.partition());
        if !self.parts[self.last].is(topic, partition) {
            let found = self.parts.iter().position(|part| part.is(topic, partition));
            let Some(found) = found else { return Ok(()) };
            self.last = found;
        }
        let part = &mut self.parts[self.last];
        if let Err(mark) = part.take(&record) {
            drop(record);
            return Err(self.other_record(reader, mark.at));
        }
        let full = part.bytes() >= reader.options.batch_bytes
            || part.items() >= reader.options.batch_items;
        if full {
            hand_on(reader, part)?;
            if self.silent || self.is_check_due(reader) {
                drop(record);
                return self.check(reader);
            }
        }
        Ok(())
    }

    fn hand_on_all(&mut self, reader: &mut TopicReader) -> Result<(), SessionEnd> {
        self.parts
            .iter_mut()
            .try_for_each(|part| hand_on(reader, part))
    }

    /// What stands where the last record was read is not what was read there before.
    fn other_record(&mut self, reader: &mut TopicReader, at: u64) -> SessionEnd {
        // What was put together of it comes again under another name.
        let part = self.parts.swap_remove(self.last);
        let low = match self.client.range(&part.topic, part.partition) {
            Ok(range) => range.low,
            Err(end) => return end,
        };
        let now_ms = now_ms();
        let seen_ms = reader.seen_ms(&part.name.of()).unwrap_or(now_ms);
        let gap = other_record(&part.topic, part.partition, at, seen_ms, now_ms);
        let start_ms = part.start_ms();
        let name = part.name.next_generation();
        let anew = TopicPartition::new(&part.topic, part.partition, name, low).begun(start_ms);
        match tell(reader, anew.position(), Some(gap)) {
            Ok(()) => SessionEnd::Changed,
            Err(end) => end,
        }
    }

    fn is_check_due(&self, reader: &TopicReader) -> bool {
        let every = if self.silent {
            reader.options.delays.first / 2
        } else {
            reader.options.ping_interval
        };
        self.checked
            .is_none_or(|checked| checked.elapsed() >= every)
    }

    /// Checks that a broker answers and that the topics are as they were.
    fn check(&mut self, reader: &mut TopicReader) -> Result<(), SessionEnd> {
        let found = self.client.partitions(reader.address.topics());
        self.checked = Some(Instant::now());
        match found {
            Ok(found) if found.len() != self.parts.len() => Err(SessionEnd::Changed),
            Ok(_) => {
                if self.silent {
                    self.silent = false;
                    reader.alive();
                }
                Ok(())
            }
            // The library connects again by itself.
            Err(SessionEnd::Trouble(cause)) => {
                self.silent = true;
                reader.trouble(&cause);
                Ok(())
            }
            Err(end) => Err(end),
        }
    }
}

/// Hands on what was put together of a partition.
fn hand_on(reader: &mut TopicReader, part: &mut TopicPartition) -> Result<(), SessionEnd> {
    match part.batch() {
        Some(batch) => reader.hand_on(batch).map_err(|_| SessionEnd::Over),
        None => Ok(()),
    }
}

/// Notes where a partition begins, and hands on what is lost before that.
fn tell(reader: &mut TopicReader, position: Position, gap: Option<Gap>) -> Result<(), SessionEnd> {
    let Some(gap) = gap else {
        reader.note(position);
        return Ok(());
    };
    tracing::warn!("{}", gap.cause);
    reader.report.change(|status| status.gaps += 1);
    let batch = MessageBatch {
        items: vec![SourceItem::Gap(gap)],
        position: Some(position),
    };
    reader.hand_on(batch).map_err(|_| SessionEnd::Over)
}

/// Whether an error ends the session. Trouble with connections does not.
fn ended_by(error: &KafkaError) -> Result<(), SessionEnd> {
    match (error, error.rdkafka_error_code()) {
        // The offset is not there (any more), or the topic is not: the next session finds out why.
        (
            _,
            Some(
                Code::AutoOffsetReset
                | Code::OffsetOutOfRange
                | Code::UnknownTopic
                | Code::UnknownTopicOrPartition
                | Code::UnknownPartition
                | Code::UnknownTopicId,
            ),
        ) => Err(SessionEnd::Changed),
        (KafkaError::MessageConsumptionFatal(_), _) => Err(SessionEnd::Trouble(format!(
            "the Kafka client gave up: {error}"
        ))),
        _ => Ok(()),
    }
}
