//! One partition's state, a pure function of its journal.
//!
//! No clock, no order of a hash map and no sum of floats has a say in it: the same entries in
//! the same order give the same state, and the same records in any order the same winners.

use std::collections::BTreeMap;

use headcount_record::{
    Control, Dictionary, EventRecord, Feed, Kind, Meetup, Other, PeopleMode, Record, Rsvp,
    Withdrawal,
};

use crate::{
    decoders::{Declared, Decoders, Refused, Sender},
    entry::JournaledEntry,
    error::Error,
    feeds::{FeedState, Feeds},
    ledger::{Account, Tally},
    quarantine::Quarantine,
    query::view::Pulse,
    rsvps::{Outcomes, Rsvps},
    secondary::Secondary,
    source::JournaledSource,
    watermark::Watermark,
};

/// The state of one partition.
pub struct Partition {
    pub(crate) next_offset: u64,
    pub(crate) sources: BTreeMap<u16, JournaledSource>,
    pub(crate) positions: BTreeMap<String, serde_json::Value>,
    /// How members are kept, as far as the journal says it.
    pub(crate) people: Option<PeopleMode>,
    pub(crate) feeds: Feeds,
    pub(crate) watermark: Watermark,
    pub(crate) quarantine: Quarantine,
    /// Entries of a batch have been applied, its position not yet.
    pub(crate) within_batch: bool,
    pub(crate) rsvps: Rsvps,
    pub(crate) secondary: Secondary,
    pub(crate) decoders: Decoders,
}

impl Default for Partition {
    fn default() -> Self {
        let kinds = Feed::ALL.map(Kind::of).into_iter();
        Self {
            next_offset: 0,
            sources: BTreeMap::new(),
            positions: BTreeMap::new(),
            people: None,
            feeds: kinds.zip(FeedState::of(&Meetup)).collect(),
            watermark: Watermark::default(),
            quarantine: Quarantine::default(),
            within_batch: false,
            rsvps: Rsvps::default(),
            secondary: Secondary::default(),
            decoders: Decoders::default(),
        }
    }
}

impl Partition {
    /// An empty partition, before its first entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty partition that holds record times against `moment`, ms since 1970, where it is later
    /// than a record's arrival. Records that were kept out because a clock was behind count then.
    /// The moment stays with the state: counts are a function of the journal and of it.
    #[must_use]
    pub fn judging_at(moment: i64) -> Self {
        Self {
            quarantine: Quarantine::judging_at(moment),
            ..Self::default()
        }
    }

    /// Holds the times of the records that are applied from now on against this moment too. What was applied stays as it
    /// was judged.
    #[must_use]
    pub fn and_judging_at(mut self, moment: i64) -> Self {
        self.quarantine.judge_at(moment);
        self
    }

    /// The moment that record times are held against besides their arrival, ms since 1970.
    #[must_use]
    pub fn judged_at(&self) -> Option<i64> {
        self.quarantine.judged_at()
    }

    /// What sources are positions in, such as the content of a file, of which records are kept out
    /// because their time is of the future, and the least of these times, ms since 1970.
    #[must_use]
    pub fn kept_out(&self) -> &BTreeMap<String, i64> {
        self.quarantine.kept_out()
    }

    /// One past the last entry applied.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// How far record time has come here, ms since 1970: the greatest of a live record, less
    /// [`LATENESS_MS`](crate::LATENESS_MS). The whole has come as far as the furthest partition.
    #[must_use]
    pub fn stream_time(&self) -> Option<i64> {
        self.watermark.stream_time()
    }

    /// Whether the last batch applied is complete: only then does the ledger balance, and only
    /// then is the state that of a commit.
    #[must_use]
    pub fn is_at_commit(&self) -> bool {
        !self.within_batch
    }

    /// The sources that have been journaled here, by their number.
    #[must_use]
    pub fn sources(&self) -> &BTreeMap<u16, JournaledSource> {
        &self.sources
    }

