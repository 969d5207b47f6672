//! Reads the entries of one partition.

use std::sync::Arc;

use headcount_engine::{Declared, Decoders, JournaledEntry, LATENESS_MS, Quarantine, Sender};
use headcount_record::{
    Control, EventRecord, Feed, Kind, Other, PeopleMode, Record, Response, Rsvp,
};
use serde::{Deserialize, Serialize};

use super::{
    details::{self, AnswerDetails},
    facts::MemberTold,
    index::TablesIndex,
    pending::Pending,
    touched::Touched,
    winner::{PendingWinner, RsvpKey, version_row},
};
use crate::{
    error::{Error, Result},
    model::Time,
};

/// How far a partition has been read, and what was said before that decides how it is read on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReadProgress {
    /// One past the last entry read.
    pub(crate) next: u64,
    /// The schemas declared.
    pub(crate) declared: Vec<Declared>,
    /// Whether members are kept as they come.
    pub(crate) keeps_people: bool,
    /// The greatest time of a live record, ms since 1970.
    pub(crate) greatest_live: Option<i64>,
    /// Records that were admitted once and are not understood now; they count nowhere.
    pub(crate) not_understood: u64,
    /// Records that take answers back.
    #[serde(default)]
    pub(crate) withdrawals: u64,
}

impl ReadProgress {
    /// How far record time has come, ms since 1970.
    pub(crate) fn stream_time(&self) -> Option<i64> {
        self.greatest_live.map(|greatest| greatest - LATENESS_MS)
    }
}

/// What the entries of a partition tell.
pub(crate) struct PartitionRows {
    partition: u16,
    progress: ReadProgress,
    decoders: Decoders,
    /// By decoder: the generation of its dictionary, and what has been told of its contents.
    touched: Vec<(u64, Touched)>,
    quarantine: Quarantine,
    pending: Pending,
    responses: [Arc<str>; 3],
    visibility: Option<Arc<str>>,
}

impl PartitionRows {
    /// Reads on from where `progress` ends. `judged_at` is the moment that record times are held against besides their
    /// arrival, see [`Quarantine::judging_at`].
    pub(crate) fn new(
        partition: u16,
        judged_at: Option<i64>,
        progress: ReadProgress,
    ) -> Result<Self> {
        let mut decoders = Decoders::default();
        for declared in &progress.declared {
            declare(&mut decoders, declared.clone(), partition, progress.next)?;
        }
        Ok(Self {
            partition,
            progress,
            decoders,
            touched: Vec::new(),
            quarantine: judged_at.map_or_else(Quarantine::default, Quarantine::judging_at),
            pending: Pending::default(),
            responses: Response::ALL.map(|response| response.name().into()),
            visibility: None,
        })
    }

    /// How far it has been read.
    pub(crate) fn progress(&self) -> &ReadProgress {
        &self.progress
    }

