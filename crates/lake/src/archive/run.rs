//! The thread of an archiver: reads the journal, never holds it up, and waits out what passes.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headcount_clock::{Backoff, Delays};
use headcount_journal::{Batch, Error as JournalError, Frame, Place, ReadWaker, Reader};
use headcount_record::Kind;

use super::ArchivedEntry;
use super::archiver::Archiver;
use super::cut::Sealed;
use super::error::Result;
use super::metrics::METRICS;
use super::position::ArchivePosition;

/// What one read brings at most.
const READ_BYTES: usize = 1 << 20;
/// How long a read waits before the archiver checks whether the hour of the open cut is over. A stop wakes it.
const READ_WAIT: Duration = Duration::from_secs(1);
/// How long the end is looked for when it is to finish.
const FINISH_MAX: Duration = Duration::from_secs(2);
/// Between attempts to reach a lake or a journal that is away.
const DELAYS: Delays = Delays {
    first: Duration::from_millis(100),
    most: Duration::from_secs(10),
};

/// Ends an archiver's thread. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<StopState>);

#[derive(Debug, Default)]
struct StopState {
    wish: Mutex<Wish>,
    /// Why nothing is stored at present, though it might succeed.
    held: Mutex<Option<String>>,
    changed: Condvar,
    /// The readers that are to be woken, by partition: one of each archiver that shares this.
    wakers: Mutex<BTreeMap<u16, ReadWaker>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    #[default]
    Go,
    Finish,
    Stop,
}

impl Stop {
    /// Nothing stops yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops now. What is not stored is archived after the next start.
    pub fn stop(&self) {
        self.set(Wish::Stop);
    }

    /// Stops when everything that the journal has is stored, also what would have waited for the end of its hour.
    /// While the lake is away this takes as long as it is; [`Stop::stop`] may still be called.
    pub fn finish(&self) {
        self.set(Wish::Finish);
    }

    /// Has nothing stored for a reason, a sentence for people; `None` lets it go on. Whoever asked to finish meanwhile need
    /// not wait: the rest is archived after the next start.
    pub fn hold(&self, reason: Option<&str>) {
        // In the order of `wait_while_held`; under both locks, so that no archiver is between its look and its wait.
        let wish = self.lock();
        *self.held() = reason.map(str::to_owned);
        drop(wish);
        self.0.changed.notify_all();
    }

