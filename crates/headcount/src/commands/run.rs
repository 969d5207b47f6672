//! `headcount run`: ingest, keep, count and serve, in one process.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow};
use headcount_server::{Readiness, ServerState, SourceState, SourceStatus, Views};
use headcount_source::{
    SourceAddress, shutdown,
    status::{State, Status},
};
use tokio::{
    net::TcpListener,
    runtime::{Handle, Runtime},
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    cli,
    data::DataDir,
    exit::{CANNOT_CREATE, USAGE, exit},
    follower::News,
    ingest::Ingest,
    intake::{Intake, Running, resume},
    publisher::publish,
    store::Store,
};

/// Questions of the server that may wait for the publisher.
const ASKS: usize = 256;
/// How long sources may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What a live process is made of.
pub(crate) struct Live {
    pub(crate) data: DataDir,
    pub(crate) sources: Vec<SourceAddress>,
    pub(crate) partitions: Option<u16>,
    pub(crate) keep_people: bool,
}

pub(crate) fn run(args: cli::Run) -> Result<()> {
    refuse_open_address(args.listen, args.unprotected)?;
    let live = Live {
        data: DataDir::new(args.data),
        sources: args.sources,
        partitions: args.keep.partitions,
        keep_people: args.keep.keep_people,
    };
    let runtime = Runtime::new().context("start the runtime")?;
    let listener = runtime.block_on(async { bind(args.listen) })?;
    live.run(&runtime, listener, |address| {
        tracing::info!("listening on http://{address}");
    })
}

/// Without login or TLS only this machine may look, unless somebody says otherwise.
pub(crate) fn refuse_open_address(address: SocketAddr, unprotected: bool) -> Result<()> {
    if unprotected || address.ip().is_loopback() {
        return Ok(());
    }
    Err(exit(
        USAGE,
        format!(
            "{address} can be reached by others, and there is neither password nor TLS; listen on \
             127.0.0.1:{}, or say --unprotected if that is what you want",
            address.port()
        ),
    ))
}

pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener> {
    headcount_server::bind(address).map_err(|error| {
        exit(
            CANNOT_CREATE,
            format!("listen on {address}: {error}; choose another with --listen"),
        )
    })
}

impl Live {
    /// Runs until told to stop by a signal; `listening` hears the address.
    pub(crate) fn run(
        self,
        runtime: &Runtime,
        listener: TcpListener,
        listening: impl FnOnce(SocketAddr),
    ) -> Result<()> {
        let address = listener.local_addr()?;
        self.data.create()?;
        let people = if self.keep_people {
            None
        } else {
            Some(self.data.people_key()?)
        };
        let news = News::new();
        let (readiness, ready) =
            watch::channel(Readiness::Starting("reading the journal".to_owned()));
        let (ask, asks) = mpsc::channel(ASKS);
        let (statuses, sources) = watch::channel(Arc::default());
        let state = ServerState {
            views: Views {
                asks: ask,
                commits: news.commits.subscribe(),
            },
            pulses: news.pulses.clone(),
            sources,
            ready,
            cluster: watch::channel(None).1,
        };
        let (stop_server, mut server_stopped) = shutdown::shutdown();
        let store = runtime.block_on(async {
            // The server first: while the journal is read it says so.
            let server = tokio::spawn(headcount_server::serve(
                listener,
                state,
                headcount_server::Options::default(),
                async move { server_stopped.requested().await },
            ));
            let (data, partitions, told) = (self.data, self.partitions, news.clone());
            let store =
                tokio::task::spawn_blocking(move || Store::open(data, partitions, told)).await??;
            let publisher = tokio::spawn(publish(asks, Arc::clone(&store.followers)));
            let ingest = Ingest::new(store.journal.clone(), people, &store.known);
            let intake = Intake::start(ingest, Handle::current(), news.clone())?;
            readiness.send_replace(Readiness::Ready);
            listening(address);
            let counted = count(self.sources, intake, &store, &news, &readiness, &statuses).await;
            stop_server.stop();
            server.await??;
            publisher.await?;
            counted.map(|()| store)
        })?;
        store.close()
    }
}

/// Runs the sources until a signal comes, and then until what they brought is durable.
async fn count(
    sources: Vec<SourceAddress>,
    intake: Intake,
    store: &Store,
    news: &News,
    readiness: &watch::Sender<Readiness>,
    statuses: &watch::Sender<Arc<Vec<SourceStatus>>>,
) -> Result<()> {
    let (stop, stopped) = shutdown::shutdown();
    let known = resume(&store.known)?;
    let running: Vec<Running> = sources
        .into_iter()
        .map(|source| intake.run(source, known.clone(), stopped.clone()))
        .collect();
    let mut watching = watch_statuses(&running, statuses);
    let mut failed = news.failed.subscribe();
    watching.spawn(watch_failure(failed.clone(), readiness.clone()));
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
        if tokio::time::timeout(STOP_LIMIT, reported).await.is_err() {
            tracing::warn!("a source did not stop within {STOP_LIMIT:?} and is abandoned");
        }
    }
    watching.shutdown().await;
    let broken = failed.borrow_and_update().clone();
    let ingested = intake.finish().await;
    match broken {
        Some(reason) => Err(anyhow!(reason)),
        None => ingested.map(drop),
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

async fn watch_failure(
    mut failed: watch::Receiver<Option<String>>,
    readiness: watch::Sender<Readiness>,
) {
    if let Ok(reason) = failed.wait_for(Option::is_some).await {
        readiness.send_replace(Readiness::Failed(reason.clone().unwrap_or_default()));
    }
}

/// Passes on what sources tell of themselves.
fn watch_statuses(
    running: &[Running],
    statuses: &watch::Sender<Arc<Vec<SourceStatus>>>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let first = running
        .iter()
        .map(|source| status_of(&source.status.borrow()))
        .collect();
    statuses.send_replace(Arc::new(first));
    for (at, source) in running.iter().enumerate() {
        let (mut status, statuses) = (source.status.clone(), statuses.clone());
        tasks.spawn(async move {
            while status.changed().await.is_ok() {
                let changed = status_of(&status.borrow_and_update());
                statuses.send_modify(|all| Arc::make_mut(all)[at] = changed);
            }
        });
    }
    tasks
}

fn status_of(status: &Status) -> SourceStatus {
    SourceStatus {
        name: status.name.clone(),
        state: match status.state {
            State::Connecting => SourceState::Connecting,
            State::Live => SourceState::Live,
            State::Reconnecting => SourceState::Reconnecting,
            State::Ended => SourceState::Ended,
            State::Idle => SourceState::Idle,
        },
        last_record_at: status.last_record_at,
        gaps: status.gaps,
        reconnects: status.reconnects,
        error: status.error.clone(),
    }
}
