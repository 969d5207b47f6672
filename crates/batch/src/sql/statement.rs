//! The child: one process, one statement. It takes from itself what it does not need, reads the statement, and streams
//! the answer.

use std::{
    io::{Read, Write},
    sync::Arc,
    time::Instant,
};

use arrow::array::RecordBatch;
use datafusion::{
    execution::context::SQLOptions,
    logical_expr::LogicalPlan,
    physical_plan::{ExecutionPlan, execute_stream},
    prelude::{DataFrame, SessionContext},
    sql::{parser::Statement, sqlparser::ast},
};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::{
    bind, catalog,
    error::{SqlError, sqlstate},
    format::{AnswerSchema, Encoder, WireRows, encoder},
    frame::{self, FrameKind},
    functions, guard,
    request::{
        AnswerColumn, AnswerEnd, AnswerFormat, BoundStatement, Grant, StatementParameter,
        StatementRequest,
    },
    sandbox, session,
};

/// The planner and the optimizer call themselves as deep as a statement is.
const PLANNING_STACK: usize = 64 << 20;
/// As deep as an expression is.
const EXECUTION_STACK: usize = 8 << 20;
/// Rows that are encoded at once: an answer overshoots its limit of bytes by no more.
const PIECE_ROWS: usize = 512;

/// Reads a grant and a request from `input`, and writes the answer to `output`. It ends when the answer does.
///
/// # Errors
/// If nobody is at the other end, or if it does not speak as [`child`](super::child) does.
pub fn answer(mut input: impl Read, output: impl Write + Send) -> std::io::Result<()> {
    let grant: Grant = expect(&mut input, FrameKind::Grant)?;
    sandbox::enter(&grant)?;
    let request: StatementRequest = expect(&mut input, FrameKind::Request)?;
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("statement".to_owned())
            .stack_size(PLANNING_STACK)
            .spawn_scoped(scope, || run(&request, output))?
            .join()
            .map_err(|_| std::io::Error::other("the statement's thread has panicked"))?
    })
}

fn expect<T: DeserializeOwned>(input: &mut impl Read, kind: FrameKind) -> std::io::Result<T> {
    let other =
        || std::io::Error::other("standard input is not what `headcount-batch statement` reads");
    let (found, payload) = frame::read(input)?.ok_or_else(other)?;
    if found != kind {
        return Err(other());
    }
    serde_json::from_slice(&payload).map_err(std::io::Error::other)
}

fn run(request: &StatementRequest, mut output: impl Write) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(request.limits.threads.max(1))
        .max_blocking_threads(8)
        .thread_stack_size(EXECUTION_STACK)
        .enable_all()
        .build()?;
    let answered = runtime.block_on(stream(request, &mut output));
    let written = match answered {
        Ok(()) => Ok(()),
        Err(AnswerFailure::Statement(error)) => {
            let error = serde_json::to_vec(&error).map_err(std::io::Error::other)?;
            frame::write(&mut output, FrameKind::Error, &error)
        }
        Err(AnswerFailure::Output(error)) => Err(error),
    };
    runtime.shutdown_background();
    written
}

/// Why an answer ended before its end.
enum AnswerFailure {
    Statement(SqlError),
    Output(std::io::Error),
}

impl<E: Into<SqlError>> From<E> for AnswerFailure {
    fn from(error: E) -> Self {
        Self::Statement(error.into())
    }
}

/// Where an answer goes, and how much of it has gone.
struct AnswerWriter<'a, W> {
    request: &'a StatementRequest,
    output: &'a mut W,
    schema: AnswerSchema,
    encoder: Box<dyn Encoder>,
    rows: u64,
    bytes: u64,
    truncated: bool,
}

async fn stream(request: &StatementRequest, output: &mut impl Write) -> Result<(), AnswerFailure> {
    let started = Instant::now();
    let statement = guard::parse(&request.sql)?;
    if catalog::is_asked(&statement) {
        return of_catalog(request, statement, output, started);
    }
    let context = session::session(&request.snapshot, &request.limits)?;
    let statement = bound(&context, request, statement, output).await?;
    let Some(statement) = statement else {
        return Ok(());
    };
    let plan = plan(&context, statement, request.limits.rows).await?;
    let mut rows = execute_stream(plan.clone(), context.task_ctx())?;
    let schema = AnswerSchema::of(&rows.schema())?;
    let mut answer = AnswerWriter::new(request, schema, output)?;
    // An error of the first rows comes before anything of the answer: who asked can still be told.
    let mut next = rows.next().await.transpose()?;
    answer.start()?;
    while let Some(batch) = next {
        if !answer.rows(&batch)? {
            break;
        }
        next = rows.next().await.transpose()?;
    }
    answer.end(started, bytes_read(&plan))
}

