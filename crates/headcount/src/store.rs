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
use headcount_engine::{Filter, Partition, Summary, Survey};
use headcount_journal::{Journal, Options, ReadOnly};
use headcount_lake::{Lake, LakeAddress, LakeDescription};

use tokio::sync::watch;

use crate::{
    data::DataDir,
    disk::{byte_size::ByteSize, data_watch::DataWatchOptions, thresholds::Thresholds},
    event_bus::EventBus,
    exit::{NO_INPUT, exit},
    judged_moment::JudgedMoment,
    roles::ingest::known_sources::KnownSources,
    roles::process::checkpoints::Checkpoints,
    roles::process::held_partitions::{CountingOptions, HeldPartitions},
    roles::process::partition::replay,
    roles::process::publisher::Destination,
    roles::serve::partition_handle::PartitionHandles,
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
        thresholds: Thresholds,
    ) -> Result<Self> {
        let archive = archive.map(|lake| lake.unwrap_or_else(|| LakeAddress::Disk(data.lake())));
        Self::open_with(data, partitions, archive.as_ref(), None, thresholds)
    }

    /// Opens the folder and recounts the journal without checkpoints, record times held against this moment too. It stays
    /// with the journal.
    pub(crate) fn open_anew(data: &DataDir, judged: JudgedMoment) -> Result<Self> {
        // It takes no records, and its checkpoints replace others.
        let thresholds = Thresholds {
            reserve: Some(ByteSize(0)),
        };
        Self::open_with(data, None, None, Some(judged), thresholds)
    }

    fn open_with(
        data: &DataDir,
        partitions: Option<u16>,
        archive: Option<&LakeAddress>,
        anew: Option<JudgedMoment>,
        thresholds: Thresholds,
    ) -> Result<Self> {
        let journal = Arc::new(open_segments(data, partitions)?);
        if let Some(judged) = anew {
            judged.write(data)?;
        }
        let raw = archive
            .map(|address| open_lake_of(&journal, address))
            .transpose()?;
        let watch = DataWatchOptions {
            folder: data.path().to_owned(),
            thresholds,
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
pub(crate) fn open_segments(data: &DataDir, partitions: Option<u16>) -> Result<Journal> {
    data.create()?;
    let existing = data.has_journal();
    let options = Options {
        partitions: partitions.or((!existing).then_some(crate::defaults::PARTITIONS)),
        ..Options::default()
    };
    let journal = Journal::open(data.journal(), options)?;
    for torn in journal.torn_tails() {
        tracing::warn!("{torn}");
    }
    Ok(journal)
}

/// The counts of a data folder that another process may be writing to.
pub(crate) struct JournalSnapshot {
    pub(crate) partitions: Vec<Partition>,
}

impl JournalSnapshot {
    /// Reads checkpoints and the journal after them.
    pub(crate) fn read(data: &DataDir) -> Result<Self> {
        // The checkpoints first: they never cover more than is durable, so the journal that is
        // opened after them reaches at least as far.
        let checkpoints = Checkpoints::Folder(data.clone());
        let journal = open_read_only(data)?;
        let partitions = in_parallel(journal.partitions(), |at| {
            let mut partition = checkpoints.start(journal.id(), at).partition;
            let archived = Witness::local_archive(data, journal.id(), at)?;
            let journal = open_read_only(data)?;
            let end = journal.durable_end(at)?;
            let counted = Witness::checkpoint(data, at, partition.next_offset());
            for witness in archived.iter().chain([&counted]) {
                witness.check(data, at, end)?;
            }
            let reader = journal.reader(at, partition.next_offset())?;
            replay(&mut partition, reader, end)?;
            Ok(partition)
        })?;
        Ok(Self { partitions })
    }

    /// Counts the journal without checkpoints, as far as another snapshot does. Record times are judged at the same
    /// moments.
    pub(crate) fn replayed(data: &DataDir, as_far_as: &Self) -> Result<Self> {
        let journal = open_read_only(data)?;
        let partitions = in_parallel(journal.partitions(), |at| {
            let kept = &as_far_as.partitions[usize::from(at)];
            let mut partition = kept
                .judged_at()
                .map_or_else(Partition::new, Partition::judging_at);
            let reader = journal.reader(at, 0)?;
            replay(&mut partition, reader, kept.next_offset())?;
            Ok(partition)
        })?;
        Ok(Self { partitions })
    }

    /// All figures of the snapshot.
    pub(crate) fn survey(&self) -> Survey {
        let partitions: Vec<&Partition> = self.partitions.iter().collect();
        Survey::of(&partitions, Filter::default(), true)
    }

    pub(crate) fn summary(&self) -> Summary {
        self.survey().summary()
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
