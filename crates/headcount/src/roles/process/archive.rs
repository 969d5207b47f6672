//! Archives the raw stream of a partition on a thread of its own, so that it never holds up counting.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use headcount_journal::Journal;
use headcount_lake::{
    Lake, LakeDescription,
    archive::{ArchiveFigures, ArchivePosition, Archiver, Stop, run},
};

use crate::event_bus::EventBus;

/// How long the last objects of all partitions together may take when a process ends.
const LAST_OBJECTS: Duration = Duration::from_secs(20);

/// A running archiver.
pub(crate) struct Archiving {
    journal: Arc<Journal>,
    at: u16,
    stop: Stop,
    figures: Arc<ArchiveFigures>,
    thread: JoinHandle<()>,
    /// Nothing ever comes; it is disconnected when the thread ends.
    ended: Receiver<()>,
}

impl Archiving {
    /// Archives a partition from where its archive ends.
    pub(crate) fn start(
        journal: &Arc<Journal>,
        at: u16,
        lake: &Lake,
        bus: &EventBus,
    ) -> Result<Self> {
        let whose = LakeDescription::new(journal.id(), journal.partitions());
        let mut archiver = Archiver::open(lake, whose, at)
            .with_context(|| format!("open the archive of partition {at}"))?;
        let (stop, figures) = (Stop::new(), archiver.figures());
        let (running, ended) = channel();
        let (told, read_from, bus) = (stop.clone(), Arc::clone(journal), bus.clone());
        let guard = bus.guard(format!("the thread that archives partition {at}"));
        let thread = thread::Builder::new()
            .name(format!("archive-{at}"))
            .spawn(move || {
                let (_running, _guard) = (running, guard);
                let open = |position: &ArchivePosition| read_from.reader_at(at, &position.place);
                if let Err(error) = run(&mut archiver, open, &told) {
                    let error = anyhow!(error).context(format!("archive partition {at}"));
                    bus.fail(&error);
                }
            })
            .context("start a thread")?;
        Ok(Self {
            journal: Arc::clone(journal),
            at,
            stop,
            figures,
            thread,
            ended,
        })
    }

    /// How far the archive is.
    pub(crate) fn figures(&self) -> &Arc<ArchiveFigures> {
        &self.figures
    }

    /// What stops it, or holds it back.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Asks the archiver to store everything that the journal holds now.
    pub(crate) fn finish(&self) {
        self.stop.finish();
    }

    /// Until when to wait for the last objects of all partitions.
    pub(crate) fn last_objects() -> Instant {
        Instant::now() + LAST_OBJECTS
    }

    /// Stops; what is not stored by `until` is archived after the next start. Returns how many entries of the journal
    /// that are, and why, if it is known.
    pub(crate) fn end(self, until: Option<Instant>) -> Result<(u64, Option<String>)> {
        if let Some(until) = until {
            let left = until.saturating_duration_since(Instant::now());
            // The thread ends or the time is up; no message ever comes.
            let _ = self.ended.recv_timeout(left);
        }
        self.stop.stop();
        self.thread
            .join()
            .map_err(|_| anyhow!("an archiver's thread panicked"))?;
        let lag = self.figures.lag();
        // A journal that is away cannot say how long it is; that it is away was said.
        let end = self.journal.durable_end(self.at).unwrap_or(lag.archived);
        Ok((end.saturating_sub(lag.archived), lag.trouble))
    }
}
