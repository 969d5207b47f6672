//! The RSVPs of a partition: event rows, winners and members, changed together.

use headcount_record::{
    Dictionary, EventRecord, Identity, Key, Namespace, Response, Rsvp, Version,
};

use crate::{
    catalog::Catalog,
    changelog::tracker::ChangeTracker,
    decoders::Sender,
    digest::winner_digest,
    events::{EventRow, EventRows},
    ledger::Tally,
    members::MemberRows,
    query::view::Pulse,
    translation::Translation,
    watermark::Watermark,
    window::Buckets,
    winners::{Outcome, Winner, Winners},
    withdrawals::{StoredWithdrawals, Withdrawals},
};

/// Counted nowhere: another thing has an id of the same 64 bits.
pub(crate) const COLLISION: &str = "id_collision";

/// Pulses kept between two calls of `take_pulses`; more than a map can show.
const PULSES_MAX: usize = 256;

/// RSVPs whose rows are fetched from memory together. A record takes a dozen looks at places far
/// apart; waiting for each in turn would take longer than all the work.
const TOGETHER: usize = 128;

#[derive(Default)]
pub(crate) struct Rsvps {
    pub(crate) events: EventRows,
    pub(crate) winners: Winners,
    pub(crate) members: MemberRows,
    pub(crate) catalog: Catalog,
    pub(crate) withdrawals: Withdrawals,
    pub(crate) pulses: Vec<Pulse>,
    /// What of all this has been sent, if changes are tracked.
    pub(crate) tracker: Option<Box<ChangeTracker>>,
    /// Translations of the decoders that records come from, by sender, and how many there were.
    translations: Vec<Translation>,
    translated: u32,
    /// Event rows of the RSVPs at hand; kept for its memory only.
    rows: Vec<u32>,
    /// Their members, as far as they were known when the RSVPs were looked at together; as the rows.
    known_members: Vec<Option<u32>>,
}

