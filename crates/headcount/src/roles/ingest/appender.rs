//! From sources to the journal: every message goes through the door and is durable before the
//! next batch of its source is.
//!
//! Exactly once: a batch's part of each partition carries the source's position in the same
//! atomic append. After a kill a source begins again at the least position of any partition, and
//! each partition skips what it has.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use headcount_clock::now_ms;
use headcount_engine::Declared;
use headcount_journal::{Entry, Error as JournalError, Journal, Receipt};
use headcount_record::{Control, DeadLetter, Decoder, Door, Kind, PeopleKey, Reason, Schema};
use headcount_source::{
    Position,
    message::{Batch, Broken, Gap, Item, Message},
    sink::Held,
};

use tokio::sync::watch;

use crate::{
    metrics::{DecodeStage, METRICS},
    news::{News, Notices},
    roles::ingest::{clock_lead::ClockLead, resume::Known},
    schema,
};

/// Batches on their way to the journal: enough for one transaction to hold what many partitions of a topic bring. What
/// the journal has in memory of them, its own queue bounds.
const IN_FLIGHT: usize = 64;

/// The door to the journal. One thread owns it.
pub(crate) struct Ingest {
    journal: Arc<Journal>,
    door: Door,
    /// Numbers by name.
    numbers: HashMap<String, u16>,
    /// What the journal has to be told of the records' schema, unless it is Meetup's.
    declared: Option<Declared>,
    partitions: Vec<Shelf>,
    /// The oldest first.
    in_flight: VecDeque<InFlight>,
    /// By source.
    clock_leads: HashMap<String, ClockLead>,
    notices: watch::Sender<Notices>,
    refused: BTreeMap<String, u64>,
    kept: u64,
    /// By what they are positions in (or by their source, if they are in nothing): records kept, and records refused.
    by_content: HashMap<String, (u64, u64)>,
}

/// What a partition has of sources.
#[derive(Default)]
struct Shelf {
    named: HashSet<u16>,
    /// It has been told of the records' schema.
    knows_schema: bool,
    /// The greatest position by what it is a position in.
    have: HashMap<String, u64>,
}

/// A batch that is not durable yet.
struct InFlight {
    /// Room in the queue of the source, given back when the batch is durable.
    held: Vec<Held>,
    receipts: Vec<Receipt>,
}

/// The part of a batch that is one partition's.
#[derive(Default)]
struct Part {
    entries: Vec<Entry>,
    received: u64,
    repaired: u64,
}

impl InFlight {
    /// Waits until it is durable, and gives its room back.
    fn settle(self) -> Result<()> {
        wait_for(self.receipts)?;
        drop(self.held);
        Ok(())
    }
}

/// Waits until batches are durable. The journal waits for room and for servers that are away by itself.
fn wait_for(receipts: Vec<Receipt>) -> Result<()> {
    for receipt in receipts {
        receipt.wait().map_err(not_kept)?;
    }
    Ok(())
}

fn not_kept(error: JournalError) -> anyhow::Error {
    // What may pass is waited for until the process is to end.
    let what = if error.may_pass() {
        "stop while the journal waits: the last records were not kept, and come again only from a source that can be \
         asked again"
    } else {
        "append to the journal"
    };
    anyhow::Error::new(error).context(what)
}

