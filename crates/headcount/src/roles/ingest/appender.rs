//! From sources to the journal: every message goes through the door and is durable before the
//! next batch of its source is.
//!
//! Exactly once: a batch's part of each partition carries the source's position in the same
//! atomic append. After a kill a source begins again at the least position of any partition, and
//! each partition skips what it has.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail};
use headcount_journal::{Entry, Error as JournalError, Journal, Receipt};
use headcount_record::{Control, DeadLetter, Door, PeopleKey, Reason};
use headcount_source::{
    message::{Batch, Broken, Gap, Item, Message, Position},
    sink::Held,
};
use tokio::sync::watch;

use crate::roles::ingest::resume::Known;

/// Batches on their way to a shared journal: enough for one transaction to hold what many partitions
/// of a topic bring.
const IN_FLIGHT: usize = 64;
/// How long a full disk is waited for before the attempt is reported again.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// The door to the journal. One thread owns it.
pub(crate) struct Ingest {
    journal: Arc<Journal>,
    door: Door,
    /// Numbers by name.
    numbers: HashMap<String, u16>,
    partitions: Vec<Shelf>,
    /// The oldest first.
    in_flight: VecDeque<InFlight>,
    /// How many batches may be on their way at once.
    in_flight_max: usize,
    /// Set when the process is to end: then a full disk is not waited for any longer.
    give_up: Arc<AtomicBool>,
    /// Says what is waited for, while it is.
    waiting: watch::Sender<Option<String>>,
    refused: BTreeMap<String, u64>,
    kept: u64,
}

/// What a partition has of sources.
#[derive(Default)]
struct Shelf {
    named: HashSet<u16>,
    /// The greatest position by what it is a position in.
    have: HashMap<String, u64>,
}

/// A batch that is not durable yet. It is kept so that it can be made again for a partition
/// whose disk was full.
struct InFlight {
    source: String,
    batch: Batch,
    /// Room in the queue of the source, given back when the batch is durable.
    held: Vec<Held>,
    receipts: Vec<(u16, Receipt)>,
    /// What the partitions had before it.
    had: Vec<Option<u64>>,
}

/// The part of a batch that is one partition's.
#[derive(Default)]
struct Part {
    entries: Vec<Entry>,
    received: u64,
    repaired: u64,
}

impl Ingest {
    pub(crate) fn new(
        journal: Arc<Journal>,
        people: Option<PeopleKey>,
        known: &[Known],
        waiting: watch::Sender<Option<String>>,
    ) -> Self {
        let partitions = journal.partitions();
        // On a disk that is full the order of batches must be kept, so there one waits for the
        // other. A shared journal has no such end, and puts all that waits into one transaction.
        let in_flight_max = if journal.dir().is_some() {
            1
        } else {
            IN_FLIGHT
        };
        let mut numbers = HashMap::new();
        let shelves = known
            .iter()
            .map(|known| {
                for (number, name) in &known.names {
                    numbers.insert(name.clone(), *number);
                }
                Shelf {
                    named: known.names.iter().map(|(number, _)| *number).collect(),
                    have: known
                        .positions
                        .iter()
                        .filter_map(|position| {
                            let of = position.get("of")?.as_str()?.to_owned();
                            Some((of, position.get("at")?.as_u64()?))
                        })
                        .collect(),
                }
            })
            .collect();
        Self {
            journal,
            door: Door::new(partitions, people),
            numbers,
            partitions: shelves,
            in_flight: VecDeque::new(),
            in_flight_max,
            give_up: Arc::default(),
            waiting,
            refused: BTreeMap::new(),
            kept: 0,
        }
    }

