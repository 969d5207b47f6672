//! What the worker answers.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{follower::HeldSnapshot, problem::StatementProblem, worker::TablesWorker};
use crate::{
    model::LakeTable,
    named::{Filters, NamedStatement, all, find},
    report::{POLICY, collect},
    sql::{
        child::{Piece, StreamedAnswer},
        request::{AnswerFormat, StatementLimits},
    },
};

type RouteAnswer = Result<Response, StatementProblem>;

/// Bytes of a request: far more than a statement may have.
const BODY_BYTES_MAX: usize = 64 << 10;

pub(super) fn router(worker: Arc<TablesWorker>) -> Router {
    Router::new()
        .route("/api/v1/sql", post(sql))
        .route("/api/v1/sql/schema", get(schema))
        .route("/api/v1/boards/{name}", get(board))
        .route("/api/v1/events/{id}", get(event))
        .route("/api/v1/surprise", get(surprise))
        .route("/api/v1/batch", get(status))
        .route("/report", get(report))
        .route("/snapshot", get(snapshot))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(worker)
}

/// What `POST /api/v1/sql` takes: a statement, or the name of one with the page's filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SqlBody {
    sql: Option<String>,
    named: Option<String>,
    #[serde(default)]
    filters: serde_json::Map<String, Value>,
    limit: Option<u64>,
}

async fn sql(
    State(worker): State<Arc<TablesWorker>>,
    headers: HeaderMap,
    body: Bytes,
) -> RouteAnswer {
    let body: SqlBody = serde_json::from_slice(&body).map_err(|cause| {
        StatementProblem::new(
            400,
            format!("the body is not {{\"sql\": \"…\"}} or {{\"named\": \"…\"}}: {cause}"),
        )
    })?;
    let statement = match (body.sql, body.named) {
        (Some(sql), None) => sql,
        (None, Some(name)) => named(&name)?.statement(&filters_of(&body.filters)?),
        _ => return Err(StatementProblem::new(400, "give either sql or named")),
    };
    let format = format_of(&headers)?;
    let mut limits = StatementLimits::served();
    limits.rows = limits.rows.min(body.limit.or(limits.rows));
    let (answer, held) = worker.run(statement, format, limits).await?;
    Ok(streamed(answer, format, held))
}

async fn board(
    State(worker): State<Arc<TablesWorker>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> RouteAnswer {
    let statement = named(&name)?.statement(&chosen(query)?);
    let (answer, held) = worker
        .run(statement, AnswerFormat::Json, StatementLimits::served())
        .await?;
    Ok(streamed(answer, AnswerFormat::Json, held))
}

/// The filters of a page's address.
fn chosen(query: Option<String>) -> Result<Filters, StatementProblem> {
    let query = query.unwrap_or_default();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(Filters::of_pairs(pairs)?)
}

async fn report(State(worker): State<Arc<TablesWorker>>, RawQuery(query): RawQuery) -> RouteAnswer {
    let filters = chosen(query)?;
    // All of its statements see the same rows.
    let held = worker.follower.snapshot().await?;
    let mut snapshot = held.snapshot.clone();
    snapshot.live = worker.live.summary().await;
    let html = collect(
        &worker.statements,
        &snapshot,
        filters,
        &StatementLimits::served(),
    )
    .await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (
            header::CONTENT_DISPOSITION,
            "inline; filename=\"headcount-report.html\"",
        ),
    ];
    Ok((headers, html).into_response())
}

async fn schema(State(worker): State<Arc<TablesWorker>>) -> RouteAnswer {
    let (rows, as_of, _) = worker.follower.status().await;
    let tables = LakeTable::ALL.into_iter().map(|table| {
        let columns = table.columns().iter().enumerate().map(|(place, column)| {
            let refers = table
                .references()
                .iter()
                .find(|reference| reference.column == column.name);
            json!({
                "name": column.name,
                "type": column.column_type.postgres(),
                "key": place < table.key_columns(),
                "references": refers.map(|reference| reference.to),
            })
        });
        let columns: Vec<_> = columns.collect();
        json!({ "name": table, "rows": rows.get(&table).copied().unwrap_or(0), "columns": columns })
    });
    let named = all().iter().map(|named| {
        json!({
            "name": named.name,
            "title": named.title,
            "description": named.description,
            "sql": named.sql,
            "chart": named.chart,
            "x": named.x,
            "y": named.y,
        })
    });
    let body = json!({
        "tables": tables.collect::<Vec<_>>(),
        "named": named.collect::<Vec<_>>(),
        "as_of": as_of,
    });
    Ok(json_response(&body))
}

async fn event(State(worker): State<Arc<TablesWorker>>, Path(id): Path<String>) -> RouteAnswer {
    let facts = worker.event_facts(&id).await?;
    let unknown = || StatementProblem::new(404, format!("no record tells of an event {id:.60}"));
    Ok(json_response(&facts.ok_or_else(unknown)?))
}

