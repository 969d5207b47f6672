//! The command line.

pub(crate) mod learning;
pub(crate) mod mapping;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Result;
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{NonEmptyStringValueParser, OsStringValueParser, TypedValueParser as _},
};
use headcount_address::{AddressError, HostName, listen, scheme_of};
use headcount_lake::LakeAddress;
use headcount_mapping::Mapping;
use headcount_record::MaskingMode;
use headcount_server::TrustedProxy;
use headcount_serving::ServingAddress;
use headcount_source::SourceAddress;
use headcount_standin::Speed;

use crate::{
    backend::JournalAddress,
    defaults::CHECKPOINT_SECONDS,
    disk::{byte_size::ByteSize, retention::Retention},
    exit::{USAGE, exit},
    mappings::{Mappings, TypedSource},
    open_files::connections_within,
    recordings::RecordingAddress,
};

/// The environment variable that may give sources instead of the command line.
const SOURCES: &str = "HEADCOUNT_SOURCE";

/// Live counts of people from a stream of RSVPs.
#[derive(Debug, Parser)]
#[command(name = "headcount", version, about, disable_help_subcommand = true)]
#[command(before_help = "\
New here? Watch a map move:           headcount demo
Have a recording? Count the people:   headcount count FILE")]
pub(crate) struct Cli {
    /// What to log to standard error, such as `debug` or `headcount_journal=debug`.
    #[arg(long, global = true, env = "HEADCOUNT_LOG")]
    pub(crate) log: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a simulated stream and open the dashboard. Needs nothing else.
    Demo(DemoArgs),
    /// Ingest, keep, count and serve records. Without a source, serve what the journal holds.
    Run(Box<RunArgs>),
    /// Count recordings in memory and store nothing, as `wc` does for text.
    Count(CountArgs),
    /// Add recordings to the journal. Importing the same content again changes nothing.
    Import(Box<ImportArgs>),
    /// Print the summary of `count`, from the journal.
    Summary(SummaryArgs),
    /// Replay the journal into a fresh engine and compare the counts with those kept.
    Verify(DataArgs),
    /// Discard the checkpoints and recount from the journal, after putting back what it has lost and the archive has.
    Rebuild(RebuildArgs),
    /// Copy the data folder, also while `run` writes to it. A second backup into the same folder copies what is new.
    Backup(BackupArgs),
    /// Make a data folder out of a backup, and verify it.
    Restore(RestoreArgs),
    /// Show the cluster: which process counts which partition, and how far it lags.
    Status(StatusArgs),
    /// Write the simulator's records to a file.
    Simulate(SimulateArgs),
    /// Stand in for stream.meetup.com: serve recordings or the simulation the way it did.
    Stream(StreamArgs),
    /// List, show, try and propose mappings: what turns the records of any source into answers.
    #[command(subcommand)]
    Mapping(mapping::MappingCommand),
    /// Show refused records.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Check or count the journal's files.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Bring the tables to the end of the journal, verify them, or make them anew. Done by headcount-batch.
    #[command(disable_help_flag = true)]
    Tables(BatchArgs),
    /// Ask the tables in SQL. Done by headcount-batch.
    #[command(disable_help_flag = true)]
    Sql(BatchArgs),
    /// Write a report, one HTML file. Done by headcount-batch.
    #[command(disable_help_flag = true)]
    Report(BatchArgs),
    /// Train models from the tables or from labelled events. Done by headcount-batch.
    #[command(disable_help_flag = true)]
    Train(BatchArgs),
    /// Compare the last day with what the models in use were trained on. Done by headcount-batch.
    #[command(disable_help_flag = true)]
    Drift(BatchArgs),
    /// List, show, compare, promote and remove versions of models.
    Models(learning::ModelsArgs),
    /// Predict category, turnout or response of events, a line of JSON for each.
    Predict(learning::PredictArgs),
    /// Take statements for a cluster and give their tasks to executors. Done by headcount-batch.
    #[command(disable_help_flag = true)]
    Scheduler(BatchArgs),
    /// Run tasks of a cluster's statements. Done by headcount-batch.
    #[command(disable_help_flag = true)]
    Executor(BatchArgs),
    /// Run hourly and daily jobs, and keep their answers in the lake. Done by headcount-batch.
    #[command(disable_help_flag = true)]
    RunJobs(BatchArgs),
}

