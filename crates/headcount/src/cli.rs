//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Result;
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{OsStringValueParser, TypedValueParser as _},
};
use headcount_address::listen;
use headcount_lake::LakeAddress;
use headcount_server::HostName;
use headcount_serving::ServingAddress;
use headcount_source::SourceAddress;
use headcount_standin::Speed;

use crate::{
    backend::JournalAddress,
    exit::{USAGE, exit},
    recordings::Recording,
};

/// Partitions of a new journal unless told otherwise: enough for the cores of a laptop.
pub(crate) const PARTITIONS: u16 = 2;

/// Seconds between two checkpoints unless told otherwise: what came meanwhile is counted again within a moment.
pub(crate) const CHECKPOINT_SECONDS: u64 = 30;

/// Where sources may be given instead of on the command line.
const SOURCES: &str = "HEADCOUNT_SOURCE";

/// Live counts of people from a stream of RSVPs.
#[derive(Debug, Parser)]
#[command(name = "headcount", version, about, disable_help_subcommand = true)]
#[command(before_help = "\
New here? Watch a map move:           headcount demo
Have a recording? Count the people:   headcount count FILE")]
pub(crate) struct Cli {
    /// What is logged to standard error, such as `debug` or `headcount_journal=debug`.
    #[arg(
        long,
        global = true,
        env = "HEADCOUNT_LOG",
        default_value = "info",
        hide_default_value = true
    )]
    pub(crate) log: String,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start with a simulated stream and open the dashboard; nothing else is needed.
    Demo(Demo),
    /// Ingest, keep, count and serve.
    Run(Box<Run>),
    /// Count recordings in memory and keep nothing: to this data what `wc` is to text.
    Count(Count),
    /// Put recordings into the journal; the second time nothing changes.
    Import(Import),
    /// The answer of `count`, from what was kept.
    Summary(Summary),
    /// Replay the journal into a fresh engine and compare it with what is kept.
    Verify(Data),
    /// Throw the checkpoints away and count anew from the journal, or from the archive.
    Rebuild(Rebuild),
    /// Show the whole cluster: who counts what, and how far behind.
    Status(Status),
    /// Write the simulator's records to a file.
    Simulate(Simulate),
    /// Stand in for stream.meetup.com: serve recordings, or the simulation, as it did.
    Stream(Stream),
    /// Look at records that were refused.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Look at the journal's files.
    #[command(subcommand)]
    Journal(Journal),
}

/// The folder that a command works on.
#[derive(Debug, Args)]
pub(crate) struct Data {
    /// The data folder.
    #[arg(
        long,
        value_name = "DIR",
        env = "HEADCOUNT_DATA",
        default_value = "data"
    )]
    pub(crate) data: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The demo's own data folder.
    #[arg(long, value_name = "DIR", default_value = "headcount-demo")]
    pub(crate) data: PathBuf,
    /// Where to serve the dashboard; another port is taken if this one is in use.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = listen)]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) proxy: Proxy,
    /// Simulated answers per second.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) rate: f64,
    /// Do not open a browser.
    #[arg(long)]
    pub(crate) no_open: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The data folder.
    #[arg(
        long,
        value_name = "DIR",
        env = "HEADCOUNT_DATA",
        default_value = "data"
    )]
    pub(crate) data: PathBuf,
    /// Where to serve the dashboard and the API. The default is 127.0.0.1:8080; a process without the
    /// role `serve` takes another port when that one is in use.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_LISTEN", value_parser = listen)]
    pub(crate) listen: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) proxy: Proxy,
    /// Where records come from: ws:// wss:// http:// https:// file:PATH kafka://HOST:PORT/TOPIC
    /// kinesis://REGION/STREAM sim: or - for standard input. May be given several times. In the environment
    /// several are separated by spaces, and a space in an address is written %20 [env: HEADCOUNT_SOURCE]
    #[arg(long = "source", value_name = "URL")]
    pub(crate) sources: Vec<SourceAddress>,
    /// What this process does; may be given several times. The default is all of it.
    #[arg(
        long = "role",
        value_name = "ROLE",
        env = "HEADCOUNT_ROLE",
        value_delimiter = ','
    )]
    pub(crate) roles: Vec<Role>,
    #[command(flatten)]
    pub(crate) cluster: Cluster,
    /// How often a partition writes a checkpoint, if anything has come: whoever goes on from it counts again what came
    /// since.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "HEADCOUNT_CHECKPOINT_EVERY",
        default_value_t = CHECKPOINT_SECONDS,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) checkpoint_every: u64,
    /// Listen on an address that others can reach, although there is neither password nor TLS.
    #[arg(long, env = "HEADCOUNT_UNPROTECTED")]
    pub(crate) unprotected: bool,
    #[command(flatten)]
    pub(crate) keep: Keep,
}

