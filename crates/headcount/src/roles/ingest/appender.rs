//! Appends the messages of sources to the journal: each is decoded and validated, and is durable before the next batch of
//! its source is.
//!
//! Exactly once: what a batch brings to a partition carries the source's position in the same atomic append. After a kill
//! a source resumes at the least position of any partition, and each partition skips what it has.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use headcount_clock::now_ms;
use headcount_engine::Declared;
use headcount_journal::{Entry, Error as JournalError, Journal, Receipt};
use headcount_record::{Control, DeadLetter, Decoder, Door, Kind, Masking, Reason, Schema};
use headcount_source::{
    Position,
    message::{Broken, Gap, Message, MessageBatch, SourceItem},
    sink::QueuePermit,
};

use tokio::sync::watch;

use crate::{
    event_bus::{EventBus, Notices},
    metrics::{DecodeStage, METRICS},
    roles::ingest::{
        clock_lead::ClockLead, known_sources::KnownSources, recent_refusals::RecentRefusals,
    },
    schema,
};

/// Batches in flight to the journal: enough for one transaction to hold what many partitions of a topic bring. The
/// journal's own queue bounds their memory.
const IN_FLIGHT: usize = 64;

/// Validates, masks and appends records. One thread owns it.
pub(crate) struct Appender {
    journal: Arc<Journal>,
    door: Door,
    /// Numbers of sources by name.
    numbers: HashMap<String, u16>,
    /// The declaration of the records' schema that the journal needs, unless the schema is Meetup's.
    declared: Option<Declared>,
    partitions: Vec<PartitionCursor>,
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

/// What a partition already has of sources.
#[derive(Default)]
struct PartitionCursor {
    /// Numbers of the sources that it knows by name.
    named: HashSet<u16>,
    /// Whether it has the declaration of the records' schema.
    knows_schema: bool,
    /// The greatest position of each content.
    have: HashMap<String, u64>,
}

/// A batch that is not durable yet.
struct InFlight {
    /// Room in the queue of the source, released when the batch is durable.
    held: Vec<QueuePermit>,
    receipts: Vec<Receipt>,
}

/// What a batch brings to one partition.
#[derive(Default)]
struct PartitionBatch {
    entries: Vec<Entry>,
    received: u64,
    repaired: u64,
    blanked: u64,
}

impl InFlight {
    /// Waits until it is durable, and releases its room.
    fn settle(self) -> Result<()> {
        wait_for(self.receipts)?;
        drop(self.held);
        Ok(())
    }
}

/// Waits until batches are durable. The journal itself waits for room on the disk and for brokers that are away.
fn wait_for(receipts: Vec<Receipt>) -> Result<()> {
    for receipt in receipts {
        receipt.wait().map_err(not_kept)?;
    }
    Ok(())
}

fn not_kept(error: JournalError) -> anyhow::Error {
    // The journal waits for a passing failure until the process ends.
    let what = if error.may_pass() {
        "stopped while the journal was unavailable: the last records were not stored; only resumable sources will \
         resend them"
    } else {
        "append to the journal"
    };
    anyhow::Error::new(error).context(what)
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
        let partitions = journal.partitions();
        let schema = schema::of_sources()?;
        let declared = schema::declared_in(&journal, &*schema, known)?;
        let first = declared
            .as_ref()
            .map_or(Kind::FIRST_REGISTERED, |it| it.kind);
        let kinds = schema::kinds_of(&*schema, first);
        let door = Door::of(Decoder::of(schema), kinds, partitions, masking);
        let mut numbers = HashMap::new();
        let cursors = known
            .iter()
            .map(|known| {
                for (number, name) in &known.names {
                    journal.name_source(*number, name);
                    numbers.insert(name.clone(), *number);
                }
                PartitionCursor {
                    named: known.names.iter().map(|(number, _)| *number).collect(),
                    knows_schema: declared
                        .as_ref()
                        .is_none_or(|declared| known.schemas.contains(declared)),
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
        Ok(Self {
            journal,
            door,
            declared,
            numbers,
            partitions: cursors,
            in_flight: VecDeque::new(),
            clock_leads: HashMap::new(),
            refusals: HashMap::new(),
            notices: bus.notices.clone(),
            refused: BTreeMap::new(),
            kept: 0,
            by_content: HashMap::new(),
        })
    }

    /// The schema of the records.
    pub(crate) fn schema(&self) -> &Arc<dyn Schema> {
        self.door.schema()
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
    /// When the journal accepts no more entries.
    pub(crate) fn take(
        &mut self,
        source: &str,
        batch: MessageBatch,
        held: Vec<QueuePermit>,
    ) -> Result<()> {
        let (kept, refused) = (self.kept, self.refused_sum());
        let parts = self.parts(source, &batch)?;
        let (kept, refused) = (self.kept - kept, self.refused_sum() - refused);
        let content = batch
            .position
            .as_ref()
            .map_or(source, |position| &position.of);
        let counts = self.by_content.entry(content.to_owned()).or_default();
        *counts = (counts.0 + kept, counts.1 + refused);
        // Wait only for the oldest, so that the journal always has a next group.
        while self.in_flight.len() >= IN_FLIGHT
            && let Some(oldest) = self.in_flight.pop_front()
        {
            oldest.settle()?;
        }
        self.look_at_notices(source);
        let receipts = self.append(parts)?;
        self.in_flight.push_back(InFlight { held, receipts });
        Ok(())
    }

    fn refused_sum(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Updates the notice about a source, and logs when it appears, changes its subject, or goes.
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
                (Some(before), None) => tracing::info!("{source}: this is over: {before}"),
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
        for batch in std::mem::take(&mut self.in_flight) {
            batch.settle()?;
        }
        Ok(())
    }

    /// Notes in every partition that a source was read to this position, so that it is not read again for partitions
    /// that got nothing of it.
    pub(crate) fn finish(&mut self, source: &str, position: &Position) -> Result<()> {
        self.settle()?;
        let Some(at) = position.at else { return Ok(()) };
        let number = self.number(source)?;
        let mut parts = self.empty_parts();
        for (cursor, part) in self.partitions.iter_mut().zip(&mut parts) {
            if cursor.have.get(&position.of).is_none_or(|&have| have < at) {
                name(cursor, number, source, part);
                cursor.have.insert(position.of.clone(), at);
                let entry = position_entry(number, Some(position), part)?;
                part.entries.push(entry);
            }
        }
        wait_for(self.append(parts)?)
    }

    fn empty_parts(&self) -> Vec<PartitionBatch> {
        self.partitions
            .iter()
            .map(|_| PartitionBatch::default())
            .collect()
    }

    /// Validates a batch and divides it by partition. Called once for each batch, because it counts records as stored
    /// or refused.
    fn parts(&mut self, source: &str, batch: &MessageBatch) -> Result<Vec<PartitionBatch>> {
        let number = self.number(source)?;
        let mut parts = self.empty_parts();
        let position = batch.position.as_ref();
        let fallbacks = self.door.fallbacks();
        for item in &batch.items {
            match item {
                SourceItem::Message(message) => {
                    self.message(message, number, source, position, &mut parts);
                }
                SourceItem::Gap(gap) => {
                    name(&mut self.partitions[0], number, source, &mut parts[0]);
                    parts[0].entries.push(control(number, &gap_control(gap)));
                }
            }
        }
        METRICS
            .decode_fallbacks
            .of(DecodeStage::Ingest)
            .inc_by(self.door.fallbacks() - fallbacks);
        for (cursor, part) in self.partitions.iter_mut().zip(&mut parts) {
            if part.entries.is_empty() {
                continue;
            }
            let entry = position_entry(number, position, part)?;
            part.entries.push(entry);
            if let Some((position, at)) = position.and_then(|p| Some((p, p.at?))) {
                cursor.have.insert(position.of.clone(), at);
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
        parts: &mut [PartitionBatch],
    ) {
        let mut body = Vec::with_capacity(message.bytes.len() + 16);
        let admitted = match &message.broken {
            None => self.door.admit(&message.bytes, &mut body),
            Some(broken) => Err(crate::counting::reason_of(broken)),
        };
        let partition = admitted.as_ref().map_or(0, |admitted| admitted.partition);
        let at = usize::from(partition);
        let cursor = &mut self.partitions[at];
        let has_it = position.is_some_and(|position| {
            position.at.is_some()
                && cursor
                    .have
                    .get(&position.of)
                    .is_some_and(|&have| message.position <= have)
        });
        if has_it {
            return;
        }
        let part = &mut parts[at];
        name(cursor, number, source, part);
        part.received += 1;
        let refusals = match self.refusals.get_mut(source) {
            Some(refusals) => refusals,
            None => self.refusals.entry(source.to_owned()).or_default(),
        };
        match admitted {
            Ok(admitted) => {
                refusals.kept();
                self.kept += 1;
                declare(cursor, self.declared.as_ref(), number, part);
                let lead = match self.clock_leads.get_mut(source) {
                    Some(lead) => lead,
                    None => self.clock_leads.entry(source.to_owned()).or_default(),
                };
                lead.observe(admitted.time, now_ms());
                part.repaired += u64::from(admitted.repaired);
                part.blanked += admitted.blanked;
                part.entries.push(Entry {
                    kind: admitted.kind.number(),
                    source: number,
                    key: admitted.key.map(Into::into),
                    body,
                });
            }
            Err(reason) => {
                refusals.refused(reason.code());
                *self.refused.entry(reason.code().into_owned()).or_default() += 1;
                let letter = dead_letter(&self.door, &reason, message);
                part.entries
                    .push(control(number, &Control::Rejected(letter)));
            }
        }
    }

    fn append(&mut self, parts: Vec<PartitionBatch>) -> Result<Vec<Receipt>> {
        let mut receipts = Vec::new();
        for (part, at) in parts.into_iter().zip(0_u16..) {
            if !part.entries.is_empty() {
                let receipt = self.journal.append(at, part.entries);
                receipts.push(receipt.map_err(not_kept)?);
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
                "this journal has had {number} sources, which is the limit; start a new journal in another folder or under another name"
            );
        }
        self.journal.name_source(number, source);
        self.numbers.insert(source.to_owned(), number);
        Ok(number)
    }
}

/// Introduces the source to the partition before its first entry there.
fn name(cursor: &mut PartitionCursor, number: u16, source: &str, part: &mut PartitionBatch) {
    if cursor.named.insert(number) {
        part.entries.push(control(
            number,
            &Control::Source {
                name: source.to_owned(),
            },
        ));
    }
}

/// Declares the records' schema to the partition before the first of them.
fn declare(
    cursor: &mut PartitionCursor,
    declared: Option<&Declared>,
    number: u16,
    part: &mut PartitionBatch,
) {
    if let Some(declared) = declared
        && !std::mem::replace(&mut cursor.knows_schema, true)
    {
        let schema = Control::Schema {
            kind: declared.kind,
            feeds: declared.feeds.clone(),
            definition: declared.definition.clone(),
        };
        part.entries.push(control(number, &schema));
    }
}

fn control(source: u16, control: &Control) -> Entry {
    Entry {
        kind: control.kind().number(),
        source,
        key: None,
        body: control.to_body(),
    }
}

/// The last entry of what a batch brings to a partition: the source's position, if it has one, and how many messages came.
/// Its key is the content that the position is in: a journal that keeps positions returns the last of each key.
fn position_entry(
    number: u16,
    position: Option<&Position>,
    part: &PartitionBatch,
) -> Result<Entry> {
    let of = position.map(|position| position.of.clone());
    let key = of.as_deref().map(|of| of.as_bytes().into());
    let body = Control::Position {
        of: of.unwrap_or_default(),
        position: serde_json::to_value(position).context("write a position")?,
        received: part.received,
        repaired: part.repaired,
        blanked: part.blanked,
    };
    Ok(Entry {
        key,
        ..control(number, &body)
    })
}

fn gap_control(gap: &Gap) -> Control {
    Control::Gap {
        from: gap.from_ms,
        to: gap.to_ms,
        cause: gap.cause.clone(),
    }
}

fn dead_letter(door: &Door, reason: &Reason, message: &Message) -> DeadLetter {
    let mut letter = door.refuse(reason, message.location.to_string(), &message.bytes);
    // Framing keeps only the beginning of a message that is too long, and has measured the whole.
    if let Some(Broken::TooBig { length, sha256 }) = &message.broken {
        letter.length = *length;
        letter.sha256 = hex::encode(sha256);
    }
    letter
}