/// What goes to `headcount-batch` as it is.
#[derive(Debug, Args)]
pub(crate) struct BatchArgs {
    #[arg(
        value_name = "ARGUMENTS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) args: Vec<OsString>,
}

/// The folder that a command works on.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
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
pub(crate) struct DemoArgs {
    /// The demo's own data folder.
    #[arg(long, value_name = "DIR", default_value = "headcount-demo")]
    pub(crate) data: PathBuf,
    /// Where to serve the dashboard. If the port is in use, the demo takes another one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = listen)]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) clients: ClientArgs,
    #[command(flatten)]
    pub(crate) batch: TablesArgs,
    /// Simulated RSVPs per second.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) rate: f64,
    /// Do not open a browser.
    #[arg(long)]
    pub(crate) no_open: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
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
    pub(crate) clients: ClientArgs,
    /// Where records come from: ws:// wss:// http:// https:// file:PATH kafka://HOST:PORT/TOPIC
    /// kinesis://REGION/STREAM sim: or - for standard input. May be given several times. In the environment
    /// several are separated by spaces, and a space in an address is written %20 [env: HEADCOUNT_SOURCE]
    /// ?mapping=NAME in an address names the mapping of its records, or the file of one
    #[arg(long = "source", value_name = "URL")]
    pub(crate) typed: Vec<TypedSource>,
    /// Those of the command line or of the environment.
    #[arg(skip)]
    pub(crate) sources: Vec<SourceAddress>,
    #[arg(skip)]
    pub(crate) mappings: Mappings,
    /// What this process does. May be given several times. The default is everything.
    #[arg(
        long = "role",
        value_name = "ROLE",
        env = "HEADCOUNT_ROLE",
        value_delimiter = ','
    )]
    pub(crate) roles: Vec<Role>,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    /// How often a partition writes a checkpoint if records came in. The process that resumes from a checkpoint recounts
    /// everything after it.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "HEADCOUNT_CHECKPOINT_EVERY",
        default_value_t = CHECKPOINT_SECONDS,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) checkpoint_every: u64,
    /// Allow an address that other machines can reach. headcount has neither login nor TLS.
    #[arg(long, env = "HEADCOUNT_UNPROTECTED")]
    pub(crate) unprotected: bool,
    #[command(flatten)]
    pub(crate) keep: NewJournalArgs,
    #[command(flatten)]
    pub(crate) disk: DiskArgs,
    #[command(flatten)]
    pub(crate) batch: TablesArgs,
}

impl RunArgs {
    /// Takes the sources of the command line, or else those of the environment. Clap would split both at spaces or neither.
    pub(crate) fn take_sources(&mut self) -> Result<()> {
        let mut typed = std::mem::take(&mut self.typed);
        if typed.is_empty() {
            let text = std::env::var_os(SOURCES).unwrap_or_default();
            let text = text
                .to_str()
                .ok_or_else(|| exit(USAGE, format!("{SOURCES} is not UTF-8")))?;
            let addresses = text.split_whitespace().map(|address| {
                address
                    .parse()
                    .map_err(|error| exit(USAGE, format!("{SOURCES}: {error}")))
            });
            typed = addresses.collect::<Result<_>>()?;
        }
        for TypedSource { address, mapping } in typed {
            if let Some(mapping) = mapping {
                self.mappings.add(address.name(), mapping);
            }
            self.sources.push(address);
        }
        Ok(())
    }
}

/// The tables, which the batch worker keeps.
#[derive(Clone, Debug, Args)]
pub(crate) struct TablesArgs {
    /// Whether to start headcount-batch, which keeps the tables and answers SQL.
    #[arg(
        long,
        value_name = "on|off",
        env = "HEADCOUNT_TABLES",
        default_value = "on",
        hide_possible_values = true
    )]
    pub(crate) tables: TablesSwitch,
    /// Keep the tables in PostgreSQL too: postgres://USER@HOST/DATABASE, with the password in PGPASSWORD.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_POSTGRES",
        hide_env_values = true,
        value_parser = postgres_address
    )]
    pub(crate) postgres: Option<String>,
    /// Serve PostgreSQL's clients, such as psql, drivers, Grafana and Metabase: read-only, without login and TLS.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_PG_LISTEN", value_parser = listen)]
    pub(crate) pg_listen: Option<SocketAddr>,
}

