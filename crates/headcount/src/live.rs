//! A live process: assembles its roles, runs them until a signal comes, and stops them in order.

use headcount_query::{
    BatchWorkerStatus, ClusterStatus, DiskStatus, Readiness, SourceStatus, Views,
};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use headcount_clock::now_ms;
use headcount_journal::Journal;
use headcount_lake::{Lake, LakeAddress, claims::WorkerHeartbeat};
use headcount_record::MaskingMode;
use headcount_server::ServerState;
use headcount_serving::{Serving, ServingAddress};
use headcount_source::{Resume, SourceAddress, shutdown};
use tokio::{
    net::TcpListener,
    runtime::{Handle, Runtime},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::mappings::Mappings;
use crate::{
    backend::JournalAddress,
    cli::{DiskArgs, Role, TablesSwitch},
    data::DataDir,
    disk::{data_watch::DataWatchOptions, thresholds::Thresholds},
    engines::{blocking, group_of, known_to, one_journal},
    event_bus::EventBus,
    roles::batch::worker::{BatchWorker, BatchWorkerOptions, TypedAddresses},
    roles::ingest::appender::Appender,
    roles::ingest::known_sources::KnownSources,
    roles::ingest::origin::refuse_mix,
    roles::ingest::people::PeopleOption,
    roles::ingest::queue::{IngestQueue, resume},
    roles::ingest::sources::{Signals, run_sources},
    roles::models::ModelsFollower,
    roles::process::group_member::GroupMember,
    roles::process::heartbeat::{Heartbeat, HeartbeatOptions},
    roles::process::held_partitions::{CountingOptions, HeldPartitions},
    roles::process::held_progress::HeldProgress,
    roles::process::publisher::Destination,
    roles::serve::category_scorer::CategoryScorer,
    roles::serve::partition_handle::PartitionHandles,
    roles::serve::readiness::watch_readiness,
    roles::serve::replicas::Replicas,
    roles::serve::views::answer_questions,
    store::is_on_disk_of,
};

/// Questions of the server that may wait for an answer.
const ASKS: usize = 256;

/// What a live process is made of.
pub(crate) struct Live {
    pub(crate) data: DataDir,
    pub(crate) roles: Vec<Role>,
    pub(crate) sources: Vec<SourceAddress>,
    pub(crate) mappings: Mappings,
    pub(crate) partitions: Option<u16>,
    pub(crate) masking_mode: MaskingMode,
    pub(crate) people_key: Option<PathBuf>,
    pub(crate) journal: Option<JournalAddress>,
    pub(crate) lake: Option<LakeAddress>,
    pub(crate) serving: Option<ServingAddress>,
    pub(crate) archive: bool,
    pub(crate) disk: DiskArgs,
    pub(crate) checkpoint_every: Duration,
    /// The name of this process among others.
    pub(crate) worker: String,
    pub(crate) tables: TablesSwitch,
    pub(crate) typed: TypedAddresses,
    /// What the server allows its clients.
    pub(crate) server: headcount_server::Options,
}

/// The channels between the server and the rest of the process.
struct ServerChannels {
    bus: EventBus,
    readiness: watch::Sender<Readiness>,
    statuses: watch::Sender<Arc<Vec<SourceStatus>>>,
    others: watch::Sender<Option<Arc<ClusterStatus>>>,
    disk: watch::Sender<Option<DiskStatus>>,
    batch: watch::Sender<BatchWorkerStatus>,
    questions: mpsc::Receiver<headcount_query::Question>,
    scorer: CategoryScorer,
}

/// The journal, the serving store and the lake of a process, as far as it uses them.
struct Engines {
    journal: Option<Arc<Journal>>,
    serving: Option<Serving>,
    lake: Option<Lake>,
}

/// The partitions that this process counts.
enum CountedPartitions {
    /// All partitions.
    All(Box<HeldPartitions>),
    /// The partitions that the group assigns to it.
    Shared(GroupMember),
    /// None: other processes count.
    None,
}

impl Live {
    pub(crate) fn does(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Runs until a signal stops it; calls `listening` with the address once the server accepts connections.
    pub(crate) fn run(
        self,
        runtime: &Runtime,
        listener: TcpListener,
        listening: impl FnOnce(SocketAddr),
    ) -> Result<()> {
        let address = listener.local_addr()?;
        let bus = EventBus::new();
        let (readiness, ready) =
            watch::channel(Readiness::Starting("reading the journal".to_owned()));
        let (ask, questions) = mpsc::channel(ASKS);
        let (statuses, sources) = watch::channel(Arc::default());
        let (others, cluster) = watch::channel(None);
        let (disk, disk_seen) = watch::channel(None);
        let (batch, batch_seen) = watch::channel(self.no_batch_worker());
        let (models, models_seen) =
            ModelsFollower::new(self.data.path().to_owned(), self.lake.clone());
        let scorer = CategoryScorer::new(models_seen.seen.clone());
        let state = ServerState {
            models: models_seen,
            views: Views {
                questions: ask,
                commits: bus.commits.subscribe(),
            },
            pulses: bus.pulses.clone(),
            sources,
            cluster,
            disk: disk_seen,
            batch: batch_seen,
            ready,
        };
        let channels = ServerChannels {
            bus: bus.clone(),
            readiness,
            statuses,
            others,
            disk,
            batch,
            questions,
            scorer,
        };
        let options = self.server.clone();
        let (stop_server, mut server_stopped) = shutdown::shutdown();
        runtime.block_on(async {
            // The server starts first, so that probes are answered while the journal is read.
            let server = spawn_server(
                bus.clone(),
                headcount_server::serve(listener, state, options, async move {
                    server_stopped.requested().await;
                }),
            );
            let following = self
                .does(Role::Serve)
                .then(|| spawn_guarded(&bus, "the task that follows the models", models.follow()));
            let ran = self.work(channels, address, listening).await;
            if let Some(following) = following {
                following.abort();
            }
            stop_server.stop();
            let served = server.await?;
            ran.and(served)
        })
    }

    /// What is masked in records, and under which key.
    fn people(&self) -> PeopleOption {
        PeopleOption {
            mode: self.masking_mode,
            key: self.people_key.clone(),
            data: self.data.clone(),
        }
    }

    async fn work(
        self,
        channels: ServerChannels,
        listens_on: SocketAddr,
        listening: impl FnOnce(SocketAddr),
    ) -> Result<()> {
        let ServerChannels {
            bus,
            readiness,
            statuses,
            others,
            disk,
            batch,
            questions,
            scorer,
        } = channels;
        let (started, starting) = oneshot::channel();
        let signals = Signals::listen()?.end_until(starting);
        let engines = self.open_engines(&readiness).await?;
        let partitions = engines.journal.as_ref().map(|journal| journal.partitions());
        let counted_here = PartitionHandles::new(partitions.unwrap_or(0));
        let replicas = match &engines.serving {
            Some(serving) if self.does(Role::Serve) && self.is_shared() => {
                Some(Replicas::start(serving.clone(), bus.clone())?)
            }
            _ => None,
        };
        let shown = match &replicas {
            Some(replicas) => replicas.handles(),
            None => counted_here.clone(),
        };
        let publisher = spawn_guarded(
            &bus,
            "the task that answers the server",
            answer_questions(questions, shown.clone(), scorer),
        );

        let (counted, known) = self
            .start_counting(&engines, counted_here, &bus, disk)
            .await?;
        let Engines { journal, lake, .. } = engines;
        let heartbeat = match lake.filter(|_| self.is_shared()) {
            Some(lake) => Some(Heartbeat::start(
                self.heartbeat_options(lake, &counted, listens_on, others),
                &bus,
            )?),
            None => None,
        };
        let queue = match journal.clone().filter(|_| self.does(Role::Ingest)) {
            Some(journal) => Some(self.start_ingesting(journal, known, &bus).await?),
            None => None,
        };
        let shown = self.does(Role::Serve).then_some(shown);
        let waiting = journal.as_ref().map(|journal| journal.waiting());
        let watching = spawn_guarded(
            &bus,
            "the task that watches readiness",
            watch_readiness(bus.clone(), waiting, shown, readiness),
        );
        listening(listens_on);

        drop(started);
        let mut signals = signals.await?;
        let worker = self.start_batch_worker(listens_on, batch, &bus);
        let ran = run_sources(self.sources, queue, &bus, &statuses, &mut signals).await;
        // It ends while the rest does.
        if let Some(worker) = &worker {
            worker.tell_to_stop();
        }
        watching.abort();
        publisher.abort();
        // Stop everything in order, whatever failed, and return the first failure.
        let left = match heartbeat {
            Some(heartbeat) => blocking(move || heartbeat.stop()).await,
            None => Ok(()),
        };
        let stopped = match replicas {
            Some(replicas) => replicas.stop().await,
            None => Ok(()),
        };
        let ended = blocking(move || counted.end()).await;
        let closed = match journal {
            Some(journal) => blocking(move || journal.close().context("close the journal")).await,
            None => Ok(()),
        };
        if let Some(worker) = worker {
            worker.ended().await;
        }
        ran.and(left).and(stopped).and(ended).and(closed)
    }

    /// Starts the batch worker, if this process runs one.
    fn start_batch_worker(
        &self,
        listens_on: SocketAddr,
        status: watch::Sender<BatchWorkerStatus>,
        bus: &EventBus,
    ) -> Option<BatchWorker> {
        if !self.does(Role::Batch) || self.journal.is_some() {
            return None;
        }
        let options = BatchWorkerOptions {
            data: self.data.path().to_owned(),
            addresses: self.typed.clone(),
            live: format!("http://{}", reached_at(listens_on)),
        };
        Some(BatchWorker::start(options, status, bus))
    }

    /// What is said of the batch worker before it is started, or for as long as this process has none.
    fn no_batch_worker(&self) -> BatchWorkerStatus {
        if self.does(Role::Batch) && self.journal.is_some() {
            return BatchWorkerStatus::absent(
                "tables are kept from a journal in the data folder only, and this one is elsewhere (--journal)",
                "keep the journal in the data folder (start without --journal) to have tables",
            );
        }
        if self.does(Role::Batch) {
            return BatchWorkerStatus::absent(
                "headcount is starting, and the batch worker after it",
                "ask again in a few seconds",
            );
        }
        match self.tables {
            TablesSwitch::Off => BatchWorkerStatus::absent(
                "headcount was started without tables (--tables off)",
                "start it without --tables off",
            ),
            TablesSwitch::On => BatchWorkerStatus::absent(
                "this process does not have the role batch",
                "start headcount run with --role batch besides its other roles",
            ),
        }
    }

    /// Starts the appender; returns its queue and where each source resumes.
    async fn start_ingesting(
        &self,
        journal: Arc<Journal>,
        known: Option<Vec<KnownSources>>,
        bus: &EventBus,
    ) -> Result<(IngestQueue, Resume)> {
        let known = match known {
            Some(known) => known,
            None => known_to(&journal).await?,
        };
        let sources: Vec<_> = self.sources.iter().map(SourceAddress::name).collect();
        let place = match &self.journal {
            Some(address) => address.to_string(),
            None => self.data.path().display().to_string(),
        };
        refuse_mix(&place, &known, sources.iter().map(String::as_str))?;
        let (people, for_appender) = (self.people(), bus.clone());
        let mappings = self.mappings.clone();
        let (appender, known) = blocking(move || {
            let masking = people.open(&place, &known)?;
            let appender = Appender::new(journal, masking, &known, &for_appender)?;
            let appender = appender.with_mappings(mappings, &known)?;
            Ok((appender, known))
        })
        .await?;
        let queue = IngestQueue::start(appender, bus.clone())?;
        Ok((queue, resume(&known)?))
    }

    async fn open_engines(&self, readiness: &watch::Sender<Readiness>) -> Result<Engines> {
        let journal = self.open_journal(readiness).await?;
        let serving = self.open_serving(journal.as_deref()).await?;
        let lake = self.open_lake(journal.as_deref()).await?;
        if let (None, Some(serving), Some(lake)) = (&journal, &serving, &lake) {
            one_journal(serving, lake).await?;
        }
        Ok(Engines {
            journal,
            serving,
            lake,
        })
    }

    /// Starts counting, if this process does. Returns what is known of sources if it counts the whole
    /// journal.
    async fn start_counting(
        &self,
        engines: &Engines,
        handles: PartitionHandles,
        bus: &EventBus,
        disk: watch::Sender<Option<DiskStatus>>,
    ) -> Result<(CountedPartitions, Option<Vec<KnownSources>>)> {
        let Some(journal) = engines
            .journal
            .as_ref()
            .filter(|_| self.does(Role::Process))
        else {
            return Ok((CountedPartitions::None, None));
        };
        let serving = engines.serving.clone();
        let lake = self.lake.clone();
        let lake = lake.unwrap_or_else(|| LakeAddress::Disk(self.data.lake()));
        let counting = CountingOptions {
            journal: Arc::clone(journal),
            to: Destination {
                serving: serving.map(|serving| (serving, Handle::current())),
                checkpoints: self.checkpoints(engines.lake.as_ref()),
                checkpoint_every: self.checkpoint_every,
            },
            raw: engines.lake.clone().filter(|_| self.archive),
            handles,
            bus: bus.clone(),
            anew: None,
            watch: DataWatchOptions {
                folder: self.data.path().to_owned(),
                thresholds: Thresholds {
                    reserve: self.disk.reserve,
                },
                retention: self.disk.keep,
                archives_here: self.archive && is_on_disk_of(&lake, &self.data),
                shown: disk,
            },
        };
        self.count(counting, engines.lake.as_ref()).await
    }

    /// Whether other processes may share the work with this one.
    pub(crate) fn is_shared(&self) -> bool {
        self.journal.is_some() || !self.does(Role::Process)
    }

    /// What the heartbeat of this process reports.
    fn heartbeat_options(
        &self,
        lake: Lake,
        counted: &CountedPartitions,
        address: SocketAddr,
        others: watch::Sender<Option<Arc<ClusterStatus>>>,
    ) -> HeartbeatOptions {
        let now = now_ms();
        let held = match counted {
            CountedPartitions::All(holdings) => holdings.progress(),
            CountedPartitions::Shared(member) => member.progress(),
            CountedPartitions::None => HeldProgress::default(),
        };
        HeartbeatOptions {
            lake,
            me: WorkerHeartbeat {
                name: self.worker.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                roles: self
                    .roles
                    .iter()
                    .map(|role| role.name().to_owned())
                    .collect(),
                sources: self.sources.iter().map(SourceAddress::name).collect(),
                address: self.does(Role::Serve).then(|| format!("http://{address}")),
                started: now,
                at: now,
            },
            held,
            shown: self.does(Role::Serve).then_some(others),
        }
    }

    /// Counts the whole journal, or the partitions that the group assigns.
    async fn count(
        &self,
        counting: CountingOptions,
        lake: Option<&Lake>,
    ) -> Result<(CountedPartitions, Option<Vec<KnownSources>>)> {
        let (journal, worker) = (Arc::clone(&counting.journal), self.worker.clone());
        let group = match lake {
            Some(lake) if journal.capabilities().shares_partitions => Some(group_of(lake)),
            _ => None,
        };
        blocking(move || {
            if let Some(group) = group {
                let membership = journal.join(&group, &worker)?;
                let member = GroupMember::join(counting, membership)?;
                return Ok((CountedPartitions::Shared(member), None));
            }
            let mut holdings = HeldPartitions::new(counting);
            let known = holdings.take_all()?;
            Ok((CountedPartitions::All(Box::new(holdings)), Some(known)))
        })
        .await
    }
}

impl CountedPartitions {
    fn end(self) -> Result<()> {
        match self {
            Self::All(holdings) => holdings.leave_all(),
            Self::Shared(member) => member.leave(),
            Self::None => Ok(()),
        }
    }
}

/// An address of this machine for whoever listens on all of them.
fn reached_at(mut listens_on: SocketAddr) -> SocketAddr {
    if listens_on.ip().is_unspecified() {
        listens_on.set_ip(match listens_on {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listens_on
}

/// Starts the server. Its end before it is told to stop is a failure of the process.
fn spawn_server(
    bus: EventBus,
    serves: impl Future<Output = io::Result<()>> + Send + 'static,
) -> JoinHandle<Result<()>> {
    let guard = bus.guard("the task of the server");
    tokio::spawn(async move {
        let _guard = guard;
        let served = serves.await.context("serve");
        if let Err(error) = &served {
            bus.fail(error);
        }
        served
    })
}

/// Starts a task that lives as long as the process.
fn spawn_guarded(
    bus: &EventBus,
    who: &str,
    task: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    let guard = bus.guard(who);
    tokio::spawn(async move {
        let _guard = guard;
        task.await;
    })
}