    /// How far sources have been journaled here, by what they are positions in.
    #[must_use]
    pub fn positions(&self) -> &BTreeMap<String, serde_json::Value> {
        &self.positions
    }

    /// How the journal keeps members; `None` before its first record, and in journals of older
    /// versions, which did not say it.
    #[must_use]
    pub fn people(&self) -> Option<&PeopleMode> {
        self.people.as_ref()
    }

    /// What the journal has declared of the schemas of its records.
    #[must_use]
    pub fn schemas(&self) -> &[Declared] {
        self.decoders.declared()
    }

    /// Takes the answers counted since the last call, the latest ones only if there were many.
    pub fn take_pulses(&mut self) -> Vec<Pulse> {
        std::mem::take(&mut self.rsvps.pulses)
    }

    /// How often records had to be decoded the complete way.
    #[must_use]
    pub fn fallbacks(&self) -> u64 {
        self.decoders.fallbacks()
    }

    /// Applies the next entry of the journal.
    ///
    /// # Errors
    /// When the entry is not the next one, or of a kind or a control that this version does not know.
    pub fn apply(&mut self, entry: JournaledEntry<'_>) -> Result<(), Error> {
        if entry.offset != self.next_offset {
            return Err(Error::Gap {
                expected: self.next_offset,
                found: entry.offset,
            });
        }
        if entry.kind.is_control() {
            let control = Control::from_body(entry.body).map_err(|cause| Error::Control {
                offset: entry.offset,
                cause,
            })?;
            // A position ends its batch.
            self.within_batch = !matches!(control, Control::Position { .. });
            self.control(&entry, control)?;
        } else if self.decoders.knows(entry.kind) {
            self.within_batch = true;
            self.record(&entry);
        } else {
            // To pass over it would be to lose it silently.
            return Err(Error::Kind {
                offset: entry.offset,
                kind: entry.kind,
            });
        }
        self.next_offset += 1;
        debug_assert!(
            self.sources
                .get(&entry.source)
                .is_none_or(|state| state.account.kept == state.account.tally.kept()),
            "every record that was kept has become something"
        );
        Ok(())
    }

    fn record(&mut self, entry: &JournaledEntry<'_>) {
        self.sources.entry(entry.source).or_default().account.kept += 1;
        let (sender, decoder) = self.decoders.of(entry.kind);
        decoder.keep_bounded();
        match decoder.decode(entry.body) {
            Ok(Record::Rsvp(rsvp)) => {
                let dictionary = self.decoders.decoder(sender).dictionary();
                let mut into = Entering {
                    rsvps: &mut self.rsvps,
                    watermark: &mut self.watermark,
                    quarantine: &mut self.quarantine,
                    arrived: entry.arrived,
                };
                let feed = &self.feeds[&entry.kind];
                let outcomes = into.count(feed, sender, dictionary, &[rsvp]);
                self.enter(entry.kind, entry.source, &outcomes.tally);
            }
            Ok(Record::Event(facts)) => {
                let dictionary = self.decoders.decoder(sender).dictionary();
                let mut into = Entering {
                    rsvps: &mut self.rsvps,
                    watermark: &mut self.watermark,
                    quarantine: &mut self.quarantine,
                    arrived: entry.arrived,
                };
                let tally = into.tell(sender, dictionary, &facts);
                self.enter(entry.kind, entry.source, &tally);
            }
            Ok(Record::Withdrawal(withdrawal)) => {
                self.withdrawal(entry.kind, withdrawal, entry.source, entry.arrived);
            }
            Ok(Record::Other(other)) => {
                self.other(entry.kind, other, entry.source, entry.arrived);
            }
            // An older version accepted it. It is kept, and counts nowhere.
            Err(reason) => {
                let account = &mut self.sources.entry(entry.source).or_default().account;
                account.tally.quarantine(&reason.code(), 1);
            }
        }
    }

