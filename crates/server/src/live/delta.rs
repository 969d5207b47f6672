//! What the clients of a filter have been sent, and so what has to be sent next.
//!
//! Figures go out with every tick, lists and dots less often. What was held back goes out as soon as its time
//! has come, even if nothing newer has come by then.

use std::sync::Arc;

use headcount_clock::now_ms;
use headcount_engine::View;
use headcount_query::{Readiness, SourceStatus};
use tokio::time::{Duration, Instant};

use super::{
    changes,
    message::{self, All, LedgerRow, LiveMessage, ReadyRow, SourceRow},
    packed::PackedMessage,
    pulses::Flashes,
};
use crate::options::Options;

/// How the program itself is.
#[derive(Clone, PartialEq)]
pub(super) struct ProgramState {
    pub(super) ready: Readiness,
    /// What readers should know although figures are served.
    pub(super) notice: Option<String>,
}

pub(super) struct DeltaState {
    pub(super) seq: u64,
    pub(super) flashes: Flashes,
    sources: Arc<Vec<SourceStatus>>,
    program: ProgramState,
    view: Arc<View>,
    /// What was sent last of each kind.
    figures: Arc<View>,
    lists: Throttled,
    dots: Throttled,
    sources_sent: Arc<Vec<SourceStatus>>,
    program_sent: ProgramState,
    /// The latest snapshot, and when it was made.
    snapshot: Option<(Instant, PackedMessage)>,
    snapshot_age_max: Duration,
    build: Arc<str>,
}

/// Members that are sent only so often.
struct Throttled {
    sent: Arc<View>,
    differs: bool,
    every: Duration,
    /// Not before.
    next: Instant,
}

impl DeltaState {
    /// The members of this view count as sent, because every client starts with a snapshot.
    pub(super) fn new(
        view: Arc<View>,
        sources: Arc<Vec<SourceStatus>>,
        program: ProgramState,
        build: Arc<str>,
        seq: u64,
        options: &Options,
    ) -> Self {
        let held = |every| Throttled {
            sent: Arc::clone(&view),
            differs: false,
            every,
            next: Instant::now() + every,
        };
        Self {
            seq,
            flashes: Flashes::default(),
            lists: held(options.lists),
            dots: held(options.dots),
            figures: Arc::clone(&view),
            sources_sent: Arc::clone(&sources),
            sources,
            program_sent: program.clone(),
            program,
            view,
            snapshot: None,
            snapshot_age_max: options.ping,
            build,
        }
    }

    pub(super) fn put_view(&mut self, view: Arc<View>) {
        self.lists.differs = lists_differ(&view, &self.lists.sent);
        self.dots.differs = view.dots != self.dots.sent.dots;
        self.view = view;
        self.snapshot = None;
    }

    pub(super) fn put_sources(&mut self, sources: Arc<Vec<SourceStatus>>) {
        self.sources = sources;
        self.snapshot = None;
    }

    pub(super) fn put_ready(&mut self, ready: Readiness) {
        self.program.ready = ready;
        self.snapshot = None;
    }

    pub(super) fn put_notice(&mut self, notice: Option<String>) {
        self.program.notice = notice;
        self.snapshot = None;
    }

