//! The door: what every source's messages go through before they are kept.

use std::{ops::Range, sync::Arc};

use sha2::{Digest, Sha256};

use crate::{
    Feed,
    control::DeadLetter,
    decoder::{Decoder, Record},
    excerpt,
    kind::Kind,
    partition::partition_of,
    people::PeopleKey,
    reason::Reason,
};

/// Decodes, refuses with a reason, masks people and tells the partition.
pub struct Door {
    decoder: Decoder,
    people: Option<PeopleKey>,
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
    pub mtime: i64,
    /// Half an emoji in one of its texts was repaired to U+FFFD.
    pub repaired: bool,
}

impl Door {
    /// A door to a journal of so many partitions. Without a key people are kept as they come.
    #[must_use]
    pub fn new(partitions: u16, people: Option<PeopleKey>) -> Self {
        Self {
            decoder: Decoder::new(),
            people,
            partitions,
        }
    }

    /// Admits a record and appends to `out` the bytes to keep.
    ///
    /// # Errors
    /// The reason why it is refused; `out` is as before.
    pub fn admit(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<Admitted, Reason> {
        self.decoder.keep_bounded();
        let before = out.len();
        let admitted = match self.decoder.decode_fast(line) {
            Some((rsvp, member)) => {
                let Range { start, end } = member;
                out.extend_from_slice(&line[..start]);
                match &self.people {
                    Some(key) => key.mask_member(&line[start..end], out),
                    None => {
                        out.extend_from_slice(&line[start..end]);
                        Some(())
                    }
                }
                .map(|()| {
                    out.extend_from_slice(&line[end..]);
                    self.place(&Record::Rsvp(rsvp))
                })
                .ok_or(Reason::BadJson)
            }
            None => self.admit_odd(line, out),
        };
        if admitted.is_err() {
            out.truncate(before);
        }
        admitted
    }

    fn admit_odd(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<Admitted, Reason> {
        let text = self.decoder.read(line)?;
        let record = self.decoder.decode_text(&text)?;
        // What is kept is decoded again by every reader of the journal.
        let kept = text.repaired();
        match &self.people {
            Some(key) => key
                .mask_record(kept.as_bytes(), out)
                .ok_or(Reason::BadJson)?,
            None => out.extend_from_slice(kept.as_bytes()),
        }
        Ok(Admitted {
            repaired: text.is_repaired(),
            ..self.place(&record)
        })
    }

    fn place(&self, record: &Record) -> Admitted {
        let (feed, version, key) = match record {
            Record::Rsvp(rsvp) => {
                let event = self.decoder.dictionary().event(rsvp.event);
                (Feed::Rsvps, rsvp.version, Some(Arc::clone(&event.id)))
            }
            Record::Other(other) => {
                let event = other.event.as_deref().map(Arc::from);
                (other.identity.feed, other.version, event)
            }
        };
        let partition = key
            .as_deref()
            .map_or(0, |event| partition_of(event, self.partitions));
        Admitted {
            kind: Kind::of(feed),
            key,
            partition,
            mtime: version.mtime(),
            repaired: false,
        }
    }

    /// What is kept of a message that was refused at `place`.
    ///
    /// Its beginning, without what is or may be a person's: of a text that is no JSON object nothing
    /// can be told to be harmless, so nothing is kept. Without a key people are kept as they come.
    #[must_use]
    pub fn refuse(&self, reason: &Reason, place: String, bytes: &[u8]) -> DeadLetter {
        let excerpt = match &self.people {
            Some(key) => key.excerpt(bytes),
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
