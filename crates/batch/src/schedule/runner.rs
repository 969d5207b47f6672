//! A worker that runs jobs.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::anyhow;
use datafusion::{
    common::ScalarValue,
    prelude::{DataFrame, SessionContext},
};
use headcount_clock::date_of;
use headcount_lake::{Lake, LakeAddress};
use tokio::{task::block_in_place, time::timeout};
use tracing::{debug, error, info, warn};

use super::{
    jobs::{JobQuery, ReportJob},
    period::Period,
    report_files::{ReportFiles, write_report},
    turn::{Decided, JobSchedule, Next},
};
use crate::{
    cluster::{
        ClusterAddress, LakeStores, newest_cut, session_on_cluster, session_on_this_machine,
    },
    named::{self, Filters},
    snapshot::TablesSnapshot,
    sql::{guard, statement::logical_plan},
};

/// A worker: what it runs, and where.
pub struct Runner {
    /// The lake, where the tables are and the reports go.
    pub lake: Lake,
    /// Its address.
    pub address: LakeAddress,
    /// The jobs.
    pub jobs: Vec<ReportJob>,
    /// Whose turn it is.
    pub schedule: JobSchedule,
    /// Where statements run; in this process if none is said.
    pub cluster: Option<ClusterAddress>,
    /// How long a statement may take.
    pub limit: Duration,
}

/// What a worker did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunTally {
    /// Reports that were made.
    pub made: usize,
    /// Attempts that failed.
    pub failed: usize,
}

/// What became of one look at a job.
enum JobStep {
    Made,
    Failed,
    Nothing,
    Stopped,
}

impl Runner {
    /// Makes the reports that are due and whose turn this worker gets: of each job the first, then of each the second,
    /// until nothing is left or `stop` is done. Must run on a runtime of several threads.
    ///
    /// # Errors
    /// When the lake does not answer. A statement that fails is counted, said, and tried again later.
    pub async fn run_due<S>(&self, stop: S) -> anyhow::Result<RunTally>
    where
        S: Future<Output = ()> + Clone,
    {
        let mut tally = RunTally::default();
        let Some(snapshot) = block_in_place(|| newest_cut(&self.lake, &self.address))? else {
            debug!("the lake {} has no tables yet", self.lake);
            return Ok(tally);
        };
        let Some(stream_time) = snapshot.as_of.stream_time else {
            return Ok(tally);
        };
        let session = self.session(&snapshot).await?;
        let mut due: Vec<&ReportJob> = self.jobs.iter().collect();
        while !due.is_empty() {
            let mut again = Vec::new();
            for job in due {
                let next = block_in_place(|| self.schedule.next(job, stream_time))?;
                match self
                    .look(job, next, &session, &snapshot, stop.clone())
                    .await?
                {
                    JobStep::Made => {
                        tally.made += 1;
                        again.push(job);
                    }
                    JobStep::Failed => tally.failed += 1,
                    JobStep::Nothing => {}
                    JobStep::Stopped => return Ok(tally),
                }
            }
            due = again;
        }
        Ok(tally)
    }

    async fn session(&self, snapshot: &TablesSnapshot) -> anyhow::Result<SessionContext> {
        let stores = LakeStores::open(&self.address)?;
        match &self.cluster {
            Some(cluster) => session_on_cluster(cluster, &stores, &snapshot.tables).await,
            None => session_on_this_machine(Arc::new(stores), &snapshot.tables).await,
        }
    }

    async fn look(
        &self,
        job: &ReportJob,
        next: Next,
        session: &SessionContext,
        snapshot: &TablesSnapshot,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<JobStep> {
        let claimed = match next {
            Next::NotYet | Next::Later(_) => return Ok(JobStep::Nothing),
            Next::Other(worker) => {
                debug!("{}: {worker} is at it", job.name);
                return Ok(JobStep::Nothing);
            }
            Next::Publish(decided) => return block_in_place(|| publish(job, decided)),
            Next::Compute(claimed) => claimed,
        };
        let computed = timeout(self.limit, answer(session, job, claimed.period(), snapshot));
        let computed = tokio::select! {
            computed = computed => computed,
            () = stop => {
                block_in_place(|| claimed.give_back())?;
                return Ok(JobStep::Stopped);
            }
        };
        let too_long = |_| Err(anyhow!("it took longer than {} s", self.limit.as_secs()));
        match computed.unwrap_or_else(too_long) {
            Ok(answer) => block_in_place(|| match claimed.decide(&answer)? {
                Some(decided) => publish(job, decided),
                None => {
                    warn!(
                        "{}: another worker was first; this answer is thrown away",
                        job.name
                    );
                    Ok(JobStep::Nothing)
                }
            }),
            Err(error) => {
                let period = claimed.period();
                // One line of the log for each failure.
                let error = format!("{error:#}").replace('\n', " ");
                if let Some(again) = block_in_place(|| claimed.fail(&error))? {
                    error!(
                        "{} failed for {period} and is tried again after {}: {error}",
                        job.name,
                        moment(again)
                    );
                }
                Ok(JobStep::Failed)
            }
        }
    }
}

fn publish(job: &ReportJob, decided: Decided) -> anyhow::Result<JobStep> {
    let (folder, period) = (decided.folder(), decided.period());
    let made = decided.publish()? && decided.finish()?;
    if made {
        info!("{}: the report for {period} is in {folder}", job.name);
        return Ok(JobStep::Made);
    }
    Ok(JobStep::Nothing)
}

async fn answer(
    session: &SessionContext,
    job: &ReportJob,
    period: Period,
    snapshot: &TablesSnapshot,
) -> anyhow::Result<ReportFiles> {
    let time = |ms: i64| {
        ScalarValue::TimestampMicrosecond(Some(ms.saturating_mul(1000)), Some("UTC".into()))
    };
    let limits = vec![("from", time(period.from())), ("to", time(period.to()))];
    let statement = guard::check(&statement(&job.query, period)?)?;
    let plan = logical_plan(session, statement).await?;
    let frame = DataFrame::new(session.state(), plan).with_param_values(limits)?;
    let rows = frame.execute_stream().await?;
    write_report(rows, &job.formats, snapshot.as_of.clone()).await
}

fn statement(query: &JobQuery, period: Period) -> anyhow::Result<String> {
    match query {
        JobQuery::Sql(sql) => Ok(sql.clone()),
        JobQuery::Named(name) => {
            let named =
                named::find(name).ok_or_else(|| anyhow!("there is no named statement {name}"))?;
            let filters = Filters {
                from: Some(period.from()),
                to: Some(period.to()),
                ..Filters::default()
            };
            Ok(named.statement(&filters))
        }
    }
}

/// A moment as people write it, UTC.
fn moment(ms: i64) -> String {
    let (seconds, (year, month, day)) = (ms.div_euclid(1000), date_of(ms.div_euclid(86_400_000)));
    let (hour, minute) = (
        seconds.div_euclid(3600).rem_euclid(24),
        seconds.div_euclid(60).rem_euclid(60),
    );
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}
