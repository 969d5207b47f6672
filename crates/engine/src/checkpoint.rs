//! A partition's state and offset in one file, so that a start need not read the whole journal.
//!
//! ```text
//! | HCSTATE1 | length u64 | crc32 u32 | body (postcard) |
//! ```
//!
//! The file is written beside, synced and renamed: it is whole or it is the one before. Nothing
//! is lost with it: it can always be made anew from the journal.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    fs::{self, File},
    hash::Hash,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use headcount_record::{Event, Feed, Group, Known, Topic, Venue, Version};
use serde::{Deserialize, Serialize};

use crate::{
    catalog::Catalog,
    error::Error,
    events::{EventRow, EventRows, Told},
    ledger::{Account, Tally},
    members::{Member, Members},
    others::Others,
    partition::{Partition, SourceState},
    rows::Rows,
    rsvps::Rsvps,
    watermark::Watermark,
    window::Buckets,
    winners::{Winner, Winners},
};

/// Magic and format version.
const MAGIC: &[u8; 8] = b"HCSTATE1";
const HEAD_BYTES: usize = 20;
const NAME: &str = "checkpoint";

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    next_offset: u64,
    sources: Vec<(u16, Source)>,
    /// As JSON text: the format of the file knows no values of open shape.
    positions: Vec<(String, String)>,
    feeds: BTreeMap<Feed, Tally>,
    watermark: Watermark,
    groups: Vec<Arc<Group>>,
    venues: Vec<Arc<Venue>>,
    events: Vec<Row>,
    winners: Cow<'a, Rows<Winner>>,
    members: Cow<'a, Rows<Member>>,
    others: Cow<'a, Others>,
}

#[derive(Serialize, Deserialize)]
struct Source {
    name: String,
    account: AccountParts,
}

/// The parts of an account, for a format that does not know flattened members.
#[derive(Serialize, Deserialize)]
struct AccountParts {
    received: u64,
    kept: u64,
    rejected: BTreeMap<String, u64>,
    tally: Tally,
    late: u64,
    gaps: u64,
}

#[derive(Serialize, Deserialize)]
struct Row {
    content: Arc<Event>,
    version: Version,
    record: u32,
    group: u32,
    venue: Option<u32>,
    yes: u32,
    no: u32,
    guests: u32,
    recent: Buckets,
}

