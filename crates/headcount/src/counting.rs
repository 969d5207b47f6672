//! Counts recordings in memory on all cores and stores nothing.
//!
//! In every round each worker reads a block in turn, decodes it, and then applies to its own
//! partition what all workers decoded for it. Only decoded records pass between threads, never raw ones.
//!
//! ```text
//!  reader ─▶ block 0 ─▶ worker 0: decode ─┬─╮ all ╭─▶ worker 0: apply to partition 0
//!         └▶ block 1 ─▶ worker 1: decode ─┴─╯     ╰─▶ worker 1: apply to partition 1
//! ```
//!
//! Blocks are applied in the order in which they were read, so an event's records keep theirs.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, RwLock},
};

use headcount_clock::now_ms;
use headcount_engine::{Declared, Filter, PartialAggregate, Partition, Summary};
use headcount_mapping::Mapping;
use headcount_record::{
    Decoder, Dictionary, EventRecord, Key, Kind, Masking, Other, Reason, Record, Rsvp, Schema,
    Withdrawal, partition_of,
};
use headcount_source::framing::{Block, BlockReader, ScanMode, values_in};

use crate::{
    roles::ingest::clock_lead::{ClockLead, RECENT},
    schema::kinds_of,
    team::lead,
};

/// Bytes that a worker decodes in one round: few enough to stay in its core's cache from reading to
/// decoding, and enough that waiting for the other workers does not matter.
const BLOCK_BYTES: usize = 1 << 20;

const PANICKED: &str = "no worker panicked";

/// Counts the records of readers, one reader after the other.
pub(crate) struct Counter {
    workers: Vec<Worker>,
    schema: Arc<dyn Schema>,
    /// What makes records of the schema of what is read, if that are none.
    mapping: Option<Arc<Mapping>>,
    /// The kinds of the schema's feeds.
    kinds: Vec<Kind>,
    sources: u16,
    arrived: i64,
}

/// A decoder with what it decoded in this round, and the partition of this worker.
struct Worker {
    decoding: RwLock<Decoding>,
    partition: Mutex<Partition>,
}

struct Decoding {
    decoder: Decoder,
    block: Block,
    /// When the block was read: blocks are numbered.
    turn: u64,
    /// Reused for its memory only.
    results: Vec<Result<Record, Reason>>,
    /// By partition, as the next two are.
    rsvps: Vec<Vec<Rsvp>>,
    events: Vec<Vec<EventRecord>>,
    withdrawals: Vec<Vec<Withdrawal>>,
    others: Vec<Vec<Other>>,
    refused: Vec<Reason>,
    /// Records of this block in which half an emoji was repaired.
    repaired: u64,
    /// The record times of some of its last answers, ms since 1970.
    last_times: Vec<i64>,
    /// Partitions by event.
    routes: Routes,
}

/// What became of an input.
pub(crate) struct CountedInput {
    pub(crate) values: ValueCounts,
    /// Whether this machine's clock is behind its records, as a sentence.
    pub(crate) notice: Option<String>,
    /// What reading it failed with, if it did.
    pub(crate) ended: io::Result<()>,
}

/// How many values of an input were records, and how many were refused.
#[derive(Clone, Copy, Default)]
pub(crate) struct ValueCounts {
    pub(crate) records: u64,
    pub(crate) refused: u64,
}

/// The reader that all workers take blocks from, in turn.
struct SharedReader<R> {
    blocks: BlockReader<R>,
    turns: u64,
}

#[derive(Clone, Copy)]
enum CountingPhase {
    Decode,
    Apply,
}

impl Counter {
    /// A counter with this many workers for records of a schema.
    pub(crate) fn new(
        workers: usize,
        schema: &Arc<dyn Schema>,
        mapping: Option<Arc<Mapping>>,
    ) -> Self {
        let kinds = kinds_of(&**schema, Kind::FIRST_REGISTERED);
        Self {
            workers: (0..workers).map(|_| Worker::new(schema, &kinds)).collect(),
            schema: Arc::clone(schema),
            mapping,
            kinds,
            sources: 0,
            arrived: now_ms(),
        }
    }

    /// Counts all records of `reader`, in the ledger under `name`. Records before an error count too.
    pub(crate) fn count(&mut self, name: &str, reader: impl Read + Send) -> CountedInput {
        let source = self.sources;
        self.sources += 1;
        let reading = Mutex::new(SharedReader {
            blocks: BlockReader::new(reader, ScanMode::Lines, BLOCK_BYTES),
            turns: 0,
        });
        let step = |at: usize, step: CountingPhase| match step {
            CountingPhase::Decode => self.decode(at, &reading),
            CountingPhase::Apply => {
                self.apply(at, source, name);
                Ok(None)
            }
        };
        let (mut values, mut clock_lead) = (ValueCounts::default(), ClockLead::default());
        let ended = lead(self.workers.len(), &step, |team| {
            loop {
                let (mut more, mut failed) = (false, Ok(()));
                for decoded in team.all(CountingPhase::Decode) {
                    match decoded {
                        Ok(Some(block)) => {
                            more = true;
                            values.records += block.records;
                            values.refused += block.refused;
                        }
                        Ok(None) => {}
                        Err(error) => failed = Err(error),
                    }
                }
                team.all(CountingPhase::Apply);
                for worker in &self.workers {
                    let mut decoding = worker.decoding.write().expect(PANICKED);
                    for time in decoding.last_times.drain(..) {
                        clock_lead.observe(time, self.arrived);
                    }
                }
                if failed.is_err() || !more {
                    return failed;
                }
            }
        });
        CountedInput {
            values,
            notice: clock_lead.notice(),
            ended,
        }
    }

