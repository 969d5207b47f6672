//! Reading what is served, a piece at a time.

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use headcount_engine::{Row, Table};

use super::{Result, Serving};

/// Reads under way at once: enough to hide the way to the store, few enough to leave it to others.
pub(crate) const READS: usize = 4;

impl Serving {
    /// The partitions that have been served: number, offset, book.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn books(&self) -> Result<Vec<(u16, u64, Vec<u8>)>> {
        let heads = self.store.heads().await?;
        let reads: Vec<_> = heads
            .iter()
            .map(|(partition, _)| self.whole_book(*partition).boxed())
            .collect();
        let books: Vec<_> = stream::iter(reads).buffered(READS).try_collect().await?;
        Ok(books.into_iter().flatten().collect())
    }

    /// Up to where the tables of a partition are, at least.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn base(&self, partition: u16) -> Result<Option<u64>> {
        let base = self.store.base(partition).await?;
        Ok(base.map(|(offset, _)| offset))
    }

    async fn whole_book(&self, partition: u16) -> Result<Option<(u16, u64, Vec<u8>)>> {
        let book = self.store.book(partition).await?;
        Ok(book.map(|(offset, body)| (partition, offset, body)))
    }

    /// A page of a table's rows, by number from page 0 on. The first empty page is the end. While somebody writes, some
    /// may be missing and some of later commits: both come by the tail.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn rows(&self, partition: u16, table: Table, page: u32) -> Result<Vec<Row>> {
        self.store.page(partition, table, page).await
    }
}
