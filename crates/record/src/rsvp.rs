//! A decoded RSVP, small enough to travel by the million.

use xxhash_rust::xxh3::xxh3_64;

use crate::{dictionary::Key, response::Response, version::Version};

/// Guests one RSVP may bring.
pub const GUESTS_MAX: u16 = 1000;

/// An RSVP whose event, venue and group are keys of the [`Dictionary`](crate::Dictionary) of the
/// decoder it came from.
///
/// Its ids are [`Identity`](crate::Identity)s in the namespace of its event, taken apart so that
/// they take no room for what is the same in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rsvp {
    /// The bits of its identity, which is unique within its event.
    pub id: u64,
    /// The bits of the member's identity, or of the pseudonym that stands for it.
    pub member: u64,
    /// The order of two records of this RSVP.
    pub version: Version,
    /// The event it answers to.
    pub event: Key,
    /// The group that invites, if there is one.
    pub group: Option<Key>,
    /// Where the event takes place, if it is told.
    pub venue: Option<Key>,
    /// Hash over the decoded record without its member: decides between equal versions.
    pub content: u32,
    /// The check of its identity; 0 for a number.
    pub id_check: u16,
    /// The check of the member's identity; 0 for a number.
    pub member_check: u16,
    /// At most [`GUESTS_MAX`].
    pub guests: u16,
    /// What is answered.
    pub response: Response,
    /// Whether it tells the facts of its event. If not, it knows the event's id only, and the rest
    /// comes in an [`EventRecord`](crate::EventRecord).
    pub tells_event: bool,
}

// Decoded records wait in queues by the million.
const _: () = assert!(size_of::<Rsvp>() == 48);

/// What the hash of an RSVP's content is made of.
pub(crate) struct RsvpContent<'a> {
    pub(crate) id: u64,
    pub(crate) version: Version,
    pub(crate) event: u64,
    pub(crate) group: u64,
    pub(crate) venue: Option<u64>,
    pub(crate) guests: u16,
    pub(crate) response: Response,
    pub(crate) visibility: &'a [u8],
}

impl RsvpContent<'_> {
    pub(crate) fn hash(&self) -> u32 {
        let visibility = if self.visibility == b"public" {
            0
        } else {
            xxh3_64(self.visibility)
        };
        let parts = [
            self.id,
            self.version.to_bits(),
            self.event,
            self.group,
            self.venue.unwrap_or(0),
            answer(self.guests, self.response),
            visibility,
        ];
        let mut bytes = [0; 56];
        for (slot, part) in bytes.chunks_exact_mut(8).zip(parts) {
            slot.copy_from_slice(&part.to_le_bytes());
        }
        // 32 bits of a well-mixed 64: equal versions with different content are rare already.
        xxh3_64(&bytes) as u32
    }
}

/// Guests and response in one number, as hashes have them: yes in the lowest bit and maybe in the
/// highest, for there was no maybe when the first digests were made.
#[must_use]
pub fn answer(guests: u16, response: Response) -> u64 {
    let response = match response {
        Response::No => 0,
        Response::Yes => 1,
        Response::Maybe => 1 << 63,
    };
    u64::from(guests) << 1 | response
}