/// Looks at the scheme alone: what the rest means, the batch worker knows.
fn postgres_address(text: &str) -> Result<String, AddressError> {
    match scheme_of(text).as_deref() {
        Some("postgres" | "postgresql") => Ok(text.to_owned()),
        _ => Err(AddressError::new(
            text,
            "PostgreSQL cannot be at such an address",
            "write postgres://USER@HOST/DATABASE, and put the password into PGPASSWORD",
        )),
    }
}

/// Whether tables are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TablesSwitch {
    On,
    Off,
}

impl TablesSwitch {
    /// What is left of the roles of a process.
    pub(crate) fn restrict(self, mut roles: Vec<Role>) -> Vec<Role> {
        if self == Self::Off {
            roles.retain(|role| *role != Role::Batch);
        }
        roles
    }
}

/// The clients of the server: how many one may be, and the proxy that they come through.
#[derive(Debug, Args)]
pub(crate) struct ClientArgs {
    /// The name that a proxy in front of this process passes on in `Host`, such as counts.example. May be
    /// given several times. In the environment, commas separate several.
    #[arg(
        long = "host",
        value_name = "NAME",
        env = "HEADCOUNT_HOST",
        value_delimiter = ','
    )]
    pub(crate) hosts: Vec<HostName>,
    /// The address or network of a proxy whose X-Forwarded-For or Forwarded names its clients, such as 127.0.0.1 or
    /// 10.0.0.0/8. May be given several times. In the environment, commas separate several. With --host, the default
    /// is loopback.
    #[arg(
        long = "trusted-proxy",
        value_name = "ADDR",
        env = "HEADCOUNT_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
    /// Live streams, and so open pages, that one address may have. An IPv6 network of 64 bits is one address.
    #[arg(long, value_name = "N", env = "HEADCOUNT_STREAMS_PER_ADDRESS", default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) streams_per_address: u32,
    /// Connections that one address may have. Those of a trusted proxy do not count.
    #[arg(long, value_name = "N", env = "HEADCOUNT_CONNECTIONS_PER_ADDRESS", default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections_per_address: u32,
}

impl ClientArgs {
    /// The options of the server, in a process that may have so many files open.
    pub(crate) fn options(self, open_files: Option<usize>) -> headcount_server::Options {
        let default = headcount_server::Options::default();
        headcount_server::Options {
            connections: connections_within(open_files, default.connections),
            connections_per_address: self.connections_per_address as usize,
            live_clients_per_address: self.streams_per_address as usize,
            hosts: self.hosts,
            trusted_proxies: self.trusted_proxies,
            ..default
        }
    }
}

/// What a process in a cluster does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Takes records from sources and writes them to the journal.
    Ingest,
    /// Counts partitions of the journal and shares them with the other processes of its group.
    Process,
    /// Serves the dashboard and the API.
    Serve,
    /// Runs headcount-batch, which keeps the tables and answers SQL.
    Batch,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Ingest, Self::Process, Self::Serve, Self::Batch];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Process => "process",
            Self::Serve => "serve",
            Self::Batch => "batch",
        }
    }
}

/// The services that the processes of a cluster share. One process alone needs none of them.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClusterArgs {
    /// The journal, if not in the data folder: kafka://HOST:PORT,HOST:PORT/NAME or
    /// kinesis://REGION/STREAM.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_JOURNAL",
        hide_env_values = true,
        value_parser = Typed::journal
    )]
    pub(crate) journal: Option<Typed<JournalAddress>>,
    /// The lake, which holds the raw archive and shared checkpoints: a folder or s3://BUCKET/PREFIX. The default is
    /// `lake` in the data folder.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_LAKE", hide_env_values = true, value_parser = Typed::lake)]
    pub(crate) lake: Option<Typed<LakeAddress>>,
    /// The serving store, which processes with the role `serve` show: cassandra://USER@HOST,HOST/KEYSPACE.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_SERVING",
        hide_env_values = true
    )]
    pub(crate) serving: Option<ServingAddress>,
    /// The name of this process in the cluster. The default is the host name and the port it listens on.
    #[arg(long, value_name = "NAME", env = "HEADCOUNT_WORKER", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) worker: Option<String>,
    /// The file with the key that masks people. All processes that ingest must use the same one. The default is
    /// people.key in the data folder.
    #[arg(
        long,
        value_name = "FILE",
        env = "HEADCOUNT_PEOPLE_KEY",
        conflicts_with = "keep_people"
    )]
    pub(crate) people_key: Option<PathBuf>,
    /// Do not archive the raw stream.
    #[arg(long, env = "HEADCOUNT_NO_ARCHIVE")]
    pub(crate) no_archive: bool,
}