impl Run {
    /// The sources that were given, or else those of the environment. Clap would split both at spaces or neither.
    pub(crate) fn take_sources(&mut self) -> Result<Vec<SourceAddress>> {
        if !self.sources.is_empty() {
            return Ok(std::mem::take(&mut self.sources));
        }
        let text = std::env::var_os(SOURCES).unwrap_or_default();
        let text = text
            .to_str()
            .ok_or_else(|| exit(USAGE, format!("{SOURCES} is no UTF-8 text")))?;
        text.split_whitespace()
            .map(|address| {
                address
                    .parse()
                    .map_err(|error| exit(USAGE, format!("{SOURCES}: {error}")))
            })
            .collect()
    }
}

/// The proxy in front of a process that listens on loopback.
#[derive(Debug, Args)]
pub(crate) struct Proxy {
    /// The name that a proxy in front of this process passes on in `Host`, such as counts.example. May be
    /// given several times.
    #[arg(
        long = "host",
        value_name = "NAME",
        env = "HEADCOUNT_HOST",
        value_delimiter = ','
    )]
    pub(crate) hosts: Vec<HostName>,
}

/// What a process of a cluster does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Takes records from sources into the journal.
    Ingest,
    /// Counts partitions of the journal; shares them with others of its group.
    Process,
    /// Shows what is served.
    Serve,
}

impl Role {
    pub(crate) const ALL: [Self; 3] = [Self::Ingest, Self::Process, Self::Serve];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Process => "process",
            Self::Serve => "serve",
        }
    }
}

/// The engines that a process stands on. Alone on one machine it needs none.
#[derive(Clone, Debug, Args)]
pub(crate) struct Cluster {
    /// Where the journal is, if not in the data folder: kafka://HOST:PORT,HOST:PORT/NAME or
    /// kinesis://REGION/STREAM.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_JOURNAL",
        hide_env_values = true
    )]
    pub(crate) journal: Option<JournalAddress>,
    /// Where the raw archive and shared checkpoints are: a folder or s3://BUCKET/PREFIX. The
    /// default is `lake` in the data folder.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_LAKE", hide_env_values = true, value_parser = LakeAddress::parse)]
    pub(crate) lake: Option<LakeAddress>,
    /// Where what is served is kept: cassandra://USER@HOST,HOST/KEYSPACE.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_SERVING",
        hide_env_values = true
    )]
    pub(crate) serving: Option<ServingAddress>,
    /// The name of this process in the cluster. The default is made of the host's name and the
    /// port that is listened on.
    #[arg(long, value_name = "NAME", env = "HEADCOUNT_WORKER")]
    pub(crate) worker: Option<String>,
    /// The file with the key under which people are masked: the same for all that ingest. The
    /// default is people.key in the data folder.
    #[arg(long, value_name = "FILE", env = "HEADCOUNT_PEOPLE_KEY")]
    pub(crate) people_key: Option<PathBuf>,
    /// Do not archive the raw stream.
    #[arg(long, env = "HEADCOUNT_NO_ARCHIVE")]
    pub(crate) no_archive: bool,
}

