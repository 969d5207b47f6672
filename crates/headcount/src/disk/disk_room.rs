//! How much room a file system has left.

use std::{io, path::Path};

/// The room on a file system, for a process without special rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DiskRoom {
    pub(crate) free_bytes: u64,
    pub(crate) total_bytes: u64,
    /// Files that may still be created and files that there can be; absent where the file system has no limit.
    pub(crate) inodes: Option<(u64, u64)>,
}

impl DiskRoom {
    /// The room where `path` is.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(Self {
            free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
            total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
            inodes: (stat.f_files > 0).then_some((stat.f_favail, stat.f_files)),
        })
    }
}