/// An address with the text that it was read from, for a program that is told the same. Neither holds a secret.
#[derive(Clone, Debug)]
pub(crate) struct Typed<T> {
    pub(crate) text: String,
    pub(crate) address: T,
}

impl Typed<LakeAddress> {
    fn lake(text: &str) -> Result<Self, AddressError> {
        LakeAddress::parse(text).map(|address| Self::of(text, address))
    }
}

impl Typed<JournalAddress> {
    fn journal(text: &str) -> Result<Self, AddressError> {
        text.parse().map(|address| Self::of(text, address))
    }
}

impl<T> Typed<T> {
    fn of(text: &str, address: T) -> Self {
        Self {
            text: text.to_owned(),
            address,
        }
    }
}

/// The disk of the data folder.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct DiskArgs {
    /// The room on the disk of the data folder that is never used, such as 2GiB: records are not taken when less is free.
    /// The archive and checkpoints stop at twice as much, and a warning comes at four times as much. All of it goes on by
    /// itself. The default is 2 % of the disk, at most 1GiB; 0 switches it off.
    #[arg(long, value_name = "SIZE", env = "HEADCOUNT_RESERVE")]
    pub(crate) reserve: Option<ByteSize>,
    /// How much of a journal in the data folder is kept: an age such as 30d or 12h, or a size such as 20GiB. Whole segments
    /// are deleted, for ever, and only what is counted in a checkpoint and, unless --no-archive is given, archived. The
    /// default is to keep everything.
    #[arg(long, value_name = "AGE|SIZE", env = "HEADCOUNT_KEEP")]
    pub(crate) keep: Option<Retention>,
    /// The size of a segment of a journal in the data folder, at least 4KiB. The default is 64MiB.
    #[arg(long, value_name = "SIZE", env = "HEADCOUNT_SEGMENT_SIZE")]
    pub(crate) segment_size: Option<ByteSize>,
}

/// What is fixed when a journal is created.
#[derive(Debug, Args)]
pub(crate) struct NewJournalArgs {
    /// Partitions of a new journal, one thread each. Nothing changes the number afterwards. The default is 2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) partitions: Option<u16>,
    /// Keep names, photos and ids of people as they arrive instead of masking them.
    #[arg(long, env = "HEADCOUNT_KEEP_PEOPLE")]
    pub(crate) keep_people: bool,
    /// Mask also what people write: comments, descriptions, captions, and links to photos. Names of events, groups and venues stay.
    #[arg(long, env = "HEADCOUNT_MASK_TEXTS", conflicts_with = "keep_people")]
    pub(crate) mask_texts: bool,
}

