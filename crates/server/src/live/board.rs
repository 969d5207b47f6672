//! What the clients of a filter have been shown, and so what they are to be told next.
//!
//! Figures go out with every tick, lists and dots less often; what is held back goes out as soon as
//! its time has come, whether or not there is something newer.

use headcount_query::SourceStatus;
use std::sync::Arc;

use bytes::Bytes;
use headcount_engine::View;
use tokio::time::{Duration, Instant};

use super::{
    message::{self, All, LedgerRow, Message, SourceRow},
    pulses::Flashes,
};
use crate::{clock, options::Options};

pub(super) struct Board {
    pub(super) seq: u64,
    pub(super) flashes: Flashes,
    sources: Arc<Vec<SourceStatus>>,
    view: Arc<View>,
    /// What was sent last of each kind.
    figures: Arc<View>,
    lists: Held,
    dots: Held,
    sources_sent: Arc<Vec<SourceStatus>>,
    /// The present state in full, and when it was put into bytes.
    snapshot: Option<(Instant, Bytes)>,
    snapshot_age_max: Duration,
    build: Arc<str>,
}

/// Members that are sent only so often.
struct Held {
    sent: Arc<View>,
    differs: bool,
    every: Duration,
    /// Not before.
    next: Instant,
}

impl Board {
    /// A board that shows this view; its members count as sent, for every client starts with a snapshot.
    pub(super) fn new(
        view: Arc<View>,
        sources: Arc<Vec<SourceStatus>>,
        build: Arc<str>,
        seq: u64,
        options: &Options,
    ) -> Self {
        let held = |every| Held {
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

    /// When there is something to send even if no newer view comes: now, later or never.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if !self.flashes.is_empty() || self.sources_changed() {
            return Some(now);
        }
        let held = [&self.lists, &self.dots]
            .into_iter()
            .filter(|held| held.differs);
        held.map(|held| held.next).min()
    }

    /// All members that changed and may be sent; nothing when nothing did.
    pub(super) fn tick(&mut self, now: Instant) -> Option<Bytes> {
        let (view, old) = (Arc::clone(&self.view), Arc::clone(&self.figures));
        let mut tick = Message {
            stream_time: changed(&view.as_of.stream_time, &old.as_of.stream_time),
            totals: changed(&view.totals, &old.totals),
            all: changed_row(All::of(&view), &All::of(&old)),
            history: changed(&view.history, &old.history),
            ledger: changed_row(LedgerRow::of(&view), &LedgerRow::of(&old)),
            pulses: self.flashes.take(),
            ..Message::default()
        };
        if let Some(old) = self.lists.send(&view, now) {
            tick.countries = changed(&view.countries, &old.countries);
            tick.cities = changed(&view.cities, &old.cities);
            tick.topics = changed(&view.topics, &old.topics);
            tick.venues = changed(&view.venues, &old.venues);
            tick.trending = changed(&view.trending, &old.trending);
        }
        if let Some(old) = self.dots.send(&view, now) {
            tick.dots = changed(&view.dots, &old.dots);
        }
        self.figures = Arc::clone(&view);
        if tick.is_empty() && !self.sources_changed() {
            return None;
        }

        let (sources, old) = (Arc::clone(&self.sources), Arc::clone(&self.sources_sent));
        tick.source = changed_row(SourceRow::all(&sources), &SourceRow::all(&old));
        self.sources_sent = Arc::clone(&sources);
        self.snapshot = None;
        self.seq += 1;
        (tick.seq, tick.at) = (self.seq, clock::now());
        Some(message::event("tick", self.seq, &tick))
    }

    /// Everything there is to show.
    pub(super) fn snapshot(&mut self, now: Instant) -> Bytes {
        let fresh = |(made, _): &&(Instant, Bytes)| now - *made < self.snapshot_age_max;
        if let Some((_, bytes)) = self.snapshot.as_ref().filter(fresh) {
            return bytes.clone();
        }
        let view = &self.view;
        let snapshot = Message {
            seq: self.seq,
            at: clock::now(),
            build: Some(&self.build),
            filter: Some(&view.filter),
            stream_time: Some(&view.as_of.stream_time),
            totals: Some(&view.totals),
            all: Some(All::of(view)),
            countries: Some(&view.countries),
            cities: Some(&view.cities),
            topics: Some(&view.topics),
            venues: Some(&view.venues),
            trending: Some(&view.trending),
            history: Some(&view.history),
            dots: Some(&view.dots),
            source: Some(SourceRow::all(&self.sources)),
            ledger: Some(LedgerRow::of(view)),
            pulses: None,
        };
        let bytes = message::event("snapshot", self.seq, &snapshot);
        self.snapshot = Some((now, bytes.clone()));
        bytes
    }

    pub(super) fn ping(&self) -> Bytes {
        message::ping(self.seq, &self.sources)
    }

    /// Whether a source is in another state; that a record came is said by the figures, and by pings.
    fn sources_changed(&self) -> bool {
        let state = |source: &SourceStatus| {
            let SourceStatus { name, notice, .. } = source;
            (name.clone(), source.state, source.gaps, notice.clone())
        };
        !Arc::ptr_eq(&self.sources, &self.sources_sent)
            && !self
                .sources
                .iter()
                .map(state)
                .eq(self.sources_sent.iter().map(state))
    }
}

impl Held {
    /// If these members differ and their time has come: what they were, and from now on they are sent.
    fn send(&mut self, view: &Arc<View>, now: Instant) -> Option<Arc<View>> {
        if !self.differs || now < self.next {
            return None;
        }
        self.differs = false;
        self.next = now + self.every;
        Some(std::mem::replace(&mut self.sent, Arc::clone(view)))
    }
}

impl Message<'_> {
    fn is_empty(&self) -> bool {
        let figures = self.stream_time.is_some()
            || self.totals.is_some()
            || self.all.is_some()
            || self.history.is_some()
            || self.ledger.is_some()
            || self.pulses.is_some();
        let lists = self.countries.is_some()
            || self.cities.is_some()
            || self.topics.is_some()
            || self.venues.is_some()
            || self.trending.is_some()
            || self.dots.is_some();
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