    /// Reads and decodes the next block, if there is one.
    fn decode(
        &self,
        at: usize,
        reading: &Mutex<SharedReader<impl Read>>,
    ) -> io::Result<Option<ValueCounts>> {
        let mut decoding = self.workers[at].decoding.write().expect(PANICKED);
        decoding.clear(self.workers.len());
        let read = {
            let mut reading = reading.lock().expect(PANICKED);
            decoding.turn = reading.turns;
            reading.turns += 1;
            reading.blocks.read(&mut decoding.block)?
        };
        decoding.decode(self.mapping.as_deref());
        let records = decoding.records();
        Ok(read.then_some(ValueCounts {
            records: records as u64,
            refused: decoding.refused.len() as u64,
        }))
    }

    /// Applies what all workers decoded for a partition.
    fn apply(&self, at: usize, source: u16, name: &str) {
        let mut partition = self.workers[at].partition.lock().expect(PANICKED);
        let decoded = |worker: &'_ Worker| worker.decoding.read().expect(PANICKED).turn;
        let mut senders: Vec<_> = self.workers.iter().enumerate().collect();
        senders.sort_by_key(|(_, worker)| decoded(worker));
        for (sender, worker) in senders {
            let decoding = worker.decoding.read().expect(PANICKED);
            let dictionary = decoding.decoder.dictionary();
            let (rsvps, events) = (&decoding.rsvps[at], &decoding.events[at]);
            // An answer's kind is that of the first feed.
            let kind = self.kinds[0];
            partition.apply_rsvps(kind, sender, dictionary, rsvps, source, self.arrived);
            if let Some(event) = events.first() {
                let kind = self.kinds[self.schema.feed_of(&Record::Event(*event))];
                partition.apply_events(kind, sender, dictionary, events, source, self.arrived);
            }
            for withdrawal in &decoding.withdrawals[at] {
                let kind = self.kinds[self.schema.feed_of(&Record::Withdrawal(*withdrawal))];
                partition.apply_withdrawal(kind, *withdrawal, source, self.arrived);
            }
            for other in &decoding.others[at] {
                let kind = self.kinds[usize::from(other.feed)];
                partition.apply_other(kind, other.clone(), source, self.arrived);
            }
            let account = partition.account(source, name);
            let others = decoding.others[at].len();
            let withdrawals = decoding.withdrawals[at].len();
            account.received += (rsvps.len() + events.len() + withdrawals + others) as u64;
            if at == 0 {
                account.repaired += decoding.repaired;
                account.received += decoding.refused.len() as u64;
                for reason in &decoding.refused {
                    let code = reason.code().into_owned();
                    *account.rejected.entry(code).or_default() += 1;
                }
            }
        }
    }

    /// The summary so far.
    pub(crate) fn summary(&self) -> Summary {
        let partitions: Vec<_> = self
            .workers
            .iter()
            .map(|w| w.partition.lock().expect(PANICKED))
            .collect();
        let partitions: Vec<&Partition> = partitions.iter().map(|part| &**part).collect();
        PartialAggregate::of(&partitions, Filter::default(), true).summary()
    }
}

impl Worker {
    fn new(schema: &Arc<dyn Schema>, kinds: &[Kind]) -> Self {
        let mut partition = Partition::new();
        if kinds[0].is_registered() {
            partition.expect_schema(Declared::new(kinds[0], &**schema));
        }
        Self {
            decoding: RwLock::new(Decoding::new(schema)),
            partition: Mutex::new(partition),
        }
    }
}

impl Decoding {
    fn new(schema: &Arc<dyn Schema>) -> Self {
        Self {
            decoder: Decoder::of(Arc::clone(schema)),
            block: Block::default(),
            turn: 0,
            results: Vec::new(),
            rsvps: Vec::new(),
            events: Vec::new(),
            withdrawals: Vec::new(),
            others: Vec::new(),
            refused: Vec::new(),
            routes: Routes::default(),
            repaired: 0,
            last_times: Vec::new(),
        }
    }

    fn clear(&mut self, partitions: usize) {
        self.rsvps.resize_with(partitions, Vec::new);
        self.events.resize_with(partitions, Vec::new);
        self.withdrawals.resize_with(partitions, Vec::new);
        self.others.resize_with(partitions, Vec::new);
        self.rsvps.iter_mut().for_each(Vec::clear);
        self.events.iter_mut().for_each(Vec::clear);
        self.withdrawals.iter_mut().for_each(Vec::clear);
        self.others.iter_mut().for_each(Vec::clear);
        self.refused.clear();
        // The previous round is applied, so nothing refers to its keys any more.
        self.decoder.keep_bounded();
        self.routes.follow(self.decoder.dictionary());
    }

