//! A partition's state and offset in one piece, so that a start need not read the whole journal.
//!
//! ```text
//! | HCSTATE7 | length u64 | crc32 u32 | head (postcard) | body (postcard) |
//! ```
//!
//! Where the bytes are kept is not known here. Nothing is lost with them: they can always be made
//! anew from the journal. The head says whose state it is, for a checkpoint of another journal looks
//! the same and would be believed.

use std::{borrow::Cow, sync::Arc};

use headcount_record::{Group, Known, PeopleMode, Venue};
use serde::{Deserialize, Serialize};

use crate::{
    catalog::Catalog,
    changelog::stored::{GroupInterner, StoredEvent, StoredSource},
    decoders::{Declared, Decoders},
    error::Error,
    events::EventRows,
    feeds::Feeds,
    members::{MemberRow, MemberRows},
    partition::Partition,
    quarantine::Quarantine,
    rows::Rows,
    rsvps::Rsvps,
    secondary::{Secondary, SecondaryWinners},
    watermark::Watermark,
    winners::{Winner, Winners},
    withdrawals::StoredWithdrawals,
};

/// Magic and format version.
const MAGIC: &[u8; 8] = b"HCSTATE7";
const HEAD_BYTES: usize = 20;

/// Whose state a checkpoint holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointHead {
    /// The journal's id: offsets mean nothing in another journal.
    pub journal: u64,
    /// The number of the partition, from 0.
    pub partition: u16,
    /// Where the journal's reader stood, in its own words; may be empty.
    pub hint: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    next_offset: u64,
    sources: Vec<(u16, StoredSource)>,
    /// As JSON text: the format of the file knows no values of open shape.
    positions: Vec<(String, String)>,
    people: Option<PeopleMode>,
    schemas: Cow<'a, [Declared]>,
    feeds: Feeds,
    watermark: Watermark,
    quarantine: Quarantine,
    groups: Vec<Arc<Group>>,
    venues: Vec<Arc<Venue>>,
    events: Vec<StoredEvent>,
    winners: Cow<'a, Rows<Winner>>,
    members: Cow<'a, Rows<MemberRow>>,
    secondary: Cow<'a, SecondaryWinners>,
    withdrawals: StoredWithdrawals,
}

impl Partition {
    /// The state as it is kept in a file.
    #[must_use]
    pub fn to_bytes(&self, head: &CheckpointHead) -> Vec<u8> {
        let in_memory = "what is written to memory has a length and no other way to fail";
        let mut file = vec![0; HEAD_BYTES];
        file = postcard::to_extend(head, file).expect(in_memory);
        file = postcard::to_extend(&self.to_body(), file).expect(in_memory);
        let content = &file[HEAD_BYTES..];
        let (length, crc) = (content.len() as u64, crc32fast::hash(content));
        file[..8].copy_from_slice(MAGIC);
        file[8..16].copy_from_slice(&length.to_le_bytes());
        file[16..20].copy_from_slice(&crc.to_le_bytes());
        file
    }

    /// The state of this partition of this journal from the bytes of a file, and the reader's
    /// hint. `place` is where the bytes come from, for messages.
    ///
    /// # Errors
    /// When the bytes are damaged, or the state of something else.
    pub fn from_bytes(
        file: &[u8],
        place: &str,
        journal: u64,
        partition: u16,
    ) -> Result<(Self, Vec<u8>), Error> {
        let bad = |problem: &str| Error::Checkpoint {
            place: place.to_owned(),
            problem: problem.to_owned(),
        };
        let (fixed, content) = file
            .split_at_checked(HEAD_BYTES)
            .ok_or_else(|| bad("is cut short"))?;
        let length = u64::from_le_bytes(fixed[8..16].try_into().expect("eight bytes"));
        let crc = u32::from_le_bytes(fixed[16..20].try_into().expect("four bytes"));
        // Before anything of the content is believed.
        let is_whole = length == content.len() as u64 && crc == crc32fast::hash(content);
        if !is_whole || fixed[..7] != MAGIC[..7] {
            return Err(bad("is damaged"));
        }
        // Believed only of a file that is whole: random bytes have a version too.
        if fixed[7] != MAGIC[7] {
            return Err(bad("has a format of another version of headcount"));
        }
        let unreadable = |_| bad("cannot be read");
        let (head, body): (CheckpointHead, &[u8]) =
            postcard::take_from_bytes(content).map_err(unreadable)?;
        if (head.journal, head.partition) != (journal, partition) {
            return Err(Error::Foreign {
                place: place.to_owned(),
                journal: head.journal,
                partition: head.partition,
                expected_journal: journal,
                expected_partition: partition,
            });
        }
        let body = postcard::from_bytes(body).map_err(unreadable)?;
        let state = Self::from_body(body).ok_or_else(|| bad("contradicts itself"))?;
        Ok((state, head.hint))
    }