impl Ingest {
    /// # Errors
    /// When the journal has no number left for the schema of the records.
    pub(crate) fn new(
        journal: Arc<Journal>,
        people: Option<PeopleKey>,
        known: &[Known],
        news: &News,
    ) -> Result<Self> {
        let partitions = journal.partitions();
        let schema = schema::of_sources()?;
        let declared = schema::declared_in(&*schema, known)?;
        let first = declared
            .as_ref()
            .map_or(Kind::FIRST_REGISTERED, |it| it.kind);
        let kinds = schema::kinds_of(&*schema, first);
        let door = Door::of(Decoder::of(schema), kinds, partitions, people);
        let mut numbers = HashMap::new();
        let shelves = known
            .iter()
            .map(|known| {
                for (number, name) in &known.names {
                    journal.name_source(*number, name);
                    numbers.insert(name.clone(), *number);
                }
                Shelf {
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
            partitions: shelves,
            in_flight: VecDeque::new(),
            clock_leads: HashMap::new(),
            notices: news.notices.clone(),
            refused: BTreeMap::new(),
            kept: 0,
            by_content: HashMap::new(),
        })
    }

    /// The schema of what sources bring.
    pub(crate) fn schema(&self) -> &Arc<dyn Schema> {
        self.door.schema()
    }

    pub(crate) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Records kept and records refused, by reason, since the start.
    pub(crate) fn counts(&self) -> (u64, &BTreeMap<String, u64>) {
        (self.kept, &self.refused)
    }

    /// Records kept and records refused of one content, or of a source that has no positions.
    pub(crate) fn counts_of(&self, content: &str) -> (u64, u64) {
        self.by_content.get(content).copied().unwrap_or_default()
    }

    /// Takes a batch of a source, and gives its room back when it is durable. Only so many batches
    /// are on their way at once.
    ///
    /// # Errors
    /// When the journal takes nothing any more.
    pub(crate) fn take(&mut self, source: &str, batch: Batch, held: Vec<Held>) -> Result<()> {
        let (kept, refused) = (self.kept, self.refused_sum());
        let parts = self.parts(source, &batch)?;
        let (kept, refused) = (self.kept - kept, self.refused_sum() - refused);
        let content = batch
            .position
            .as_ref()
            .map_or(source, |position| &position.of);
        let counts = self.by_content.entry(content.to_owned()).or_default();
        *counts = (counts.0 + kept, counts.1 + refused);
        // Only the oldest is waited for, so that there is always a next group for the journal.
        while self.in_flight.len() >= IN_FLIGHT
            && let Some(oldest) = self.in_flight.pop_front()
        {
            oldest.settle()?;
        }
        self.look_at_clock(source);
        let receipts = self.append(parts)?;
        self.in_flight.push_back(InFlight { held, receipts });
        Ok(())
    }

    fn refused_sum(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Says so if this machine's clock is behind the source's, and when it is no longer.
    fn look_at_clock(&self, source: &str) {
        let notice = self.clock_leads.get(source).and_then(ClockLead::notice);
        self.notices.send_if_modified(|notices| {
            let before = notices.get(source);
            if before == notice.as_ref() {
                return false;
            }
            match (before, &notice) {
                (None, Some(notice)) => tracing::warn!("{source}: {notice}"),
                (_, None) => {
                    tracing::info!(
                        "{source}: this machine's clock is no longer behind the source's"
                    );
                }
                (Some(_), Some(_)) => {}
            }
            match notice {
                Some(notice) => notices.insert(source.to_owned(), notice),
                None => notices.remove(source),
            };
            true
        });
    }

    /// Waits until everything taken is durable.
    pub(crate) fn settle(&mut self) -> Result<()> {
        for batch in std::mem::take(&mut self.in_flight) {
            batch.settle()?;
        }
        Ok(())
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
        wait_for(self.append(parts)?)
    }

    fn empty_parts(&self) -> Vec<Part> {
        self.partitions.iter().map(|_| Part::default()).collect()
    }

    /// Sends a batch through the door, once: what it counts as kept or refused is counted here.
    fn parts(&mut self, source: &str, batch: &Batch) -> Result<Vec<Part>> {
        let number = self.number(source)?;
        let mut parts = self.empty_parts();
        let position = batch.position.as_ref();
        let fallbacks = self.door.fallbacks();
        for item in &batch.items {
            match item {
                Item::Message(message) => {
                    self.message(message, number, source, position, &mut parts);
                }
                Item::Gap(gap) => {
                    name(&mut self.partitions[0], number, source, &mut parts[0]);
                    parts[0].entries.push(control(number, &gap_control(gap)));
                }
            }
        }
        METRICS
            .decode_fallbacks
            .of(DecodeStage::Ingest)
            .inc_by(self.door.fallbacks() - fallbacks);
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
        if has_it {
            return;
        }
        let part = &mut parts[at];
        name(shelf, number, source, part);
        part.received += 1;
        match admitted {
            Ok(admitted) => {
                self.kept += 1;
                declare(shelf, self.declared.as_ref(), number, part);
                let lead = match self.clock_leads.get_mut(source) {
                    Some(lead) => lead,
                    None => self.clock_leads.entry(source.to_owned()).or_default(),
                };
                lead.observe(admitted.time, now_ms());
                part.repaired += u64::from(admitted.repaired);
                part.entries.push(Entry {
                    kind: admitted.kind.number(),
                    source: number,
                    key: admitted.key.map(Into::into),
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

    fn append(&mut self, parts: Vec<Part>) -> Result<Vec<Receipt>> {
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
                "this journal has had {number} sources, no more fit; give a new journal another folder or name"
            );
        }
        self.journal.name_source(number, source);
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

/// Tells the partition what schema records have before the first of them.
fn declare(shelf: &mut Shelf, declared: Option<&Declared>, number: u16, part: &mut Part) {
    if let Some(declared) = declared
        && !std::mem::replace(&mut shelf.knows_schema, true)
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

/// Ends a part: where the source stands, if it can say, and how much of it is here. The last one of each key, what it is
/// a position in, is what a journal that keeps positions gives back.
fn position_entry(number: u16, position: Option<&Position>, part: &Part) -> Result<Entry> {
    let of = position.map(|position| position.of.clone());
    let key = of.as_deref().map(|of| of.as_bytes().into());
    let body = Control::Position {
        of: of.unwrap_or_default(),
        position: serde_json::to_value(position).context("write a position")?,
        received: part.received,
        repaired: part.repaired,
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
    let mut letter = door.refuse(reason, message.place.to_string(), &message.bytes);
    // Of a message that was too long only the beginning was kept; framing has measured it.
    if let Some(Broken::TooBig { length, sha256 }) = &message.broken {
        letter.length = *length;
        letter.sha256 = hex::encode(sha256);
    }
    letter
}
