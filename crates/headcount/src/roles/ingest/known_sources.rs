//! What partitions know of sources, from which ingest resumes.

use std::collections::BTreeMap;

use headcount_engine::{Declared, FUTURE_MS, Partition, Tally};
use headcount_record::{Control, PeopleMode};

/// What a partition knows of sources.
pub(crate) struct KnownSources {
    /// Names by number.
    pub(crate) names: Vec<(u16, String)>,
    pub(crate) positions: Vec<serde_json::Value>,
    /// The declared schemas of records.
    pub(crate) schemas: Vec<Declared>,
    /// How members are kept, if the partition says it.
    pub(crate) people: Option<PeopleMode>,
    /// What became of their records here, if this process counts the partition.
    pub(crate) tally: Tally,
    /// How many of them were repaired.
    pub(crate) repaired: u64,
    /// The contents with records kept out because their time is in the future, and the least of these times, ms since
    /// 1970.
    pub(crate) kept_out: BTreeMap<String, i64>,
}

impl KnownSources {
    /// From the bodies of the last entry of every key, as a journal keeps them.
    pub(crate) fn of_bodies(bodies: &[Vec<u8>]) -> Self {
        let mut known = Self {
            names: Vec::new(),
            positions: Vec::new(),
            schemas: Vec::new(),
            people: None,
            // A journal does not know what became of its records.
            tally: Tally::default(),
            repaired: 0,
            kept_out: BTreeMap::new(),
        };
        for body in bodies {
            match Control::from_body(body) {
                Ok(Control::Position { position, .. }) => known.positions.push(position),
                Ok(Control::People { mode }) => known.people = Some(mode),
                Ok(Control::KeptOut {
                    of,
                    least: Some(least),
                }) => {
                    known.kept_out.insert(of, least);
                }
                _ => {}
            }
        }
        known
    }

    pub(crate) fn of(partition: &Partition) -> Self {
        Self {
            names: partition
                .sources()
                .iter()
                .map(|(number, state)| (*number, state.name.clone()))
                .collect(),
            positions: partition.positions().values().cloned().collect(),
            schemas: partition.schemas().to_vec(),
            people: partition.people().cloned(),
            tally: tally_of(partition),
            repaired: repaired_of(partition),
            kept_out: partition.kept_out().clone(),
        }
    }

    /// Forgets the positions of contents with records that were kept out and would count at `now`, ms since 1970: the
    /// clock was behind when they arrived. Read again, they are new, and all others repeated.
    pub(crate) fn forget_kept_out(&mut self, now: i64) {
        let kept_out = &self.kept_out;
        let counts = |of: &str| {
            kept_out
                .get(of)
                .is_some_and(|time| *time <= now + FUTURE_MS)
        };
        self.positions.retain(|position| {
            let of = position.get("of").and_then(serde_json::Value::as_str);
            !of.is_some_and(counts)
        });
    }
}

/// What became of all records of a partition, of all sources.
pub(crate) fn tally_of(partition: &Partition) -> Tally {
    let mut sum = Tally::default();
    for state in partition.sources().values() {
        sum.add(&state.account.tally);
    }
    sum
}

/// How many records of a partition were repaired, of all sources.
pub(crate) fn repaired_of(partition: &Partition) -> u64 {
    let sources = partition.sources().values();
    sources.map(|state| state.account.repaired).sum()
}
