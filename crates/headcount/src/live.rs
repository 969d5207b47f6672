//! A live process: its roles put together, run until a signal comes, and taken apart again.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow};
use headcount_journal::Journal;
use headcount_record::PeopleKey;
use headcount_server::{ClusterStatus, Readiness, ServerState, SourceStatus, Views};
use headcount_sink::{
    checkpoints::CheckpointStore,
    claims::WorkerStatus,
    lake::{self, Description, Lake, LakeAddress},
    serving::{Identity, Serving, ServingAddress},
};
use headcount_source::{SourceAddress, shutdown};
use sha2::{Digest, Sha256};
use tokio::{
    net::TcpListener,
    runtime::{Handle, Runtime},
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
    time::{interval, sleep, timeout},
};

use crate::{
    backend::JournalAddress,
    checkpoints::Checkpoints,
    cli::Role,
    cluster::{Cluster, Speaker, now_ms},
    data::DataDir,
    follower::{Known, News},
    ingest::Ingest,
    intake::{Intake, Running, resume},
    outbox::Destination,
    ownership::{Counting, Holdings, Ledgers, Member},
    publisher::publish,
    replicas::Replicas,
    statuses::watch_statuses,
    store::open_segments,
    surveyor::Surveyors,
};

/// Questions of the server that may wait for the publisher.
const ASKS: usize = 256;
/// How long sources may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// Between attempts to reach what is served.
const RETRY: Duration = Duration::from_millis(500);
/// How often it is looked whether figures can be served.
const LOOK: Duration = Duration::from_millis(100);

/// What a live process is made of.
pub(crate) struct Live {
    pub(crate) data: DataDir,
    pub(crate) roles: Vec<Role>,
    pub(crate) sources: Vec<SourceAddress>,
    pub(crate) partitions: Option<u16>,
    pub(crate) keep_people: bool,
    pub(crate) people_key: Option<PathBuf>,
    pub(crate) journal: Option<JournalAddress>,
    pub(crate) lake: Option<LakeAddress>,
    pub(crate) serving: Option<ServingAddress>,
    pub(crate) archive: bool,
    /// The name of this process among others.
    pub(crate) worker: String,
}

/// What the server hears from the rest of the process.
struct Wires {
    news: News,
    readiness: watch::Sender<Readiness>,
    statuses: watch::Sender<Arc<Vec<SourceStatus>>>,
    others: watch::Sender<Option<Arc<ClusterStatus>>>,
    asks: mpsc::Receiver<headcount_server::Ask>,
}

/// The partitions that this process counts.
enum Counted {
    /// All of them.
    All(Holdings),
    /// Those that the group gives it.
    Shared(Member),
    /// None: another process does.
    None,
}

