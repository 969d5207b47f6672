//! Appends the messages of sources to the journal: each is decoded and validated, and is durable before the next batch of
//! its source is.
//!
//! Exactly once: what an append brings to a partition carries the source's position in the same atomic append. After a
//! kill a source resumes at the least position of any partition, and each partition skips what it has. A batch that
//! would write much more than it has read is appended in several parts, each with the position of its last message.

mod door;
mod in_flight;
mod partition_batch;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use anyhow::Result;
use headcount_clock::now_ms;
use headcount_journal::{Error as JournalError, Journal, Receipt};
use headcount_record::{Admission, Control, DeadLetter, Masking, Reason, Schema};
use headcount_source::{
    Position,
    message::{Broken, Gap, Message, MessageBatch, SourceItem},
    sink::QueuePermit,
};
use tokio::sync::watch;

use self::{
    door::Door,
    in_flight::{InFlight, not_kept},
    partition_batch::{PartitionBatch, PartitionCursor},
};
use crate::{
    event_bus::{EventBus, Notices},
    mappings::Mappings,
    metrics::{DecodeStage, METRICS},
    roles::ingest::{
        clock_lead::ClockLead,
        dead_letter_sampler::DeadLetterSampler,
        known_sources::KnownSources,
        recent_refusals::RecentRefusals,
        source_numbers::{NumberedSource, SourceNumbers},
    },
    schema,
    text::time,
};

/// Batches in flight to the journal: enough for one transaction to hold what many partitions of a topic bring. The
/// journal's own queue bounds their memory.
const IN_FLIGHT: usize = 64;
/// An append ends when it has so many bytes: twice what is gathered for one, so that only a batch that writes much more
/// than it has read is divided.
const APPEND_BYTES: usize = 8 << 20;
/// From here on an append that cannot be divided takes no dead letters, so that it stays below what the journal takes.
const LETTERS_BYTES: usize = 16 << 20;

/// Validates, masks and appends records. One thread owns it.
pub(crate) struct Appender {
    journal: Arc<Journal>,
    door: Door,
    /// The doors of sources with a mapping, one for each mapping.
    mapped: Vec<Door>,
    /// Which of them is a source's, by the source's name.
    door_of: HashMap<String, usize>,
    mappings: Mappings,
    masking: Masking,
    numbers: SourceNumbers,
    partitions: Vec<PartitionCursor>,
    sampler: DeadLetterSampler,
    append_bytes: usize,
    /// The oldest first.
    in_flight: VecDeque<InFlight>,
    /// By source.
    clock_leads: HashMap<String, ClockLead>,
    refusals: HashMap<String, RecentRefusals>,
    notices: watch::Sender<Notices>,
    refused: BTreeMap<String, u64>,
    kept: u64,
    /// Records stored and records refused, by the content that positions are in, or by source if it has no positions.
    by_content: HashMap<String, (u64, u64)>,
}

/// Why a batch was not appended.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// The journal cannot take what this source brings; it takes that of others. The sentence says why.
    Source(String),
    /// The journal takes nothing more.
    Journal(anyhow::Error),
}

impl From<anyhow::Error> for AppendError {
    fn from(error: anyhow::Error) -> Self {
        Self::Journal(error)
    }
}

impl Appender {
    /// # Errors
    /// When the journal has no number left for the schema of the records.
    pub(crate) fn new(
        journal: Arc<Journal>,
        masking: Masking,
        known: &[KnownSources],
        bus: &EventBus,
    ) -> Result<Self> {
        let door = Door::new(&journal, &masking, (schema::of_sources()?, None), known)?;
        let keeps_positions = journal.capabilities().keeps_positions;
        let cursors = known
            .iter()
            .map(|known| PartitionCursor::of(known, &door.preamble, keeps_positions))
            .collect();
        Ok(Self {
            numbers: SourceNumbers::known(&journal, known),
            journal,
            door,
            mapped: Vec::new(),
            door_of: HashMap::new(),
            mappings: Mappings::default(),
            masking,
            partitions: cursors,
            sampler: DeadLetterSampler::default(),
            append_bytes: APPEND_BYTES,
            in_flight: VecDeque::new(),
            clock_leads: HashMap::new(),
            refusals: HashMap::new(),
            notices: bus.notices.clone(),
            refused: BTreeMap::new(),
            kept: 0,
            by_content: HashMap::new(),
        })
    }