    fn control(&mut self, entry: &JournaledEntry<'_>, control: Control) -> Result<(), Error> {
        let state = self.sources.entry(entry.source).or_default();
        match control {
            Control::Source { name } => state.name = name,
            Control::Schema {
                kind,
                feeds,
                definition,
            } => {
                let declared = Declared {
                    kind,
                    feeds,
                    definition,
                };
                return self
                    .declare(declared.clone())
                    .map_err(|refused| Error::of_schema(entry.offset, declared, &refused));
            }
            Control::Position {
                of,
                position,
                received,
                repaired,
                blanked,
            } => {
                state.account.received += received;
                let at = |position: &serde_json::Value| position.get("at")?.as_u64();
                match at(&position) {
                    Some(now) => {
                        // A source that can be read again goes back only to be read anew.
                        let before = self.positions.get(&of).and_then(at);
                        self.quarantine.settle(&of, before >= Some(now));
                    }
                    None => self.quarantine.settle_once(),
                }
                state.account.repaired += repaired;
                state.account.blanked += blanked;
                if !of.is_empty() {
                    self.positions.insert(of, position);
                }
            }
            Control::Gap { .. } => state.account.gaps += 1,
            Control::Rejected(letter) => {
                *state.account.rejected.entry(letter.reason).or_default() += 1;
            }
            Control::RejectedMore { by_reason } => {
                for (reason, count) in by_reason {
                    *state.account.rejected.entry(reason).or_default() += count;
                }
            }
            Control::People { mode } => self.people = Some(mode),
            // The quarantine has found it out from the records themselves.
            Control::KeptOut { .. } => {}
        }
        Ok(())
    }

    /// Takes what a journal declares of the schema of records to come, or what is declared where
    /// there is no journal.
    fn declare(&mut self, declared: Declared) -> Result<(), Refused> {
        let kinds = declared.kinds();
        if let Some(schema) = self.decoders.declare(declared)? {
            self.feeds.extend(kinds.zip(FeedState::of(&*schema)));
        }
        Ok(())
    }

    /// Counts records of a schema where there is no journal that declares it.
    ///
    /// # Panics
    /// When this program does not have the schema, or its kinds are taken.
    pub fn expect_schema(&mut self, declared: Declared) {
        let taken = self.declare(declared);
        assert!(
            taken.is_ok(),
            "whoever decodes the records has their schema"
        );
    }

    /// Enters a record of a feed that is neither of answers nor of events, decoded elsewhere.
    pub fn apply_other(&mut self, kind: Kind, other: Other, source: u16, arrived: i64) {
        self.sources.entry(source).or_default().account.kept += 1;
        self.other(kind, other, source, arrived);
    }

    /// Enters what takes answers back, decoded elsewhere.
    pub fn apply_withdrawal(
        &mut self,
        kind: Kind,
        withdrawal: Withdrawal,
        source: u16,
        arrived: i64,
    ) {
        self.sources.entry(source).or_default().account.kept += 1;
        self.withdrawal(kind, withdrawal, source, arrived);
    }

    /// Enters the facts of events, decoded elsewhere; `sender` tells their decoder from others.
    pub fn apply_events(
        &mut self,
        kind: Kind,
        sender: Sender,
        dictionary: &Dictionary,
        events: &[EventRecord],
        source: u16,
        arrived: i64,
    ) {
        for facts in events {
            self.sources.entry(source).or_default().account.kept += 1;
            let mut into = Entering {
                rsvps: &mut self.rsvps,
                watermark: &mut self.watermark,
                quarantine: &mut self.quarantine,
                arrived,
            };
            let tally = into.tell(sender, dictionary, facts);
            self.enter(kind, source, &tally);
        }
    }

