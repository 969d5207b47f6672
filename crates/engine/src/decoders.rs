//! The decoders of a partition's records, by kind.
//!
//! Meetup's kinds are known from the start. All others are what the journal declares them to be,
//! before their first record: nothing outside the journal has a say in what its records mean.

use std::{collections::BTreeMap, sync::Arc};

use headcount_record::{Decoder, Feed, Kind, Namespace, Response, Schema, schema_of};
use serde::{Deserialize, Serialize};

/// Which decoder a record came from, when several feed one partition. Those of the partition itself
/// count from 0: Meetup's, and then those of the schemas that its journal declares.
pub type Sender = usize;

/// A declaration in a journal: which schema the records of some kinds have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The kind of the schema's first feed; the others follow it, one by one.
    pub kind: Kind,
    /// The names of the schema's feeds.
    pub feeds: Vec<String>,
    /// The text that stands for the schema, see [`Schema::definition`].
    pub definition: String,
}

impl Declared {
    /// Declares a schema, its feeds from a kind on.
    #[must_use]
    pub fn new(kind: Kind, schema: &dyn Schema) -> Self {
        let feeds = schema.feeds().iter();
        Self {
            kind,
            feeds: feeds.map(|&feed| feed.to_owned()).collect(),
            definition: schema.definition().to_owned(),
        }
    }

    /// The kinds of the schema's feeds, in their order.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + use<> {
        let first = self.kind.number();
        (0..self.feeds.len()).map(move |at| {
            let after = u8::try_from(at).unwrap_or(u8::MAX);
            Kind::new(first.saturating_add(after))
        })
    }
}

/// Why a declaration is none.
pub enum Refused {
    /// This program does not have the schema, or has it with other feeds.
    UnknownSchema,
    /// The numbers are not those of schemas that a journal declares, or mean something else.
    Taken(Kind),
}

/// Decoders of all records of a journal, by kind.
pub struct Decoders {
    /// Meetup's, and one for each schema declared.
    list: Vec<Decoder>,
    by_kind: BTreeMap<Kind, Sender>,
    declared: Vec<Declared>,
}

impl Default for Decoders {
    fn default() -> Self {
        Self {
            list: vec![Decoder::new()],
            by_kind: Feed::ALL.map(|feed| (Kind::of(feed), 0)).into(),
            declared: Vec::new(),
        }
    }
}

impl Decoders {
    /// What has been declared, in order.
    pub(crate) fn declared(&self) -> &[Declared] {
        &self.declared
    }

    /// Whether a kind is known here.
    pub fn knows(&self, kind: Kind) -> bool {
        self.by_kind.contains_key(&kind)
    }

    /// The decoder of a kind that is known, and its number.
    ///
    /// # Panics
    /// When the kind is not known.
    pub fn of(&mut self, kind: Kind) -> (Sender, &mut Decoder) {
        let sender = self.by_kind[&kind];
        (sender, &mut self.list[sender])
    }

    /// The dictionary of a decoder.
    pub fn decoder(&self, sender: Sender) -> &Decoder {
        &self.list[sender]
    }

    /// Whether the records of any schema here may answer so.
    pub(crate) fn may_answer(&self, response: Response) -> bool {
        let mut schemas = self.list.iter().map(Decoder::schema);
        schemas.any(|schema| schema.responses().contains(&response))
    }

    /// Whether somebody may answer so to an event of a namespace.
    pub(crate) fn may_answer_to(&self, namespace: Namespace, response: Response) -> bool {
        let schemas = self.list.iter().map(Decoder::schema);
        schemas
            .filter(|schema| schema.namespace() == namespace)
            .any(|schema| schema.responses().contains(&response))
    }

    pub(crate) fn fallbacks(&self) -> u64 {
        self.list.iter().map(Decoder::fallbacks).sum()
    }

    /// Takes a declaration. The same one may come again, for a journal may have several writers.
    /// Returns the schema if it is new.
    ///
    /// # Errors
    /// When this program does not have the schema, or the kinds mean something else.
    pub fn declare(&mut self, declared: Declared) -> Result<Option<Arc<dyn Schema>>, Refused> {
        if self.declared.contains(&declared) {
            return Ok(None);
        }
        let schema = schema_of(&declared.definition).ok_or(Refused::UnknownSchema)?;
        if !schema.feeds().iter().eq(declared.feeds.iter()) {
            return Err(Refused::UnknownSchema);
        }
        // The ids of two mappings must not be taken for one another.
        let mut known = self.list.iter().map(Decoder::schema);
        let is_other = |known: &Arc<dyn Schema>| {
            known.namespace() == schema.namespace() && known.feeds() != schema.feeds()
        };
        if known.any(is_other) {
            return Err(Refused::UnknownSchema);
        }
        let mut kinds = declared.kinds();
        if let Some(kind) = kinds.find(|kind| !kind.is_registered() || self.knows(*kind)) {
            return Err(Refused::Taken(kind));
        }
        let sender = self.list.len();
        self.list.push(Decoder::of(Arc::clone(&schema)));
        self.by_kind
            .extend(declared.kinds().map(|kind| (kind, sender)));
        self.declared.push(declared);
        Ok(Some(schema))
    }
}