impl Partition {
    /// Writes the state to `folder`, replacing what was there in one step.
    ///
    /// # Errors
    /// When the file system refuses; the checkpoint before stays.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(NAME);
        let failed = |cause: io::Error| Error::Io {
            path: path.clone(),
            cause,
        };
        let mut file = vec![0; HEAD_BYTES];
        file = postcard::to_extend(&self.to_body(), file)
            .map_err(|cause| failed(io::Error::other(cause)))?;
        let body = &file[HEAD_BYTES..];
        let (length, crc) = (body.len() as u64, crc32fast::hash(body));
        file[..8].copy_from_slice(MAGIC);
        file[8..16].copy_from_slice(&length.to_le_bytes());
        file[16..20].copy_from_slice(&crc.to_le_bytes());
        fs::create_dir_all(folder).map_err(failed)?;
        let beside = folder.join("checkpoint.tmp");
        write_synced(&beside, &file).map_err(failed)?;
        fs::rename(&beside, &path).map_err(failed)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    }

    /// Reads the state from `folder`; an empty partition when there is none.
    ///
    /// # Errors
    /// When there is one that cannot be used.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(NAME);
        let file = match fs::read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::new()),
            Err(cause) => return Err(Error::Io { path, cause }),
        };
        let bad = |problem: &str| Error::Checkpoint {
            path: path.clone(),
            problem: problem.into(),
        };
        let (head, body) = file
            .split_at_checked(HEAD_BYTES)
            .ok_or_else(|| bad("is cut short"))?;
        if &head[..8] != MAGIC {
            return Err(bad("has another format"));
        }
        let length = u64::from_le_bytes(head[8..16].try_into().expect("eight bytes"));
        let crc = u32::from_le_bytes(head[16..20].try_into().expect("four bytes"));
        if length != body.len() as u64 || crc != crc32fast::hash(body) {
            return Err(bad("is damaged"));
        }
        let body = postcard::from_bytes(body).map_err(|_| bad("cannot be read"))?;
        Self::from_body(body).ok_or_else(|| bad("contradicts itself"))
    }

    fn to_body(&self) -> Body<'_> {
        Body {
            next_offset: self.next_offset,
            sources: self
                .sources
                .iter()
                .map(|(id, state)| (*id, Source::of(state)))
                .collect(),
            positions: self
                .positions
                .iter()
                .map(|(of, position)| (of.clone(), position.to_string()))
                .collect(),
            feeds: self.feeds.clone(),
            watermark: self.watermark.clone(),
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
            events: self.rsvps.events.rows().iter().map(Row::of).collect(),
            winners: Cow::Borrowed(self.rsvps.winners.rows()),
            members: Cow::Borrowed(self.rsvps.members.rows()),
            others: Cow::Borrowed(&self.others),
        }
    }

    fn from_body(body: Body<'_>) -> Option<Self> {
        let mut catalog = Catalog::default();
        let (groups, venues) = (body.groups.len(), body.venues.len());
        let mut shared = Shared::default();
        for (at, group) in body.groups.into_iter().enumerate() {
            let group = Known::new(Arc::new(shared.group(group)));
            (catalog.add_group(&group) as usize == at).then_some(())?;
        }
        for (at, venue) in body.venues.into_iter().enumerate() {
            (catalog.add_venue(&Known::new(venue)) as usize == at).then_some(())?;
        }
        let mut events = EventRows::default();
        for row in body.events {
            let known = (row.group as usize) < groups
                && row.venue.is_none_or(|venue| (venue as usize) < venues);
            known.then(|| events.push(row.into_row()))?;
        }
        let known = |winner: &Winner| {
            (winner.event as usize) < events.rows().len()
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
            positions: body
                .positions
                .into_iter()
                .map(|(of, position)| Some((of, serde_json::from_str(&position).ok()?)))
                .collect::<Option<_>>()?,
            feeds: body.feeds,
            watermark: body.watermark,
            rsvps: Rsvps::restored(
                events,
                Winners::from_rows(body.winners.into_owned()),
                Members::from_rows(body.members.into_owned()),
                catalog,
            ),
            others: body.others.into_owned(),
            ..Self::default()
        })
    }
}

impl Source {
    fn of(state: &SourceState) -> Self {
        let Account {
            received,
            kept,
            rejected,
            tally,
            late,
            gaps,
        } = state.account.clone();
        Self {
            name: state.name.clone(),
            account: AccountParts {
                received,
                kept,
                rejected,
                tally,
                late,
                gaps,
            },
        }
    }

    fn into_state(self) -> SourceState {
        let AccountParts {
            received,
            kept,
            rejected,
            tally,
            late,
            gaps,
        } = self.account;
        SourceState {
            name: self.name,
            account: Account {
                received,
                kept,
                rejected,
                tally,
                late,
                gaps,
            },
        }
    }
}

impl Row {
    fn of(row: &EventRow) -> Self {
        Self {
            content: Arc::clone(&row.content.content),
            version: row.version,
            record: row.record,
            group: row.group,
            venue: row.venue,
            yes: row.yes,
            no: row.no,
            guests: row.guests,
            recent: row.recent.clone(),
        }
    }

    fn into_row(self) -> EventRow {
        let Self {
            content,
            version,
            record,
            group,
            venue,
            yes,
            no,
            guests,
            recent,
        } = self;
        EventRow {
            content: Known::new(content),
            told: Told::default(),
            version,
            record,
            group,
            venue,
            yes,
            no,
            guests,
            recent,
        }
    }
}

/// Texts and topics that many groups have. In the file each group has its own.
#[derive(Default)]
struct Shared {
    texts: HashSet<Arc<str>>,
    topics: HashSet<Arc<Topic>>,
}

impl Shared {
    fn group(&mut self, group: Arc<Group>) -> Group {
        let mut group = Arc::unwrap_or_clone(group);
        for text in [&mut group.city, &mut group.state, &mut group.country] {
            share(&mut self.texts, text);
        }
        for topic in &mut group.topics {
            share(&mut self.topics, topic);
        }
        group
    }
}

/// Puts the one known before in the place of an equal one.
fn share<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>>, one: &mut Arc<T>) {
    match known.get(one) {
        Some(known) => *one = Arc::clone(known),
        None => {
            known.insert(Arc::clone(one));
        }
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
