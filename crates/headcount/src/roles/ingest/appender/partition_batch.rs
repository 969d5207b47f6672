//! What a batch brings to one partition, and what the partition has already.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result};
use headcount_engine::{Declared, FUTURE_MS};
use headcount_journal::Entry;
use headcount_record::{Admitted, Control, DeadLetter, Kind, PeopleMode, Reason};
use headcount_source::Position;

use crate::roles::ingest::{known_sources::KnownSources, source_numbers::NumberedSource};

/// What an entry takes besides its body, about.
const ENTRY_BYTES: usize = 64;
/// The key of the entry that says how members are kept: a journal that keeps positions returns it with them.
const PEOPLE_KEY: &[u8] = b"people";

/// What a journal says before the first record of a partition.
pub(super) struct Preamble {
    /// The records' schema, unless it is Meetup's.
    pub(super) schema: Option<Declared>,
    pub(super) people: PeopleMode,
}

/// What a partition already has of sources.
#[derive(Default)]
pub(super) struct PartitionCursor {
    /// Numbers of the sources that it knows by name.
    named: HashSet<u16>,
    /// Of the schemas that it knows, the kind of the first feed.
    schemas: HashSet<Kind>,
    knows_people: bool,
    /// The greatest position of each content.
    have: HashMap<String, u64>,
    /// The least time of a record that was called one of the future, ms since 1970, as the journal says it of each
    /// content. Only where the journal is asked for it.
    kept_out: Option<HashMap<String, i64>>,
}

impl PartitionCursor {
    pub(super) fn of(known: &KnownSources, preamble: &Preamble, keeps_positions: bool) -> Self {
        let at = |position: &serde_json::Value| {
            let of = position.get("of")?.as_str()?.to_owned();
            Some((of, position.get("at")?.as_u64()?))
        };
        Self {
            named: known.names.iter().map(|(number, _)| *number).collect(),
            schemas: known.schemas.iter().map(|declared| declared.kind).collect(),
            knows_people: known.people.as_ref() == Some(&preamble.people),
            have: known.positions.iter().filter_map(at).collect(),
            kept_out: keeps_positions.then(|| known.kept_out.clone().into_iter().collect()),
        }
    }

    /// Whether it has the message at this place of what `position` is one in.
    pub(super) fn has(&self, position: Option<&Position>, at: u64) -> bool {
        position.is_some_and(|position| {
            position.at.is_some() && self.have.get(&position.of).is_some_and(|&have| at <= have)
        })
    }

    /// Whether it lacks the note that everything up to `at` was read.
    pub(super) fn lacks(&self, position: &Position, at: u64) -> bool {
        self.have.get(&position.of).is_none_or(|&have| have < at)
    }
}

/// What an append brings to one partition. All of one source.
#[derive(Default)]
pub(super) struct PartitionBatch {
    pub(super) entries: Vec<Entry>,
    pub(super) bytes: usize,
    pub(super) kept: u64,
    pub(super) refused: BTreeMap<String, u64>,
    /// Those of the refused that become no dead letters.
    only_counted: BTreeMap<String, u64>,
    repaired: u64,
    blanked: u64,
    /// The least time of a record that the clock calls one of the future.
    kept_out: Option<i64>,
    names: bool,
    declares: bool,
    /// The schema that it declares, by the kind of its first feed.
    declared: Option<Kind>,
}

impl PartitionBatch {
    /// Introduces the source to the partition before its first entry there.
    pub(super) fn name(&mut self, cursor: &PartitionCursor, source: NumberedSource<'_>) {
        if !self.names && !cursor.named.contains(&source.number) {
            self.names = true;
            let name = source.name.to_owned();
            self.control(source, &Control::Source { name });
        }
    }

