//! The task of one filter: it asks for views, sends what has changed, pings, and ends without clients.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use headcount_engine::{Filter, Pulse, View};
use headcount_query::{DiskStatus, Question, Readiness, SourceStatus};
use tokio::{
    sync::{
        broadcast::{self, error::TryRecvError},
        mpsc,
    },
    time::{self, Duration, Instant, MissedTickBehavior},
};

use super::{
    delta::{DeltaState, ProgramState},
    hub::{Hub, Join, Joined},
    packed::PackedMessage,
};

/// Messages that a client may be behind before it gets a snapshot instead: three seconds of ticks.
const RING: usize = 32;
/// A room waits four times as long as its last view took before it asks again: many filters slow each other
/// down, and never the counting.
const REST: u32 = 4;
/// The longest wait for a view.
const VIEW_WAIT: Duration = Duration::from_secs(10);

pub(super) struct Room {
    hub: Arc<Hub>,
    filter: Filter,
    joins: mpsc::Receiver<Join>,
    /// Clients that came before the first view.
    waiting: Vec<Join>,
    ticks: broadcast::Sender<PackedMessage>,
    pulses: broadcast::Receiver<Arc<[Pulse]>>,
    /// Absent until the first view.
    delta: Option<DeltaState>,
    /// There was a commit since the last question.
    stale: bool,
    next_tick: Instant,
}

/// A view on its way, and since when.
type PendingView = Pin<Box<dyn Future<Output = (Instant, Answered)> + Send>>;

enum Answered {
    View(Arc<View>),
    /// Not in time, or refused: asked again a little later.
    NotNow,
    /// The publisher has ended.
    Gone,
}

impl Room {
    pub(super) fn new(hub: Arc<Hub>, filter: Filter, joins: mpsc::Receiver<Join>) -> Self {
        Self {
            pulses: hub.pulses.subscribe(),
            hub,
            filter,
            joins,
            waiting: Vec::new(),
            ticks: broadcast::Sender::new(RING),
            delta: None,
            stale: true,
            next_tick: Instant::now(),
        }
    }

    pub(super) async fn run(mut self) {
        let mut commits = self.hub.views.commits.clone();
        let mut sources = self.hub.sources.clone();
        let mut ready = self.hub.ready.clone();
        let mut disk = self.hub.disk.clone();
        let mut stop = self.hub.stop.clone();
        let every = self.hub.options.ping;
        let mut ping = time::interval_at(Instant::now() + every, every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked: Option<PendingView> = None;
        loop {
            let may_ask = self.stale && asked.is_none() && !self.is_starting();
            if may_ask && Instant::now() >= self.next_tick {
                self.stale = false;
                commits.borrow_and_update();
                asked = Some(self.ask());
            }
            let due = self.due(asked.is_some());
            tokio::select! {
                biased;
                () = stop.asked() => return,
                Some(join) = self.joins.recv() => self.admit(join),
                (since, answered) = async { asked.as_mut().expect("guarded").await }, if asked.is_some() => {
                    asked = None;
                    match answered {
                        Answered::View(view) => self.show(view, since),
                        Answered::NotNow => {
                            self.stale = true;
                            self.next_tick = Instant::now() + self.hub.options.ping;
                        }
                        Answered::Gone => return,
                    }
                }
                Ok(()) = commits.changed(), if !self.stale => self.stale = true,
                Ok(()) = sources.changed() => self.put_sources(&sources.borrow_and_update()),
                Ok(()) = ready.changed() => self.put_ready(ready.borrow_and_update().clone()),
                Ok(()) = disk.changed() => self.put_notice(notice_of(&disk.borrow_and_update())),
                _ = ping.tick() => {
                    self.ping();
                    if self.is_empty() && self.hub.close(&self.filter, &self.joins) {
                        return;
                    }
                }
                () = time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    // After a newer commit the view is asked for above, and its tick has these members too.
                    if !self.stale {
                        self.tick();
                    }
                }
            }
        }
    }

    /// Nobody can answer yet; the room hears when that changes.
    fn is_starting(&self) -> bool {
        matches!(&*self.hub.ready.borrow(), Readiness::Starting(_))
    }

