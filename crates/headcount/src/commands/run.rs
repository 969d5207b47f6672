//! `headcount run`: ingest, keep, count and serve, in one process or in several.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, Result};
use headcount_source::SourceAddress;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    cli::{self, Role, TablesSwitch},
    data::DataDir,
    exit::{CANNOT_CREATE, UNAVAILABLE, USAGE, code_of, exit},
    live::Live,
    open_files,
    roles::batch::{program::find_program, worker::TypedAddresses},
};

/// The address of the dashboard when `--listen` is absent.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

pub(crate) fn run(mut args: cli::RunArgs) -> Result<()> {
    args.take_sources()?;
    let listen = args.listen.unwrap_or(DEFAULT_LISTEN);
    refuse_open_address(listen, args.unprotected)?;
    if let Some(address) = args.batch.pg_listen {
        refuse_open_address(address, args.unprotected)?;
    }
    let roles = if args.roles.is_empty() {
        Role::ALL.to_vec()
    } else {
        args.roles.clone()
    };
    refuse_what_cannot_work(&args, &roles)?;
    let roles = args.batch.tables.restrict(roles);
    refuse_sources_that_cannot_work(&args.sources)?;
    if roles == [Role::Batch] {
        // Elsewhere the worker may come later; here there would be nothing else to do.
        find_program().map_err(|missing| exit(UNAVAILABLE, missing.to_string()))?;
    }
    let roles = roles_that_work(&args, roles)?;
    let runtime = Runtime::new().context("start the runtime")?;
    let may_move = args.listen.is_none() && !roles.contains(&Role::Serve);
    let (listener, port) = runtime.block_on(async { open_listener(listen, may_move) })?;
    if let Some(address) = args.batch.pg_listen {
        // The batch worker listens there, and would find out too late.
        drop(runtime.block_on(async { bind(address) })?);
    }
    let worker = args
        .cluster
        .worker
        .unwrap_or_else(|| format!("{}-{port}", host()));
    let live = Live {
        data: DataDir::new(args.data),
        roles,
        sources: args.sources,
        mappings: args.mappings,
        partitions: args.keep.partitions,
        masking_mode: args.keep.masking_mode(),
        people_key: args.cluster.people_key,
        typed: TypedAddresses {
            lake: args.cluster.lake.as_ref().map(|lake| lake.text.clone()),
            postgres: args.batch.postgres,
            pg_listen: args.batch.pg_listen,
        },
        journal: args.cluster.journal.map(|journal| journal.address),
        lake: args.cluster.lake.map(|lake| lake.address),
        serving: args.cluster.serving,
        archive: !args.cluster.no_archive,
        disk: args.disk,
        checkpoint_every: Duration::from_secs(args.checkpoint_every),
        worker,
        tables: args.batch.tables,
        server: args.clients.options(open_files::raise_limit()),
    };
    live.run(&runtime, listener, |address| {
        tracing::info!("listening on http://{address}");
    })
}