    /// With the mappings that some sources have.
    ///
    /// # Errors
    /// When the journal has no number left for the schema of a mapping.
    pub(crate) fn with_mappings(
        mut self,
        mappings: Mappings,
        known: &[KnownSources],
    ) -> Result<Self> {
        for (source, mapping) in mappings.iter() {
            let known_at = self.mapped.iter().position(|door| door.reads_by(mapping));
            let at = match known_at {
                Some(at) => at,
                None => {
                    let reads = (mapping.schema(), Some(Arc::clone(mapping)));
                    let door = Door::new(&self.journal, &self.masking, reads, known)?;
                    self.mapped.push(door);
                    self.mapped.len() - 1
                }
            };
            self.door_of.insert(source.clone(), at);
        }
        self.mappings = mappings;
        Ok(self)
    }

    /// The schema of the records of sources without a mapping.
    pub(crate) fn schema(&self) -> &Arc<dyn Schema> {
        self.door.admission.schema()
    }

    /// The mappings that sources have.
    pub(crate) fn mappings(&self) -> &Mappings {
        &self.mappings
    }

    pub(crate) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Records stored, and records refused by reason, since the start.
    pub(crate) fn counts(&self) -> (u64, &BTreeMap<String, u64>) {
        (self.kept, &self.refused)
    }

    /// Records stored and records refused of one content, or of a source that has no positions.
    pub(crate) fn counts_of(&self, content: &str) -> (u64, u64) {
        self.by_content.get(content).copied().unwrap_or_default()
    }

    /// Appends a batch of a source, and releases its room when it is durable. Waits while too many batches are in
    /// flight.
    ///
    /// # Errors
    /// When the journal does not take the batch, or accepts no more entries. Then nothing that follows is appended.
    pub(crate) fn take(
        &mut self,
        source: &str,
        mut batch: MessageBatch,
        held: Vec<QueuePermit>,
    ) -> Result<(), AppendError> {
        if let Some(position) = &mut batch.position {
            self.mappings.keep(source, position);
        }
        let claims = batch
            .position
            .as_ref()
            .is_some_and(Position::claims_durable);
        self.make_room(if claims { 1 } else { IN_FLIGHT })?;
        let fallbacks = self.door.admission.fallbacks();
        let mut receipts = Vec::new();
        let appended = self.append_all(source, &batch, &mut receipts);
        METRICS
            .decode_fallbacks
            .of(DecodeStage::Ingest)
            .inc_by(self.door.admission.fallbacks() - fallbacks);
        self.look_at_notices(source);
        self.in_flight.push_back(InFlight { held, receipts });
        appended
    }

    /// Waits until fewer than `batches` are in flight: only for the oldest, so that the journal always has a next
    /// group.
    fn make_room(&mut self, batches: usize) -> Result<()> {
        while self.in_flight.len() >= batches
            && let Some(oldest) = self.in_flight.pop_front()
        {
            oldest.settle()?;
        }
        Ok(())
    }

    /// Updates the notice about a source, and logs when it appears or goes; its wording may change with every batch.
    fn look_at_notices(&self, source: &str) {
        let clock = self.clock_leads.get(source).and_then(ClockLead::notice);
        let refusals = self.refusals.get(source).and_then(RecentRefusals::notice);
        // Where nothing is a record, there is no time to compare.
        let notice = refusals.or(clock);
        self.notices.send_if_modified(|notices| {
            let before = notices.get(source);
            if before == notice.as_ref() {
                return false;
            }
            match (before, &notice) {
                (None, Some(notice)) => tracing::warn!("{source}: {notice}"),
                (Some(before), None) => tracing::info!("{source}: resolved: {before}"),
                _ => {}
            }
            match notice {
                Some(notice) => notices.insert(source.to_owned(), notice),
                None => notices.remove(source),
            };
            true
        });
    }

