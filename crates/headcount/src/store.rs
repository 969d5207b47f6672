//! Opening a data folder: journal, checkpoints, and the counts brought up to date.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use headcount_engine::{Filter, PartialAggregate, Partition, Summary};
use headcount_journal::{Journal, Options, ReadOnly};
use headcount_lake::{Lake, LakeAddress, LakeDescription};

use tokio::sync::watch;

use crate::{
    cli::DiskArgs,
    data::DataDir,
    disk::{byte_size::ByteSize, data_watch::DataWatchOptions, thresholds::Thresholds},
    event_bus::EventBus,
    exit::{NO_INPUT, TEMPORARY, exit},
    judged_moment::JudgedMoment,
    roles::ingest::known_sources::KnownSources,
    roles::process::checkpoints::Checkpoints,
    roles::process::held_partitions::{CountingOptions, HeldPartitions, ensure_base},
    roles::process::partition::replay,
    roles::process::publisher::Destination,
    roles::serve::partition_handle::PartitionHandles,
    text::number,
    witnesses::Witness,
};

/// How long a command waits until everything is archived. Only a lake that is away takes this long; the next process
/// archives the rest.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(600);

/// An open data folder: this process writes its journal and counts it.
pub(crate) struct Store {
    pub(crate) journal: Arc<Journal>,
    pub(crate) handles: PartitionHandles,
    pub(crate) bus: EventBus,
    /// What the partitions knew of sources when they were opened, by partition.
    pub(crate) known: Vec<KnownSources>,
    holdings: HeldPartitions,
}

impl Store {
    /// Opens or creates the folder; returns when the whole journal is counted. With `archive` it also archives, into
    /// the given lake or, for an inner `None`, into the folder's own.
    pub(crate) fn open(
        data: &DataDir,
        partitions: Option<u16>,
        archive: Option<Option<LakeAddress>>,
        disk: DiskArgs,
    ) -> Result<Self> {
        let archive = archive.map(|lake| lake.unwrap_or_else(|| LakeAddress::Disk(data.lake())));
        Self::open_with(data, partitions, archive.as_ref(), None, disk)
    }

    /// Opens the folder and recounts the journal without checkpoints, record times held against this moment too. It stays
    /// with the journal.
    pub(crate) fn open_anew(data: &DataDir, judged: JudgedMoment) -> Result<Self> {
        // It takes no records, and its checkpoints replace others.
        let disk = DiskArgs {
            reserve: Some(ByteSize(0)),
            ..DiskArgs::default()
        };
        Self::open_with(data, None, None, Some(judged), disk)
    }

    fn open_with(
        data: &DataDir,
        partitions: Option<u16>,
        archive: Option<&LakeAddress>,
        anew: Option<JudgedMoment>,
        disk: DiskArgs,
    ) -> Result<Self> {
        let journal = Arc::new(open_segments(data, partitions, disk.segment_size)?);
        if let Some(judged) = anew {
            judged.write(data)?;
        }
        let raw = archive
            .map(|address| open_lake_of(&journal, address))
            .transpose()?;
        let watch = DataWatchOptions {
            folder: data.path().to_owned(),
            thresholds: Thresholds {
                reserve: disk.reserve,
            },
            retention: disk.keep,
            archives_here: archive.is_some_and(|lake| is_on_disk_of(lake, data)),
            shown: watch::Sender::new(None),
        };
        let counting = CountingOptions {
            watch,
            handles: PartitionHandles::new(journal.partitions()),
            journal,
            to: Destination {
                serving: None,
                checkpoints: Checkpoints::Folder(data.clone()),
                checkpoint_every: Duration::from_secs(crate::defaults::CHECKPOINT_SECONDS),
            },
            raw,
            bus: EventBus::new(),
            anew: anew.map(|judged| judged.moment),
        };
        let mut holdings = HeldPartitions::new(counting.clone());
        let known = holdings.take_all()?;
        Ok(Self {
            journal: counting.journal,
            handles: counting.handles,
            bus: counting.bus,
            known,
            holdings,
        })
    }

    /// Lets the followers finish, writes their checkpoints and closes the journal.
    pub(crate) fn close(self) -> Result<()> {
        self.holdings.leave_all_by(Instant::now() + ARCHIVE_LIMIT)?;
        self.journal.close().context("close the journal")?;
        // Counting or archiving may have failed in its own thread.
        self.bus.failure()
    }
}

/// Whether a lake is on the same disk as a data folder.
pub(crate) fn is_on_disk_of(lake: &LakeAddress, data: &DataDir) -> bool {
    let device = |path: &Path| fs::metadata(path).ok().map(|meta| meta.dev());
    match lake {
        LakeAddress::Disk(folder) => device(folder) == device(data.path()),
        #[cfg(feature = "s3")]
        LakeAddress::S3(_) => false,
    }
}

/// Opens or creates the lake of a journal. A lake belongs to one journal.
fn open_lake_of(journal: &Journal, address: &LakeAddress) -> Result<Lake> {
    let lake = Lake::open_with(address, headcount_lake::Options::default())?;
    LakeDescription::new(journal.id(), journal.partitions()).agree(&lake)?;
    Ok(lake)
}