/// Puts values in place of a statement's parameters, and checks it. There is no statement to execute where it was only
/// to be described: its columns and the types of its parameters have gone out then.
async fn bound(
    context: &SessionContext,
    request: &StatementRequest,
    mut statement: ast::Statement,
    output: &mut impl Write,
) -> Result<Option<ast::Statement>, AnswerFailure> {
    let unbound = BoundStatement::default();
    let bound = request.bound.as_ref().unwrap_or(&unbound);
    let count = bind::count(&statement);
    let mut types = bind::ParameterTypes::new();
    let declared = |at: usize| {
        bound
            .parameters
            .get(at)
            .and_then(|given| given.type_name.clone())
    };
    if (0..count).any(|at| declared(at).is_none()) {
        types = bind::infer(context, &statement).await;
    }
    if !bound.only_described {
        bind::bind(&mut statement, &bound.parameters, &types)?;
        guard::only_reads(&statement)?;
        return Ok(Some(statement));
    }
    let of = |at: usize| declared(at).or_else(|| types.get(&format!("${}", at + 1)).cloned());
    let names: Vec<_> = (0..count).map(of).collect();
    bind::bind(&mut statement, &examples(&names), &types)?;
    guard::only_reads(&statement)?;
    let plan = plan(context, statement, request.limits.rows).await?;
    let columns = AnswerSchema::of(&plan.schema())?.columns;
    describe(columns, &names, request, output)?;
    Ok(None)
}

/// Values that stand for any, where only types matter.
fn examples(names: &[Option<String>]) -> Vec<StatementParameter> {
    let example = |name: &Option<String>| StatementParameter {
        type_name: name.clone(),
        value: bind::example(name.as_deref()),
    };
    names.iter().map(example).collect()
}

/// Says which columns a statement has, and of which types its parameters are.
fn describe(
    columns: Vec<AnswerColumn>,
    parameters: &[Option<String>],
    request: &StatementRequest,
    output: &mut impl Write,
) -> Result<(), AnswerFailure> {
    let names = parameters
        .iter()
        .map(|name| name.as_deref().unwrap_or(bind::TEXT));
    let names: Vec<_> = names.collect();
    let end = AnswerEnd {
        truncated: false,
        row_count: 0,
        elapsed_ms: 0,
        bytes_read: None,
        as_of: request.snapshot.as_of.clone(),
    };
    let frames = [
        (FrameKind::Columns, serde_json::to_vec(&columns)),
        (FrameKind::Data, serde_json::to_vec(&names)),
        (FrameKind::End, serde_json::to_vec(&end)),
    ];
    for (kind, payload) in frames {
        let payload = payload.map_err(not_json)?;
        frame::write(output, kind, &payload).map_err(AnswerFailure::Output)?;
    }
    Ok(())
}

/// Answers a statement over the catalogue.
fn of_catalog(
    request: &StatementRequest,
    mut statement: ast::Statement,
    output: &mut impl Write,
    started: Instant,
) -> Result<(), AnswerFailure> {
    let bound = request.bound.clone().unwrap_or_default();
    let types = bind::ParameterTypes::new();
    if bound.only_described {
        let given = bound.parameters.iter().map(|given| given.type_name.clone());
        let mut names: Vec<_> = given.collect();
        names.resize(bind::count(&statement).max(names.len()), None);
        bind::bind(&mut statement, &examples(&names), &types)?;
        let (columns, _) = catalog::answer(&statement, bound.session)?;
        return describe(columns, &names, request, output);
    }
    bind::bind(&mut statement, &bound.parameters, &types)?;
    let (columns, batch) = catalog::answer(&statement, bound.session)?;
    let schema = AnswerSchema::ready(batch.schema(), columns);
    let mut answer = AnswerWriter::new(request, schema, output)?;
    answer.start()?;
    answer.rows(&batch)?;
    answer.end(started, None)
}

impl<'a, W: Write> AnswerWriter<'a, W> {
    fn new(
        request: &'a StatementRequest,
        schema: AnswerSchema,
        output: &'a mut W,
    ) -> Result<Self, SqlError> {
        let encoder = match (request.format, &request.bound) {
            (AnswerFormat::Wire, Some(bound)) => Box::new(WireRows::new(bound.binary.clone())),
            (format, _) => encoder(format, &schema.schema)?,
        };
        Ok(Self {
            request,
            output,
            schema,
            encoder,
            rows: 0,
            bytes: 0,
            truncated: false,
        })
    }
}