impl Live {
    fn does(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Runs until told to stop by a signal; `listening` hears the address.
    pub(crate) fn run(
        self,
        runtime: &Runtime,
        listener: TcpListener,
        listening: impl FnOnce(SocketAddr),
    ) -> Result<()> {
        let address = listener.local_addr()?;
        let people = self.people()?;
        let news = News::new();
        let (readiness, ready) =
            watch::channel(Readiness::Starting("reading the journal".to_owned()));
        let (ask, asks) = mpsc::channel(ASKS);
        let (statuses, sources) = watch::channel(Arc::default());
        let (others, cluster) = watch::channel(None);
        let state = ServerState {
            views: Views {
                asks: ask,
                commits: news.commits.subscribe(),
            },
            pulses: news.pulses.clone(),
            sources,
            cluster,
            ready,
        };
        let wires = Wires {
            news,
            readiness,
            statuses,
            others,
            asks,
        };
        let (stop_server, mut server_stopped) = shutdown::shutdown();
        runtime.block_on(async {
            // The server first: while the journal is read it says so.
            let server = tokio::spawn(headcount_server::serve(
                listener,
                state,
                headcount_server::Options::default(),
                async move { server_stopped.requested().await },
            ));
            let ran = self.work(people, wires, address, listening).await;
            stop_server.stop();
            server.await??;
            ran
        })
    }

    /// The key that members are masked with, if this process takes records and masks.
    fn people(&self) -> Result<Option<PeopleKey>> {
        if !self.does(Role::Ingest) || self.keep_people {
            return Ok(None);
        }
        match &self.people_key {
            Some(file) => crate::data::read_key(file).map(Some),
            None => {
                self.data.create()?;
                self.data.people_key().map(Some)
            }
        }
    }

    async fn work(
        self,
        people: Option<PeopleKey>,
        wires: Wires,
        listens_on: SocketAddr,
        listening: impl FnOnce(SocketAddr),
    ) -> Result<()> {
        let Wires {
            news,
            readiness,
            statuses,
            others,
            asks,
        } = wires;
        let (data, address, partitions) =
            (self.data.clone(), self.journal.clone(), self.partitions);
        let worker = self.worker.clone();
        let needs_journal = self.does(Role::Ingest) || self.does(Role::Process);
        let journal = if needs_journal {
            let opened = blocking(move || match address {
                Some(address) => address.open(partitions, &worker),
                None => open_segments(&data, partitions),
            });
            Some(Arc::new(opened.await?))
        } else {
            None
        };
        let serving = self.open_serving(journal.as_deref()).await?;
        let lake = self.open_lake(journal.as_deref()).await?;

        let counted_here =
            Surveyors::new(journal.as_ref().map_or(0, |journal| journal.partitions()));
        let replicas = match &serving {
            Some(serving) if self.does(Role::Serve) && self.is_shared() => {
                Some(Replicas::start(serving.clone(), news.clone())?)
            }
            _ => None,
        };
        let shown = match &replicas {
            Some(replicas) => replicas.surveyors(),
            None => counted_here.clone(),
        };
        let publisher = tokio::spawn(publish(asks, shown.clone()));

        let (counted, known) = match &journal {
            Some(journal) if self.does(Role::Process) => {
                let counting = Counting {
                    journal: Arc::clone(journal),
                    to: Destination {
                        serving: serving.map(|serving| (serving, Handle::current())),
                        checkpoints: self.checkpoints(lake.as_ref()),
                    },
                    raw: lake.clone().filter(|_| self.archive),
                    surveyors: counted_here,
                    news: news.clone(),
                    anew: false,
                };
                self.count(counting, lake.as_ref()).await?
            }
            _ => (Counted::None, None),
        };
        let cluster = match lake.filter(|_| self.is_shared()) {
            Some(lake) => Some(Cluster::join(
                self.speaker(lake, &counted, listens_on, others),
            )?),
            None => None,
        };
        let intake = match journal.clone().filter(|_| self.does(Role::Ingest)) {
            Some(journal) => {
                let known = match known {
                    Some(known) => known,
                    None => known_to(&journal).await?,
                };
                let ingest = Ingest::new(journal, people, &known, news.waiting.clone());
                let intake = Intake::start(ingest, Handle::current(), news.clone())?;
                Some((intake, resume(&known)?))
            }
            None => None,
        };
        let shown = self.does(Role::Serve).then_some(shown);
        let watching = tokio::spawn(watch_readiness(news.clone(), shown, readiness));
        listening(listens_on);

        let ran = take_in(self.sources, intake, &news, &statuses).await;
        watching.abort();
        publisher.abort();
        if let Some(cluster) = cluster {
            blocking(move || cluster.leave()).await?;
        }
        if let Some(replicas) = replicas {
            replicas.stop().await?;
        }
        blocking(move || counted.end()).await?;
        if let Some(journal) = journal {
            blocking(move || journal.close().context("close the journal")).await?;
        }
        ran
    }

    /// Whether other processes may work beside this one.
    pub(crate) fn is_shared(&self) -> bool {
        self.journal.is_some() || !self.does(Role::Process)
    }

    async fn open_serving(&self, journal: Option<&Journal>) -> Result<Option<Serving>> {
        let Some(address) = &self.serving else {
            return Ok(None);
        };
        if !self.does(Role::Process) && !self.does(Role::Serve) {
            return Ok(None);
        }
        let serving = match journal.filter(|_| self.does(Role::Process)) {
            Some(journal) => {
                let identity = Identity {
                    journal: journal.id(),
                    partitions: journal.partitions(),
                };
                Serving::open(address, identity).await?
            }
            None => open_to_read(address).await?,
        };
        Ok(Some(serving))
    }

    async fn open_lake(&self, journal: Option<&Journal>) -> Result<Option<Lake>> {
        let address = match &self.lake {
            Some(address) => address.clone(),
            None if self.journal.is_none() && self.archive && self.does(Role::Process) => {
                LakeAddress::Disk(self.data.lake())
            }
            None => return Ok(None),
        };
        let whose = journal.map(|journal| Description::new(journal.id(), journal.partitions()));
        let open = move || {
            let lake = Lake::open_with(&address, lake::Options::default())?;
            if let Some(whose) = whose {
                // One lake is one journal's.
                whose.agree(&lake)?;
            }
            Ok(lake)
        };
        blocking(open).await.map(Some)
    }

    /// What this process says of itself to others.
    fn speaker(
        &self,
        lake: Lake,
        counted: &Counted,
        address: SocketAddr,
        others: watch::Sender<Option<Arc<ClusterStatus>>>,
    ) -> Speaker {
        let now = now_ms();
        let held = match counted {
            Counted::All(holdings) => holdings.ledgers(),
            Counted::Shared(member) => member.ledgers(),
            Counted::None => Ledgers::default(),
        };
        Speaker {
            lake,
            me: WorkerStatus {
                name: self.worker.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                roles: self
                    .roles
                    .iter()
                    .map(|role| role.name().to_owned())
                    .collect(),
                sources: self.sources.iter().map(ToString::to_string).collect(),
                address: self.does(Role::Serve).then(|| format!("http://{address}")),
                started: now,
                at: now,
            },
            held,
            shown: self.does(Role::Serve).then_some(others),
        }
    }

    fn checkpoints(&self, lake: Option<&Lake>) -> Checkpoints {
        match lake.filter(|_| self.journal.is_some()) {
            Some(lake) => Checkpoints::Lake(CheckpointStore::new(lake)),
            None => Checkpoints::Folder(self.data.clone()),
        }
    }

    /// Begins to count; with what is known of sources, if all of the journal is counted here.
    async fn count(
        &self,
        counting: Counting,
        lake: Option<&Lake>,
    ) -> Result<(Counted, Option<Vec<Known>>)> {
        let (journal, worker) = (Arc::clone(&counting.journal), self.worker.clone());
        let address = self.journal.as_ref();
        let group = match lake {
            Some(lake) if address.is_some_and(JournalAddress::shares_partitions) => {
                Some(group_of(lake))
            }
            _ => None,
        };
        blocking(move || {
            if let Some(group) = group {
                let membership = journal.join(&group, &worker)?;
                let member = Member::join(counting, membership)?;
                return Ok((Counted::Shared(member), None));
            }
            let mut holdings = Holdings::new(counting);
            let known = holdings.take_all()?;
            Ok((Counted::All(holdings), Some(known)))
        })
        .await
    }
}

impl Counted {
    fn end(self) -> Result<()> {
        match self {
            Self::All(holdings) => holdings.leave_all(),
            Self::Shared(member) => member.leave(),
            Self::None => Ok(()),
        }
    }
}

/// Runs something that blocks beside the runtime's own threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("a part of the process broke down")?
}