/// Opens or creates the journal of a data folder.
pub(crate) fn open_segments(
    data: &DataDir,
    partitions: Option<u16>,
    segment_size: Option<ByteSize>,
) -> Result<Journal> {
    data.create()?;
    let existing = data.has_journal();
    let mut options = Options {
        partitions: partitions.or((!existing).then_some(crate::defaults::PARTITIONS)),
        ..Options::default()
    };
    if let Some(ByteSize(bytes)) = segment_size {
        options.segment_bytes = bytes;
    }
    let journal = Journal::open(data.journal(), options)?;
    for torn in journal.torn_tails() {
        // An interrupted write is no loss.
        tracing::info!("{torn}");
    }
    Ok(journal)
}

/// The counts of a data folder that another process may be writing to.
pub(crate) struct JournalSnapshot {
    pub(crate) partitions: Vec<Partition>,
    /// Partitions that were counted from a base instead of the beginning of the journal, and its offset.
    pub(crate) bases: Vec<(u16, u64)>,
}

/// How often a partition is read again because retention deleted what was to be read.
const READ_AGAIN: usize = 5;

/// Reads a checkpoint and the journal after it.
fn read_partition(data: &DataDir, at: u16) -> Result<Partition> {
    let checkpoints = Checkpoints::Folder(data.clone());
    let mut again = 0;
    loop {
        // The checkpoint first: it never covers more than is durable, so the journal that is opened after it reaches at
        // least as far.
        let id = open_read_only(data)?.id();
        let mut partition = checkpoints.start(id, at).partition;
        let archived = Witness::local_archive(data, id, at)?;
        let journal = open_read_only(data)?;
        let (first, end) = (journal.first_offset(at)?, journal.durable_end(at)?);
        let counted = Witness::checkpoint(data, at, partition.next_offset());
        for witness in archived.iter().chain([&counted]) {
            witness.check(data, at, end)?;
        }
        // A running process has newer checkpoints before it deletes what older ones need.
        if partition.next_offset() < first && again < READ_AGAIN {
            again += 1;
            continue;
        }
        ensure_base(at, first, partition.next_offset())?;
        if first > 0 {
            tracing::info!(
                "partition {at}: retention has deleted the journal before offset {}; it is counted from its checkpoint",
                number(first)
            );
        }
        let read = journal
            .reader(at, partition.next_offset())
            .map_err(anyhow::Error::from)
            .and_then(|reader| replay(&mut partition, reader, end));
        match read {
            Ok(()) => return Ok(partition),
            Err(error)
                if again == READ_AGAIN
                    || checkpoints.start(id, at).partition.next_offset()
                        == partition.next_offset() =>
            {
                return Err(error);
            }
            Err(_) => again += 1,
        }
    }
}

impl JournalSnapshot {
    /// Reads checkpoints and the journal after them.
    pub(crate) fn read(data: &DataDir) -> Result<Self> {
        let partitions = open_read_only(data)?.partitions();
        let partitions = in_parallel(partitions, |at| read_partition(data, at))?;
        Ok(Self {
            partitions,
            bases: Vec::new(),
        })
    }

    /// Counts the journal without checkpoints, as far as another snapshot does. Record times are judged at the same
    /// moments. Where retention has deleted the beginning, counting begins with the base.
    pub(crate) fn replayed(data: &DataDir, as_far_as: &Self) -> Result<Self> {
        let journal = open_read_only(data)?;
        let checkpoints = Checkpoints::Folder(data.clone());
        let counted = in_parallel(journal.partitions(), |at| {
            let kept = &as_far_as.partitions[usize::from(at)];
            let first = journal.first_offset(at)?;
            let mut partition = match kept.judged_at() {
                moment if first > 0 => checkpoints.known_base(journal.id(), at, moment)?,
                Some(moment) => Partition::judging_at(moment),
                None => Partition::new(),
            };
            let base = partition.next_offset();
            ensure_base(at, first, base)?;
            if base > kept.next_offset() {
                let reason =
                    "retention moved on while the journal was read; run the same command again";
                return Err(exit(TEMPORARY, reason));
            }
            let reader = journal.reader(at, base)?;
            replay(&mut partition, reader, kept.next_offset())?;
            Ok((partition, (at, base)))
        })?;
        let (partitions, bases): (_, Vec<_>) = counted.into_iter().unzip();
        Ok(Self {
            partitions,
            bases: bases.into_iter().filter(|(_, base)| *base > 0).collect(),
        })
    }

    /// All figures of the snapshot.
    pub(crate) fn aggregate(&self) -> PartialAggregate {
        let partitions: Vec<&Partition> = self.partitions.iter().collect();
        PartialAggregate::of(&partitions, Filter::default(), true)
    }

    pub(crate) fn summary(&self) -> Summary {
        self.aggregate().summary()
    }
}

/// Opens the journal of a data folder for reading; another process may be writing it.
pub(crate) fn open_read_only(data: &DataDir) -> Result<ReadOnly> {
    ensure_journal(data)?;
    Ok(ReadOnly::open(data.journal())?)
}

/// Whether there is a journal in the folder, damaged or not.
pub(crate) fn ensure_journal(data: &DataDir) -> Result<()> {
    if !data.journal().is_dir() {
        let folder = data.path().display();
        return Err(exit(
            NO_INPUT,
            format!(
                "{folder} holds no journal; make one with: headcount import --data {folder} FILE"
            ),
        ));
    }
    Ok(())
}

fn in_parallel<T: Send>(partitions: u16, work: impl Fn(u16) -> Result<T> + Sync) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..partitions)
            .map(|at| scope.spawn(move || work(at)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no worker panics"))
            .collect()
    })
}
