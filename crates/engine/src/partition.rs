//! One partition's state, a pure function of its journal.
//!
//! No clock, no order of a hash map and no sum of floats has a say in it: the same entries in
//! the same order give the same state, and the same records in any order the same winners.

use std::collections::BTreeMap;

use headcount_record::{
    CONTROL, Control, Decoder, Dictionary, Feed, Key, MTIME_END, Record, Rsvp, Version,
};

use crate::{
    catalog::Catalog,
    error::Error,
    events::{EventRow, EventRows},
    ledger::{Account, Tally},
    members::Members,
    others::Others,
    translation::Translation,
    view::Pulse,
    watermark::{FUTURE_MS, Watermark},
    window::Buckets,
    winners::{Outcome, Winner, Winners},
};

/// Pulses kept between two looks; more than a map can show.
const PULSES_MAX: usize = 256;

/// An entry of the journal as the engine sees it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub offset: u64,
    /// When it was appended, ms since 1970: the arrival that record times are held against.
    pub arrived: i64,
    pub kind: u8,
    pub source: u16,
    pub body: &'a [u8],
}

/// A source as this partition knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceState {
    pub name: String,
    pub account: Account,
}

/// The state of one partition.
#[derive(Default)]
pub struct Partition {
    pub(crate) next_offset: u64,
    pub(crate) sources: BTreeMap<u16, SourceState>,
    pub(crate) positions: BTreeMap<String, serde_json::Value>,
    pub(crate) feeds: BTreeMap<Feed, Tally>,
    pub(crate) watermark: Watermark,
    /// Entries of a batch have been applied, its position not yet.
    pub(crate) within_batch: bool,
    pub(crate) events: EventRows,
    pub(crate) winners: Winners,
    pub(crate) members: Members,
    pub(crate) catalog: Catalog,
    pub(crate) others: Others,
    /// Translations of the decoders that records come from; the own one is the first.
    pub(crate) translations: Vec<Translation>,
    pub(crate) decoder: Decoder,
    pub(crate) pulses: Vec<Pulse>,
}

/// Which decoder an RSVP came from, when several feed one partition.
pub type Sender = usize;

impl Partition {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One past the last entry applied.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// Record time up to which no more live records are expected, and whether the partition is
    /// idle, so that it holds nothing back.
    #[must_use]
    pub fn stream_time(&self) -> (Option<i64>, bool) {
        (self.watermark.stream_time(), self.watermark.is_idle())
    }

    /// Whether the last batch applied is complete: only then does the ledger balance, and only
    /// then is the state that of a commit.
    #[must_use]
    pub fn is_at_commit(&self) -> bool {
        !self.within_batch
    }

    /// The sources that have been journaled here, by their number.
    #[must_use]
    pub fn sources(&self) -> &BTreeMap<u16, SourceState> {
        &self.sources
    }

    /// How far sources have been journaled here, by what they are positions in.
    #[must_use]
    pub fn positions(&self) -> &BTreeMap<String, serde_json::Value> {
        &self.positions
    }

    /// Takes the answers counted since the last call, the latest ones only if there were many.
    pub fn take_pulses(&mut self) -> Vec<Pulse> {
        std::mem::take(&mut self.pulses)
    }

    /// How often records had to be decoded the complete way.
    #[must_use]
    pub fn fallbacks(&self) -> u64 {
        self.decoder.fallbacks()
    }

    /// Applies the next entry of the journal.
    ///
    /// # Errors
    /// When the entry is not the next one, or a control that this version does not know.
    pub fn apply(&mut self, entry: Entry<'_>) -> Result<(), Error> {
        if entry.offset != self.next_offset {
            return Err(Error::Gap {
                expected: self.next_offset,
                found: entry.offset,
            });
        }
        if entry.kind == CONTROL {
            let control = Control::from_body(entry.body).map_err(|cause| Error::Control {
                offset: entry.offset,
                cause,
            })?;
            self.within_batch = !matches!(control, Control::Position { .. } | Control::Idle);
            self.control(entry.source, control);
        } else {
            self.within_batch = true;
            self.record(entry);
        }
        self.next_offset += 1;
        Ok(())
    }

