//! The schemas that this build of the program has.

use std::sync::Arc;

use crate::{mapped::MappedSchema, meetup::Meetup, schema::Schema};

/// The schema that a definition stands for, if this build of the program has it. Every build has those of mappings.
#[must_use]
pub fn schema_of(definition: &str) -> Option<Arc<dyn Schema>> {
    let known: &[Arc<dyn Schema>] = &[
        Arc::new(Meetup),
        #[cfg(feature = "test-schema")]
        Arc::new(crate::calendar::Calendar),
    ];
    let mut known = known.iter();
    let found = known.find(|schema| schema.definition() == definition);
    let mapped = || Some(Arc::new(MappedSchema::of(definition)?) as Arc<dyn Schema>);
    found.map(Arc::clone).or_else(mapped)
}
