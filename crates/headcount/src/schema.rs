//! The schema of the records that this process ingests.

use std::sync::Arc;

use anyhow::{Result, bail};
use headcount_engine::Declared;
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

/// The declaration of a schema that a journal needs: with the kinds that its partitions know it by, or with
/// the next free ones. None for Meetup's, whose kinds every journal has.
///
/// A journal that records only positions does not know the declarations: its writers must use one schema,
/// which then has the same kinds every time.
pub(crate) fn declared_in(schema: &dyn Schema, known: &[KnownSources]) -> Result<Option<Declared>> {
    if is_meetups(schema) {
        return Ok(None);
    }
    let all = || known.iter().flat_map(|known| &known.schemas);
    if let Some(declared) = all().find(|known| known.definition == schema.definition()) {
        return Ok(Some(declared.clone()));
    }
    let taken = all().flat_map(Declared::kinds).map(Kind::number).max();
    let first = taken.map_or(Kind::FIRST_REGISTERED, |last| {
        Kind::new(last.saturating_add(1))
    });
    let declared = Declared::new(first, schema);
    if !declared.kinds().all(Kind::is_registered) {
        bail!(
            "this journal has no kinds left for records of the schema {:?}; start a new journal in another folder or under another name",
            schema.definition()
        );
    }
    Ok(Some(declared))
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