    /// Waits while nothing is to be stored. Returns whether to stop.
    fn wait_while_held(&self, is_held: impl Fn(&str)) -> bool {
        let mut wish = self.lock();
        loop {
            let Some(reason) = self.held().clone() else {
                return *wish == Wish::Stop;
            };
            if *wish != Wish::Go {
                return true;
            }
            is_held(&reason);
            wish = self
                .0
                .changed
                .wait(wish)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<String>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, wish: Wish) {
        let mut current = self.lock();
        *current = (*current).max(wish);
        drop(current);
        self.0.changed.notify_all();
        for waker in self.wakers().values() {
            waker.wake();
        }
    }

    fn wish(&self) -> Wish {
        *self.lock()
    }

    /// Has a reader woken when the wish changes.
    fn wakes(&self, reader: &Reader) {
        self.wakers().insert(reader.partition(), reader.waker());
    }

    fn lock(&self) -> MutexGuard<'_, Wish> {
        self.0.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wakers(&self) -> MutexGuard<'_, BTreeMap<u16, ReadWaker>> {
        self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, unless it is to stop. Returns whether it is.
    fn wait(&self, time: Duration) -> bool {
        let waited =
            (self.0.changed).wait_timeout_while(self.lock(), time, |wish| *wish != Wish::Stop);
        let (wish, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *wish == Wish::Stop
    }
}

/// Archives a partition until it is stopped, or the journal is closed and all of it is read.
///
/// `open` gives a reader of the partition at the position's place (what is archived already is passed over). It is called
/// again when another archiver has cut elsewhere. While the lake is away, it reads nothing and
/// retries; it logs that once and shows it in the [`ArchiveFigures`](super::ArchiveFigures).
///
/// # Errors
/// Only those that waiting does not mend.
pub fn run(
    archiver: &mut Archiver,
    mut open: impl FnMut(&ArchivePosition) -> headcount_journal::Result<Reader>,
    stop: &Stop,
) -> Result<()> {
    loop {
        let reader = match open(archiver.position()) {
            Err(error) if error.may_pass() => {
                if waits(archiver, &error, stop) {
                    return Ok(());
                }
                continue;
            }
            opened => opened?,
        };
        match read_on(archiver, reader, stop)? {
            Went::Elsewhere => {}
            Went::On | Went::Stopped => return Ok(()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Went {
    On,
    /// The reader stands at the wrong place now.
    Elsewhere,
    Stopped,
}

fn read_on(archiver: &mut Archiver, mut reader: Reader, stop: &Stop) -> Result<Went> {
    stop.wakes(&reader);
    let mut batch = Batch::new();
    let mut asked_at = None;
    loop {
        if stop.wish() == Wish::Stop {
            return Ok(Went::Stopped);
        }
        let place = reader.place();
        let (read, closed) = match reader.read(&mut batch, READ_BYTES, READ_WAIT) {
            Ok(read) => (read, false),
            Err(JournalError::Closed) => (0, true),
            Err(error) if error.may_pass() => {
                if waits(archiver, &error, stop) {
                    return Ok(Went::Stopped);
                }
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if read > 0 {
            goes_on(archiver);
        }
        for frame in batch.iter().take(read) {
            let sealed = archiver.take(&entry(&frame))?;
            let went = keep(archiver, sealed, &place, stop)?;
            if went != Went::On {
                return Ok(went);
            }
        }
        archiver.tell();
        let (asked, past) = (stop.wish() == Wish::Finish, archiver.is_past());
        if asked && asked_at.is_none() {
            asked_at = Some((Instant::now(), reader.durable_end()));
        }
        // Where records come in without end, only those are waited for that were there when it was asked to finish.
        let enough =
            asked_at.is_some_and(|(at, end)| at.elapsed() > FINISH_MAX && reader.position() >= end);
        // Asked only when it matters, for it is a question to the brokers; an error is left for the next read to say.
        let at_end = |reader: &mut Reader| reader.behind().is_ok_and(|behind| behind == 0);
        let all = closed || enough || ((asked || past) && read == 0 && at_end(&mut reader));
        let finish = all && asked;
        if finish || (all && past) {
            let sealed = archiver.seal()?;
            let went = keep(archiver, sealed, &place, stop)?;
            archiver.tell();
            if went != Went::On {
                return Ok(went);
            }
        }
        if finish || closed {
            return Ok(Went::On);
        }
    }
}

/// Stores a cut, however long it takes.
fn keep(
    archiver: &mut Archiver,
    sealed: Option<Sealed>,
    place: &Place,
    stop: &Stop,
) -> Result<Went> {
    let Some(sealed) = sealed else {
        return Ok(Went::On);
    };
    let mut backoff = Backoff::new(DELAYS);
    loop {
        // Whoever holds it back has said so in the log.
        let figures = archiver.figures();
        if stop.wait_while_held(|reason| drop(figures.set_trouble(Some(reason.to_owned())))) {
            return Ok(Went::Stopped);
        }
        let began = Instant::now();
        match archiver.store(&sealed, place) {
            Ok(on) => {
                METRICS.store_seconds.observe(began.elapsed().as_secs_f64());
                goes_on(archiver);
                return Ok(if on { Went::On } else { Went::Elsewhere });
            }
            Err(error) if error.may_pass() => {
                trouble(archiver, &error);
                // A disk that fails does not mend itself while the process ends, as a server comes back.
                if stop.wish() == Wish::Finish && error.is_local() {
                    return Ok(Went::Stopped);
                }
            }
            Err(error) => return Err(error),
        }
        if stop.wait(backoff.next_delay()) {
            return Ok(Went::Stopped);
        }
    }
}

/// Waits for servers that are away. Returns whether it is to stop.
fn waits(archiver: &Archiver, error: &JournalError, stop: &Stop) -> bool {
    trouble(archiver, error);
    stop.wait(DELAYS.first)
}

fn trouble(archiver: &Archiver, error: &impl std::fmt::Display) {
    METRICS.failures.inc();
    let said = error.to_string();
    if archiver.figures().set_trouble(Some(said.clone())).is_none() {
        tracing::warn!(
            partition = archiver.partition(),
            "archiving is paused: {said}"
        );
    }
}

fn goes_on(archiver: &Archiver) {
    if archiver.figures().set_trouble(None).is_some() {
        tracing::info!(partition = archiver.partition(), "archiving resumed");
    }
}

fn entry<'a>(frame: &Frame<'a>) -> ArchivedEntry<'a> {
    ArchivedEntry {
        offset: frame.offset,
        arrived: frame.appended_at_ms,
        kind: Kind::new(frame.kind),
        source: frame.source,
        body: frame.body,
    }
}