    pub(crate) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Set it to stop waiting for a full disk.
    pub(crate) fn give_up(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.give_up)
    }

    /// Records kept and records refused, by reason, since the start.
    pub(crate) fn counts(&self) -> (u64, &BTreeMap<String, u64>) {
        (self.kept, &self.refused)
    }

    /// Takes a batch of a source, and gives its room back when it is durable. Only so many batches
    /// are on their way at once.
    ///
    /// # Errors
    /// When the journal takes nothing any more.
    pub(crate) fn take(&mut self, source: &str, batch: Batch, held: Vec<Held>) -> Result<()> {
        let had = self.had(&batch);
        let parts = self.parts(source, &batch, None)?;
        // Only the oldest is waited for, so that there is always a next group for the journal.
        while self.in_flight.len() >= self.in_flight_max
            && let Some(oldest) = self.in_flight.pop_front()
        {
            self.settle_one(oldest)?;
        }
        let receipts = self.append(parts)?;
        self.in_flight.push_back(InFlight {
            source: source.to_owned(),
            batch,
            held,
            receipts,
            had,
        });
        Ok(())
    }

    /// Waits until everything taken is durable.
    pub(crate) fn settle(&mut self) -> Result<()> {
        for batch in std::mem::take(&mut self.in_flight) {
            self.settle_one(batch)?;
        }
        Ok(())
    }

    fn settle_one(&mut self, in_flight: InFlight) -> Result<()> {
        let InFlight {
            source,
            batch,
            held,
            receipts,
            had,
        } = in_flight;
        for (partition, mut receipt) in receipts {
            let mut told = false;
            loop {
                match receipt.wait() {
                    Ok(_) => {
                        if told {
                            tracing::info!("there is room again");
                            self.waiting.send_replace(None);
                        }
                        break;
                    }
                    Err(error @ JournalError::Full { .. }) => {
                        if self.is_ending() {
                            return Err(error).context(
                                "stop while the disk is full: the last records were not kept, \
                                 and come again only from a source that can be asked again",
                            );
                        }
                        if !told {
                            tracing::error!("{error}; waiting for room");
                            self.waiting
                                .send_replace(Some(format!("{error}; waiting for room")));
                            told = true;
                        }
                        std::thread::sleep(FULL_RETRY);
                        self.forget(partition, &source, &batch, &had);
                        let mut parts = self.parts(&source, &batch, Some(partition))?;
                        let entries = std::mem::take(&mut parts[usize::from(partition)].entries);
                        receipt = self.journal.append(partition, entries)?;
                    }
                    Err(error) => return Err(self.not_kept(error)),
                }
            }
        }
        drop(held);
        Ok(())
    }

    fn is_ending(&self) -> bool {
        self.give_up.load(Ordering::Relaxed)
    }

    fn not_kept(&self, error: JournalError) -> anyhow::Error {
        let what = if error.may_pass() && self.is_ending() {
            "stop while the journal is away: the last records were not kept, and come again only \
             from a source that can be asked again"
        } else {
            "append to the journal"
        };
        anyhow::Error::new(error).context(what)
    }

    /// Notes in every partition that a source has been read to this position, so that it need
    /// not be read again for those that had nothing of it.
    pub(crate) fn finish(&mut self, source: &str, position: &Position) -> Result<()> {
        self.settle()?;
        let Some(at) = position.at else { return Ok(()) };
        let number = self.number(source)?;
        let mut parts = self.empty_parts();
        for (shelf, part) in self.partitions.iter_mut().zip(&mut parts) {
            if shelf.have.get(&position.of).is_none_or(|&have| have < at) {
                name(shelf, number, source, part);
                shelf.have.insert(position.of.clone(), at);
                let entry = position_entry(number, Some(position), part)?;
                part.entries.push(entry);
            }
        }
        for (_, receipt) in self.append(parts)? {
            receipt.wait().map_err(|error| self.not_kept(error))?;
        }
        Ok(())
    }

    fn empty_parts(&self) -> Vec<Part> {
        self.partitions.iter().map(|_| Part::default()).collect()
    }

    /// What the partitions have of what this batch is a position in.
    fn had(&self, batch: &Batch) -> Vec<Option<u64>> {
        let of = batch.position.as_ref().map(|position| &position.of);
        self.partitions
            .iter()
            .map(|shelf| shelf.have.get(of?).copied())
            .collect()
    }

    /// Takes back that a partition has this batch.
    fn forget(&mut self, partition: u16, source: &str, batch: &Batch, had: &[Option<u64>]) {
        let at = usize::from(partition);
        // It may have been introduced with this batch.
        if let Some(number) = self.numbers.get(source) {
            self.partitions[at].named.remove(number);
        }
        if let Some(position) = &batch.position {
            match had[at] {
                Some(had) => self.partitions[at].have.insert(position.of.clone(), had),
                None => self.partitions[at].have.remove(&position.of),
            };
        }
    }

    /// Sends a batch through the door. With `only`, what is of other partitions is left out.
    fn parts(&mut self, source: &str, batch: &Batch, only: Option<u16>) -> Result<Vec<Part>> {
        let number = self.number(source)?;
        let mut parts = self.empty_parts();
        let position = batch.position.as_ref();
        for item in &batch.items {
            match item {
                Item::Message(message) => {
                    self.message(message, number, source, position, only, &mut parts);
                }
                Item::Gap(gap) => {
                    if only.is_none_or(|only| only == 0) {
                        name(&mut self.partitions[0], number, source, &mut parts[0]);
                        parts[0].entries.push(control(number, &gap_control(gap)));
                    }
                }
            }
        }
        for (shelf, part) in self.partitions.iter_mut().zip(&mut parts) {
            if part.entries.is_empty() {
                continue;
            }
            let entry = position_entry(number, position, part)?;
            part.entries.push(entry);
            if let Some((position, at)) = position.and_then(|p| Some((p, p.at?))) {
                shelf.have.insert(position.of.clone(), at);
            }
        }
        Ok(parts)
    }

    fn message(
        &mut self,
        message: &Message,
        number: u16,
        source: &str,
        position: Option<&Position>,
        only: Option<u16>,
        parts: &mut [Part],
    ) {
        let mut body = Vec::with_capacity(message.bytes.len() + 16);
        let admitted = match &message.broken {
            None => self.door.admit(&message.bytes, &mut body),
            Some(broken) => Err(crate::counting::reason_of(broken)),
        };
        let partition = admitted.as_ref().map_or(0, |admitted| admitted.partition);
        let at = usize::from(partition);
        let shelf = &mut self.partitions[at];
        let has_it = position.is_some_and(|position| {
            position.at.is_some()
                && shelf
                    .have
                    .get(&position.of)
                    .is_some_and(|&have| message.position <= have)
        });
        if has_it || only.is_some_and(|only| only != partition) {
            return;
        }
        let part = &mut parts[at];
        name(shelf, number, source, part);
        part.received += 1;
        match admitted {
            Ok(admitted) => {
                self.kept += 1;
                part.repaired += u64::from(admitted.repaired);
                part.entries.push(Entry {
                    kind: admitted.kind.number(),
                    source: number,
                    body,
                });
            }
            Err(reason) => {
                *self.refused.entry(reason.code().into_owned()).or_default() += 1;
                let letter = dead_letter(&self.door, &reason, message);
                part.entries
                    .push(control(number, &Control::Rejected(letter)));
            }
        }
    }

    fn append(&mut self, parts: Vec<Part>) -> Result<Vec<(u16, Receipt)>> {
        let mut receipts = Vec::new();
        for (part, at) in parts.into_iter().zip(0_u16..) {
            if !part.entries.is_empty() {
                let receipt = self.journal.append(at, part.entries);
                receipts.push((at, receipt.map_err(|error| self.not_kept(error))?));
            }
        }
        Ok(receipts)
    }

    /// The number of a source; a new name gets the next one.
    fn number(&mut self, source: &str) -> Result<u16> {
        if let Some(&number) = self.numbers.get(source) {
            return Ok(number);
        }
        let number = self
            .numbers
            .values()
            .max()
            .map_or(1, |greatest| greatest.saturating_add(1));
        if number == u16::MAX {
            bail!(
                "this journal has had {number} sources, no more fit; give a new journal another folder or name"
            );
        }
        self.numbers.insert(source.to_owned(), number);
        Ok(number)
    }
}

