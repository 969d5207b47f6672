//! A room for each filter: made for its first client, closed after its last.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use headcount_engine::{Filter, Pulse};
use headcount_query::{DiskStatus, Readiness, SourceStatus, Views};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::packed::PackedMessage;
use super::room::Room;
use crate::{
    http::{
        limiter::{ConnectionLimiter, Permit},
        problem::Problem,
        stop_signal::StopSignal,
    },
    metrics::Metrics,
    options::Options,
    state::ServerState,
};

/// Clients that may wait to join a room before joining waits as well.
const JOINS_WAITING_MAX: usize = 64;
/// A room may close just as a client joins, so joining is tried again; a room that breaks must not be tried
/// for ever.
const JOIN_ATTEMPTS: usize = 8;

/// A request to join: the answer has the present state, and every message from then on.
pub(super) type Join = oneshot::Sender<Joined>;

#[derive(Debug)]
pub(super) struct Joined {
    pub(super) snapshot: PackedMessage,
    pub(super) ticks: broadcast::Receiver<PackedMessage>,
}

pub(crate) struct Hub {
    /// What rooms work with.
    pub(super) views: Views,
    pub(super) pulses: broadcast::Sender<Arc<[Pulse]>>,
    pub(super) sources: watch::Receiver<Arc<Vec<SourceStatus>>>,
    pub(super) ready: watch::Receiver<Readiness>,
    pub(super) disk: watch::Receiver<Option<DiskStatus>>,
    pub(super) options: Options,
    pub(super) build: Arc<str>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stop: StopSignal,
    /// The greatest sequence number used. A room that is made again goes on from there.
    pub(super) seq: AtomicU64,

    rooms: Mutex<HashMap<Filter, mpsc::Sender<Join>>>,
    limiter: Arc<ConnectionLimiter>,
}

impl Hub {
    pub(crate) fn new(
        state: &ServerState,
        options: &Options,
        build: Arc<str>,
        metrics: Arc<Metrics>,
        stop: StopSignal,
    ) -> Arc<Self> {
        Arc::new(Self {
            views: state.views.clone(),
            pulses: state.pulses.clone(),
            sources: state.sources.clone(),
            ready: state.ready.clone(),
            disk: state.disk.clone(),
            options: options.clone(),
            build,
            metrics,
            stop,
            seq: AtomicU64::new(0),
            rooms: Mutex::default(),
            limiter: ConnectionLimiter::new(options.live_clients, options.live_clients_per_address),
        })
    }

    /// Open streams.
    pub(crate) fn clients(&self) -> usize {
        self.limiter.count()
    }

    /// A permit for a client, at this address if it is known, that wants these figures.
    pub(crate) fn permit(
        &self,
        client: Option<IpAddr>,
        filter: &Filter,
    ) -> Result<Permit, Problem> {
        let refuse = |full| Problem::no_stream_left(full, self.limiter.limit(full));
        let permit = self.limiter.permit(client).map_err(refuse)?;
        let rooms = self.rooms();
        if rooms.contains_key(filter) || rooms.len() < self.options.live_filters {
            return Ok(permit);
        }
        Err(Problem::no_filter_left())
    }

    /// Joins the room of a filter, and makes it if there is none. `None` when there will be no figures any more.
    pub(super) async fn join(self: Arc<Self>, filter: Filter) -> Option<Joined> {
        for _ in 0..JOIN_ATTEMPTS {
            if self.views.questions.is_closed() {
                return None;
            }
            let (join, joined) = oneshot::channel();
            let room = self.room(&filter);
            if room.send(join).await.is_ok()
                && let Ok(joined) = joined.await
            {
                return Some(joined);
            }
        }
        None
    }

    /// Called by a room that finds itself empty. False when a client is about to join.
    pub(super) fn close(&self, filter: &Filter, joins: &mpsc::Receiver<Join>) -> bool {
        let mut rooms = self.rooms();
        if !joins.is_empty() {
            return false;
        }
        rooms.remove(filter);
        self.metrics.live.filters.store(rooms.len() as u64, Relaxed);
        true
    }

    fn room(self: &Arc<Self>, filter: &Filter) -> mpsc::Sender<Join> {
        let mut rooms = self.rooms();
        if let Some(join) = rooms.get(filter).filter(|join| !join.is_closed()) {
            return join.clone();
        }
        let (join, joins) = mpsc::channel(JOINS_WAITING_MAX);
        tokio::spawn(Room::new(Arc::clone(self), filter.clone(), joins).run());
        rooms.insert(filter.clone(), join.clone());
        self.metrics.live.filters.store(rooms.len() as u64, Relaxed);
        join
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Filter, mpsc::Sender<Join>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
