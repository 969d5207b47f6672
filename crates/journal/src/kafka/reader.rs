//! Reading one partition: the next commit message, then from the topics what it names.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::consumer::BaseConsumer;
use serde::{Deserialize, Serialize};

use headcount_kafka::TracingContext;

use crate::Offset;
use crate::batch::Batch;
use crate::entry::Frame;
use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::kafka::message::{Commit, Item, Source, from_hex};
use crate::kafka::stream::{PartitionStream, Polled, RecordStream, TakeOutcome};
use crate::kafka::wait::Wakeup;
use crate::place::Place;
use crate::read_waker::{Interrupt, ReadWaker};

/// How long one wait is at most, so that what the client library has to say besides is heard. Records and the end of the
/// journal wake a reader at once.
const SLICE: Duration = Duration::from_secs(1);

/// What is fetched ahead of a reader, of each topic.
const AHEAD_KIB: &str = "8192";

/// Reads one partition.
pub(crate) struct KafkaReader {
    cluster: Arc<Cluster>,
    partition: u16,
    /// One past the last commit message when it was opened.
    end_at_opening: i64,
    consumer: Arc<BaseConsumer<TracingContext>>,
    commits: PartitionStream,
    /// The topics of records that were needed so far, by their names in commit messages.
    records: HashMap<String, RecordStream>,
    /// Notified when there is something in any of its queues, when the journal is closed, and by its waker.
    wakeup: Arc<Wakeup>,
    interrupt: Interrupt,
    /// The next entry.
    next: Offset,
    /// Entries before this one are not asked for.
    from: Offset,
    /// What was before the commit message that is read or comes next.
    at: Hint,
    /// The message that a place names as the last one before; it must be there.
    verify: Option<CommitMark>,
    numbers: HashMap<String, u16>,
    current: Option<Current>,
    /// Nothing was left to read up to here in the topic of commits.
    clear: i64,
    broken: Option<Error>,
}

/// What a place remembers beside the offset.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Hint {
    /// The commit message that is read or comes next.
    commits: i64,
    /// The offset of its first entry.
    base: Offset,
    /// The time of the entry before.
    time: i64,
    /// The sources by number, from 1.
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<CommitMark>,
}

/// A commit message by which a topic is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CommitMark {
    offset: i64,
    writer: String,
    seq: u64,
}

/// A batch that is being read.
struct Current {
    commit: Commit,
    /// Where its commit message is.
    offset: i64,
    end: Offset,
    time: i64,
    /// The numbers of its sources.
    numbers: Vec<u16>,
    topics_open: bool,
    item: usize,
    /// How many of the item have been read.
    done: u32,
}

impl KafkaReader {
    /// Begins where a place is, or without a hint at the beginning, and goes on to the offset.
    pub(super) fn open(cluster: &Arc<Cluster>, partition: u16, place: &Place) -> Result<Self> {
        let topic = &cluster.commits;
        let at: Hint = match place.hint.is_empty() {
            true => Hint::default(),
            false => serde_json::from_slice(&place.hint).map_err(|error| {
                Error::Option(format!(
                    "this is not a place in a journal on Kafka: {error}"
                ))
            })?,
        };
        // One message earlier: the last one read must still be there, or this is another topic of the same name.
        let start = at.last.as_ref().map_or(at.commits, |last| last.offset);
        let (low, high) = cluster.watermarks(topic, partition)?;
        if start < low || at.commits > high {
            let asked = if start < low { start } else { at.commits };
            return Err(Error::not_there(topic, partition, asked, low, high));
        }
        let consumer: Arc<BaseConsumer<TracingContext>> = cluster
            .consumer_config()
            .set("queued.max.messages.kbytes", AHEAD_KIB)
            .set("queued.min.messages", "20000")
            .set("fetch.message.max.bytes", (2 << 20).to_string())
            .create_with_context(TracingContext)
            .map(Arc::new)
            .map_err(|error| Error::cluster("connect to", &cluster.options.address, &error))?;
        let numbers = at
            .names
            .iter()
            .zip(1..)
            .map(|(name, number)| (name.clone(), number))
            .collect();
        let wakeup = Arc::default();
        cluster.register(&wakeup);
        Ok(Self {
            commits: PartitionStream::open(cluster, &consumer, topic, partition, start, &wakeup)?,
            cluster: Arc::clone(cluster),
            partition,
            end_at_opening: high,
            consumer,
            records: HashMap::new(),
            wakeup,
            interrupt: Interrupt::default(),
            next: at.base,
            from: place.offset,
            verify: at.last.clone(),
            numbers,
            at,
            current: None,
            clear: 0,
            broken: None,
        })
    }

