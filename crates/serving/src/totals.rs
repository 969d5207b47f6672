//! Adds the parts of partitions up to totals.
//!
//! A country or a venue has events in several partitions, and each is counted by a process of its own. Every partition
//! writes its own part; its writer then reads all parts of the keys it changed and writes their sum, stamped with the sum
//! of the parts' offsets.
//!
//! **Why the last total is right.** The value of a part is a function of its offset, and the offset of a stored part never
//! goes back. Consider the writer whose final part was acknowledged last. It reads after all final parts were
//! acknowledged, so it sees them all. A writer that read less sums smaller offsets, and loses whenever its total arrives;
//! a writer that read the same writes the same. A process that has been replaced writes older parts, which lose, or the same.
//! It needs reads that never go back either, even of a part that only some replicas have: Cassandra repairs those
//! before it answers a read by a quorum (`read_repair = 'BLOCKING'`, which the tables ask for).

use std::{collections::BTreeMap, sync::Arc};

use super::rows::{
    CountryTotals, RsvpCounts, Stamped, VenueCell, VenueKey, VenueTotals, WORLD, Write,
};

/// A stored part of a country, or of the world.
#[derive(Clone, Debug)]
pub(crate) struct StoredCountry {
    pub(crate) code: Arc<str>,
    pub(crate) country: Arc<str>,
    pub(crate) partition: u16,
    pub(crate) as_of: u64,
    pub(crate) counts: RsvpCounts,
}

/// A stored part of a venue: what a partition once knew of it, or knows.
#[derive(Clone, Debug)]
pub(crate) struct StoredVenue {
    pub(crate) partition: u16,
    pub(crate) key: VenueKey,
    pub(crate) as_of: u64,
    pub(crate) cell: VenueCell,
}

/// The totals of all countries of which there are parts here, and of the responses if the world is among them.
pub(crate) fn countries(parts: impl IntoIterator<Item = StoredCountry>) -> Vec<Stamped> {
    let mut sums: BTreeMap<Arc<str>, (u64, RsvpCounts)> = BTreeMap::new();
    for part in parts {
        let (as_of, counts) = sums.entry(part.code).or_default();
        *as_of += part.as_of;
        counts.add(part.counts);
    }
    sums.into_iter()
        .flat_map(|(code, (as_of, counts))| country(code, as_of, counts))
        .collect()
}

fn country(code: Arc<str>, as_of: u64, counts: RsvpCounts) -> Vec<Stamped> {
    if &*code != WORLD {
        let total = CountryTotals { as_of, counts };
        return vec![Write::Country { code, total }.at(as_of)];
    }
    let maybe = counts.maybe.map(|maybe| ("maybe", maybe));
    let totals = [("yes", counts.yes), ("no", counts.no)]
        .into_iter()
        .chain(maybe);
    totals
        .map(|(response, total)| {
            Write::Response {
                response,
                as_of,
                total,
            }
            .at(as_of)
        })
        .collect()
}

/// The totals of all venues of which there are parts here, and the deletion of rows under other names and places.
pub(crate) fn venues(parts: impl IntoIterator<Item = StoredVenue>) -> Vec<Stamped> {
    let mut venues: BTreeMap<i64, Vec<StoredVenue>> = BTreeMap::new();
    for part in parts {
        venues.entry(part.key.id).or_default().push(part);
    }
    venues.into_values().flat_map(venue).collect()
}

fn venue(contents: Vec<StoredVenue>) -> Vec<Stamped> {
    let mut parts: BTreeMap<u16, &StoredVenue> = BTreeMap::new();
    for content in &contents {
        let part = parts.entry(content.partition).or_insert(content);
        if (part.as_of, &part.key) < (content.as_of, &content.key) {
            *part = content;
        }
    }
    let as_of = parts.values().map(|part| part.as_of).sum();
    let yes = parts.values().map(|part| part.cell.yes).sum();
    let no = parts.values().map(|part| part.cell.no).sum();
    let maybe = parts.values().map(|part| part.cell.maybe).sum();
    // A part without events has neither a name nor anything later than the others.
    let told = parts
        .values()
        .max_by_key(|part| (part.cell.latest, &part.key))
        .filter(|part| yes > 0 && !part.key.name.is_empty());
    let mut writes: Vec<Stamped> = contents
        .iter()
        .filter(|content| !content.key.name.is_empty())
        .filter(|content| told.is_none_or(|told| told.key != content.key))
        .map(|content| {
            let key = content.key.clone();
            Write::DeleteVenue { key }.at(as_of)
        })
        .collect();
    if let Some(told) = told {
        let cell = VenueCell {
            yes,
            no,
            maybe,
            ..told.cell.clone()
        };
        let write = Write::Venue {
            key: told.key.clone(),
            total: VenueTotals { as_of, cell },
        };
        writes.push(write.at(as_of));
    }
    writes
}
