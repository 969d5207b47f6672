//! The rest of the program, as small as it can be: figures that a test sets, and a publisher.

use headcount_query::{
    BatchWorkerStatus, ClusterStatus, ConnectionState, DiskStatus, Question, Readiness, SourceKind,
    SourceStatus, Views,
};
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use headcount_engine::{
    Account, CountryRow, Filter, Ledger, ListAnswer, ListQuery, ListRow, Pulse, Summary, Totals,
    VenueRow, VenueTotal, View,
};
use headcount_server::{Options, ServerState, bind, serve};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    task::JoinHandle,
};

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) figures: Arc<Mutex<Figures>>,
    pub(crate) commits: watch::Sender<u64>,
    pub(crate) pulses: broadcast::Sender<Arc<[Pulse]>>,
    pub(crate) sources: watch::Sender<Arc<Vec<SourceStatus>>>,
    pub(crate) ready: watch::Sender<Readiness>,
    pub(crate) cluster: watch::Sender<Option<Arc<ClusterStatus>>>,
    pub(crate) disk: watch::Sender<Option<DiskStatus>>,
    pub(crate) batch: watch::Sender<BatchWorkerStatus>,
    /// Closed: the publisher keeps its questions until it is opened.
    pub(crate) open: watch::Sender<bool>,
    /// Questions for a view that have been answered.
    pub(crate) views: Arc<AtomicUsize>,
    /// Whether a question waits for the publisher to open.
    waiting: watch::Receiver<bool>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
}

/// What the fake publisher answers from.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) yes: BTreeMap<String, u64>,
    pub(crate) venues: Vec<VenueTotal>,
    pub(crate) dots: usize,
    pub(crate) ledger: Ledger,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (questions, asked) = mpsc::channel(64);
        let (commits, commits_seen) = watch::channel(0);
        let (sources, sources_seen) = watch::channel(Arc::new(vec![source(ConnectionState::Live)]));
        let (ready, ready_seen) = watch::channel(Readiness::Ready);
        let (pulses, _) = broadcast::channel(64);
        let (cluster, cluster_seen) = watch::channel(None);
        let (disk, disk_seen) = watch::channel(None);
        let (batch, batch_seen) =
            watch::channel(BatchWorkerStatus::absent("it is not built", "build it"));
        let (open, opened) = watch::channel(true);
        let (stop, stopped) = oneshot::channel();
        let figures = Arc::new(Mutex::new(Figures::default()));
        let views = Arc::new(AtomicUsize::new(0));
        let (waits, waiting) = watch::channel(false);
        tokio::spawn(publish(
            asked,
            Arc::clone(&figures),
            Arc::clone(&views),
            opened,
            waits,
        ));
        let state = ServerState {
            views: Views {
                questions,
                commits: commits_seen,
            },
            pulses: pulses.clone(),
            sources: sources_seen,
            ready: ready_seen,
            cluster: cluster_seen,
            disk: disk_seen,
            batch: batch_seen,
            models: headcount_server::ModelsAccess::none(),
        };
        let until = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(serve(listener, state, options, until));
        let stop = Some(stop);
        Self {
            address,
            figures,
            commits,
            pulses,
            sources,
            ready,
            cluster,
            disk,
            batch,
            open,
            views,
            waiting,
            stop,
            server,
        }
    }

    /// Counts so many yes in a country and commits.
    pub(crate) fn count(&self, country: &str, yes: u64) {
        self.change(|figures| *figures.yes.entry(country.to_owned()).or_default() += yes);
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Figures)) {
        change(&mut self.figures.lock().unwrap());
        self.commits.send_modify(|commit| *commit += 1);
    }

    pub(crate) fn views(&self) -> usize {
        self.views.load(Relaxed)
    }

    /// Waits until the publisher, closed, has a question before it.
    pub(crate) async fn asked(&mut self) {
        self.waiting.wait_for(|waiting| *waiting).await.unwrap();
    }

    /// Asks the server to stop, as a signal would.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().expect("asked once").send(());
    }

    /// Waits for the server's end.
    pub(crate) async fn ended(self) {
        crate::client::within(self.server).await.unwrap().unwrap();
    }

    /// The value of a sample of `/metrics`, by its name and labels as written there.
    pub(crate) async fn metric(&self, sample: &str) -> f64 {
        let reply = crate::client::get(self.address, "/metrics").await;
        let line = reply
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(sample));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }
}

pub(crate) fn source(state: ConnectionState) -> SourceStatus {
    let name = "sim:?rate=20".to_owned();
    SourceStatus {
        name,
        kind: SourceKind::Simulation,
        state,
        last_record_at: Some(7),
        gaps: 0,
        reconnects: 2,
        error: None,
        notice: None,
    }
}

