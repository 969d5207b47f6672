//! The RSVPs of a partition: event rows, winners and members, changed together.

use headcount_record::{Dictionary, Rsvp};

use crate::{
    catalog::Catalog,
    digest::{event_hash, winner_digest},
    events::{EventRow, EventRows},
    ledger::Tally,
    members::Members,
    partition::Sender,
    translation::Translation,
    view::Pulse,
    watch::Watch,
    watermark::Watermark,
    window::Buckets,
    winners::{Outcome, Winner, Winners},
};

/// Pulses kept between two looks; more than a map can show.
const PULSES_MAX: usize = 256;

/// RSVPs whose rows are fetched from memory together. A record takes a dozen looks at places far
/// apart; waiting for each in turn would take longer than all the work.
const TOGETHER: usize = 128;

#[derive(Default)]
pub(crate) struct Rsvps {
    pub(crate) events: EventRows,
    pub(crate) winners: Winners,
    pub(crate) members: Members,
    pub(crate) catalog: Catalog,
    pub(crate) pulses: Vec<Pulse>,
    /// What of all this has been told, if somebody watches.
    pub(crate) watch: Option<Box<Watch>>,
    /// Translations of the decoders that records come from, by sender, and how many there were.
    translations: Vec<Translation>,
    translated: u32,
    /// Event rows of the RSVPs at hand; kept for its memory only.
    rows: Vec<u32>,
}

/// What became of some RSVPs.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) tally: Tally,
}

impl Rsvps {
    pub(crate) fn restored(
        events: EventRows,
        winners: Winners,
        members: Members,
        catalog: Catalog,
    ) -> Self {
        Self {
            events,
            winners,
            members,
            catalog,
            ..Self::default()
        }
    }

    /// Counts RSVPs in order.
    pub(crate) fn count(
        &mut self,
        sender: Sender,
        dictionary: &Dictionary,
        rsvps: &[Rsvp],
        watermark: &mut Watermark,
        outcomes: &mut Outcomes,
    ) {
        if self.translations.len() <= sender {
            self.translations
                .resize_with(sender + 1, Translation::default);
        }
        self.translations[sender].follow(dictionary, &mut self.translated);
        for together in rsvps.chunks(TOGETHER) {
            self.find_rows(sender, dictionary, together);
            self.touch(together);
            for (at, rsvp) in together.iter().enumerate() {
                watermark.observe(rsvp.version);
                self.count_one(rsvp, self.rows[at], watermark, outcomes);
            }
        }
    }

    /// Finds the event rows of RSVPs, their snapshots brought up to them.
    fn find_rows(&mut self, sender: Sender, dictionary: &Dictionary, rsvps: &[Rsvp]) {
        let translation = &self.translations[sender];
        let near = rsvps.iter().fold(0, |near, rsvp| {
            let row = translation.events.get(rsvp.event);
            near ^ row.map_or(0, |at| self.events.row(at).touch())
        });
        std::hint::black_box(near);
        self.rows.clear();
        for rsvp in rsvps {
            let row = self.event_row(sender, dictionary, rsvp);
            self.rows.push(row);
        }
    }

    /// Reads what counting will look at. The loads do not depend on each other, so the processor
    /// does them all at once.
    fn touch(&self, rsvps: &[Rsvp]) {
        let near = rsvps.iter().zip(&self.rows).fold(0, |near, (rsvp, &row)| {
            near ^ self.winners.touch(rsvp.id, row) ^ self.members.touch(rsvp.member)
        });
        std::hint::black_box(near);
    }

    fn count_one(&mut self, rsvp: &Rsvp, at: u32, watermark: &Watermark, outcomes: &mut Outcomes) {
        let oldest = watermark.oldest_window();
        let mut member = 0;
        let members = &mut self.members;
        let outcome = self.winners.offer(rsvp, at, || {
            member = members.add(rsvp.member);
            member
        });
        let row = self.events.row_mut(at);
        let replaced = match outcome {
            Outcome::New => {
                outcomes.tally.new += 1;
                None
            }
            Outcome::Replaced(old) => {
                outcomes.tally.replaced += 1;
                row.retract(&old, oldest);
                self.members.remove(old.member);
                Some(old)
            }
            Outcome::Repeated => {
                outcomes.tally.repeated += 1;
                return;
            }
            Outcome::Stale => {
                outcomes.tally.stale += 1;
                return;
            }
        };
        let winner = Winner::new(rsvp, at, member);
        row.count(&winner, oldest);
        self.pulse(at, rsvp.yes);
        if self.watch.is_some() {
            self.note(&winner, replaced.as_ref());
        }
    }

    /// Notes a winner that has been counted, for whoever watches.
    #[inline(never)]
    fn note(&mut self, winner: &Winner, replaced: Option<&Winner>) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        let event = event_hash(&self.events.row(winner.event).content.id);
        let digest = |winner: &Winner| winner_digest(winner, event, self.members.id(winner.member));
        watch.digest = watch.digest.wrapping_add(digest(winner));
        watch.note(winner.event, winner.member);
        if let Some(replaced) = replaced {
            watch.digest = watch.digest.wrapping_sub(digest(replaced));
            watch.note_member(replaced.member);
        }
    }

    /// The row of the RSVP's event, its snapshot brought up to this record.
    fn event_row(&mut self, sender: Sender, dictionary: &Dictionary, rsvp: &Rsvp) -> u32 {
        let translation = &mut self.translations[sender];
        let told = translation.told(rsvp);
        let known = translation.events.get(rsvp.event).or_else(|| {
            let row = self.events.find(&dictionary.event(rsvp.event).id)?;
            translation.events.set(rsvp.event, row);
            Some(row)
        });
        let snapshot = known.map(|at| self.events.row_mut(at));
        if let (Some(row), Some(at)) = (snapshot, known) {
            if (rsvp.version, rsvp.content) > (row.version, row.record) {
                row.version = rsvp.version;
                row.record = rsvp.content;
                if row.told != told {
                    let event = dictionary.event(rsvp.event);
                    if let Some(watch) = &mut self.watch {
                        watch.pass(at, row, event, &self.catalog);
                    }
                    row.told = told;
                    row.content = event.clone();
                    row.group = translation.group(&mut self.catalog, dictionary, rsvp.group);
                    row.venue = rsvp
                        .venue
                        .map(|venue| translation.venue(&mut self.catalog, dictionary, venue));
                }
            }
            return at;
        }
        let at = self.events.push(EventRow {
            content: dictionary.event(rsvp.event).clone(),
            version: rsvp.version,
            record: rsvp.content,
            group: translation.group(&mut self.catalog, dictionary, rsvp.group),
            venue: rsvp
                .venue
                .map(|venue| translation.venue(&mut self.catalog, dictionary, venue)),
            told,
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
