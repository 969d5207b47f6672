//! `serve`: the worker that the live program starts.

use std::{net::SocketAddr, path::PathBuf};

use tokio::io::AsyncReadExt;

use super::signals::told_to_end;
use crate::{
    cli::DataPlace,
    data::DataFolder,
    postgres::PostgresAddress,
    serve::{WorkerOptions, serve},
};

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    place: DataPlace,
    /// The socket to answer on [default: DIR/batch/worker.sock]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Where the live program serves its counts, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    live: Option<String>,
    /// Keeps the tables in PostgreSQL too; the password comes from PGPASSWORD
    #[arg(
        long,
        value_name = "postgres://USER@HOST/DB",
        env = "HEADCOUNT_POSTGRES"
    )]
    postgres: Option<PostgresAddress>,
    /// Whether models are trained from time to time
    #[arg(long, value_name = "on|off", env = "HEADCOUNT_TRAIN", default_value = "on", value_parser = ["on", "off"], hide_possible_values = true)]
    train: String,
    /// Serves PostgreSQL's clients, such as psql, drivers and Grafana: read-only, without login and TLS
    #[arg(long, value_name = "ADDR", value_parser = headcount_address::listen)]
    pg_listen: Option<SocketAddr>,
    /// Lets --pg-listen be an address that other machines can reach
    #[arg(long)]
    unprotected: bool,
    /// Ends when standard input does: whoever started the worker has gone
    #[arg(long)]
    watch_stdin: bool,
}

pub(crate) async fn run(arguments: ServeArguments) -> anyhow::Result<()> {
    if let Some(address) = arguments.pg_listen {
        refuse_open_address(address, arguments.unprotected)?;
    }
    let data = DataFolder::new(arguments.place.data);
    let socket = arguments.socket.unwrap_or_else(|| data.socket());
    let options = WorkerOptions {
        data,
        lake: arguments.place.lake,
        pending: arguments.place.pending,
        socket,
        postgres: arguments.postgres,
        live: arguments.live,
        trains: arguments.train == "on",
        wire: arguments.pg_listen,
    };
    let watches = arguments.watch_stdin;
    let end = async move {
        tokio::select! {
            () = told_to_end() => {}
            () = input_ends(), if watches => {}
        }
    };
    serve(options, end).await
}

/// Refuses to listen beyond this machine without `--unprotected`: there is neither login nor TLS.
fn refuse_open_address(address: SocketAddr, is_unprotected: bool) -> anyhow::Result<()> {
    if is_unprotected || address.ip().is_loopback() {
        return Ok(());
    }
    anyhow::bail!(
        "other machines can reach {address}, and PostgreSQL's clients are served with neither login nor TLS; \
         listen on 127.0.0.1:{}, or add --unprotected if you want that",
        address.port()
    )
}

async fn input_ends() {
    let mut input = tokio::io::stdin();
    let mut bytes = [0; 64];
    while input.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
}
