//! Reads the serving store, a page at a time.

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use headcount_engine::{Row, Table};

use super::{Result, Serving};

/// Reads under way at once: enough to hide the way to the store, few enough to leave it to others.
pub(crate) const READS: usize = 4;

impl Serving {
    /// The latest commit of every partition that was written: partition, offset, metadata.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn latest(&self) -> Result<Vec<(u16, u64, Vec<u8>)>> {
        let offsets = self.store.latest_offsets().await?;
        let reads: Vec<_> = offsets
            .iter()
            .map(|(partition, _)| self.latest_of(*partition).boxed())
            .collect();
        let commits: Vec<_> = stream::iter(reads).buffered(READS).try_collect().await?;
        Ok(commits.into_iter().flatten().collect())
    }

    /// The snapshot offset of a partition: its tables hold everything before this offset, at least.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn snapshot_offset(&self, partition: u16) -> Result<Option<u64>> {
        let snapshot = self.store.snapshot(partition).await?;
        Ok(snapshot.map(|commit| commit.offset))
    }

    async fn latest_of(&self, partition: u16) -> Result<Option<(u16, u64, Vec<u8>)>> {
        let latest = self.store.latest(partition).await?;
        Ok(latest.map(|commit| (partition, commit.offset, commit.body)))
    }

    /// A page of a table's rows, by number from page 0 on. The first empty page is the end. While somebody writes, some
    /// may be missing and some of later commits: both come by the changelog.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn rows(&self, partition: u16, table: Table, page: u32) -> Result<Vec<Row>> {
        self.store.page(partition, table, page).await
    }
}
