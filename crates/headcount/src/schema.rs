//! Which schema the records of this process's sources have.

use std::sync::Arc;

use anyhow::Result;
use headcount_record::{Feed, Kind, Meetup, Schema};

/// The schema of what sources bring: Meetup's, as long as nobody can choose another.
#[cfg(not(feature = "test-schema"))]
pub(crate) fn of_sources() -> Result<Arc<dyn Schema>> {
    Ok(Arc::new(Meetup))
}

/// The schema of what sources bring: Meetup's, or the one that a test names in the environment.
#[cfg(feature = "test-schema")]
pub(crate) fn of_sources() -> Result<Arc<dyn Schema>> {
    let Ok(definition) = std::env::var("HEADCOUNT_TEST_SCHEMA") else {
        return Ok(Arc::new(Meetup));
    };
    headcount_record::schema_of(&definition)
        .ok_or_else(|| anyhow::anyhow!("HEADCOUNT_TEST_SCHEMA names {definition:?}, which is none"))
}

/// The kinds of a schema's feeds. Meetup's are fixed; those of others follow `first`.
pub(crate) fn kinds_of(schema: &dyn Schema, first: Kind) -> Vec<Kind> {
    if schema.definition() == Meetup.definition() {
        return Feed::ALL.map(Kind::of).to_vec();
    }
    headcount_engine::Declared::new(first, schema)
        .kinds()
        .collect()
}