    /// Enters RSVPs decoded elsewhere; `sender` tells their decoder from others.
    pub fn apply_rsvps(
        &mut self,
        kind: Kind,
        sender: Sender,
        dictionary: &Dictionary,
        rsvps: &[Rsvp],
        source: u16,
        arrived: i64,
    ) {
        if rsvps.is_empty() {
            return;
        }
        self.sources.entry(source).or_default().account.kept += rsvps.len() as u64;
        let mut into = Entering {
            rsvps: &mut self.rsvps,
            watermark: &mut self.watermark,
            quarantine: &mut self.quarantine,
            arrived,
        };
        let outcomes = into.count(&self.feeds[&kind], sender, dictionary, rsvps);
        self.enter(kind, source, &outcomes.tally);
    }

    /// Enters what a source delivered when there is no journal to say it.
    pub fn account(&mut self, source: u16, name: &str) -> &mut Account {
        let state = self.sources.entry(source).or_default();
        if state.name.is_empty() {
            state.name = name.to_owned();
        }
        &mut state.account
    }

    fn withdrawal(&mut self, kind: Kind, withdrawal: Withdrawal, source: u16, arrived: i64) {
        let mut tally = Tally::default();
        if self.quarantine.keeps_out(withdrawal.version, arrived) {
            tally.quarantine(FUTURE, 1);
        } else {
            self.watermark.observe(withdrawal.version);
            let oldest = self.watermark.oldest_window();
            self.rsvps.withdraw(withdrawal, oldest, &mut tally);
        }
        self.enter(kind, source, &tally);
    }

    fn other(&mut self, kind: Kind, other: Other, source: u16, arrived: i64) {
        let mut tally = Tally::default();
        if self.quarantine.keeps_out(other.version, arrived) {
            tally.quarantine(FUTURE, 1);
        } else {
            self.watermark.observe(other.version);
            let tracker = self.rsvps.tracker.as_mut();
            let digest = tracker.map(|tracker| &mut tracker.digest);
            let feed = &self.feeds[&kind].name;
            self.secondary.offer(kind, feed, other, &mut tally, digest);
        }
        self.enter(kind, source, &tally);
    }

    /// Enters what became of records into the accounts.
    fn enter(&mut self, kind: Kind, source: u16, tally: &Tally) {
        let account = &mut self.sources.entry(source).or_default().account;
        account.tally.add(tally);
        if let Some(feed) = self.feeds.get_mut(&kind) {
            feed.tally.add(tally);
        }
    }
}

const FUTURE: &str = "future_timestamp";

/// What decoded records are entered into, as far as their arrival makes them credible.
struct Entering<'a> {
    rsvps: &'a mut Rsvps,
    watermark: &'a mut Watermark,
    quarantine: &'a mut Quarantine,
    arrived: i64,
}

impl Entering<'_> {
    fn count(
        &mut self,
        feed: &FeedState,
        sender: Sender,
        dictionary: &Dictionary,
        rsvps: &[Rsvp],
    ) -> Outcomes {
        let mut outcomes = Outcomes::default();
        let namespace = feed.answers.unwrap_or_default();
        let (quarantine, arrived, mut future) = (&mut *self.quarantine, self.arrived, 0);
        let believed = rsvps.split(|rsvp| {
            let kept_out = quarantine.keeps_out(rsvp.version, arrived);
            future += u64::from(kept_out);
            kept_out
        });
        for rsvps in believed {
            let (into, watermark) = (&mut *self.rsvps, &mut *self.watermark);
            into.count(
                sender,
                dictionary,
                namespace,
                rsvps,
                watermark,
                &mut outcomes,
            );
        }
        outcomes.tally.quarantine(FUTURE, future);
        outcomes
    }

    fn tell(&mut self, sender: Sender, dictionary: &Dictionary, facts: &EventRecord) -> Tally {
        let mut tally = Tally::default();
        if self.quarantine.keeps_out(facts.version, self.arrived) {
            tally.quarantine(FUTURE, 1);
        } else {
            self.watermark.observe(facts.version);
            self.rsvps.tell(sender, dictionary, facts, &mut tally);
        }
        tally
    }
}
