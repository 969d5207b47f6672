//! A statement from end to end on a cluster.

use std::{io::Write, sync::Arc, time::Instant};

use anyhow::{Context, Result};
use arrow::record_batch::RecordBatch;
use datafusion::{
    logical_expr::LogicalPlan,
    prelude::{DataFrame, SessionContext},
};
use headcount_lake::{Lake, LakeAddress, Options};
use tokio::task::block_in_place;

use super::{
    address::ClusterAddress,
    newest_cut::newest_cut,
    session::{again_if_lost, session_on_cluster},
    stores::LakeStores,
};
use crate::{
    snapshot::AsOf,
    sql::{
        error::SqlError,
        format::{AnswerSchema, encoder},
        guard,
        request::{End, Format},
        statement::logical_plan,
    },
};

/// Answers a statement over the newest cut of a lake, and not what the journal holds beyond it: `as_of` says how far that
/// is. No more than `rows` rows come, if a number is given. Must run on a runtime of several threads.
///
/// The statement passes the same checks as one in this process. Its answer is in memory before any of it goes out: when
/// an executor is lost while it is fetched, it is computed again, and might have another order.
///
/// # Errors
/// When the lake has no tables or does not answer, or the answer cannot be written. What is wrong with the statement is
/// the inner error.
pub async fn answer_on_cluster(
    address: &ClusterAddress,
    lake: &LakeAddress,
    sql: &str,
    format: Format,
    rows: Option<u64>,
    out: &mut impl Write,
) -> Result<Result<End, SqlError>> {
    let started = Instant::now();
    let snapshot = block_in_place(|| {
        let opened = Lake::open_to_read(lake, Options::default())?;
        newest_cut(&opened, lake)?.with_context(|| {
            format!("the lake {lake} has no tables yet; `headcount tables` makes them")
        })
    })?;
    let stores = LakeStores::open(lake)?;
    let session = session_on_cluster(address, &stores, &snapshot.tables).await?;
    let batches = match computed(&session, sql, rows).await {
        Ok(batches) => batches,
        Err(error) => return Ok(Err(error)),
    };
    let mut answer = Vec::new();
    match encoded(&batches, format, rows, snapshot.as_of, started, &mut answer) {
        Ok(end) => {
            out.write_all(&answer)?;
            Ok(Ok(end))
        }
        Err(error) => Ok(Err(error)),
    }
}

/// The rows, and one more than are wanted if there are more.
async fn computed(
    session: &SessionContext,
    sql: &str,
    rows: Option<u64>,
) -> Result<Computed, SqlError> {
    let plan = logical_plan(session, guard::check(sql)?).await?;
    let explain = matches!(plan, LogicalPlan::Explain(_));
    let mut frame = DataFrame::new(session.state(), plan);
    if let (Some(rows), false) = (rows, explain) {
        let most = usize::try_from(rows)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        frame = frame.limit(0, Some(most))?;
    }
    let schema = AnswerSchema::of(frame.schema().as_arrow())?;
    let batches = again_if_lost(|| frame.clone().collect()).await?;
    let batches = batches.iter().map(|batch| schema.batch(batch));
    let batches = batches.collect::<Result<_, _>>()?;
    Ok(Computed { schema, batches })
}

struct Computed {
    schema: AnswerSchema,
    batches: Vec<RecordBatch>,
}

fn encoded(
    computed: &Computed,
    format: Format,
    rows: Option<u64>,
    as_of: AsOf,
    started: Instant,
    out: &mut Vec<u8>,
) -> Result<End, SqlError> {
    let mut encoder = encoder(format, &Arc::clone(&computed.schema.schema))?;
    encoder.start(&computed.schema.columns, out)?;
    let all: usize = computed.batches.iter().map(RecordBatch::num_rows).sum();
    let most = rows
        .and_then(|rows| usize::try_from(rows).ok())
        .unwrap_or(all);
    let mut left = most;
    for batch in &computed.batches {
        let piece = batch.slice(0, left.min(batch.num_rows()));
        left -= piece.num_rows();
        encoder.rows(&piece, out)?;
    }
    let end = End {
        truncated: all > most,
        row_count: (most - left) as u64,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        bytes_read: None,
        as_of,
    };
    encoder.end(&end, out)?;
    Ok(end)
}
