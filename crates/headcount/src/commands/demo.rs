//! `headcount demo`: counts a simulated stream and opens the dashboard.

use std::{
    io::IsTerminal,
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use headcount_record::MaskingMode;
use headcount_source::SourceAddress;
use tokio::runtime::Runtime;

use super::{print, run::bind};
use crate::mappings::Mappings;
use crate::{
    cli::{self, Role},
    data::DataDir,
    defaults,
    exit::{USAGE, exit},
    live::Live,
    open_files,
    roles::batch::worker::TypedAddresses,
};

/// The share of RSVPs among the records of all feeds. The others bring what models learn from: descriptions and categories.
const RSVPS_OF_ALL: f64 = 0.78;
/// The dashboard opens on a stream that seems to have run this long.
const WARMUP_SECONDS: u32 = 600;

pub(crate) fn run(args: cli::DemoArgs) -> Result<()> {
    super::run::refuse_open_address(args.listen, false)?;
    if let Some(address) = args.batch.pg_listen {
        super::run::refuse_open_address(address, false)?;
    }
    // It is a part of the source's name, which people read.
    let rate = (args.rate / RSVPS_OF_ALL * 100.0).round() / 100.0;
    let address = format!("sim:?rate={rate}&seed=1&warmup={WARMUP_SECONDS}&feeds=all");
    let source: SourceAddress = address
        .parse()
        .map_err(|error| exit(USAGE, format!("{error}")))?;
    let live = Live {
        data: DataDir::new(args.data.clone()),
        sources: vec![source],
        mappings: Mappings::default(),
        roles: args.batch.tables.restrict(Role::ALL.to_vec()),
        partitions: None,
        masking_mode: MaskingMode::People,
        people_key: None,
        journal: None,
        lake: None,
        serving: None,
        archive: true,
        disk: cli::DiskArgs::default(),
        checkpoint_every: Duration::from_secs(defaults::CHECKPOINT_SECONDS),
        worker: "demo".to_owned(),
        tables: args.batch.tables,
        typed: TypedAddresses {
            postgres: args.batch.postgres,
            pg_listen: args.batch.pg_listen,
            ..TypedAddresses::default()
        },
        server: args.clients.options(open_files::raise_limit()),
    };
    let runtime = Runtime::new().context("start the runtime")?;
    let listener = runtime.block_on(async {
        let another = SocketAddr::new(args.listen.ip(), 0);
        bind(args.listen).or_else(|_| bind(another))
    })?;
    let open = !args.no_open && std::io::stdout().is_terminal();
    live.run(&runtime, listener, |address| {
        let said = format!(
            "headcount is counting a simulated stream. Dashboard: http://{address}\n\
             Data: {}. Stop with Ctrl-C.\n",
            args.data.display()
        );
        // The address is on the log as well, should standard output be closed.
        if print(&said).is_err() {
            tracing::info!("dashboard: http://{address}");
        }
        if open {
            open_browser(address);
        }
    })
}

/// Opens the dashboard if this machine has a way to; the address has been printed anyway.
fn open_browser(address: SocketAddr) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let opened = Command::new(opener)
        .arg(format!("http://{address}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = opened {
        tracing::debug!("could not open a browser: {opener}: {error}");
    }
}
