//! Two processes that count one partition and store what they find in the same tables: the one
//! that owns the partition, and one that no longer does and does not know it yet.

use std::{collections::BTreeMap, sync::Arc};

use headcount_record::{Feed, Kind};
use proptest::prelude::*;

use crate::{Changes, CountryPart, Partition, VenuePart};

use super::{
    BASE, RsvpSpec,
    replica::{EventCounts, EventName, Tables, batch, named_by_place},
};

/// A cell as stores keep it that take the write of the greatest stamp, in whatever order writes
/// come. Of one offset, a set is later than a deletion.
struct Cell<T> {
    stamp: u64,
    value: Option<T>,
}

struct Cells<K, T>(BTreeMap<K, Cell<T>>);

impl<K: Ord, T> Cells<K, T> {
    fn set(&mut self, key: K, value: T, offset: u64) {
        self.put(key, Some(value), 2 * offset + 1);
    }

    fn delete(&mut self, key: K, offset: u64) {
        self.put(key, None, 2 * offset);
    }

    fn put(&mut self, key: K, value: Option<T>, stamp: u64) {
        let cell = Cell { stamp, value };
        let known = self.0.get(&key);
        if known.is_none_or(|known| known.stamp < stamp) {
            self.0.insert(key, cell);
        }
    }

    fn there(self) -> impl Iterator<Item = (K, T)> {
        let cells = self.0.into_iter();
        cells.filter_map(|(key, cell)| Some((key, cell.value?)))
    }
}

impl<K, T> Default for Cells<K, T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

/// The tables that both write.
#[derive(Default)]
struct Stored {
    countries: Cells<Arc<str>, CountryPart>,
    venues: Cells<i64, VenuePart>,
    events: Cells<EventName, EventCounts>,
}

impl Stored {
    fn write(&mut self, changes: Changes) {
        let (offset, statistics) = (changes.offset, changes.statistics);
        for part in statistics.countries {
            self.countries.set(part.country.clone(), part, offset);
        }
        for part in statistics.venues {
            self.venues.set(part.venue_id, part, offset);
        }
        for gone in statistics.renamed {
            self.events.delete((gone.event_name, gone.event_id), offset);
        }
        for event in statistics.events {
            let counts = (event.yes, event.no, event.heads);
            self.events
                .set((event.event_name, event.event_id), counts, offset);
        }
    }

    fn tables(self) -> Tables {
        let countries = self.countries.there();
        let venues = self.venues.there();
        Tables {
            countries: countries
                .filter(|(_, part)| part.yes + part.no > 0)
                .collect(),
            venues: venues.filter(|(_, part)| part.yes + part.no > 0).collect(),
            events: self.events.there().collect(),
        }
    }
}

/// One of the two, and what it has not read yet of the journal.
struct Writer<'a> {
    partition: Partition,
    ahead: &'a [String],
}

impl<'a> Writer<'a> {
    fn new(journal: &'a [String], all: bool) -> Self {
        let mut partition = Partition::new();
        partition.watch(all);
        Self {
            partition,
            ahead: journal,
        }
    }

    fn read(&mut self, records: usize) {
        let (now, ahead) = self.ahead.split_at(records.min(self.ahead.len()));
        self.ahead = ahead;
        for record in now {
            batch(
                &mut self.partition,
                Kind::of(Feed::Rsvps),
                record.as_bytes(),
            );
        }
    }

    /// Writes the next piece.
    fn write(&mut self, stored: &mut Stored) {
        if self.partition.has_changes() {
            stored.write(self.partition.take_changes());
        }
    }
}

/// Records of few events at few places, most of them newer than those before, so that events move
/// to and fro.
fn journal() -> impl Strategy<Value = Vec<String>> {
    let record = (0..3_u8, 1..4_u64, 0..4_u8, -3..=0_i64, any::<bool>());
    prop::collection::vec(record, 1..40).prop_map(|records| {
        let records = records.into_iter().zip(10_i64..);
        records
            .map(|((event, rsvp, place, late, yes), second)| {
                named_by_place(&RsvpSpec {
                    event,
                    rsvp,
                    mtime: BASE + (second + late) * 1000 + 1,
                    yes,
                    guests: 0,
                    member: rsvp,
                    place,
                })
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_a_replaced_writer_stored_is_put_right(
        journal in journal(),
        steps in prop::collection::vec((any::<bool>(), 0..8_usize, any::<bool>()), 0..20),
        all in any::<[bool; 2]>(),
    ) {
        let mut stored = Stored::default();
        let mut owner = Writer::new(&journal, all[0]);
        let mut replaced = Writer::new(&journal, all[1]);
        for (own, records, write) in steps {
            let writer = if own { &mut owner } else { &mut replaced };
            writer.read(records);
            if write {
                writer.write(&mut stored);
            }
        }
        owner.read(journal.len());
        while owner.partition.has_changes() {
            owner.write(&mut stored);
        }
        prop_assert_eq!(stored.tables(), Tables::of(&owner.partition));
    }
}
