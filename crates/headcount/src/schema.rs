//! The schema of the records that this process ingests.

use std::sync::Arc;

use anyhow::{Result, ensure};
use headcount_engine::Declared;
use headcount_journal::Journal;
use headcount_record::{Feed, Kind, Meetup, Schema};

use crate::roles::ingest::known_sources::KnownSources;

/// The schema of the records of sources: Meetup's, until a source can name another.
#[cfg(not(feature = "test-schema"))]
pub(crate) fn of_sources() -> Result<Arc<dyn Schema>> {
    Ok(Arc::new(Meetup))
}

/// The schema of the records of sources: Meetup's, or the one that a test names in the environment.
#[cfg(feature = "test-schema")]
pub(crate) fn of_sources() -> Result<Arc<dyn Schema>> {
    let Ok(definition) = std::env::var("HEADCOUNT_TEST_SCHEMA") else {
        return Ok(Arc::new(Meetup));
    };
    headcount_record::schema_of(&definition).ok_or_else(|| {
        anyhow::anyhow!("HEADCOUNT_TEST_SCHEMA names {definition:?}, which is not a schema")
    })
}

/// The declaration of a schema that a journal needs, with the kinds that the journal gives it. None for Meetup's, whose
/// kinds every journal has. `known` is what partitions know, as far as this process counts them.
pub(crate) fn declared_in(
    journal: &Journal,
    schema: &dyn Schema,
    known: &[KnownSources],
) -> Result<Option<Declared>> {
    if is_meetups(schema) {
        return Ok(None);
    }
    let register = |definition: &str, feeds: usize| {
        let count = u8::try_from(feeds).unwrap_or(u8::MAX);
        let [first, last] = [Kind::FIRST_REGISTERED, Kind::LAST_REGISTERED].map(Kind::number);
        journal.register_kinds(definition, count, first..=last)
    };
    // The entries say the same as the journal's identity, unless that was restored from before them.
    let mut declared: Vec<_> = known.iter().flat_map(|known| &known.schemas).collect();
    declared.sort_by_key(|declared| declared.kind);
    for known in declared {
        let first = register(&known.definition, known.feeds.len())?;
        ensure!(
            first == known.kind.number(),
            "the journal's entries have kind {} for records of the schema {:?}, but its identity gives it kind {first}; \
             restore both from one backup",
            known.kind.number(),
            known.definition
        );
    }
    let first = register(schema.definition(), schema.feeds().len())?;
    Ok(Some(Declared::new(Kind::new(first), schema)))
}

fn is_meetups(schema: &dyn Schema) -> bool {
    schema.definition() == Meetup.definition()
}

/// The kinds of a schema's feeds. Meetup's are fixed; those of others follow `first`.
pub(crate) fn kinds_of(schema: &dyn Schema, first: Kind) -> Vec<Kind> {
    if is_meetups(schema) {
        return Feed::ALL.map(Kind::of).to_vec();
    }
    Declared::new(first, schema).kinds().collect()
}