    fn record(&mut self, entry: Entry<'_>) {
        self.sources.entry(entry.source).or_default().account.kept += 1;
        match self.decoder.decode(entry.body) {
            Ok(Record::Rsvp(rsvp)) => {
                // The decoder is lent out so that its dictionary can be read beside the state.
                let decoder = std::mem::take(&mut self.decoder);
                self.rsvp(0, decoder.dictionary(), &rsvp, entry.source, entry.arrived);
                self.decoder = decoder;
            }
            Ok(Record::Other(other)) => self.other(other, entry.source, entry.arrived),
            // The door of an older version let it in. It is kept, and counts nowhere.
            Err(reason) => {
                let account = &mut self.sources.entry(entry.source).or_default().account;
                *account
                    .tally
                    .quarantined
                    .entry(reason.code().into_owned())
                    .or_default() += 1;
            }
        }
    }

    fn control(&mut self, source: u16, control: Control) {
        let state = self.sources.entry(source).or_default();
        match control {
            Control::Source { name } => state.name = name,
            Control::Position {
                of,
                position,
                received,
            } => {
                state.account.received += received;
                if !of.is_empty() {
                    self.positions.insert(of, position);
                }
            }
            Control::Gap { .. } => state.account.gaps += 1,
            Control::Rejected(letter) => {
                *state.account.rejected.entry(letter.reason).or_default() += 1;
            }
            Control::Idle => self.watermark.rest(),
        }
    }

    /// Enters a record of another feed than RSVPs, decoded elsewhere.
    pub fn apply_other(&mut self, other: headcount_record::Other, source: u16, arrived: i64) {
        self.sources.entry(source).or_default().account.kept += 1;
        self.other(other, source, arrived);
    }

    /// Enters RSVPs decoded elsewhere; `sender` tells their decoder from others.
    pub fn apply_rsvps(
        &mut self,
        sender: Sender,
        dictionary: &Dictionary,
        rsvps: &[Rsvp],
        source: u16,
        arrived: i64,
    ) {
        self.sources.entry(source).or_default().account.kept += rsvps.len() as u64;
        for rsvp in rsvps {
            self.rsvp(sender, dictionary, rsvp, source, arrived);
        }
    }

    /// Enters what a source delivered when there is no journal to say it.
    pub fn account(&mut self, source: u16, name: &str) -> &mut Account {
        let state = self.sources.entry(source).or_default();
        if state.name.is_empty() {
            state.name = name.to_owned();
        }
        &mut state.account
    }

    fn other(&mut self, other: headcount_record::Other, source: u16, arrived: i64) {
        let mut tally = Tally::default();
        let feed = other.identity.feed;
        if is_future(other.version, arrived) {
            tally.quarantined.insert(FUTURE.to_owned(), 1);
        } else {
            self.watermark.observe(other.version);
            self.others.offer(other, &mut tally);
        }
        self.feeds.entry(feed).or_default().add(&tally);
        self.sources
            .entry(source)
            .or_default()
            .account
            .tally
            .add(&tally);
    }

    fn rsvp(
        &mut self,
        sender: Sender,
        dictionary: &Dictionary,
        rsvp: &Rsvp,
        source: u16,
        arrived: i64,
    ) {
        let tally = &mut Tally::default();
        if is_future(rsvp.version, arrived) {
            tally.quarantined.insert(FUTURE.to_owned(), 1);
            return self.enter(source, Feed::Rsvps, tally, false);
        }
        self.watermark.observe(rsvp.version);
        let oldest = self.watermark.oldest_window();
        let at = self.event_row(sender, dictionary, rsvp);
        let members = &mut self.members;
        let outcome = self.winners.offer(rsvp, at, || members.add(rsvp.member));
        let row = self.events.row_mut(at);
        let mut late = false;
        match outcome {
            Outcome::New => tally.new = 1,
            Outcome::Replaced(old) => {
                tally.replaced = 1;
                row.retract(&old, oldest);
                self.members.remove(old.member);
            }
            Outcome::Repeated => tally.repeated = 1,
            Outcome::Stale => tally.stale = 1,
        }
        if matches!(outcome, Outcome::New | Outcome::Replaced(_)) {
            late = !row.count(&Winner::new(rsvp, at, 0), oldest);
            self.pulse(at, rsvp.yes);
        }
        self.enter(source, Feed::Rsvps, tally, late);
    }

