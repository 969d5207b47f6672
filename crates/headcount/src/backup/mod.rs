//! Backups of a data folder: a folder with copies of its files, and a manifest with the hash of each.
//!
//! ```text
//! backup/backup.json                       what the backup holds; written last, and renamed
//! backup/copy-2/journal/p000/....seg       the files of the newest backup
//! ```
//!
//! A second backup into the same folder is `copy-3`: what never changes is a hard link to its file in `copy-2`, which is
//! removed when `backup.json` speaks of `copy-3`. So there is always one complete backup, whatever stops.
//!
//! What is made of the journal is copied before the journal, so that it is never ahead of its copy.

pub(crate) mod copying;
pub(crate) mod making;
pub(crate) mod manifest;