/// What a record tells of its event.
#[derive(Clone, Copy)]
struct EventSnapshot {
    version: Version,
    record: u32,
    event: Key,
    group: Option<Key>,
    venue: Option<Key>,
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
        members: MemberRows,
        catalog: Catalog,
        withdrawals: StoredWithdrawals,
    ) -> Self {
        Self {
            withdrawals: Withdrawals::restored(withdrawals, &winners, &events, &members),
            events,
            winners,
            members,
            catalog,
            ..Self::default()
        }
    }

    /// Counts RSVPs of a namespace in order.
    pub(crate) fn count(
        &mut self,
        sender: Sender,
        dictionary: &Dictionary,
        namespace: Namespace,
        rsvps: &[Rsvp],
        watermark: &mut Watermark,
        outcomes: &mut Outcomes,
    ) {
        self.follow(sender, dictionary);
        for together in rsvps.chunks(TOGETHER) {
            self.find_rows(sender, dictionary, together);
            self.touch(namespace, together);
            for (at, rsvp) in together.iter().enumerate() {
                watermark.observe(rsvp.version);
                self.count_one(namespace, rsvp, at, watermark, outcomes);
            }
        }
    }

    /// Takes the facts of an event, which may have answers already or get them later.
    pub(crate) fn tell(
        &mut self,
        sender: Sender,
        dictionary: &Dictionary,
        facts: &EventRecord,
        tally: &mut Tally,
    ) {
        self.follow(sender, dictionary);
        let snapshot = EventSnapshot {
            version: facts.version,
            record: facts.content,
            event: facts.event,
            group: facts.group,
            venue: facts.venue,
        };
        // Facts may come before the first answer or after many: the row is the same either way.
        let Some(at) = self.known_row(sender, dictionary, facts.event) else {
            self.add_row(sender, dictionary, &snapshot);
            tally.new += 1;
            return;
        };
        let before = self.events.row(at).version;
        if self.bring_up(at, sender, dictionary, &snapshot) {
            let count = if before == Version::NONE {
                &mut tally.new
            } else {
                &mut tally.replaced
            };
            *count += 1;
            if let Some(tracker) = &mut self.tracker {
                tracker.note_event(at);
            }
        } else if before.second() == facts.version.second() {
            tally.repeated += 1;
        } else {
            tally.stale += 1;
        }
    }

    /// Makes the translation of a sender the one for its dictionary.
    fn follow(&mut self, sender: Sender, dictionary: &Dictionary) {
        if self.translations.len() <= sender {
            self.translations
                .resize_with(sender + 1, Translation::default);
        }
        self.translations[sender].follow(dictionary, &mut self.translated);
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

    /// Reads what counting will look at, and finds the members. The loads do not depend on each
    /// other, so the processor does them all at once.
    fn touch(&mut self, namespace: Namespace, rsvps: &[Rsvp]) {
        let near = rsvps.iter().zip(&self.rows).fold(0, |near, (rsvp, &row)| {
            near ^ self.winners.touch(rsvp.id, row)
        });
        std::hint::black_box(near);
        let members = &self.members;
        self.known_members.clear();
        self.known_members.extend(
            rsvps
                .iter()
                .map(|rsvp| members.find(member_of(namespace, rsvp))),
        );
    }

    /// Counts the RSVP at this place among those at hand.
    fn count_one(
        &mut self,
        namespace: Namespace,
        rsvp: &Rsvp,
        place: usize,
        watermark: &Watermark,
        outcomes: &mut Outcomes,
    ) {
        let at = self.rows[place];
        let oldest = watermark.oldest_window();
        let identity = member_of(namespace, rsvp);
        // An RSVP just before may have brought the member.
        let known = self.known_members[place].or_else(|| self.members.find(identity));
        // Counted for somebody else it would be wrong for ever; kept out it is one record too few, and said.
        if known.is_some_and(|known| self.members.collides(known, identity)) {
            outcomes.tally.quarantine(COLLISION, 1);
            return;
        }
        if namespace.is_of_mapping() {
            return self.count_withdrawable(
                identity,
                rsvp,
                (at, known),
                oldest,
                &mut outcomes.tally,
            );
        }
        let mut member = 0;
        let members = &mut self.members;
        let outcome = self.winners.offer(rsvp, at, || {
            member = members.add(known, identity);
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
            Outcome::Collided => {
                outcomes.tally.quarantine(COLLISION, 1);
                return;
            }
        };
        let winner = Winner::new(rsvp, at, member);
        row.count(&winner, oldest);
        self.pulse(at, rsvp.response);
        if self.tracker.is_some() {
            self.note(&winner, replaced.as_ref());
        }
    }

    /// Notes a winner that has been counted, for the tracker.
    #[inline(never)]
    pub(crate) fn note(&mut self, winner: &Winner, replaced: Option<&Winner>) {
        let Some(tracker) = &mut self.tracker else {
            return;
        };
        let event = self.events.row(winner.event).hash();
        let digest =
            |winner: &Winner| winner_digest(winner, event, self.members.identity(winner.member));
        tracker.digest = tracker.digest.wrapping_add(digest(winner));
        tracker.note(winner.event, winner.member);
        if let Some(replaced) = replaced {
            tracker.digest = tracker.digest.wrapping_sub(digest(replaced));
            tracker.note_member(replaced.member);
        }
    }

    /// The row of the RSVP's event, its snapshot brought up to this record if that tells any.
    fn event_row(&mut self, sender: Sender, dictionary: &Dictionary, rsvp: &Rsvp) -> u32 {
        let snapshot = EventSnapshot {
            // A record that says anything of the event knows more than its id.
            version: if rsvp.tells_event {
                rsvp.version
            } else {
                Version::NONE
            },
            record: if rsvp.tells_event { rsvp.content } else { 0 },
            event: rsvp.event,
            group: rsvp.group,
            venue: rsvp.venue,
        };
        match self.known_row(sender, dictionary, rsvp.event) {
            Some(at) => {
                self.bring_up(at, sender, dictionary, &snapshot);
                at
            }
            None => self.add_row(sender, dictionary, &snapshot),
        }
    }

    /// The row of an event, if it has one.
    fn known_row(&mut self, sender: Sender, dictionary: &Dictionary, event: Key) -> Option<u32> {
        let translation = &mut self.translations[sender];
        translation.events.get(event).or_else(|| {
            let content = dictionary.event(event);
            let row = self.events.find(content.namespace, &content.id)?;
            translation.events.set(event, row);
            Some(row)
        })
    }

    /// Makes a snapshot that of its event's row if it is greater; whether it is.
    fn bring_up(
        &mut self,
        at: u32,
        sender: Sender,
        dictionary: &Dictionary,
        snapshot: &EventSnapshot,
    ) -> bool {
        let translation = &mut self.translations[sender];
        let row = self.events.row_mut(at);
        if (snapshot.version, snapshot.record) <= (row.version, row.record) {
            return false;
        }
        row.version = snapshot.version;
        row.record = snapshot.record;
        // Most records say of their event what the one before did; then the same keys come, and nothing need be copied.
        let keys = translation.keys_of(snapshot.event, snapshot.group, snapshot.venue);
        if row.keys != keys {
            let event = dictionary.event(snapshot.event);
            if let Some(tracker) = &mut self.tracker {
                tracker.pass(at, row, event, &self.catalog);
            }
            let catalog = &mut self.catalog;
            row.keys = keys;
            row.content = event.clone();
            row.group = snapshot
                .group
                .map(|group| translation.group(catalog, dictionary, group));
            row.venue = snapshot
                .venue
                .map(|venue| translation.venue(catalog, dictionary, venue));
        }
        true
    }

    /// Adds a row for an event that has none.
    fn add_row(
        &mut self,
        sender: Sender,
        dictionary: &Dictionary,
        snapshot: &EventSnapshot,
    ) -> u32 {
        let (translation, catalog) = (&mut self.translations[sender], &mut self.catalog);
        let at = self.events.push(EventRow {
            content: dictionary.event(snapshot.event).clone(),
            version: snapshot.version,
            record: snapshot.record,
            group: snapshot
                .group
                .map(|group| translation.group(catalog, dictionary, group)),
            venue: snapshot
                .venue
                .map(|venue| translation.venue(catalog, dictionary, venue)),
            keys: translation.keys_of(snapshot.event, snapshot.group, snapshot.venue),
            yes: 0,
            no: 0,
            maybe: 0,
            guests: 0,
            recent: Buckets::default(),
        });
        translation.events.set(snapshot.event, at);
        at
    }

    /// Notes an answer for the map, at the venue or else at the group's place.
    pub(crate) fn pulse(&mut self, at: u32, response: Response) {
        if self.pulses.len() == PULSES_MAX {
            return;
        }
        let row = self.events.row(at);
        let venue = row
            .venue
            .and_then(|venue| self.catalog.venue(venue).content.place());
        let group = || {
            let group = &self.catalog.group(row.group?).content;
            group.lat.zip(group.lon)
        };
        let Some((lat, lon)) = venue.or_else(group) else {
            return;
        };
        self.pulses.push(Pulse {
            lon,
            lat,
            response,
            country: self.catalog.country_name(row.group).clone(),
        });
    }
}

/// Who answers.
fn member_of(namespace: Namespace, rsvp: &Rsvp) -> Identity {
    Identity {
        namespace,
        check: rsvp.member_check,
        bits: rsvp.member,
    }
}
