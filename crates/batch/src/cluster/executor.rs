//! An executor: runs the tasks of statements, and keeps what one stage leaves for the next.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use headcount_lake::LakeAddress;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};
use tracing::{info, warn};

use super::{
    address::ClusterAddress, codec::TableCodec, functions::Functions, listening::Listening,
    liveness::HEARTBEAT, stores::LakeStores,
};

/// How long a scheduler may take to appear when an executor starts.
const SCHEDULER_PATIENCE: Duration = Duration::from_secs(30);

/// How long running tasks may take to end after the executor was told to; supervisors kill after 30 s.
const DRAIN: Duration = Duration::from_secs(20);

/// What a stage left is thrown away after this long, should nobody have done so before.
const LEFTOVERS: Duration = Duration::from_secs(3600);

/// How to run an executor.
#[derive(Debug, Clone)]
pub struct Executor {
    /// Its scheduler.
    pub scheduler: ClusterAddress,
    /// The lake that it reads.
    pub lake: LakeAddress,
    /// Where it gives results away. Port 0 is any free one, of which the scheduler is told.
    pub listening: Listening,
    /// The port on which it takes tasks, of the same address; 0 is any free one.
    pub task_port: u16,
    /// How many tasks it runs at once.
    pub cores: usize,
    /// Bytes that operators may hold in memory, all tasks together; they spill to disk beyond.
    pub memory: u64,
    /// Where it keeps what stages leave; a folder of its own is made in it, and removed at the end.
    pub work_dir: PathBuf,
}

/// Runs an executor until `stop` is done, or its scheduler has been away for too long. Its last tasks have
/// [20 seconds](DRAIN) to end, and are run again elsewhere if they do not.
///
/// # Errors
/// When no scheduler answers, an address cannot be listened on, the lake cannot be opened, or the scheduler has gone.
pub async fn run_executor(
    mut executor: Executor,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let stores = Arc::new(LakeStores::open(&executor.lake)?);
    let host = executor.listening.host()?;
    let address = executor.listening.address;
    (executor.listening.address, executor.task_port) =
        free(address, SocketAddr::new(address.ip(), executor.task_port)).await?;
    let address = executor.listening.address;
    tokio::pin!(stop);
    tokio::select! {
        answered = wait_for(&executor.scheduler) => answered?,
        () = &mut stop => return Ok(()),
    }
    let folder = tempfile::Builder::new()
        .prefix("headcount-executor-")
        .tempdir_in(&executor.work_dir)
        .with_context(|| {
            format!(
                "cannot make a folder in {}; choose another with --work-dir",
                executor.work_dir.display()
            )
        })?;
    let config = config(&executor, host, folder.path(), stores)?;
    info!(
        "the executor {address} runs up to {} tasks of {} at once and reads the lake {}",
        executor.cores, executor.scheduler, executor.lake
    );
    // Ballista waits for SIGTERM too, tells the scheduler and drains. That it may take for ever is left to us.
    let process = start_executor_process(Arc::new(config));
    tokio::pin!(process);
    let ended = tokio::select! {
        ended = &mut process => {
            ended.context("the executor failed")?;
            bail!("the scheduler {} has gone; start this executor again when it is back", executor.scheduler);
        }
        () = stop => timeout(DRAIN, process).await,
    };
    match ended {
        Ok(ended) => ended.context("the executor failed as it ended")?,
        Err(_) => warn!(
            "tasks still run {} s after the executor was told to end; they are run again elsewhere",
            DRAIN.as_secs()
        ),
    }
    info!("the executor ends as it was told to");
    Ok(())
}

fn config(
    executor: &Executor,
    host: String,
    folder: &std::path::Path,
    stores: Arc<LakeStores>,
) -> anyhow::Result<ExecutorProcessConfig> {
    let ip = executor.listening.address.ip();
    let spill = folder.to_owned();
    let Some(work_dir) = folder.to_str() else {
        bail!(
            "the name of the folder {} is not UTF-8; choose another with --work-dir",
            folder.display()
        );
    };
    Ok(ExecutorProcessConfig {
        bind_host: if ip.is_ipv6() {
            format!("[{ip}]")
        } else {
            ip.to_string()
        },
        external_host: Some(host),
        port: executor.listening.address.port(),
        grpc_port: executor.task_port,
        scheduler_host: executor.scheduler.host().to_owned(),
        scheduler_port: executor.scheduler.port(),
        vcores: executor.cores,
        work_dir: Some(work_dir.to_owned()),
        job_data_ttl_seconds: LEFTOVERS.as_secs(),
        job_data_clean_up_interval_seconds: 60,
        executor_heartbeat_interval_seconds: HEARTBEAT.as_secs(),
        memory_pool_size: Some(executor.memory),
        override_logical_codec: Some(Arc::new(TableCodec::default())),
        override_function_registry: Some(Arc::new(Functions::of_executors()?)),
        override_runtime_producer: Some(Arc::new(move |_| {
            let stores = Arc::clone(&stores);
            Ok(Arc::new(
                RuntimeEnvBuilder::new()
                    .with_temp_file_path(spill.clone())
                    .with_object_store_registry(stores)
                    .build()?,
            ))
        })),
        ..ExecutorProcessConfig::default()
    })
}

/// The two addresses, with ports in place of 0. Ballista binds them itself and says of one in use only that a service
/// stopped.
async fn free(results: SocketAddr, tasks: SocketAddr) -> anyhow::Result<(SocketAddr, u16)> {
    let bind = async |address: SocketAddr| {
        TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; choose another with --listen and --task-port")
        })
    };
    let (results, tasks) = (bind(results).await?, bind(tasks).await?);
    Ok((results.local_addr()?, tasks.local_addr()?.port()))
}

/// Ballista's own patience has no end: it measures it with a clock that it starts anew at every look.
async fn wait_for(scheduler: &ClusterAddress) -> anyhow::Result<()> {
    let from = Instant::now();
    let mut said = false;
    loop {
        let host = scheduler.host().trim_matches(['[', ']']);
        match TcpStream::connect((host, scheduler.port())).await {
            Ok(_) => return Ok(()),
            Err(error) if from.elapsed() > SCHEDULER_PATIENCE => bail!(
                "no scheduler answers at {scheduler} ({error}); start one with headcount-batch scheduler, or name another with --scheduler"
            ),
            Err(error) if !said => {
                warn!("no scheduler answers at {scheduler} yet ({error})");
                said = true;
            }
            Err(_) => {}
        }
        sleep(Duration::from_millis(250)).await;
    }
}
