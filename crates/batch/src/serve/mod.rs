//! The worker process: it keeps the tables and answers statements, over a Unix socket that the live program forwards to.
//!
//! Nothing here holds up the live program. Whatever fails ends the process with a sentence; the live program starts it again.

mod event_facts;
pub(crate) mod follower;
mod lease;
mod live;
mod postgres;
mod problem;

mod routes;
mod surprise;
mod trainer;
pub(crate) mod worker;

pub(crate) use lease::{SnapshotLease, lease};

use std::{
    fs,
    future::{Future, pending},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context;
use tokio::net::UnixListener;

use crate::{
    data::DataFolder, postgres::PostgresAddress, sql::child::StatementRunner, tables::Keeper, wire,
};
use follower::TablesFollower;
use live::LiveProgram;
use trainer::Trainer;
use worker::TablesWorker;

/// How long the worker may take to end.
const FINISH: std::time::Duration = std::time::Duration::from_secs(5);

/// What a worker needs to know.
pub(crate) struct WorkerOptions {
    pub(crate) data: DataFolder,
    pub(crate) lake: Option<headcount_lake::LakeAddress>,
    /// MiB of rows that may wait in memory.
    pub(crate) pending: u32,
    /// The socket that it listens on.
    pub(crate) socket: PathBuf,
    /// The database that has the same tables.
    pub(crate) postgres: Option<PostgresAddress>,
    /// Where the live program serves its counts.
    pub(crate) live: Option<String>,
    /// Whether it trains models from time to time.
    pub(crate) trains: bool,
    /// Where clients of PostgreSQL's protocol are served.
    pub(crate) wire: Option<SocketAddr>,
}

/// Keeps tables and answers statements until it is told to end.
pub(crate) async fn serve(
    options: WorkerOptions,
    told_to_end: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let overlays = options.data.batch().join("overlay");
    // What a killed worker left.
    let _ = fs::remove_dir_all(&overlays);
    let journal = options.data.journal()?;
    let postgres = postgres::PostgresFollower::of(&options)?;
    let shared = options
        .lake
        .as_ref()
        .map(headcount_lake::LakeAddress::typed);
    let trainer = Trainer::new(options.data.clone(), shared, options.trains);
    let location = options.data.tables(options.lake)?;
    let keeper = Keeper::open(
        location,
        options.data.keeper_options(options.pending)?,
        &journal,
    )
    .await?;
    let program = std::env::current_exe().context("find this program")?;
    let worker = Arc::new(TablesWorker {
        follower: TablesFollower::new(keeper, journal, overlays),
        statements: StatementRunner::new(program),
        live: LiveProgram::new(options.live),
        surprises: surprise::SurpriseCache::default(),
    });
    let clients = async {
        match options.wire {
            Some(address) => wire::serve(address, Arc::clone(&worker)).await,
            None => pending().await,
        }
    };
    let listener = listen(&options.socket)?;
    tracing::info!(socket = %options.socket.display(), "the worker answers");
    let router = routes::router(Arc::clone(&worker));
    tokio::select! {
        served = axum::serve(listener, router) => served.context("serve the socket")?,
        kept = worker.follower.follow() => kept?,
        followed = postgres.follow() => followed?,
        () = trainer.run() => {}
        () = clients => {}
        () = told_to_end => {}
    }
    let _ = fs::remove_file(&options.socket);
    // The next start has less to do then. Whoever stops us does not wait for long, and cut off it is as after a kill.
    match tokio::time::timeout(FINISH, worker.follower.finish()).await {
        Ok(finished) => Ok(finished?),
        Err(_) => Ok(()),
    }
}

/// Listens on a socket that only this user may open. The index is locked, so whoever has left it there is gone.
fn listen(socket: &PathBuf) -> anyhow::Result<UnixListener> {
    if let Some(folder) = socket.parent() {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    let _ = fs::remove_file(socket);
    let listener = UnixListener::bind(socket).with_context(|| {
        format!(
            "listen on {}: such a path has at most 107 bytes, so a data folder with a shorter path may help",
            socket.display()
        )
    })?;
    fs::set_permissions(socket, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