    /// Waits until everything appended is durable.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.make_room(1)
    }

    /// Notes in every partition that a source was read to this position, so that it is not read again for partitions
    /// that got nothing of it. A partition that has the note has everything before it: it gets both in order.
    pub(crate) fn finish(&mut self, source: &str, position: &Position) -> Result<(), AppendError> {
        let Some(at) = position.at else { return Ok(()) };
        let mut kept = position.clone();
        self.mappings.keep(source, &mut kept);
        let position = &kept;
        self.make_room(IN_FLIGHT)?;
        let numbered = self.numbers.of(&self.journal, source);
        let mut receipts = Vec::new();
        for partition in 0..self.partitions.len() {
            let cursor = &self.partitions[partition];
            if cursor.lacks(position, at) {
                let mut part = PartitionBatch::default();
                part.name(cursor, numbered);
                self.append(partition, part, numbered, Some(position), &mut receipts)?;
            }
        }
        let held = Vec::new();
        self.in_flight.push_back(InFlight { held, receipts });
        Ok(())
    }

    /// Validates a batch, divides it by partition and appends it, in parts if it writes too much for one.
    fn append_all(
        &mut self,
        source: &str,
        batch: &MessageBatch,
        receipts: &mut Vec<Receipt>,
    ) -> Result<(), AppendError> {
        let numbered = self.numbers.of(&self.journal, source);
        let position = batch.position.as_ref();
        let mut parts = self.empty_parts();
        let mut last: Option<&Message> = None;
        for item in &batch.items {
            let bytes: usize = parts.iter().map(|part| part.bytes).sum();
            if let Some(last) = last.filter(|_| bytes >= self.append_bytes)
                && may_part(last, item, position)
            {
                let reached = position.and_then(|position| last.position_within(position));
                let parts = std::mem::replace(&mut parts, self.empty_parts());
                self.append_parts(parts, numbered, reached.as_ref(), receipts)?;
            }
            match item {
                SourceItem::Message(message) => {
                    self.message(message, source, numbered, position, &mut parts);
                    last = Some(message);
                }
                SourceItem::Gap(gap) => {
                    tracing::warn!("{source}: {}", gap_text(gap));
                    parts[0].name(&self.partitions[0], numbered);
                    parts[0].control(numbered, &gap_control(gap));
                }
            }
        }
        self.append_parts(parts, numbered, position, receipts)
    }

    fn empty_parts(&self) -> Vec<PartitionBatch> {
        self.partitions
            .iter()
            .map(|_| PartitionBatch::default())
            .collect()
    }

    fn message(
        &mut self,
        message: &Message,
        source: &str,
        numbered: NumberedSource<'_>,
        position: Option<&Position>,
        parts: &mut [PartitionBatch],
    ) {
        let door = match self.door_of.get(source) {
            Some(&at) => &mut self.mapped[at],
            None => &mut self.door,
        };
        let refusals = match self.refusals.get_mut(source) {
            Some(refusals) => refusals,
            None => self.refusals.entry(source.to_owned()).or_default(),
        };
        for (admitted, body) in door.admit(message) {
            let partition = admitted.as_ref().map_or(0, |admitted| admitted.partition);
            let cursor = &self.partitions[usize::from(partition)];
            if cursor.has(position, message.position) {
                continue;
            }
            let part = &mut parts[usize::from(partition)];
            part.name(cursor, numbered);
            match admitted {
                Ok(admitted) => {
                    refusals.kept();
                    part.declare(cursor, &door.preamble, numbered);
                    let now = now_ms();
                    let lead = match self.clock_leads.get_mut(source) {
                        Some(lead) => lead,
                        None => self.clock_leads.entry(source.to_owned()).or_default(),
                    };
                    lead.observe(admitted.time, now);
                    part.record(admitted, numbered, body, now);
                }
                Err(reason) => {
                    refusals.refused(reason.code());
                    let keeps =
                        part.bytes < LETTERS_BYTES && self.sampler.keeps(numbered.number, &reason);
                    let letter = keeps.then(|| {
                        let from = numbered.is_shared.then_some(source);
                        dead_letter(&door.admission, &reason, message, from)
                    });
                    part.refuse(&reason, letter, numbered);
                }
            }
        }
    }

    fn append_parts(
        &mut self,
        parts: Vec<PartitionBatch>,
        source: NumberedSource<'_>,
        position: Option<&Position>,
        receipts: &mut Vec<Receipt>,
    ) -> Result<(), AppendError> {
        for (partition, part) in parts.into_iter().enumerate() {
            if part.bytes > 0 || part.received() > 0 {
                self.append(partition, part, source, position, receipts)?;
            }
        }
        Ok(())
    }

    /// Appends what a partition gets. Only then the partition has it, and it is counted.
    fn append(
        &mut self,
        partition: usize,
        mut part: PartitionBatch,
        source: NumberedSource<'_>,
        position: Option<&Position>,
        receipts: &mut Vec<Receipt>,
    ) -> Result<(), AppendError> {
        let cursor = &mut self.partitions[partition];
        part.end(cursor, source, position)?;
        let entries = std::mem::take(&mut part.entries);
        let receipt = self.journal.append(partition as u16, entries);
        receipts.push(receipt.map_err(|error| refusal(error, source))?);
        part.enter(cursor, source, position);
        self.kept += part.kept;
        let content = position.map_or(source.name, |position| &position.of);
        let counts = match self.by_content.get_mut(content) {
            Some(counts) => counts,
            None => self.by_content.entry(content.to_owned()).or_default(),
        };
        counts.0 += part.kept;
        for (reason, count) in part.refused {
            counts.1 += count;
            *self.refused.entry(reason).or_default() += count;
        }
        Ok(())
    }
}

