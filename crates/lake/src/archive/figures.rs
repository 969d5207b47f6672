//! What an archiver tells of itself while it works.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::metrics::{ArchiveShare, METRICS};

/// Shared with the code that shows it.
#[derive(Debug, Default)]
pub struct ArchiveFigures {
    archived: AtomicU64,
    read: AtomicU64,
    memory: AtomicU64,
    objects: AtomicU64,
    bytes: AtomicU64,
    trouble: Mutex<Option<String>>,
    held: ArchiveShare,
}

/// Where an archiver stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lag {
    /// All entries before this offset are in the lake.
    pub archived: u64,
    /// All entries before this offset have been read.
    pub read: u64,
    /// Bytes that are held for objects in the making.
    pub memory_bytes: u64,
    /// Objects stored since the start, by this archiver or an earlier one.
    pub objects: u64,
    /// Their bytes, compressed.
    pub bytes: u64,
    /// Why it does not get on, if it does not.
    pub trouble: Option<String>,
}

impl ArchiveFigures {
    /// Where it stands now.
    #[must_use]
    pub fn lag(&self) -> Lag {
        let load = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        Lag {
            archived: load(&self.archived),
            read: load(&self.read),
            memory_bytes: load(&self.memory),
            objects: load(&self.objects),
            bytes: load(&self.bytes),
            trouble: self.trouble().clone(),
        }
    }

    pub(super) fn set_archived(&self, offset: u64) {
        self.archived.store(offset, Ordering::Relaxed);
        self.show_lag();
    }

    pub(super) fn set_read(&self, offset: u64, memory: usize) {
        self.read.store(offset, Ordering::Relaxed);
        self.memory.store(memory as u64, Ordering::Relaxed);
        self.held.bytes.set(memory);
        self.show_lag();
    }

    fn show_lag(&self) {
        let load = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let lag = load(&self.read).saturating_sub(load(&self.archived));
        self.held
            .lag_entries
            .set(usize::try_from(lag).unwrap_or(usize::MAX));
    }

    pub(super) fn stored(&self, bytes: usize) {
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        METRICS.objects.inc();
        METRICS.bytes.inc_by(bytes as u64);
    }

    /// Returns what the trouble was before.
    pub(super) fn set_trouble(&self, trouble: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.trouble(), trouble)
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
