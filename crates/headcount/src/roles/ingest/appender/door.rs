//! The door that the messages of a source come in by: its mapping, if it has one, and then admission.

use std::sync::Arc;

use anyhow::Result;
use headcount_journal::Journal;
use headcount_mapping::Mapping;
use headcount_record::{Admission, Admitted, Decoder, Kind, Masking, PeopleMode, Reason, Schema};
use headcount_source::message::Message;

use super::partition_batch::Preamble;
use crate::{roles::ingest::known_sources::KnownSources, schema};

/// What a message became: a record and the bytes to keep of it, or why it is none.
pub(super) type Entered = (Result<Admitted, Reason>, Vec<u8>);

/// The door for the records of one schema.
pub(super) struct Door {
    pub(super) admission: Admission,
    /// What a partition is told before the first record that comes in here.
    pub(super) preamble: Preamble,
    mapping: Option<Arc<Mapping>>,
    masking: Masking,
}

impl Door {
    /// The door for the records of a schema, or of what a mapping makes records of it from.
    ///
    /// # Errors
    /// When the journal has no number left for the schema.
    pub(super) fn new(
        journal: &Journal,
        masking: &Masking,
        (schema, mapping): (Arc<dyn Schema>, Option<Arc<Mapping>>),
        known: &[KnownSources],
    ) -> Result<Self> {
        let declared = schema::declared_in(journal, &*schema, known)?;
        let first = declared
            .as_ref()
            .map_or(Kind::FIRST_REGISTERED, |it| it.kind);
        let kinds = schema::kinds_of(&*schema, first);
        let decoder = Decoder::of(schema);
        Ok(Self {
            admission: Admission::of(decoder, kinds, journal.partitions(), masking.clone()),
            preamble: Preamble {
                schema: declared,
                people: PeopleMode::of(masking.key()),
            },
            mapping,
            masking: masking.clone(),
        })
    }

    /// Whether it is the door of this mapping. Two of one text are one.
    pub(super) fn reads_by(&self, mapping: &Mapping) -> bool {
        let definition = |mapping: &Mapping| mapping.schema().definition().to_owned();
        let ours = self.mapping.as_ref();
        ours.is_some_and(|ours| definition(ours) == definition(mapping))
    }

    /// Lets a message in. A mapping may find several records in it.
    pub(super) fn admit(&mut self, message: &Message) -> Vec<Entered> {
        if let Some(broken) = &message.broken {
            return vec![(Err(crate::counting::reason_of(broken)), Vec::new())];
        }
        let Some(mapping) = &self.mapping else {
            return vec![enter(&mut self.admission, &message.bytes)];
        };
        let found = mapping.read(&message.bytes, &self.masking).into_iter();
        let entered = found.map(|found| match found.line {
            Ok(line) => {
                let (admitted, body) = enter(&mut self.admission, &line);
                let admitted = admitted.map(|admitted| Admitted {
                    blanked: admitted.blanked + found.blanked,
                    ..admitted
                });
                (admitted, body)
            }
            Err(reason) => (Err(reason), Vec::new()),
        });
        entered.collect()
    }
}

fn enter(admission: &mut Admission, bytes: &[u8]) -> Entered {
    let mut body = Vec::with_capacity(bytes.len() + 16);
    (admission.admit(bytes, &mut body), body)
}