/// Whether a batch may be divided between a message and what follows it. Messages with one position are taken again
/// together or not at all.
fn may_part(last: &Message, next: &SourceItem, position: Option<&Position>) -> bool {
    let counts = position.is_some_and(|position| position.at.is_some());
    match next {
        SourceItem::Message(next) => !counts || next.position > last.position,
        SourceItem::Gap(_) => !counts,
    }
}

/// What the journal does not take because of its length concerns one source only.
fn refusal(error: JournalError, source: NumberedSource<'_>) -> AppendError {
    match error {
        JournalError::TooLong { .. } => AppendError::Source(format!(
            "{}: the journal cannot take what this source sent: {error}; nothing of this batch and of what follows is \
             stored. Other sources go on; start headcount again without what is too long to go on here",
            source.name
        )),
        error => AppendError::Journal(not_kept(error)),
    }
}

/// A gap as a sentence: whoever reads the log sees when records may be missing, and why.
fn gap_text(gap: &Gap) -> String {
    let (from, to) = (time(gap.from_ms), time(gap.to_ms));
    format!("records may be missing from {from} to {to}: {}", gap.cause)
}

fn gap_control(gap: &Gap) -> Control {
    Control::Gap {
        from: gap.from_ms,
        to: gap.to_ms,
        cause: gap.cause.clone(),
    }
}

/// `from` is the source's name where the entry's number does not tell it.
fn dead_letter(
    admission: &Admission,
    reason: &Reason,
    message: &Message,
    from: Option<&str>,
) -> DeadLetter {
    let place = match from {
        Some(source) => format!("{source}, {}", message.location),
        None => message.location.to_string(),
    };
    let mut letter = admission.refuse(reason, place, &message.bytes);
    // Framing keeps only the beginning of a message that is too long, and has measured the whole.
    if let Some(Broken::TooBig { length, sha256 }) = &message.broken {
        letter.length = *length;
        letter.sha256 = hex::encode(sha256);
    }
    letter
}