/// Introduces the source to the partition before its first entry there.
fn name(shelf: &mut Shelf, number: u16, source: &str, part: &mut Part) {
    if shelf.named.insert(number) {
        part.entries.push(control(
            number,
            &Control::Source {
                name: source.to_owned(),
            },
        ));
    }
}

fn control(source: u16, control: &Control) -> Entry {
    Entry {
        kind: control.kind().number(),
        source,
        body: control.to_body(),
    }
}

/// Ends a part: where the source stands, if it can say, and how much of it is here.
fn position_entry(number: u16, position: Option<&Position>, part: &Part) -> Result<Entry> {
    let body = Control::Position {
        of: position
            .map(|position| position.of.clone())
            .unwrap_or_default(),
        position: serde_json::to_value(position).context("write a position")?,
        received: part.received,
        repaired: part.repaired,
    };
    Ok(control(number, &body))
}

fn gap_control(gap: &Gap) -> Control {
    Control::Gap {
        from: gap.from_ms,
        to: gap.to_ms,
        cause: gap.cause.clone(),
    }
}

fn dead_letter(door: &Door, reason: &Reason, message: &Message) -> DeadLetter {
    let mut letter = door.refuse(reason, message.place.to_string(), &message.bytes);
    // Of a message that was too long only the beginning was kept; framing has measured it.
    if let Some(Broken::TooBig { length, sha256 }) = &message.broken {
        letter.length = *length;
        letter.sha256 = hex::encode(sha256);
    }
    letter
}