impl NewJournalArgs {
    /// What is masked in records.
    pub(crate) fn masking_mode(&self) -> MaskingMode {
        match (self.keep_people, self.mask_texts) {
            (true, _) => MaskingMode::Nothing,
            (false, false) => MaskingMode::People,
            (false, true) => MaskingMode::PeopleAndTexts,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CountArgs {
    /// Recordings: NDJSON, arrays, pretty-printed or `curl -i` output, plain or in .gz .zst .xz .bz2 .lz4 .tar .zip. Use -
    /// for standard input. A folder stands for all files in it.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What turns the recordings' records into answers: the name of a mapping, or a file of one. `headcount mapping list`
    /// names them.
    #[arg(long, value_name = "NAME|FILE", value_parser = OsStringValueParser::new().try_map(crate::mappings::find))]
    pub(crate) mapping: Option<Arc<Mapping>>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Threads that decode and count. The default is one per core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Recordings, as for `count`, or objects on S3: s3://BUCKET/PREFIX reads everything under the prefix, as Firehose
    /// writes it, or the one object of that name. ?endpoint= and ?region= work as for the lake of `run`.
    #[arg(value_name = "FILE", required = true,
        value_parser = OsStringValueParser::new().try_map(RecordingAddress::parse))]
    pub(crate) files: Vec<RecordingAddress>,
    /// What turns the recordings' records into answers, as for `count`.
    #[arg(long, value_name = "NAME|FILE", value_parser = OsStringValueParser::new().try_map(crate::mappings::find))]
    pub(crate) mapping: Option<Arc<Mapping>>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) keep: NewJournalArgs,
    #[command(flatten)]
    pub(crate) disk: DiskArgs,
    /// The journal, if not in the data folder, as for `run`.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_JOURNAL",
        hide_env_values = true
    )]
    pub(crate) journal: Option<JournalAddress>,
    /// The lake for the raw archive, as for `run`. The processes that count a shared journal archive it themselves.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_LAKE", hide_env_values = true, value_parser = LakeAddress::parse)]
    pub(crate) lake: Option<LakeAddress>,
    /// Do not archive imported records now. The next `run` archives them.
    #[arg(long, env = "HEADCOUNT_NO_ARCHIVE")]
    pub(crate) no_archive: bool,
    /// The name of this process in the cluster.
    #[arg(
        long,
        value_name = "NAME",
        env = "HEADCOUNT_WORKER",
        default_value = "import",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) worker: String,
    /// The file with the key that masks people, as for `run`.
    #[arg(
        long,
        value_name = "FILE",
        env = "HEADCOUNT_PEOPLE_KEY",
        conflicts_with = "keep_people"
    )]
    pub(crate) people_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SummaryArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Answer from this serving store instead of the data folder.
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEADCOUNT_SERVING",
        hide_env_values = true
    )]
    pub(crate) serving: Option<ServingAddress>,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The folder of the backup: new, empty, or an earlier backup of the same data folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The folder of the backup.
    #[arg(value_name = "BACKUP")]
    pub(crate) backup: PathBuf,
    /// The data folder to make: new or empty.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Recount from this raw archive (a folder or s3://BUCKET/PREFIX) instead of the journal and print the answer. `run`
    /// and `import` write the archive to DATA/lake. This writes nothing.
    #[arg(long, value_name = "ADDR", value_parser = LakeAddress::parse)]
    pub(crate) from: Option<LakeAddress>,
    /// The lake whose archive has entries that the journal has lost. The default is `lake` in the data folder.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_LAKE", hide_env_values = true, value_parser = LakeAddress::parse)]
    pub(crate) lake: Option<LakeAddress>,
    /// Go on without entries that the journal has lost and that no archive has.
    #[arg(long)]
    pub(crate) accept_loss: bool,
    /// Judge record times at this moment, in milliseconds since 1970 or `now`: a record counts unless it is more than five
    /// minutes ahead of both this moment and its arrival. The same journal and the same moment give the same counts, so the
    /// moment stays with the journal until another one is given. Without one, a rebuild judges at the present.
    #[arg(long, value_name = "MS", value_parser = moment)]
    pub(crate) judged_at: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The lake of the cluster, as for `run`.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_LAKE", hide_env_values = true, value_parser = LakeAddress::parse)]
    pub(crate) lake: LakeAddress,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// How many records to write.
    #[arg(long, value_name = "N")]
    pub(crate) records: u64,
    /// The seed. The same seed gives the same records.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Records per second of record time.
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    pub(crate) rate: f64,
    /// Write all five feeds, in the proportions in which they were seen, instead of RSVPs only.
    #[arg(long)]
    pub(crate) all_feeds: bool,
    /// The file to write. The default is standard output. Does not compress, whatever the name.
    #[arg(value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StreamArgs {
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000", value_parser = listen)]
    pub(crate) listen: SocketAddr,
    /// Recordings to play. The default is the simulation.
    #[arg(long = "recording", value_name = "FILE")]
    pub(crate) recordings: Vec<PathBuf>,
    /// How many times faster than recorded to play, or `max` for as fast as the client reads.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) speed: Speed,
    /// Play once, then keep the connection open and silent instead of starting over.
    #[arg(long)]
    pub(crate) once: bool,
    /// The name that clients know this machine by, besides stream.meetup.com. May be given several times.
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<HostName>,
    /// Allow an address that other machines can reach. headcount has neither login nor TLS.
    #[arg(long)]
    pub(crate) unprotected: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List refused records, one per line.
    List {
        #[command(flatten)]
        data: DataArgs,
        /// List only records with this reason code.
        #[arg(long, value_name = "CODE")]
        reason: Option<String>,
    },
    /// Show one refused record and what was kept of it.
    Show {
        /// Its number in the list.
        offset: u64,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Read every byte and check it.
    Verify(DataArgs),
    /// Print entries and bytes by partition.
    Stat(DataArgs),
}

/// A moment in ms since 1970, or the present.
fn moment(text: &str) -> Result<i64, String> {
    match text {
        "now" => Ok(headcount_clock::now_ms()),
        _ => text
            .parse()
            .map_err(|_| "write milliseconds since 1970, or \"now\"".to_owned()),
    }
}