    pub(crate) fn read(
        &mut self,
        batch: &mut Batch,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<usize> {
        batch.clear();
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let now = Instant::now();
        let deadline = now.checked_add(timeout).unwrap_or(now + SLICE);
        match self.fill(batch, max_bytes, deadline) {
            Ok(()) => Ok(batch.len()),
            Err(error) => {
                if !matches!(error, Error::Closed | Error::Cluster { .. }) {
                    self.broken = Some(error.clone());
                }
                match batch.is_empty() {
                    true => Err(error),
                    false => Ok(batch.len()),
                }
            }
        }
    }

    pub(crate) fn waker(&self) -> ReadWaker {
        let wakeup = Arc::clone(&self.wakeup);
        self.interrupt.waker(move || wakeup.notify())
    }

    pub(crate) fn position(&self) -> Offset {
        self.next.max(self.from)
    }

    pub(crate) fn partition(&self) -> u16 {
        self.partition
    }

    pub(crate) fn durable_end(&self) -> Offset {
        let read = self.current.as_ref().map_or(0, |current| current.end);
        self.position().max(read)
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            offset: self.position(),
            hint: serde_json::to_vec(&self.at).expect("a hint is plain data"),
        }
    }

    pub(crate) fn caught_up(&mut self) -> Result<bool> {
        let past = self.current.is_none() && self.at.commits >= self.end_at_opening;
        Ok(past || self.behind()? == 0)
    }

    pub(crate) fn behind(&mut self) -> Result<u64> {
        if let Some(current) = &self.current {
            return Ok((current.end - self.next).max(1));
        }
        let topic = &self.cluster.commits;
        let (_, high) = self.cluster.watermarks(topic, self.partition)?;
        if self.at.commits >= high || self.clear >= high {
            return Ok(0);
        }
        if self.commits.watermark()? < high {
            // Transactions that have not ended: there may be something in them.
            return Ok(1);
        }
        // What the library has said of the end may be old; after this it is not.
        let start = self
            .verify
            .as_ref()
            .map_or(self.at.commits, |last| last.offset);
        self.commits.seek(start)?;
        let deadline = Instant::now() + self.cluster.options.request_timeout;
        while Instant::now() < deadline {
            if self.poll_commits(SLICE)? {
                self.clear = high;
            }
            if let Some(current) = &self.current {
                return Ok(current.end - self.next);
            }
            if self.clear >= high {
                return Ok(0);
            }
        }
        Err(Error::cluster(
            "read",
            &self.cluster.commits,
            &"no answer in time",
        ))
    }

    /// A read that begins within a batch ends with it: whoever wants whole batches has them at every other read.
    fn fill(&mut self, batch: &mut Batch, max_bytes: usize, deadline: Instant) -> Result<()> {
        let within = self.current.is_some();
        loop {
            if self.current.is_none() && !self.next_batch(batch.is_empty(), deadline)? {
                let ended = batch.is_empty() && self.cluster.closed.is_set();
                return match ended && self.behind()? == 0 {
                    true => Err(Error::Closed),
                    false => Ok(()),
                };
            }
            let Some(mut current) = self.current.take() else {
                continue;
            };
            let whole = self.emit(&mut current, batch, max_bytes, deadline);
            if !matches!(whole, Ok(true)) {
                // Also after an error: when the brokers are back it goes on from here.
                self.current = Some(current);
                return whole.map(drop);
            }
            self.finish(current);
            if within && !batch.is_empty() {
                return Ok(());
            }
        }
    }

    /// Waits for a commit message; true if one came.
    fn next_batch(&mut self, may_wait: bool, deadline: Instant) -> Result<bool> {
        loop {
            let left = match may_wait {
                true => deadline.saturating_duration_since(Instant::now()),
                false => Duration::ZERO,
            };
            // What the library tells the consumer as a whole; no message comes this way.
            let _ = self.consumer.poll(Duration::ZERO);
            self.poll_commits(left.min(SLICE))?;
            if self.current.is_some() {
                return Ok(true);
            }
            if left.is_zero() || self.cluster.closed.is_set() || self.interrupt.take() {
                return Ok(false);
            }
        }
    }

    /// Polls the topic of commits once, and takes up the batch of a message that comes. True if its end was seen.
    fn poll_commits(&mut self, wait: Duration) -> Result<bool> {
        let (offset, commit) = match self.commits.poll(wait)? {
            Polled::Nothing => return Ok(false),
            Polled::End => return Ok(true),
            Polled::Message(message) => (
                message.offset(),
                Commit::parse(message.payload().unwrap_or_default()),
            ),
        };
        let commit = commit.map_err(|why| self.commits.damaged(offset, why))?;
        if let Some(last) = self.verify.take() {
            let found = CommitMark {
                offset,
                writer: commit.writer,
                seq: commit.seq,
            };
            return match found == last {
                true => Ok(false),
                false => Err(Error::Replaced {
                    topic: self.cluster.commits.clone(),
                    partition: self.partition,
                    offset: last.offset,
                }),
            };
        }
        self.begin(offset, commit)?;
        Ok(false)
    }

