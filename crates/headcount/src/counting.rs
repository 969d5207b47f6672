//! Counting a recording in memory on all cores, nothing kept.
//!
//! One thread reads and cuts; in every round each worker decodes a block, then enters into its
//! own partition what all workers decoded for it. Decoded records travel, raw ones never do.
//!
//! ```text
//!  reader ─▶ block 0 ─▶ worker 0: decode ─┬─╮ barrier ╭─▶ worker 0: apply to partition 0
//!         └▶ block 1 ─▶ worker 1: decode ─┴─╯         ╰─▶ worker 1: apply to partition 1
//! ```
//!
//! Blocks are applied in the order in which they were read, so an event's records keep theirs.

use std::{
    io::{self, Read},
    sync::{Barrier, Mutex, RwLock},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use headcount_engine::{Partition, Scope, Summary, Survey, stream_time_of_all};
use headcount_record::{Decoder, Other, Reason, Record, Rsvp, partition_of};
use headcount_source::framing::{Block, BlockReader, Look, Piece, values_in};

/// Bytes that a worker decodes in one round.
const BLOCK_BYTES: usize = 2 << 20;

/// Counts what readers give, one after the other.
pub(crate) struct Counter {
    workers: Vec<Worker>,
    sources: u16,
    arrived: i64,
}

/// A decoder with what it decoded in this round, and the partition it keeps.
#[derive(Default)]
struct Worker {
    decoding: RwLock<Decoding>,
    partition: Mutex<Partition>,
}

#[derive(Default)]
struct Decoding {
    decoder: Decoder,
    block: Block,
    /// By partition.
    rsvps: Vec<Vec<Rsvp>>,
    others: Vec<Vec<Other>>,
    refused: Vec<Reason>,
}

impl Counter {
    /// A counter of so many workers.
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers: (0..workers).map(|_| Worker::default()).collect(),
            sources: 0,
            arrived: now(),
        }
    }

    /// Counts all that `reader` gives; `name` is its line in the ledger.
    pub(crate) fn count(&mut self, name: &str, reader: impl Read + Send) -> io::Result<()> {
        let source = self.sources;
        self.sources += 1;
        let mut blocks = BlockReader::new(reader, Look::Lines, BLOCK_BYTES);
        let mut spare: Vec<Block> = self.workers.iter().map(|_| Block::default()).collect();
        let mut more = fill(&mut blocks, &mut spare)?;
        while more {
            for (worker, block) in self.workers.iter().zip(&mut spare) {
                let mut decoding = worker.decoding.write().expect("no worker panicked");
                std::mem::swap(&mut decoding.block, block);
            }
            more = self.round(source, name, || fill(&mut blocks, &mut spare))?;
        }
        Ok(())
    }

    /// Lets every worker decode its block and apply what is its partition's, while `meanwhile`
    /// reads the next blocks.
    fn round<T>(&self, source: u16, name: &str, meanwhile: impl FnOnce() -> T) -> T {
        let decoded = Barrier::new(self.workers.len());
        thread::scope(|scope| {
            for at in 0..self.workers.len() {
                let decoded = &decoded;
                scope.spawn(move || {
                    let worker = &self.workers[at];
                    let partitions = self.workers.len();
                    worker
                        .decoding
                        .write()
                        .expect("no worker panicked")
                        .decode(partitions);
                    decoded.wait();
                    let mut partition = worker.partition.lock().expect("no worker panicked");
                    self.apply(at, &mut partition, source, name);
                });
            }
            meanwhile()
        })
    }

    fn apply(&self, at: usize, partition: &mut Partition, source: u16, name: &str) {
        for (sender, worker) in self.workers.iter().enumerate() {
            let decoding = worker.decoding.read().expect("no worker panicked");
            let dictionary = decoding.decoder.dictionary();
            let mut received = (decoding.rsvps[at].len() + decoding.others[at].len()) as u64;
            partition.apply_rsvps(
                sender,
                dictionary,
                &decoding.rsvps[at],
                source,
                self.arrived,
            );
            for other in &decoding.others[at] {
                partition.apply_other(other.clone(), source, self.arrived);
            }
            let account = partition.account(source, name);
            if at == 0 {
                for reason in &decoding.refused {
                    *account
                        .rejected
                        .entry(reason.code().into_owned())
                        .or_default() += 1;
                }
                received += decoding.refused.len() as u64;
            }
            account.received += received;
        }
    }

    /// The answer so far.
    pub(crate) fn summary(&self) -> Summary {
        let partitions: Vec<_> = self
            .workers
            .iter()
            .map(|w| w.partition.lock().expect("no worker panicked"))
            .collect();
        let stream_time = stream_time_of_all(partitions.iter().map(|part| part.stream_time()));
        let scope = Scope {
            stream_time,
            whole: true,
            ..Scope::default()
        };
        partitions
            .iter()
            .map(|partition| partition.survey(&scope))
            .reduce(Survey::and)
            .expect("there is a worker")
            .summary()
    }
}

impl Decoding {
    fn decode(&mut self, partitions: usize) {
        self.rsvps.resize_with(partitions, Vec::new);
        self.others.resize_with(partitions, Vec::new);
        self.rsvps.iter_mut().for_each(Vec::clear);
        self.others.iter_mut().for_each(Vec::clear);
        self.refused.clear();
        // What was decoded in the round before is counted: nothing holds on to its keys.
        self.decoder.keep_bounded();
        let block = std::mem::take(&mut self.block);
        for (piece, bytes) in block.iter() {
            self.piece(piece, bytes);
        }
        self.block = block;
    }

    fn piece(&mut self, piece: &Piece, bytes: &[u8]) {
        if let Some(broken) = &piece.broken {
            self.refused.push(reason_of(broken));
            return;
        }
        match self.decoder.decode(bytes) {
            Ok(record) => self.route(record),
            // A line that was not looked into may hold several values, or broken ones.
            Err(Reason::BadJson) if !piece.proved => {
                for inner in values_in(bytes) {
                    let bytes = inner.bytes(bytes);
                    match (&inner.broken, self.decoder.decode(bytes)) {
                        (None, Ok(record)) => self.route(record),
                        (None, Err(reason)) => self.refused.push(reason),
                        (Some(broken), _) => self.refused.push(reason_of(broken)),
                    }
                }
            }
            Err(reason) => self.refused.push(reason),
        }
    }

    fn route(&mut self, record: Record) {
        let partitions = self.rsvps.len() as u16;
        match record {
            Record::Rsvp(rsvp) => {
                let event = &self.decoder.dictionary().event(rsvp.event).id;
                self.rsvps[usize::from(partition_of(event, partitions))].push(rsvp);
            }
            Record::Other(other) => {
                let at = other
                    .event
                    .as_deref()
                    .map_or(0, |event| partition_of(event, partitions));
                self.others[usize::from(at)].push(other);
            }
        }
    }
}

/// The reason of a piece that framing knows to be none.
pub(crate) fn reason_of(broken: &headcount_source::message::Broken) -> Reason {
    use headcount_source::message::Broken;
    match broken {
        Broken::TooBig { .. } => Reason::TooBig,
        Broken::TooDeep => Reason::TooDeep,
        Broken::NotJson => Reason::BadJson,
    }
}

/// Fills every block; whether there was anything left to read.
fn fill<R: Read>(reader: &mut BlockReader<R>, blocks: &mut [Block]) -> io::Result<bool> {
    let mut any = false;
    for block in blocks {
        any |= reader.read(block)?;
    }
    Ok(any)
}

/// Milliseconds since 1970 by the clock on the wall.
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis().try_into().unwrap_or(i64::MAX))
}