    /// Writes what became of a record into the books.
    fn enter(&mut self, source: u16, feed: Feed, tally: &Tally, late: bool) {
        let account = &mut self.sources.entry(source).or_default().account;
        account.tally.add(tally);
        account.late += u64::from(late);
        self.feeds.entry(feed).or_default().add(tally);
    }

    /// The row of the RSVP's event, its snapshot brought up to this record.
    fn event_row(&mut self, sender: Sender, dictionary: &Dictionary, rsvp: &Rsvp) -> u32 {
        if self.translations.len() <= sender {
            self.translations
                .resize_with(sender + 1, Translation::default);
        }
        let translation = &mut self.translations[sender];
        translation.follow(dictionary);
        let known = translation.events.get(rsvp.event).or_else(|| {
            let row = self.events.find(&dictionary.event(rsvp.event).id)?;
            translation.events.set(rsvp.event, row);
            Some(row)
        });
        if let Some(at) = known {
            let row = self.events.row(at);
            if (rsvp.version, rsvp.content) > (row.version, row.record) {
                let group = group_entry(translation, &mut self.catalog, dictionary, rsvp.group);
                let venue = venue_entry(translation, &mut self.catalog, dictionary, rsvp.venue);
                let row = self.events.row_mut(at);
                let content = dictionary.event(rsvp.event);
                if row.content != *content {
                    row.content = content.clone();
                }
                row.version = rsvp.version;
                row.record = rsvp.content;
                row.group = group;
                row.venue = venue;
            }
            return at;
        }
        let at = self.events.push(EventRow {
            content: dictionary.event(rsvp.event).clone(),
            version: rsvp.version,
            record: rsvp.content,
            group: group_entry(translation, &mut self.catalog, dictionary, rsvp.group),
            venue: venue_entry(translation, &mut self.catalog, dictionary, rsvp.venue),
            yes: 0,
            no: 0,
            guests: 0,
            recent: Buckets::default(),
        });
        translation.events.set(rsvp.event, at);
        at
    }

    /// Notes an answer for the map, at the venue or else at the group's place.
    fn pulse(&mut self, at: u32, yes: bool) {
        if self.pulses.len() == PULSES_MAX {
            return;
        }
        let row = self.events.row(at);
        let group = &self.catalog.group(row.group).content;
        let venue = row
            .venue
            .and_then(|venue| self.catalog.venue(venue).content.place());
        let Some((lat, lon)) = venue.or(group.lat.zip(group.lon)) else {
            return;
        };
        self.pulses.push(Pulse {
            lon,
            lat,
            yes,
            country: group.country.clone(),
        });
    }
}

const FUTURE: &str = "future_timestamp";

/// Whether a record claims a time too far ahead of its arrival to be believed.
fn is_future(version: Version, arrived: i64) -> bool {
    version.mtime() > arrived.min(MTIME_END) + FUTURE_MS
}

fn group_entry(
    translation: &mut Translation,
    catalog: &mut Catalog,
    dictionary: &Dictionary,
    key: Key,
) -> u32 {
    translation.groups.get(key).unwrap_or_else(|| {
        let at = catalog.add_group(dictionary.group(key));
        translation.groups.set(key, at);
        at
    })
}

fn venue_entry(
    translation: &mut Translation,
    catalog: &mut Catalog,
    dictionary: &Dictionary,
    key: Option<Key>,
) -> Option<u32> {
    let key = key?;
    Some(translation.venues.get(key).unwrap_or_else(|| {
        let at = catalog.add_venue(dictionary.venue(key));
        translation.venues.set(key, at);
        at
    }))
}