impl<W: Write> AnswerWriter<'_, W> {
    fn send(&mut self, kind: FrameKind, bytes: &[u8]) -> Result<(), AnswerFailure> {
        frame::write(self.output, kind, bytes).map_err(AnswerFailure::Output)
    }

    fn start(&mut self) -> Result<(), AnswerFailure> {
        let columns = serde_json::to_vec(&self.schema.columns).map_err(not_json)?;
        self.send(FrameKind::Columns, &columns)?;
        let mut out = Vec::new();
        self.encoder.start(&self.schema.columns, &mut out)?;
        self.data(&out)
    }

    fn data(&mut self, out: &[u8]) -> Result<(), AnswerFailure> {
        self.bytes += out.len() as u64;
        self.send(FrameKind::Data, out)
    }

    /// Answers whether more rows may follow.
    fn rows(&mut self, batch: &RecordBatch) -> Result<bool, AnswerFailure> {
        let limits = &self.request.limits;
        let (most_rows, most_bytes) = (limits.rows, limits.bytes);
        for first in (0..batch.num_rows()).step_by(PIECE_ROWS) {
            let mut count = PIECE_ROWS.min(batch.num_rows() - first);
            if let Some(most) = most_rows {
                let room = usize::try_from(most - self.rows).unwrap_or(usize::MAX);
                self.truncated = room < count;
                count = count.min(room);
            }
            let piece = self.schema.batch(&batch.slice(first, count))?;
            let mut out = Vec::new();
            self.encoder.rows(&piece, &mut out)?;
            self.rows += count as u64;
            self.data(&out)?;
            self.truncated |= most_bytes.is_some_and(|most| self.bytes > most);
            if self.truncated {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn end(mut self, started: Instant, bytes_read: Option<u64>) -> Result<(), AnswerFailure> {
        let end = AnswerEnd {
            truncated: self.truncated,
            row_count: self.rows,
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            bytes_read,
            as_of: self.request.snapshot.as_of.clone(),
        };
        let mut out = Vec::new();
        self.encoder.end(&end, &mut out)?;
        self.data(&out)?;
        let end = serde_json::to_vec(&end).map_err(not_json)?;
        self.send(FrameKind::End, &end)
    }
}

fn not_json(error: serde_json::Error) -> SqlError {
    SqlError::new(
        sqlstate::INTERNAL,
        format!("the answer is no JSON: {error}"),
    )
}

/// Plans a checked statement. Of an answer that would be cut off, no more is computed than shows that it is.
async fn plan(
    context: &SessionContext,
    statement: ast::Statement,
    rows: Option<u64>,
) -> Result<Arc<dyn ExecutionPlan>, SqlError> {
    let plan = logical_plan(context, statement).await?;
    let explain = matches!(plan, LogicalPlan::Explain(_));
    let mut frame = DataFrame::new(context.state(), plan);
    if let (Some(rows), false) = (rows, explain) {
        let most = usize::try_from(rows)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        frame = frame.limit(0, Some(most))?;
    }
    Ok(frame.create_physical_plan().await?)
}

/// The logical plan of a checked statement, not yet optimized.
///
/// # Errors
/// If the statement names what is not there, or has no meaning; or if it would change something.
pub async fn logical_plan(
    context: &SessionContext,
    mut statement: ast::Statement,
) -> Result<LogicalPlan, SqlError> {
    functions::syntax::rewrite(&mut statement)?;
    let statement = Statement::Statement(Box::new(statement));
    let plan = context.state().statement_to_plan(statement).await?;
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&plan)
        .map_err(|error| SqlError::new(sqlstate::READ_ONLY, error.strip_backtrace()))?;
    Ok(plan)
}

/// Bytes of table files that the scans of a plan have read.
fn bytes_read(plan: &Arc<dyn ExecutionPlan>) -> Option<u64> {
    let own = plan
        .metrics()
        .and_then(|metrics| metrics.sum_by_name("bytes_scanned"));
    let own = own.and_then(|bytes| u64::try_from(bytes.as_usize()).ok());
    let below = plan.children().into_iter().filter_map(bytes_read);
    own.into_iter()
        .chain(below)
        .reduce(|sum, bytes| sum + bytes)
}