    /// Says to the partition, before its first record, what the journal holds.
    pub(super) fn declare(
        &mut self,
        cursor: &PartitionCursor,
        preamble: &Preamble,
        source: NumberedSource<'_>,
    ) {
        if std::mem::replace(&mut self.declares, true) {
            return;
        }
        if let Some(declared) = &preamble.schema
            && !cursor.schemas.contains(&declared.kind)
        {
            self.declared = Some(declared.kind);
            let schema = Control::Schema {
                kind: declared.kind,
                feeds: declared.feeds.clone(),
                definition: declared.definition.clone(),
            };
            self.control(source, &schema);
        }
        if !cursor.knows_people {
            let mode = preamble.people.clone();
            self.keyed(PEOPLE_KEY, source, &Control::People { mode });
        }
    }

    pub(super) fn record(
        &mut self,
        admitted: Admitted,
        source: NumberedSource<'_>,
        body: Vec<u8>,
        now_ms: i64,
    ) {
        self.kept += 1;
        self.repaired += u64::from(admitted.repaired);
        self.blanked += admitted.blanked;
        if admitted.time > now_ms + FUTURE_MS {
            let least = self.kept_out.unwrap_or(i64::MAX);
            self.kept_out = Some(least.min(admitted.time));
        }
        self.push(Entry {
            kind: admitted.kind.number(),
            source: source.number,
            key: admitted.key.map(Into::into),
            body,
        });
    }

    /// Takes a refused record: its dead letter, or only its number.
    pub(super) fn refuse(
        &mut self,
        reason: &Reason,
        letter: Option<DeadLetter>,
        source: NumberedSource<'_>,
    ) {
        let code = reason.code();
        *self.refused.entry(code.clone().into_owned()).or_default() += 1;
        match letter {
            Some(letter) => self.control(source, &Control::Rejected(letter)),
            None => *self.only_counted.entry(code.into_owned()).or_default() += 1,
        }
    }

    /// Ends with the source's position, if it has one, and with how many messages came. The key is the content that the
    /// position is in: a journal that keeps positions returns the last of each key.
    pub(super) fn end(
        &mut self,
        cursor: &PartitionCursor,
        source: NumberedSource<'_>,
        position: Option<&Position>,
    ) -> Result<()> {
        if !self.only_counted.is_empty() {
            let by_reason = std::mem::take(&mut self.only_counted);
            self.control(source, &Control::RejectedMore { by_reason });
        }
        if let (Some(stored), Some(position)) = (&cursor.kept_out, position) {
            self.end_kept_out(stored, cursor, source, position);
        }
        let of = position.map(|position| position.of.clone());
        let body = Control::Position {
            of: of.clone().unwrap_or_default(),
            position: serde_json::to_value(position).context("write a position")?,
            received: self.received(),
            repaired: self.repaired,
            blanked: self.blanked,
        };
        match of {
            Some(of) => self.keyed(of.as_bytes(), source, &body),
            None => self.control(source, &body),
        }
        Ok(())
    }

    /// Notes what of this content is kept out, if that has changed.
    fn end_kept_out(
        &mut self,
        stored: &HashMap<String, i64>,
        cursor: &PartitionCursor,
        source: NumberedSource<'_>,
        position: &Position,
    ) {
        let of = &position.of;
        let stored = stored.get(of).copied();
        let is_read_anew = position.at.is_some() && !cursor.have.contains_key(of);
        let before = stored.filter(|_| !is_read_anew);
        let least = before.into_iter().chain(self.kept_out).min();
        // A stream cannot be read again to bring them back.
        if least != stored && position.at.is_some() {
            let (key, of) = (format!("kept-out {of}"), of.clone());
            self.kept_out = least;
            self.keyed(key.as_bytes(), source, &Control::KeptOut { of, least });
        } else {
            self.kept_out = stored;
        }
    }

    /// What the partition knows once this is appended.
    pub(super) fn enter(
        &self,
        cursor: &mut PartitionCursor,
        source: NumberedSource<'_>,
        position: Option<&Position>,
    ) {
        if self.names {
            cursor.named.insert(source.number);
        }
        if self.declares {
            cursor.schemas.extend(self.declared);
            cursor.knows_people = true;
        }
        let Some((position, at)) = position.and_then(|position| Some((position, position.at?)))
        else {
            return;
        };
        cursor.have.insert(position.of.clone(), at);
        if let Some(kept_out) = &mut cursor.kept_out {
            match self.kept_out {
                Some(least) => kept_out.insert(position.of.clone(), least),
                None => kept_out.remove(&position.of),
            };
        }
    }