/// Runs the sources until a signal comes, and then until what they brought is durable.
async fn take_in(
    sources: Vec<SourceAddress>,
    intake: Option<(Intake, headcount_source::Resume)>,
    news: &News,
    statuses: &watch::Sender<Arc<Vec<SourceStatus>>>,
) -> Result<()> {
    let Some((intake, known)) = intake else {
        signalled().await?;
        tracing::info!("stopping");
        return failed(news);
    };
    let (stop, stopped) = shutdown::shutdown();
    let running: Vec<Running> = sources
        .into_iter()
        .map(|source| intake.run(source, known.clone(), stopped.clone()))
        .collect();
    let mut watching = watch_statuses(&running, statuses);
    // A source that cannot go on is reported when that happens, not when the program ends.
    let reported: Vec<_> = running
        .into_iter()
        .map(|source| tokio::spawn(async { report(source.ended.await) }))
        .collect();

    // A failure of the journal leaves the server up: it says what is wrong.
    signalled().await?;
    tracing::info!("stopping");
    stop.stop();
    for reported in reported {
        if timeout(STOP_LIMIT, reported).await.is_err() {
            tracing::warn!("a source did not stop within {STOP_LIMIT:?} and is abandoned");
        }
    }
    watching.shutdown().await;
    let broken = failed(news);
    let ingested = intake.finish().await;
    broken.and(ingested.map(drop))
}

fn failed(news: &News) -> Result<()> {
    match &*news.failed.borrow() {
        Some(reason) => Err(anyhow!("{reason}")),
        None => Ok(()),
    }
}

fn report(
    ended: Result<Result<headcount_source::Ended, headcount_source::Error>, tokio::task::JoinError>,
) {
    match ended {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!("a source ended: {error}"),
        Err(error) => tracing::error!("a source broke down: {error}"),
    }
}

/// SIGTERM or SIGINT.
pub(crate) async fn signalled() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for signals")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// What a journal knows of sources by itself, by partition.
async fn known_to(journal: &Arc<Journal>) -> Result<Vec<Known>> {
    let journal = Arc::clone(journal);
    blocking(move || {
        let positions = journal.positions()?.context(
            "this journal cannot say how far sources have been read; let one process ingest and \
             count: leave --role away",
        )?;
        Ok(positions
            .iter()
            .map(|bodies| Known::of_bodies(bodies))
            .collect())
    })
    .await
}

/// Tells the server whether figures can be served.
async fn watch_readiness(
    news: News,
    shown: Option<Surveyors>,
    readiness: watch::Sender<Readiness>,
) {
    let mut look = interval(LOOK);
    loop {
        look.tick().await;
        let now = readiness_of(&news, shown.as_ref());
        readiness.send_if_modified(|known| {
            let changed = *known != now;
            *known = now.clone();
            changed
        });
    }
}

fn readiness_of(news: &News, shown: Option<&Surveyors>) -> Readiness {
    if let Some(reason) = &*news.failed.borrow() {
        return Readiness::Failed(reason.clone());
    }
    if let Some(reason) = &*news.waiting.borrow() {
        return Readiness::Failed(reason.clone());
    }
    match shown.and_then(Surveyors::missing) {
        Some(missing) => Readiness::Starting(missing),
        None => Readiness::Ready,
    }
}

/// The group of processes that count together: those that share a lake, and go on from each
/// other's checkpoints.
fn group_of(lake: &Lake) -> String {
    let digest = Sha256::digest(lake.to_string());
    let hex: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("headcount-{hex}")
}

/// Opens what others serve; waits for the first that does.
async fn open_to_read(address: &ServingAddress) -> Result<Serving> {
    let mut told = false;
    loop {
        match Serving::open_to_read(address).await {
            Err(error) if error.is_retryable() => {
                if !told {
                    tracing::warn!("{error}");
                    told = true;
                }
                sleep(RETRY).await;
            }
            opened => return Ok(opened?),
        }
    }
}