/// What is fixed when a journal is made.
#[derive(Debug, Args)]
pub(crate) struct Keep {
    /// Partitions of a new journal, each with a thread of its own; fixed at creation. The default
    /// is 2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) partitions: Option<u16>,
    /// Keep names, photos and ids of people as they come, instead of masking them at the door.
    #[arg(long, env = "HEADCOUNT_KEEP_PEOPLE")]
    pub(crate) keep_people: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Count {
    /// Recordings: NDJSON, arrays, pretty-printed, .gz, .zst, `curl -i` output; - is standard
    /// input, a folder is all of its files.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Threads that decode and count. The default is one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Recordings, as for `count`; also objects of a store: s3://BUCKET/PREFIX is all under the prefix, as Firehose
    /// leaves it, or the one of that name (?endpoint= and ?region= as for the lake of `run`).
    #[arg(value_name = "FILE", required = true,
        value_parser = OsStringValueParser::new().try_map(Recording::parse))]
    pub(crate) files: Vec<Recording>,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) keep: Keep,
    /// Where the journal is, if not in the data folder, as for `run`.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_JOURNAL",
        hide_env_values = true
    )]
    pub(crate) journal: Option<JournalAddress>,
    /// The name of this process in the cluster.
    #[arg(
        long,
        value_name = "NAME",
        env = "HEADCOUNT_WORKER",
        default_value = "import"
    )]
    pub(crate) worker: String,
    /// The file with the key under which people are masked, as for `run`.
    #[arg(long, value_name = "FILE", env = "HEADCOUNT_PEOPLE_KEY")]
    pub(crate) people_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Summary {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Answer from what is served there, instead of from the data folder.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_SERVING",
        hide_env_values = true
    )]
    pub(crate) serving: Option<ServingAddress>,
}

#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Count anew from this raw archive (a folder or s3://BUCKET/PREFIX) instead of the journal,
    /// and print the answer; nothing is written.
    #[arg(long, value_name = "ADDR", value_parser = LakeAddress::parse)]
    pub(crate) from: Option<LakeAddress>,
    /// Hold record times against this moment instead of now, in milliseconds since 1970: a record
    /// counts unless it is more than five minutes ahead of both this moment and its arrival. The
    /// same journal and the same moment give the same counts.
    #[arg(long, value_name = "MS")]
    pub(crate) judged_at: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// The lake of the cluster, as for `run`.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_LAKE", hide_env_values = true, value_parser = LakeAddress::parse)]
    pub(crate) lake: LakeAddress,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// How many records.
    #[arg(long, value_name = "N")]
    pub(crate) records: u64,
    /// The same seed gives the same records.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Answers per second of record time.
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    pub(crate) rate: f64,
    /// Where to write; standard output if left out. `.gz` and `.zst` are not compressed here.
    #[arg(value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Stream {
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000", value_parser = listen)]
    pub(crate) listen: SocketAddr,
    /// Recordings to play; the simulation if there are none.
    #[arg(long = "recording", value_name = "FILE")]
    pub(crate) recordings: Vec<PathBuf>,
    /// Times as fast as it was; `max` for as fast as the client reads.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) speed: Speed,
    /// Play once, then keep the connection open and silent, instead of beginning again.
    #[arg(long)]
    pub(crate) once: bool,
    /// Listen on an address that others can reach, although there is neither password nor TLS.
    #[arg(long)]
    pub(crate) unprotected: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// One line a refused record.
    List {
        #[command(flatten)]
        data: Data,
        /// Only those with this reason code.
        #[arg(long, value_name = "CODE")]
        reason: Option<String>,
    },
    /// One refused record with what was kept of it.
    Show {
        /// Its number in the list.
        offset: u64,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Journal {
    /// Read every byte and check it.
    Verify(Data),
    /// How much there is, by partition.
    Stat(Data),
}