async fn surprise(State(worker): State<Arc<TablesWorker>>) -> RouteAnswer {
    Ok(json_response(&worker.surprise().await?))
}

async fn status(State(worker): State<Arc<TablesWorker>>) -> RouteAnswer {
    let (rows, as_of, behind) = worker.follower.status().await;
    let body = json!({
        "available": true,
        "version": env!("CARGO_PKG_VERSION"),
        "tables": { "as_of": as_of, "behind_seconds": behind.as_secs(), "rows": rows },
    });
    Ok(json_response(&body))
}

/// A snapshot for a command on this machine. Its files stay as long as the connection does.
async fn snapshot(State(worker): State<Arc<TablesWorker>>) -> RouteAnswer {
    let held = worker.follower.snapshot().await?;
    let mut snapshot = held.snapshot.clone();
    snapshot.live = worker.live.summary().await;
    let mut line = serde_json::to_vec(&snapshot)
        .map_err(|cause| StatementProblem::new(500, cause.to_string()))?;
    line.push(b'\n');
    let first = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(line)) });
    let lease = stream::pending().map(move |bytes| {
        let _ = &held;
        bytes
    });
    Ok(Response::new(Body::from_stream(first.chain(lease))))
}

impl TablesWorker {
    /// Starts a statement over all that is in the journal now.
    pub(super) async fn run(
        &self,
        sql: String,
        format: AnswerFormat,
        limits: StatementLimits,
    ) -> Result<(StreamedAnswer, Arc<HeldSnapshot>), StatementProblem> {
        let held = self.follower.snapshot().await?;
        let answer = self.ask(sql, format, limits, None, &held).await?;
        Ok((answer, held))
    }
}

/// An answer as it comes. Its snapshot is held until the last byte.
fn streamed(answer: StreamedAnswer, format: AnswerFormat, held: Arc<HeldSnapshot>) -> Response {
    let pieces = stream::unfold((answer, held), async |(mut answer, held)| {
        match answer.next().await? {
            Ok(Piece::Data(bytes)) => Some((Ok(Bytes::from(bytes)), (answer, held))),
            Ok(Piece::End(_)) => None,
            // The status has gone out: a body that breaks off is all that is left to say it with.
            Err(error) => Some((Err(std::io::Error::other(error.message)), (answer, held))),
        }
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let (content_type, file) = match format {
        AnswerFormat::Csv | AnswerFormat::CsvExport => {
            ("text/csv; charset=utf-8", Some("answer.csv"))
        }
        AnswerFormat::Arrow => ("application/vnd.apache.arrow.stream", Some("answer.arrows")),
        AnswerFormat::Parquet => ("application/vnd.apache.parquet", Some("answer.parquet")),
        AnswerFormat::Json
        | AnswerFormat::Objects
        | AnswerFormat::Wire
        | AnswerFormat::Table { .. } => ("application/json", None),
    };
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(file) = file
        && let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{file}\""))
    {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

fn named(name: &str) -> Result<&'static NamedStatement, StatementProblem> {
    find(name)
        .ok_or_else(|| StatementProblem::new(404, format!("no statement has the name {name:.60}")))
}

fn filters_of(filters: &serde_json::Map<String, Value>) -> Result<Filters, StatementProblem> {
    let mut pairs = Vec::new();
    for (name, value) in filters {
        match value {
            Value::String(value) => pairs.push((name.as_str(), value.as_str())),
            Value::Array(values) => pairs.extend(
                values
                    .iter()
                    .filter_map(|value| Some((name.as_str(), value.as_str()?))),
            ),
            _ => {
                return Err(StatementProblem::new(
                    400,
                    format!("the filter {name:.60} is no text and no list of texts"),
                ));
            }
        }
    }
    Ok(Filters::of_pairs(pairs)?)
}

fn format_of(headers: &HeaderMap) -> Result<AnswerFormat, StatementProblem> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or("*/*");
    let mut known = accept.split(',').filter_map(|kind| {
        match kind.split(';').next().unwrap_or_default().trim() {
            "*/*" | "application/*" | "application/json" => Some(AnswerFormat::Json),
            "text/csv" => Some(AnswerFormat::CsvExport),
            "application/vnd.apache.arrow.stream" => Some(AnswerFormat::Arrow),
            "application/vnd.apache.parquet" => Some(AnswerFormat::Parquet),
            _ => None,
        }
    });
    known.next().ok_or_else(|| {
        let known = "application/json, text/csv, application/vnd.apache.arrow.stream, application/vnd.apache.parquet";
        StatementProblem::new(406, format!("an answer comes as one of {known}"))
    })
}

fn json_response(body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