    /// When something has to be sent even if no newer view comes; `None` if there is nothing.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if !self.flashes.is_empty() || self.sources_changed() || self.program != self.program_sent {
            return Some(now);
        }
        let held = [&self.lists, &self.dots]
            .into_iter()
            .filter(|held| held.differs);
        held.map(|held| held.next).min()
    }

    /// All members that have changed and may be sent now; `None` when there are none.
    pub(super) fn tick(&mut self, now: Instant) -> Option<PackedMessage> {
        let (view, old) = (Arc::clone(&self.view), Arc::clone(&self.figures));
        let mut tick = LiveMessage {
            stream_time: changed(&view.as_of.stream_time, &old.as_of.stream_time),
            totals: changed(&view.totals, &old.totals),
            all: changed_row(All::of(&view), &All::of(&old)),
            history_changes: changed(&view.history, &old.history)
                .map(|history| changes::of_history(history, &old.history)),
            ledger: changed_row(LedgerRow::of(&view), &LedgerRow::of(&old)),
            pulses: self.flashes.take(),
            ..LiveMessage::default()
        };
        if let Some(old) = self.lists.send(&view, now) {
            tick.countries = changed(&view.countries, &old.countries);
            tick.cities = changed(&view.cities, &old.cities);
            tick.topics = changed(&view.topics, &old.topics);
            tick.venues = changed(&view.venues, &old.venues);
            tick.trending = changed(&view.trending, &old.trending);
        }
        if let Some(old) = self.dots.send(&view, now) {
            tick.dots_changes =
                changed(&view.dots, &old.dots).map(|dots| changes::of_dots(dots, &old.dots));
        }
        self.figures = Arc::clone(&view);
        let (program, old) = (self.program.clone(), self.program_sent.clone());
        tick.ready = changed(&program.ready, &old.ready).map(ReadyRow::of);
        tick.notice = changed(&program.notice, &old.notice).map(Option::as_deref);
        if tick.is_empty() && !self.sources_changed() {
            return None;
        }
        self.program_sent = program.clone();

        let (sources, old) = (Arc::clone(&self.sources), Arc::clone(&self.sources_sent));
        tick.source = changed_row(SourceRow::all(&sources), &SourceRow::all(&old));
        self.sources_sent = Arc::clone(&sources);
        self.snapshot = None;
        self.seq += 1;
        (tick.seq, tick.at) = (self.seq, now_ms());
        Some(PackedMessage::new(message::event("tick", self.seq, &tick)))
    }

    /// All members as they are now.
    pub(super) fn snapshot(&mut self, now: Instant) -> PackedMessage {
        let fresh = |(made, _): &&(Instant, PackedMessage)| now - *made < self.snapshot_age_max;
        if let Some((_, packed)) = self.snapshot.as_ref().filter(fresh) {
            return packed.clone();
        }
        // Of what ticks hold back or tell the changes of, what was last sent: they go on from there.
        let (view, lists) = (&self.view, &self.lists.sent);
        let snapshot = LiveMessage {
            seq: self.seq,
            at: now_ms(),
            build: Some(&self.build),
            filter: Some(&view.filter),
            stream_time: Some(&view.as_of.stream_time),
            totals: Some(&view.totals),
            all: Some(All::of(view)),
            countries: Some(&lists.countries),
            cities: Some(&lists.cities),
            topics: Some(&lists.topics),
            venues: Some(&lists.venues),
            trending: Some(&lists.trending),
            history: Some(&self.figures.history),
            history_changes: None,
            dots: Some(&self.dots.sent.dots),
            dots_changes: None,
            source: Some(SourceRow::all(&self.sources)),
            ready: Some(ReadyRow::of(&self.program.ready)),
            notice: Some(self.program.notice.as_deref()),
            ledger: Some(LedgerRow::of(view)),
            pulses: None,
        };
        let packed = PackedMessage::new(message::event("snapshot", self.seq, &snapshot));
        self.snapshot = Some((now, packed.clone()));
        packed
    }

    pub(super) fn ping(&self) -> PackedMessage {
        PackedMessage::new(message::ping(self.seq, &self.sources))
    }

    /// Whether anything changed about a source but the time of its last record: figures and pings say that.
    fn sources_changed(&self) -> bool {
        if Arc::ptr_eq(&self.sources, &self.sources_sent) {
            return false;
        }
        let (new, old) = (
            SourceRow::all(&self.sources),
            SourceRow::all(&self.sources_sent),
        );
        new.len() != old.len() || new.iter().zip(&old).any(|(new, old)| !new.is_like(old))
    }
}

impl Throttled {
    /// If these members differ and their time has come, marks them as sent and returns what clients have.
    fn send(&mut self, view: &Arc<View>, now: Instant) -> Option<Arc<View>> {
        if !self.differs || now < self.next {
            return None;
        }
        self.differs = false;
        self.next = now + self.every;
        Some(std::mem::replace(&mut self.sent, Arc::clone(view)))
    }
}

impl LiveMessage<'_> {
    fn is_empty(&self) -> bool {
        let figures = self.stream_time.is_some()
            || self.totals.is_some()
            || self.all.is_some()
            || self.history_changes.is_some()
            || self.ledger.is_some()
            || self.ready.is_some()
            || self.notice.is_some()
            || self.pulses.is_some();
        let lists = self.countries.is_some()
            || self.cities.is_some()
            || self.topics.is_some()
            || self.venues.is_some()
            || self.trending.is_some()
            || self.dots_changes.is_some();
        !figures && !lists
    }
}

fn lists_differ(new: &View, old: &View) -> bool {
    new.countries != old.countries
        || new.cities != old.cities
        || new.topics != old.topics
        || new.venues != old.venues
        || new.trending != old.trending
}

fn changed<'a, T: PartialEq>(new: &'a T, old: &T) -> Option<&'a T> {
    (new != old).then_some(new)
}

fn changed_row<T: PartialEq>(new: T, old: &T) -> Option<T> {
    (new != *old).then_some(new)
}