/// Refuses combinations of options that would lose or hide something, and names all of them at once.
fn refuse_what_cannot_work(args: &cli::RunArgs, roles: &[Role]) -> Result<()> {
    let does = |role| roles.contains(&role);
    let cluster = &args.cluster;
    let alone = [Role::Ingest, Role::Process, Role::Serve].map(does) == [true; 3];
    let mut wrong = Vec::new();
    if !args.roles.is_empty() && does(Role::Ingest) && args.sources.is_empty() {
        wrong.push("--role ingest needs a source: add --source, such as --source sim:");
    }
    if !does(Role::Ingest) && !args.sources.is_empty() {
        wrong.push("--source needs --role ingest: add the role, or drop --source");
    }
    let is_input = |source: &&SourceAddress| matches!(source, SourceAddress::StandardInput);
    if args.sources.iter().filter(is_input).count() > 1 {
        wrong.push("standard input can be read only once: give --source - once");
    }
    if cluster.journal.is_none() && (does(Role::Ingest) || does(Role::Process)) && !alone {
        wrong.push("a journal in the data folder belongs to one process: drop --role, or share a journal with --journal kafka://...");
    }
    if cluster.journal.is_some() && does(Role::Process) && cluster.lake.is_none() {
        wrong.push("--role process needs --lake: a process that takes over a partition resumes from its checkpoint there; say --lake s3://... (or a folder that all processes share)");
    }
    if cluster.serving.is_none() && does(Role::Serve) && !does(Role::Process) {
        wrong.push("--role serve needs --serving: say --serving cassandra://... as for the processes with --role process");
    }
    if args.roles.contains(&Role::Batch) && args.batch.tables == TablesSwitch::Off {
        wrong.push(
            "--role batch keeps the tables, and --tables off leaves them out: drop one of the two",
        );
    }
    if args.batch.postgres.is_some() && args.batch.tables == TablesSwitch::Off {
        wrong.push("--postgres keeps the tables in PostgreSQL, and --tables off leaves them out: drop one of the two");
    }
    if args.batch.pg_listen.is_some() && args.batch.tables == TablesSwitch::Off {
        wrong.push(
            "--pg-listen serves the tables, and --tables off leaves them out: drop one of the two",
        );
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(exit(USAGE, wrong.join("\n           ")))
}

/// The roles without `ingest` if there is no source: the process then only serves what the journal holds.
fn roles_that_work(args: &cli::RunArgs, mut roles: Vec<Role>) -> Result<Vec<Role>> {
    if !args.sources.is_empty() {
        return Ok(roles);
    }
    roles.retain(|role| *role != Role::Ingest);
    let data = DataDir::new(args.data.clone());
    let is_own = args.cluster.journal.is_none() && roles.contains(&Role::Process);
    if is_own && !data.has_journal() {
        return Err(exit(
            USAGE,
            format!(
                "{} holds no journal, so there is nothing to serve: add --source, such as --source sim:, or import records \
                 with headcount import --data {0} FILE",
                args.data.display()
            ),
        ));
    }
    Ok(roles)
}

/// Ends before anything is started when a source could never bring a record: all of them at once, with the code of the
/// first.
fn refuse_sources_that_cannot_work(sources: &[SourceAddress]) -> Result<()> {
    SourceAddress::refuse_twins(sources).map_err(|error| exit(USAGE, error.to_string()))?;
    let errors: Vec<anyhow::Error> = sources
        .iter()
        .filter_map(|source| source.check().err())
        .map(anyhow::Error::from)
        .collect();
    let Some(first) = errors.first() else {
        return Ok(());
    };
    let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Err(exit(code_of(first), sentences.join("\n           ")))
}

/// The name of this machine.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "headcount".to_owned())
}

/// Refuses to listen beyond this machine without `--unprotected`: there is neither login nor TLS.
pub(crate) fn refuse_open_address(address: SocketAddr, unprotected: bool) -> Result<()> {
    if unprotected || address.ip().is_loopback() {
        return Ok(());
    }
    Err(exit(
        USAGE,
        format!(
            "other machines can reach {address}, and headcount has neither login nor TLS; listen on 127.0.0.1:{}, or \
             add --unprotected if you want that",
            address.port()
        ),
    ))
}

/// Opens the listener, and tells the port that names this process. A process without the role `serve`
/// has nothing there but probes and metrics, so another process on its default port must not stop it:
/// it `may_move` to a free one.
fn open_listener(address: SocketAddr, may_move: bool) -> Result<(TcpListener, u16)> {
    match headcount_server::bind(address) {
        Err(error) if may_move && error.kind() == io::ErrorKind::AddrInUse => {}
        bound => {
            return Ok((
                bound.map_err(|error| cannot_listen(address, &error))?,
                address.port(),
            ));
        }
    }
    let listener = bind(SocketAddr::new(address.ip(), 0))?;
    let free = listener.local_addr()?;
    tracing::info!(
        "port {} is in use, so the probes and metrics of this process are at http://{free}; choose a \
         port with --listen, and a stable name with --worker",
        address.port()
    );
    Ok((listener, free.port()))
}

pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener> {
    headcount_server::bind(address).map_err(|error| cannot_listen(address, &error))
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    exit(
        CANNOT_CREATE,
        format!("listen on {address}: {error}; choose another with --listen"),
    )
}