    /// Takes up a batch.
    fn begin(&mut self, offset: i64, commit: Commit) -> Result<()> {
        let numbers = commit
            .sources
            .iter()
            .map(|source| self.number(source, offset))
            .collect::<Result<_>>()?;
        let end = self.next + commit.count();
        self.at.commits = offset;
        let current = Current {
            time: commit.arrived,
            offset,
            end,
            numbers,
            commit,
            topics_open: false,
            item: 0,
            done: 0,
        };
        if end <= self.from {
            // Nothing of it is asked for, so its records need not be fetched.
            self.finish(current);
            return Ok(());
        }
        self.current = Some(current);
        Ok(())
    }

    /// Makes sure that a topic is read from an offset on.
    fn open_records(&mut self, name: &str, first: i64) -> Result<()> {
        if let Some(records) = self.records.get_mut(name) {
            return records.reach_back(first);
        }
        let (cluster, consumer) = (&self.cluster, &self.consumer);
        let topic = cluster.topic(name);
        let stream = PartitionStream::open(
            cluster,
            consumer,
            &topic,
            self.partition,
            first,
            &self.wakeup,
        )?;
        let records = RecordStream::new(stream, self.interrupt.clone());
        self.records.insert(name.to_owned(), records);
        Ok(())
    }

    /// The number of a source: names get them in their order of appearance in the partition, so all readers agree.
    fn number(&mut self, source: &Source, offset: i64) -> Result<u16> {
        let name = match source {
            Source::Number(number) => return Ok(*number),
            Source::Name(name) => name,
        };
        if let Some(&number) = self.numbers.get(name) {
            return Ok(number);
        }
        self.at.names.push(name.clone());
        let number = u16::try_from(self.at.names.len()).map_err(|_| {
            self.commits
                .damaged(offset, "there are more than 65,535 sources")
        })?;
        self.numbers.insert(name.clone(), number);
        Ok(number)
    }

    /// Gives entries of the batch; false if it is not at its end: the room is used up, or a record has not come yet.
    fn emit(
        &mut self,
        current: &mut Current,
        batch: &mut Batch,
        max_bytes: usize,
        deadline: Instant,
    ) -> Result<bool> {
        if !current.topics_open {
            for (name, first) in &current.commit.topics {
                self.open_records(name, *first)?;
            }
            current.topics_open = true;
        }
        while let Some(item) = current.commit.entries.get(current.item) {
            let decoded;
            let (kind, source, inline) = match item {
                Item::Run(_, kind, source, _) => (*kind, *source, None),
                Item::Text { kind, source, text } => (*kind, *source, Some(text.as_bytes())),
                Item::Bytes { kind, source, hex } => {
                    decoded = from_hex(hex).unwrap_or_default();
                    (*kind, *source, Some(decoded.as_slice()))
                }
            };
            let (next, wanted) = (self.next, self.next >= self.from);
            let waits = batch.is_empty();
            let mut accept = |body: &[u8]| {
                let fits = batch.is_empty() || batch.copied_bytes() + body.len() <= max_bytes;
                if wanted && fits {
                    batch.copy(&Frame {
                        offset: next,
                        appended_at_ms: current.time,
                        kind,
                        source: current.numbers[source as usize],
                        body,
                    });
                }
                fits || !wanted
            };
            let took = match (item, inline) {
                (_, Some(body)) if accept(body) => TakeOutcome::One,
                (Item::Run(topic, ..), None) => {
                    let (name, _) = &current.commit.topics[*topic as usize];
                    let records = self.records.get_mut(name);
                    let records = records.expect("the topics of a batch are opened first");
                    // What is there is given out rather than kept until more comes.
                    let until = if waits { deadline } else { Instant::now() };
                    let Commit { writer, seq, .. } = &current.commit;
                    records.take(writer.as_bytes(), *seq, until, accept)?
                }
                _ => TakeOutcome::Refused,
            };
            if took != TakeOutcome::One {
                return Ok(false);
            }
            self.next += 1;
            current.done += 1;
            if u64::from(current.done) == item.count() {
                (current.item, current.done) = (current.item + 1, 0);
            }
        }
        Ok(true)
    }

    fn finish(&mut self, current: Current) {
        debug_assert_eq!(
            self.next.max(self.from),
            current.end.max(self.from),
            "a batch is read whole"
        );
        self.next = current.end;
        self.at.commits = current.offset + 1;
        self.at.base = current.end;
        self.at.time = current.time;
        self.at.last = Some(CommitMark {
            offset: current.offset,
            writer: current.commit.writer,
            seq: current.commit.seq,
        });
    }
}
