//! Files that nobody needs: those of a process that was killed, and those that were replaced some time ago.

use std::collections::HashSet;

use deltalake::operations::vacuum::VacuumMode;
use futures_util::TryStreamExt;

use super::{data_file::TableFiles, delta::TableWriter, location::delta_error};
use crate::error::Result;

impl TableWriter {
    /// Deletes the files in the table's folder that neither the table nor the index knows. The process holds the index,
    /// so nobody else is writing. Returns how many there were.
    pub(super) async fn sweep(&self, files: &TableFiles) -> Result<usize> {
        let failed = |cause| delta_error(self.table(), cause);
        let log = self.delta().log_store();
        let snapshot = self.delta().snapshot().map_err(failed)?;
        let tombstones: Vec<_> = snapshot
            .all_tombstones(log.as_ref())
            .try_collect()
            .await
            .map_err(failed)?;
        let mut known: HashSet<String> = tombstones
            .iter()
            .map(|tombstone| tombstone.path().to_string())
            .collect();
        known.extend(self.committed()?.into_keys());
        known.extend(files.files.iter().map(|file| file.path.clone()));
        let objects: Vec<_> = self.store().list(None).try_collect().await?;
        let mut swept = 0;
        for object in objects {
            let path = object.location.as_ref();
            // Only data files: everything else in there is the log's.
            if !path.contains('/') && path.ends_with(".parquet") && !known.contains(path) {
                self.discard(path).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Deletes the files that were replaced longer ago than the table keeps them.
    pub(super) async fn vacuum(&mut self) -> Result<()> {
        let failed = |cause| delta_error(self.table(), cause);
        let vacuum = self.delta().clone().vacuum();
        let (table, _) = vacuum
            .with_mode(VacuumMode::Lite)
            .with_enforce_retention_duration(false)
            .await
            .map_err(failed)?;
        self.set_delta(table);
        Ok(())
    }
}
