//! Admission: what every source's messages go through before they are kept.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::{
    Feed, control::DeadLetter, decoder::Decoder, excerpt, kind::Kind, masking::Masking,
    partition::partition_of, reason::Reason, record::Record, schema::Schema,
};

/// Decodes, refuses with a reason, masks people and tells the partition.
pub struct Admission {
    decoder: Decoder,
    kinds: Vec<Kind>,
    masking: Masking,
    partitions: u16,
}

/// A record that may be kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    /// What it is a record of.
    pub kind: Kind,
    /// The id of its event, by which engines that key messages find all records of an event
    /// together; absent where the record belongs to no event.
    pub key: Option<Arc<str>>,
    /// Follows from the key alone; 0 without one.
    pub partition: u16,
    /// Its record time, ms since 1970.
    pub time: i64,
    /// Half an emoji in one of its texts was repaired to U+FFFD.
    pub repaired: bool,
    /// Values that were masked because the schema does not know them, see
    /// [`Allowed::Unknown`](crate::Allowed::Unknown).
    pub blanked: u64,
}

impl Admission {
    /// For Meetup's records to a journal of so many partitions.
    #[must_use]
    pub fn new(partitions: u16, masking: Masking) -> Self {
        let kinds = Feed::ALL.map(Kind::of).to_vec();
        Self::of(Decoder::new(), kinds, partitions, masking)
    }

    /// For the records of a decoder's schema; `kinds` are those of its feeds.
    ///
    /// # Panics
    /// When not every feed has a kind.
    #[must_use]
    pub fn of(decoder: Decoder, kinds: Vec<Kind>, partitions: u16, masking: Masking) -> Self {
        assert_eq!(
            decoder.schema().feeds().len(),
            kinds.len(),
            "a feed has a kind"
        );
        Self {
            decoder,
            kinds,
            masking,
            partitions,
        }
    }

    /// The schema whose records are admitted.
    #[must_use]
    pub fn schema(&self) -> &Arc<dyn Schema> {
        self.decoder.schema()
    }

    /// The kinds of the schema's feeds, in their order.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Admits a record and appends to `out` the bytes to keep.
    ///
    /// # Errors
    /// The reason why it is refused; `out` is as before.
    pub fn admit(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<Admitted, Reason> {
        self.decoder.keep_bounded();
        let before = out.len();
        let (repaired, blanked) = (self.decoder.repaired(), self.decoder.blanked());
        match self.decoder.admit(line, &self.masking, out) {
            Ok(record) => Ok(Admitted {
                repaired: self.decoder.repaired() > repaired,
                blanked: self.decoder.blanked() - blanked,
                ..self.place(&record)
            }),
            Err(reason) => {
                out.truncate(before);
                Err(reason)
            }
        }
    }

    fn place(&self, record: &Record) -> Admitted {
        let schema = self.decoder.schema();
        let event = |key| Some(Arc::clone(&self.decoder.dictionary().event(key).id));
        let key = match record {
            Record::Rsvp(rsvp) => event(rsvp.event),
            Record::Event(facts) => event(facts.event),
            Record::Withdrawal(_) => None,
            Record::Other(other) => other.event.as_deref().map(Arc::from),
        };
        let namespace = schema.namespace();
        let partition = match key.as_deref() {
            // All of a mapping's records are in one.
            None if namespace.is_of_mapping() => partition_of(namespace, "", self.partitions),
            event => event.map_or(0, |event| partition_of(namespace, event, self.partitions)),
        };
        Admitted {
            kind: self.kinds[schema.feed_of(record)],
            key,
            partition,
            time: record.version().time(),
            repaired: false,
            blanked: 0,
        }
    }

    /// How often records had to be decoded the complete way.
    #[must_use]
    pub fn fallbacks(&self) -> u64 {
        self.decoder.fallbacks()
    }

    /// What is kept of a message that was refused at `place`.
    ///
    /// Its beginning, without what is or may be a person's: of a text that is no JSON object nothing
    /// can be told to be harmless, so nothing is kept. If nothing is masked it is kept as it came.
    #[must_use]
    pub fn refuse(&self, reason: &Reason, place: String, bytes: &[u8]) -> DeadLetter {
        let excerpt = match self.masking.key() {
            Some(people) => excerpt::masked(bytes, &**self.schema(), people),
            None => excerpt::begin(bytes),
        };
        DeadLetter {
            reason: reason.code().into_owned(),
            place,
            length: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(bytes)),
            excerpt,
        }
    }
}