    /// When to wake up although nothing happens: to ask, or to send what was held back.
    fn due(&self, asked: bool) -> Option<Instant> {
        if asked {
            return None;
        }
        if self.stale {
            return Some(self.next_tick).filter(|_| !self.is_starting());
        }
        let due = self.delta.as_ref()?.due(Instant::now())?;
        Some(due.max(self.next_tick))
    }

    fn ask(&self) -> PendingView {
        let (views, filter) = (self.hub.views.clone(), self.filter.clone());
        Box::pin(async move {
            let since = Instant::now();
            let answer =
                time::timeout(VIEW_WAIT, views.ask(|reply| Question::View(filter, reply))).await;
            let answered = match answer {
                Ok(Ok(view)) => Answered::View(view),
                _ if views.questions.is_closed() => Answered::Gone,
                _ => Answered::NotNow,
            };
            (since, answered)
        })
    }

    /// Sends a new view: a tick to clients that have a snapshot, a snapshot to those that waited for it.
    fn show(&mut self, view: Arc<View>, since: Instant) {
        match &mut self.delta {
            Some(delta) => delta.put_view(view),
            None => {
                let sources = self.hub.sources.borrow().clone();
                let ready = self.hub.ready.borrow().clone();
                let notice = notice_of(&self.hub.disk.borrow());
                let seq = self.hub.seq.fetch_add(1, Relaxed) + 1;
                let build = Arc::clone(&self.hub.build);
                self.delta = Some(DeltaState::new(
                    view,
                    sources,
                    ProgramState { ready, notice },
                    build,
                    seq,
                    &self.hub.options,
                ));
                self.drain_pulses(false);
            }
        }
        self.tick();
        let rest = since.elapsed() * REST;
        self.next_tick = Instant::now() + rest.max(self.hub.options.tick);
        for join in std::mem::take(&mut self.waiting) {
            self.admit(join);
        }
    }

    /// Sends what has changed, if it has. The next tick is a tick's length away.
    fn tick(&mut self) {
        self.drain_pulses(true);
        let now = Instant::now();
        let Some(delta) = &mut self.delta else { return };
        if let Some(packed) = delta.tick(now) {
            self.next_tick = now + self.hub.options.tick;
            self.hub.seq.fetch_max(delta.seq, Relaxed);
            self.hub.metrics.live.ticks.fetch_add(1, Relaxed);
            let _ = self.ticks.send(packed);
        }
    }

    fn admit(&mut self, join: Join) {
        let Some(delta) = &mut self.delta else {
            return self.waiting.push(join);
        };
        let snapshot = delta.snapshot(Instant::now());
        let _ = join.send(Joined {
            snapshot,
            ticks: self.ticks.subscribe(),
        });
    }

    fn put_sources(&mut self, sources: &Arc<Vec<SourceStatus>>) {
        if let Some(delta) = &mut self.delta {
            delta.put_sources(Arc::clone(sources));
        }
    }

    fn put_ready(&mut self, ready: Readiness) {
        if let Some(delta) = &mut self.delta {
            delta.put_ready(ready);
        }
    }

    fn put_notice(&mut self, notice: Option<String>) {
        if let Some(delta) = &mut self.delta {
            delta.put_notice(notice);
        }
    }

    /// Pulses that came after the last view are not kept waiting for a commit that may never come.
    fn ping(&mut self) {
        self.drain_pulses(true);
        if let Some(delta) = &self.delta {
            let _ = self.ticks.send(delta.ping());
        }
    }

    fn drain_pulses(&mut self, keep: bool) {
        loop {
            match self.pulses.try_recv() {
                Ok(pulses) => {
                    if let Some(delta) = self.delta.as_mut().filter(|_| keep) {
                        delta.flashes.add(&self.filter, &pulses);
                    }
                }
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn is_empty(&mut self) -> bool {
        self.waiting.retain(|join| !join.is_closed());
        self.waiting.is_empty() && self.ticks.receiver_count() == 0
    }
}

/// What readers should know of the disk.
fn notice_of(disk: &Option<DiskStatus>) -> Option<String> {
    disk.as_ref()?.notice.clone()
}