    /// How many records the block had.
    fn records(&self) -> usize {
        let counts = [
            self.rsvps.iter().map(Vec::len).sum::<usize>(),
            self.events.iter().map(Vec::len).sum(),
            self.withdrawals.iter().map(Vec::len).sum(),
            self.others.iter().map(Vec::len).sum(),
        ];
        counts.iter().sum()
    }

    /// What a mapping makes of lines.
    fn map(&mut self, mapping: &Mapping, lines: &[&[u8]]) {
        for line in lines {
            for found in mapping.read(line, &Masking::Nothing) {
                match found.line.and_then(|line| self.decoder.decode(&line)) {
                    Ok(record) => self.route(record),
                    Err(reason) => self.refused.push(reason),
                }
            }
        }
    }

    fn decode(&mut self, mapping: Option<&Mapping>) {
        let block = std::mem::take(&mut self.block);
        let mut results = std::mem::take(&mut self.results);
        let repaired = self.decoder.repaired();
        let broken = block.spans.iter().filter_map(|span| span.broken.as_ref());
        self.refused.extend(broken.map(reason_of));
        let sound = || block.iter().filter(|(span, _)| span.broken.is_none());
        // A list that grows leaves memory behind in every block, which the kernel clears again.
        let mut lines: Vec<&[u8]> = Vec::with_capacity(block.spans.len());
        lines.extend(sound().map(|(_, bytes)| bytes));
        match mapping {
            Some(mapping) => self.map(mapping, &lines),
            None => self.decoder.decode_all(&lines, &mut results),
        }
        for ((span, bytes), result) in sound().zip(results.drain(..)) {
            match result {
                Ok(record) => self.route(record),
                // A line whose values framing has not separated may hold several, or broken ones.
                Err(Reason::BadJson) if !span.proved => self.look_into(bytes),
                Err(reason) => self.refused.push(reason),
            }
        }
        let last = |rsvps: &Vec<Rsvp>| rsvps.len().saturating_sub(RECENT);
        self.last_times = self
            .rsvps
            .iter()
            .flat_map(|rsvps| &rsvps[last(rsvps)..])
            .map(|rsvp| rsvp.version.time())
            .collect();
        self.repaired = self.decoder.repaired() - repaired;
        self.results = results;
        self.block = block;
    }

    fn look_into(&mut self, line: &[u8]) {
        for span in values_in(line) {
            match (&span.broken, self.decoder.decode(span.bytes(line))) {
                (None, Ok(record)) => self.route(record),
                (None, Err(reason)) => self.refused.push(reason),
                (Some(broken), _) => self.refused.push(reason_of(broken)),
            }
        }
    }

    fn route(&mut self, record: Record) {
        let partitions = self.rsvps.len() as u16;
        match record {
            Record::Rsvp(rsvp) => {
                let dictionary = self.decoder.dictionary();
                let at = self.routes.of(dictionary, rsvp.event, partitions);
                self.rsvps[usize::from(at)].push(rsvp);
            }
            Record::Event(facts) => {
                let dictionary = self.decoder.dictionary();
                let at = self.routes.of(dictionary, facts.event, partitions);
                self.events[usize::from(at)].push(facts);
            }
            Record::Withdrawal(withdrawal) => {
                let namespace = self.decoder.schema().namespace();
                let at = partition_of(namespace, "", partitions);
                self.withdrawals[usize::from(at)].push(withdrawal);
            }
            Record::Other(other) => {
                let namespace = self.decoder.schema().namespace();
                let at = other
                    .event
                    .as_deref()
                    .map_or(0, |event| partition_of(namespace, event, partitions));
                self.others[usize::from(at)].push(other);
            }
        }
    }
}

/// The partitions of a dictionary's events.
#[derive(Default)]
struct Routes {
    generation: u64,
    partitions: Vec<Option<u16>>,
}

impl Routes {
    fn follow(&mut self, dictionary: &Dictionary) {
        if self.generation != dictionary.generation() {
            self.generation = dictionary.generation();
            self.partitions.clear();
        }
    }

    fn of(&mut self, dictionary: &Dictionary, event: Key, partitions: u16) -> u16 {
        let at = event.index();
        if self.partitions.len() <= at {
            self.partitions.resize(at + 1, None);
        }
        *self.partitions[at].get_or_insert_with(|| {
            let event = dictionary.event(event);
            partition_of(event.namespace, &event.id, partitions)
        })
    }
}

/// The reason code of a value that framing found broken.
pub(crate) fn reason_of(broken: &headcount_source::message::Broken) -> Reason {
    use headcount_source::message::Broken;
    match broken {
        Broken::TooBig { .. } => Reason::TooBig,
        Broken::TooDeep => Reason::TooDeep,
        Broken::NotJson => Reason::BadJson,
        Broken::NotUtf8 => Reason::BadUtf8,
    }
}
