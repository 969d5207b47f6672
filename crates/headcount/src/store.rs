//! Opening a data folder: journal, checkpoints, and the counts brought up to date.

use std::{path::Path, sync::Arc, thread};

use anyhow::{Context, Result, ensure};
use headcount_engine::{Partition, Scope, Summary, Survey, stream_time_of_all};
use headcount_journal::{Journal, Options, ReadOnly};

use crate::{
    data::DataDir,
    follower::{Follower, News, replay},
};

/// An open data folder of this process: it writes the journal and follows it.
pub(crate) struct Store {
    pub(crate) journal: Arc<Journal>,
    pub(crate) followers: Arc<Vec<Follower>>,
    pub(crate) news: News,
    /// What the partitions knew of sources when they were opened, by partition.
    pub(crate) known: Vec<Known>,
}

/// What a partition knows of sources.
pub(crate) struct Known {
    /// Names by number.
    pub(crate) names: Vec<(u16, String)>,
    pub(crate) positions: Vec<(String, serde_json::Value)>,
}

impl Store {
    /// Opens or creates the folder; returns when the counts are those of the whole journal.
    pub(crate) fn open(data: DataDir, partitions: Option<u16>, news: News) -> Result<Self> {
        Self::open_with(data, partitions, news, load)
    }

    /// Opens the folder and counts anew from the journal, checkpoints left aside.
    pub(crate) fn open_anew(data: DataDir) -> Result<Self> {
        Self::open_with(data, None, News::new(), |_, _, _, _| Partition::new())
    }

    fn open_with(
        data: DataDir,
        partitions: Option<u16>,
        news: News,
        start: impl Fn(&Path, u64, u16, u64) -> Partition + Sync,
    ) -> Result<Self> {
        data.create()?;
        let existing = data.journal().join("journal.json").exists();
        let options = Options {
            partitions: partitions.or((!existing).then_some(crate::cli::PARTITIONS)),
            ..Options::default()
        };
        let journal = Arc::new(Journal::open(data.journal(), options)?);
        for torn in journal.torn_tails() {
            tracing::warn!("{torn}");
        }
        let partitions = recover(&data, &journal, start)?;
        let known = partitions
            .iter()
            .map(|(partition, _)| Known::of(partition))
            .collect();
        let followers = partitions
            .into_iter()
            .zip(0..)
            .map(|((partition, unsaved), at)| {
                Follower::start(&data, &journal, at, partition, unsaved, news.clone())
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            journal,
            followers: Arc::new(followers),
            news,
            known,
        })
    }

    /// Lets the followers finish, writes their checkpoints and closes the journal.
    pub(crate) fn close(self) -> Result<()> {
        let followers = Arc::into_inner(self.followers).context("the counts are still in use")?;
        for follower in followers {
            follower.stop()?;
        }
        self.journal.close().context("close the journal")
    }
}

impl Known {
    fn of(partition: &Partition) -> Self {
        Self {
            names: partition
                .sources()
                .iter()
                .map(|(number, state)| (*number, state.name.clone()))
                .collect(),
            positions: partition
                .positions()
                .iter()
                .map(|(of, position)| (of.clone(), position.clone()))
                .collect(),
        }
    }
}

/// Every partition from where it starts and what the journal has after it, all at once; with
/// how many entries no checkpoint has yet.
fn recover(
    data: &DataDir,
    journal: &Journal,
    start: impl Fn(&Path, u64, u16, u64) -> Partition + Sync,
) -> Result<Vec<(Partition, u64)>> {
    in_parallel(journal.partitions(), |at| {
        let end = journal.durable_end(at)?;
        let mut partition = start(&data.state(at), journal.id(), at, end);
        let saved = partition.next_offset();
        replay(&mut partition, journal.reader(at, saved)?, end)?;
        let unsaved = partition.next_offset() - saved;
        Ok((partition, unsaved))
    })
}

/// The checkpoint of a partition, or an empty partition if there is none that can be used: it
/// is only a shortcut, and everything is in the journal.
fn load(folder: &Path, journal: u64, at: u16, end: u64) -> Partition {
    match Partition::load(folder, journal, at) {
        Ok((partition, _)) if partition.next_offset() <= end => partition,
        Ok((partition, _)) => {
            tracing::warn!(
                "the checkpoint of partition {at} is at offset {} but the journal ends at {end}; \
                 counting anew from the journal",
                partition.next_offset()
            );
            Partition::new()
        }
        Err(error) => {
            tracing::warn!("{error}; counting anew from the journal");
            Partition::new()
        }
    }
}

/// The counts of a data folder that another process may be writing to.
pub(crate) struct Snapshot {
    pub(crate) partitions: Vec<Partition>,
}

impl Snapshot {
    /// Reads checkpoints and the journal after them.
    pub(crate) fn read(data: &DataDir) -> Result<Self> {
        // The checkpoints first: they never cover more than is durable, so the journal that is
        // opened after them reaches at least as far.
        let journal = open_read_only(data)?;
        let partitions = in_parallel(journal.partitions(), |at| {
            let checkpoint = load(&data.state(at), journal.id(), at, u64::MAX);
            let journal = open_read_only(data)?;
            let end = journal.durable_end(at)?;
            let mut partition = if checkpoint.next_offset() <= end {
                checkpoint
            } else {
                Partition::new()
            };
            let reader = journal.reader(at, partition.next_offset())?;
            replay(&mut partition, reader, end)?;
            Ok(partition)
        })?;
        Ok(Self { partitions })
    }

    /// Reads the journal up to `ends`, checkpoints left aside.
    pub(crate) fn replayed(data: &DataDir, ends: &[u64]) -> Result<Self> {
        let journal = open_read_only(data)?;
        let partitions = in_parallel(journal.partitions(), |at| {
            let mut partition = Partition::new();
            replay(
                &mut partition,
                journal.reader(at, 0)?,
                ends[usize::from(at)],
            )?;
            Ok(partition)
        })?;
        Ok(Self { partitions })
    }

    /// All figures of the snapshot.
    pub(crate) fn survey(&self) -> Survey {
        let stream_time = stream_time_of_all(
            self.partitions
                .iter()
                .map(|partition| partition.stream_time()),
        );
        let scope = Scope {
            stream_time,
            whole: true,
            ..Scope::default()
        };
        self.partitions
            .iter()
            .map(|partition| partition.survey(&scope))
            .reduce(Survey::and)
            .unwrap_or_default()
    }

    pub(crate) fn summary(&self) -> Summary {
        self.survey().summary()
    }
}

/// Opens the journal of a data folder for reading, beside a process that may write it.
pub(crate) fn open_read_only(data: &DataDir) -> Result<ReadOnly> {
    ensure!(
        data.journal().is_dir(),
        "{} holds no journal; make one with: headcount import --data {0} FILE",
        data.path().display()
    );
    Ok(ReadOnly::open(data.journal())?)
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
