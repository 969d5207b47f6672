//! A decoded RSVP, small enough to travel by the million.

use xxhash_rust::xxh3::xxh3_64;

use crate::{dictionary::Key, version::Version};

/// Guests one RSVP may bring.
pub const GUESTS_MAX: u16 = 1000;

/// An RSVP whose event, venue and group are keys of the [`Dictionary`](crate::Dictionary) of the
/// decoder it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rsvp {
    pub id: u64,
    /// The member's id, or the pseudonym that stands for it.
    pub member: u64,
    pub version: Version,
    pub event: Key,
    pub group: Key,
    pub venue: Option<Key>,
    /// Hash over the decoded record without its member: decides between equal versions.
    pub content: u32,
    /// At most [`GUESTS_MAX`].
    pub guests: u16,
    pub yes: bool,
}

/// What the hash of an RSVP's content is made of.
pub(crate) struct RsvpContent<'a> {
    pub(crate) id: u64,
    pub(crate) version: Version,
    pub(crate) event: u64,
    pub(crate) group: u64,
    pub(crate) venue: Option<u64>,
    pub(crate) guests: u16,
    pub(crate) yes: bool,
    pub(crate) visibility: &'a [u8],
}

impl RsvpContent<'_> {
    pub(crate) fn hash(&self) -> u32 {
        let answer = u64::from(self.guests) << 1 | u64::from(self.yes);
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
            answer,
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