    pub(super) fn received(&self) -> u64 {
        self.kept + self.refused.values().sum::<u64>()
    }

    pub(super) fn control(&mut self, source: NumberedSource<'_>, control: &Control) {
        self.push(Entry {
            kind: control.kind().number(),
            source: source.number,
            key: None,
            body: control.to_body(),
        });
    }

    fn keyed(&mut self, key: &[u8], source: NumberedSource<'_>, control: &Control) {
        self.push(Entry {
            kind: control.kind().number(),
            source: source.number,
            key: Some(key.into()),
            body: control.to_body(),
        });
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.body.len() + ENTRY_BYTES;
        self.entries.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use headcount_record::Kind;
    use headcount_source::ResumeState;

    use super::*;

    const NOW: i64 = 1_700_000_000_000;
    const AHEAD: i64 = NOW + 2 * FUTURE_MS;
    const SOURCE: NumberedSource<'_> = NumberedSource {
        number: 1,
        name: "file:x",
        is_shared: false,
    };

    fn preamble() -> Preamble {
        Preamble {
            schema: None,
            people: PeopleMode::Kept,
        }
    }

    fn position(at: u64) -> Position {
        Position {
            of: "file:1".to_owned(),
            at: Some(at),
            state: ResumeState::File,
        }
    }

    /// Brings a record of this time at `now`; returns the bodies of the entries with a key, as a journal keeps them.
    fn bring(cursor: &mut PartitionCursor, at: u64, time: i64, now: i64) -> Vec<Vec<u8>> {
        let admitted = Admitted {
            kind: Kind::new(1),
            key: None,
            partition: 0,
            time,
            repaired: false,
            blanked: 0,
        };
        let mut part = PartitionBatch::default();
        part.record(admitted, SOURCE, Vec::new(), now);
        let position = position(at);
        part.end(cursor, SOURCE, Some(&position))
            .expect("a position");
        part.enter(cursor, SOURCE, Some(&position));
        let keyed = part.entries.into_iter().filter(|entry| entry.key.is_some());
        keyed.map(|entry| entry.body).collect()
    }

    #[test]
    fn a_journal_of_positions_knows_what_was_kept_out_until_it_is_read_again() {
        let known = KnownSources::of_bodies(&[]);
        let mut cursor = PartitionCursor::of(&known, &preamble(), true);
        let mut bodies = bring(&mut cursor, 1, AHEAD, NOW);
        assert_eq!(bodies.len(), 2, "the position and the note");
        assert_eq!(
            bring(&mut cursor, 2, AHEAD + 5, NOW).len(),
            1,
            "nothing new"
        );
        bodies.extend(bring(&mut cursor, 3, NOW, NOW));

        let mut known = KnownSources::of_bodies(&bodies);
        known.forget_kept_out(AHEAD - FUTURE_MS - 1);
        assert_eq!(known.positions.len(), 2, "it would not count yet");
        known.forget_kept_out(AHEAD);
        assert_eq!(known.positions.len(), 0, "it is read again");
        let mut cursor = PartitionCursor::of(&known, &preamble(), true);
        assert!(!cursor.has(Some(&position(3)), 1));
        let again = bring(&mut cursor, 1, AHEAD, AHEAD);
        assert_eq!(again.len(), 2, "the position and the end of the note");
        let known = KnownSources::of_bodies(&again);
        assert!(known.kept_out.is_empty());
        assert_eq!(bring(&mut cursor, 2, AHEAD, AHEAD).len(), 1);
    }

    #[test]
    fn a_journal_that_is_counted_here_needs_no_note() {
        let known = KnownSources::of_bodies(&[]);
        let mut cursor = PartitionCursor::of(&known, &preamble(), false);
        assert_eq!(bring(&mut cursor, 1, AHEAD, NOW).len(), 1);
    }
}
