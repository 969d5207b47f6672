//! The door: what every source's messages go through before they are kept.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::{
    Feed,
    control::DeadLetter,
    decoder::{Decoder, Record},
    excerpt,
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
    pub feed: Feed,
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
        let (feed, version, event) = match record {
            Record::Rsvp(rsvp) => {
                let event = self.decoder.dictionary().event(rsvp.event);
                (Feed::Rsvps, rsvp.version, Some(&*event.id))
            }
            Record::Other(other) => (other.identity.feed, other.version, other.event.as_deref()),
        };
        let partition = event.map_or(0, |event| partition_of(event, self.partitions));
        Admitted {
            feed,
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
            sha256: hex(&Sha256::digest(bytes)),
            excerpt,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