    /// About how many bytes what waits takes.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending.bytes()
    }

    /// What waits, complete.
    pub(crate) fn pending(&mut self) -> &mut Pending {
        for (_, touched) in &mut self.touched {
            touched.flush(&mut self.pending);
        }
        &mut self.pending
    }

    /// Reads the next entry.
    pub(crate) fn apply(&mut self, entry: &JournaledEntry<'_>, index: &TablesIndex) -> Result<()> {
        let (partition, offset) = (self.partition, entry.offset);
        if offset != self.progress.next {
            return Err(Error::Gap {
                partition,
                expected: self.progress.next,
                found: offset,
            });
        }
        if entry.kind.is_control() {
            let control = Control::from_body(entry.body);
            let control = control.map_err(|cause| Error::Control {
                partition,
                offset,
                cause: cause.to_string(),
            })?;
            self.control(control, offset)?;
        } else if self.decoders.knows(entry.kind) {
            self.record(entry, index)?;
        } else {
            return Err(Error::Kind {
                partition,
                offset,
                kind: entry.kind.number(),
            });
        }
        self.progress.next += 1;
        Ok(())
    }

    fn control(&mut self, control: Control, offset: u64) -> Result<()> {
        match control {
            Control::Schema {
                kind,
                feeds,
                definition,
            } => {
                let declared = Declared {
                    kind,
                    feeds,
                    definition,
                };
                declare(&mut self.decoders, declared.clone(), self.partition, offset)?;
                if !self.progress.declared.contains(&declared) {
                    self.progress.declared.push(declared);
                }
            }
            Control::People { mode } => self.progress.keeps_people = mode == PeopleMode::Kept,
            // Nothing of it stands in a table.
            Control::Source { .. }
            | Control::Position { .. }
            | Control::Gap { .. }
            | Control::Rejected(_)
            | Control::RejectedMore { .. }
            | Control::KeptOut { .. } => {}
        }
        Ok(())
    }

    fn record(&mut self, entry: &JournaledEntry<'_>, index: &TablesIndex) -> Result<()> {
        let (sender, decoder) = self.decoders.of(entry.kind);
        decoder.keep_bounded();
        let generation = decoder.dictionary().generation();
        let decoded = decoder.decode(entry.body);
        self.follow(sender, generation);
        let Ok(record) = decoded else {
            // An older version admitted it.
            self.progress.not_understood += 1;
            return Ok(());
        };
        let version = record.version();
        if self.quarantine.keeps_out(version, entry.arrived) {
            return Ok(());
        }
        if version.is_live() {
            self.progress.greatest_live = self.progress.greatest_live.max(Some(version.time()));
        }
        match record {
            Record::Rsvp(rsvp) => self.answer(entry, sender, &rsvp, index)?,
            Record::Event(event) => self.event(sender, &event),
            Record::Withdrawal(_) => self.progress.withdrawals += 1,
            Record::Other(other) => self.other(entry, &other),
        }
        Ok(())
    }

    /// A dictionary that has begun anew gives other meanings to its keys.
    fn follow(&mut self, sender: Sender, generation: u64) {
        if self.touched.len() <= sender {
            self.touched
                .resize_with(sender + 1, || (0, Touched::default()));
        }
        let (known, touched) = &mut self.touched[sender];
        if *known != generation {
            touched.flush(&mut self.pending);
            touched.forget_keys();
            *known = generation;
        }
    }

    fn answer(
        &mut self,
        entry: &JournaledEntry<'_>,
        sender: Sender,
        rsvp: &Rsvp,
        index: &TablesIndex,
    ) -> Result<()> {
        let dictionary = self.decoders.decoder(sender).dictionary();
        let details = if entry.kind == Kind::of(Feed::Rsvps) {
            AnswerDetails::of(entry.body)
        } else {
            AnswerDetails::default()
        };
        self.touched[sender]
            .1
            .answer(dictionary, rsvp, details.urlname.as_deref());
        let event = dictionary.event(rsvp.event);
        let member = headcount_record::Identity {
            namespace: event.namespace,
            check: rsvp.member_check,
            bits: rsvp.member,
        };
        let winner = PendingWinner {
            rank: (rsvp.version, rsvp.content),
            member: member.flat(),
            guests: rsvp.guests,
            response: Arc::clone(&self.responses[usize::from(rsvp.response.number())]),
            visibility: share(&mut self.visibility, details.visibility.as_deref()),
            received: Time(entry.arrived),
        };
        let mut told = MemberTold::at(rsvp.version.time());
        if self.progress.keeps_people {
            told.tales = details::person(entry.body, rsvp.version);
        }
        self.pending.tell_member(winner.member, told);
        let key = RsvpKey {
            event: Arc::clone(&event.content.id),
            id: rsvp.id,
        };
        self.offer(key, winner, index)
    }

    fn offer(&mut self, key: RsvpKey, record: PendingWinner, index: &TablesIndex) -> Result<()> {
        let pending = match self.pending.rsvps.entry(key.clone()) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let stored = index.winner(&key)?;
                let pending = free.insert(Default::default());
                pending.stored = stored;
                pending
            }
        };
        let mut failed = None;
        let is_known = |rank| {
            index.has_version(&key, rank).unwrap_or_else(|error| {
                failed = Some(error);
                true
            })
        };
        let outcome = pending.offer(record.clone(), is_known);
        if let Some(error) = failed {
            return Err(error);
        }
        if let Some(outcome) = outcome {
            self.pending
                .versions
                .push(version_row(&key, &record, outcome));
        }
        Ok(())
    }

    fn event(&mut self, sender: Sender, event: &EventRecord) {
        let dictionary = self.decoders.decoder(sender).dictionary();
        let touched = &mut self.touched[sender].1;
        let parts = (event.event, event.group, event.venue);
        touched.event(
            dictionary,
            parts,
            (event.version, u64::from(event.content)),
            true,
        );
        if let Some(key) = event.group {
            touched.group(dictionary, key, event.version, None);
        }
        if let Some(key) = event.venue {
            touched.venue(dictionary, key, event.version);
        }
    }

    fn other(&mut self, entry: &JournaledEntry<'_>, other: &Other) {
        // A schema that a journal declares says nothing of what its other records hold.
        if let Some(feed) = entry.kind.feed() {
            details::tell(
                feed,
                entry.body,
                other.version,
                other.content,
                &mut self.pending,
            );
        }
    }
}

fn declare(decoders: &mut Decoders, declared: Declared, partition: u16, offset: u64) -> Result<()> {
    let definition = declared.definition.clone();
    match decoders.declare(declared) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Control {
            partition,
            offset,
            cause: format!(
                "the schema {definition:.60} is none of this program's, or its kinds are taken"
            ),
        }),
    }
}

/// The same text, held once where it is the same as the last one.
fn share(last: &mut Option<Arc<str>>, text: Option<&str>) -> Option<Arc<str>> {
    let text = text?;
    if last.as_deref() != Some(text) {
        *last = Some(text.into());
    }
    last.clone()
}