pub(crate) fn venue(name: &str, count: u64) -> VenueTotal {
    let (lat, lon) = (Some(24.299_173), Some(54.697_277));
    VenueTotal {
        count,
        group_city: "Abu Dhabi".into(),
        lat,
        lon,
        venue_name: name.into(),
    }
}

/// An account that balances.
pub(crate) fn ledger(source: &str) -> Ledger {
    let mut account = Account {
        received: 10,
        kept: 8,
        gaps: 1,
        ..Account::default()
    };
    account.rejected.insert("bad_json".into(), 2);
    (account.tally.new, account.tally.repeated) = (5, 2);
    account
        .tally
        .quarantined
        .insert("future_timestamp".into(), 1);
    assert!(account.balances());
    let sources = [(source.to_owned(), account.clone())].into();
    Ledger {
        all: account,
        balanced: true,
        sources,
        ..Ledger::default()
    }
}

async fn publish(
    mut asked: mpsc::Receiver<Question>,
    figures: Arc<Mutex<Figures>>,
    views: Arc<AtomicUsize>,
    mut open: watch::Receiver<bool>,
    waits: watch::Sender<bool>,
) {
    while let Some(ask) = asked.recv().await {
        waits.send_replace(true);
        let _ = open.wait_for(|open| *open).await;
        waits.send_replace(false);
        let figures = figures.lock().unwrap();
        match ask {
            Question::View(filter, reply) => {
                let _ = reply.send(Arc::new(figures.view(filter)));
                views.fetch_add(1, Relaxed);
            }
            Question::Summary(filter, reply) => {
                let _ = reply.send(Arc::new(figures.summary(filter)));
            }
            Question::Venues(filter, reply) => {
                // The place of a venue of the tests is its country.
                let mut venues = figures.venues.clone();
                venues.retain(|venue| lets(&filter, &venue.group_city.to_lowercase()));
                let _ = reply.send(Arc::new(venues));
            }
            Question::List(filter, query, reply) => {
                let _ = reply.send(Arc::new(figures.list(filter, &query)));
            }
        }
    }
}

fn lets(filter: &Filter, country: &str) -> bool {
    filter.is_empty() || filter.country.iter().any(|c| c == country)
}

impl Figures {
    fn view(&self, filter: Filter) -> View {
        let all: u64 = self.yes.values().sum();
        let yes = self
            .yes
            .iter()
            .filter(|(country, _)| lets(&filter, country))
            .map(|(_, yes)| yes)
            .sum();
        let row = |(country, yes): (&String, &u64)| CountryRow {
            country: country.as_str().into(),
            yes: *yes,
            no: 0,
            maybe: 0,
            heads: *yes,
        };
        let hostile = VenueRow {
            venue_id: 1,
            name: "</script><b>&".into(),
            city: "x\u{2028}y".into(),
            country: "us".into(),
            lat: None,
            lon: None,
            yes,
            no: 0,
            maybe: 0,
        };
        View {
            totals: Totals {
                rsvps: yes,
                yes,
                heads: yes,
                ..Totals::default()
            },
            all_rsvps: all,
            countries: self.yes.iter().map(row).collect(),
            venues: vec![hostile],
            dots: (0..self.dots)
                .map(|n| (n as f64 / 7.0, n as f64 / 11.0, all, "us".into()))
                .collect(),
            ledger: self.ledger.clone(),
            filter,
            ..View::default()
        }
    }

    /// A row a country, whatever is asked for.
    fn list(&self, filter: Filter, query: &ListQuery) -> ListAnswer {
        let yes = self.yes.iter();
        let found = yes.filter(|(country, _)| lets(&filter, country));
        let found: Vec<_> = found
            .filter(|(country, _)| country.contains(&query.search))
            .map(|(country, yes)| ListRow {
                id: country.as_str().into(),
                name: format!("=cmd|'{country}'").into(),
                events: Some(1),
                yes: *yes,
                heads: *yes,
                ..ListRow::default()
            })
            .collect();
        ListAnswer {
            total: found.len() as u64,
            offset: query.offset,
            rows: found
                .into_iter()
                .skip(query.offset)
                .take(query.limit)
                .collect(),
            filter,
            ..ListAnswer::default()
        }
    }

    fn summary(&self, filter: Filter) -> Summary {
        let yes = self.yes.iter();
        let yes = yes.filter(|(country, _)| lets(&filter, country));
        let yes = yes.map(|(_, yes)| yes).sum();
        let digest = "<&>".to_owned();
        Summary {
            filter,
            rsvps: yes,
            yes,
            ledger: self.ledger.clone(),
            digest,
            ..Summary::default()
        }
    }
}
