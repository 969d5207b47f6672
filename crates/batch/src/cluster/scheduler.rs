//! The scheduler: takes statements, cuts them into tasks and gives these to executors.

use std::sync::Arc;

use anyhow::Context;
use ballista_scheduler::{
    cluster::BallistaCluster,
    config::{SchedulerConfig, TaskDistributionPolicy},
    scheduler_process::{create_scheduler, start_grpc_service_with_listener},
};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;
use tracing::info;

use super::{codec::TableCodec, listening::Listening, liveness::Liveness};

/// How to run a scheduler.
#[derive(Debug, Clone)]
pub struct Scheduler {
    /// Where it listens. Port 0 is any free one; the log says which.
    pub listening: Listening,
    /// When an executor is lost.
    pub liveness: Liveness,
}

/// Runs a scheduler until `stop` is done. What it knows is in memory: a statement that runs when it ends fails at its
/// client, and executors come back to its successor by themselves.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn run_scheduler(
    scheduler: Scheduler,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let Scheduler {
        listening,
        liveness,
    } = scheduler;
    let host = listening.host()?;
    let listener = TcpListener::bind(listening.address)
        .await
        .with_context(|| {
            format!(
                "cannot listen on {}; choose another with --listen",
                listening.address
            )
        })?;
    let address = listener.local_addr()?;
    let config = SchedulerConfig {
        external_host: host,
        bind_host: address.ip().to_string(),
        bind_port: address.port(),
        // Stages spread over all executors: with Ballista's default the first one gets all that it has room for.
        task_distribution: TaskDistributionPolicy::RoundRobin,
        executor_timeout_seconds: liveness.timeout(),
        expire_dead_executor_interval_seconds: liveness.check(),
        no_executors_grace_period_seconds: liveness.grace(),
        override_logical_codec: Some(Arc::new(TableCodec::default())),
        ..SchedulerConfig::default()
    };
    config.validate()?;
    let cluster = BallistaCluster::new_from_config(&config).await?;
    let server =
        create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await?;
    info!(
        "the scheduler listens on {address}; an executor is lost after {} s of silence",
        liveness.timeout()
    );
    tokio::select! {
        ended = start_grpc_service_with_listener(listener, server) => {
            ended.context("the scheduler stopped serving")
        }
        () = stop => {
            info!("the scheduler ends as it was told to");
            Ok(())
        }
    }
}