    fn to_body(&self) -> Body<'_> {
        Body {
            // Indexes are not stored: they are made again from the rows, and so cannot disagree with them.
            next_offset: self.next_offset,
            sources: self
                .sources
                .iter()
                .map(|(id, state)| (*id, StoredSource::of(state)))
                .collect(),
            positions: self
                .positions
                .iter()
                .map(|(of, position)| (of.clone(), position.to_string()))
                .collect(),
            people: self.people.clone(),
            schemas: self.decoders.declared().into(),
            feeds: self.feeds.clone(),
            watermark: self.watermark.clone(),
            quarantine: self.quarantine.clone(),
            groups: self
                .rsvps
                .catalog
                .groups()
                .iter()
                .map(|entry| Arc::clone(&entry.content.content))
                .collect(),
            venues: self
                .rsvps
                .catalog
                .venues()
                .iter()
                .map(|entry| Arc::clone(&entry.content.content))
                .collect(),
            events: self
                .rsvps
                .events
                .rows()
                .iter()
                .map(StoredEvent::of)
                .collect(),
            winners: Cow::Borrowed(self.rsvps.winners.rows()),
            members: Cow::Borrowed(self.rsvps.members.rows()),
            secondary: Cow::Borrowed(self.secondary.winners()),
            withdrawals: self.rsvps.withdrawals.stored(),
        }
    }

    fn from_body(body: Body<'_>) -> Option<Self> {
        // The checksum says that the bytes are what was written. That rows refer to rows that are there is checked too, so
        // that no file, whoever made it, can make an index panic later.
        let mut catalog = Catalog::default();
        let (groups, venues) = (body.groups.len(), body.venues.len());
        let mut shared = GroupInterner::default();
        for (at, group) in body.groups.into_iter().enumerate() {
            let group = Known::new(Arc::new(shared.group(group)));
            (catalog.add_group(&group).index() == at).then_some(())?;
        }
        for (at, venue) in body.venues.into_iter().enumerate() {
            (catalog.add_venue(&Known::new(venue)) as usize == at).then_some(())?;
        }
        let mut events = EventRows::default();
        for row in body.events {
            let known = row.group.is_none_or(|group| (group as usize) < groups)
                && row.venue.is_none_or(|venue| (venue as usize) < venues);
            known.then(|| events.push(row.into_row()))?;
        }
        let mut decoders = Decoders::default();
        for declared in body.schemas.into_owned() {
            decoders.declare(declared).ok()?;
        }
        let known = |winner: &Winner| {
            winner.is_sound()
                && (winner.event as usize) < events.rows().len()
                && (winner.member as usize) < body.members.len()
        };
        body.winners.iter().all(known).then_some(())?;
        Some(Self {
            next_offset: body.next_offset,
            sources: body
                .sources
                .into_iter()
                .map(|(id, source)| (id, source.into_state()))
                .collect(),
            people: body.people,
            positions: body
                .positions
                .into_iter()
                .map(|(of, position)| Some((of, serde_json::from_str(&position).ok()?)))
                .collect::<Option<_>>()?,
            feeds: body.feeds,
            decoders,
            watermark: body.watermark,
            quarantine: body.quarantine,
            rsvps: Rsvps::restored(
                events,
                Winners::from_rows(body.winners.into_owned()),
                MemberRows::from_rows(body.members.into_owned()),
                catalog,
                body.withdrawals,
            ),
            secondary: Secondary::from_winners(body.secondary.into_owned()),
            ..Self::default()
        })
    }
}
