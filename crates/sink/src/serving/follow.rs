//! Following a store: first all, then what changes, for as long as somebody listens.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{FutureExt, StreamExt, future::try_join_all, stream};
use headcount_engine::{Row, Table};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::sleep,
};

use super::{Result, Serving, read::READS};

/// Pieces on the way to the listener; with more the reader waits.
const NEWS_MAX: usize = 8;

/// Pages of a load that are in memory at once.
const PAGES: u32 = 4;

/// Between attempts to read a store that does not answer, beside what the store itself waits.
const PAUSE: Duration = Duration::from_millis(500);

/// What a follower learns. What is of one partition is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Begin this partition with nothing; until the next commit, go on showing what you have.
    Anew { partition: u16 },
    /// Absolute values, to be applied together with the commit that follows.
    Rows { partition: u16, rows: Vec<Row> },
    /// The partition stands at this offset, with this book.
    Commit {
        partition: u16,
        offset: u64,
        book: Vec<u8>,
        /// Answers for the map as JSON, one for each commit since the last one; none after a load.
        pulses: Vec<Vec<u8>>,
    },
    /// The store cannot be read: what was shown last is growing old.
    Stale { cause: String },
    /// It can be read again, and nothing is missing.
    Fresh,
}

/// Reads all that is served, then every `poll` what has changed, until the receiver is dropped. It ends for no other
/// reason. Must be called within a runtime.
#[must_use]
pub fn follow(serving: Serving, poll: Duration) -> Receiver<News> {
    let (news, heard) = mpsc::channel(NEWS_MAX);
    let follower = Follower { serving, news };
    tokio::spawn(follower.run(poll));
    heard
}

struct Follower {
    serving: Serving,
    news: Sender<News>,
}

impl Follower {
    async fn run(self, poll: Duration) {
        let mut known = BTreeMap::new();
        let mut stale = false;
        while !self.news.is_closed() {
            let pause = match self.round(&mut known).await {
                Ok(()) if stale => {
                    stale = false;
                    self.tell(News::Fresh).await;
                    poll
                }
                Ok(()) => poll,
                Err(error) => {
                    if !stale {
                        let cause = error.to_string();
                        self.tell(News::Stale { cause }).await;
                    }
                    stale = true;
                    PAUSE.max(poll)
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.news.closed() => {}
            }
        }
    }

    /// Brings every partition to its newest book.
    async fn round(&self, known: &mut BTreeMap<u16, u64>) -> Result<()> {
        let heads = self.serving.store.heads().await?;
        let behind: Vec<_> = heads
            .into_iter()
            .map(|(partition, head)| (partition, known.get(&partition).copied(), head))
            .filter(|(_, known, head)| *known != Some(*head))
            .collect();
        let steps: Vec<_> = behind
            .into_iter()
            .map(|(partition, known, _)| self.advance(partition, known).boxed())
            .collect();
        let mut steps = stream::iter(steps).buffer_unordered(READS);
        let mut outcome = Ok(());
        while let Some(step) = steps.next().await {
            match step {
                Ok((partition, Some(reached))) => drop(known.insert(partition, reached)),
                Ok((_, None)) => {}
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    async fn advance(&self, partition: u16, known: Option<u64>) -> Result<(u16, Option<u64>)> {
        let Some((head, book)) = self.serving.store.book(partition).await? else {
            return Ok((partition, None));
        };
        let tails = match known {
            Some(known) => self.serving.tail_until(partition, known, head).await?,
            None => None,
        };
        let Some(tails) = tails else {
            return Ok((partition, self.load(partition, known).await?));
        };
        let mut pulses = Vec::new();
        for tail in tails {
            pulses.push(tail.pulses);
            self.rows(partition, tail.rows).await;
        }
        self.commit(partition, head, book, pulses).await;
        Ok((partition, Some(head)))
    }

    /// All rows of a partition, and what has followed, unless that is no more than is known. Rows may be of later commits
    /// than the tail leads to: these come once more, by the tail.
    async fn load(&self, partition: u16, known: Option<u64>) -> Result<Option<u64>> {
        let store = &self.serving.store;
        let base = store.base(partition).await?;
        let Some((base, base_book)) = base.filter(|(base, _)| known < Some(*base)) else {
            return Ok(known);
        };
        self.tell(News::Anew { partition }).await;
        for table in Table::ALL {
            let mut page = 0;
            while let Some(rows) = self.pages(partition, table, page).await? {
                self.rows(partition, rows).await;
                page += PAGES;
            }
        }
        // It may have gone on meanwhile.
        let head = store.book(partition).await?;
        let (head, book) = head.unwrap_or((base, base_book.clone()));
        let Some(tails) = self.serving.tail_until(partition, base, head).await? else {
            // Nobody knows any more how it went on: what the tables have is shown until somebody goes on.
            self.commit(partition, base, base_book, Vec::new()).await;
            return Ok(Some(base));
        };
        for tail in tails {
            self.rows(partition, tail.rows).await;
        }
        self.commit(partition, head, book, Vec::new()).await;
        Ok(Some(head))
    }

    async fn commit(&self, partition: u16, offset: u64, book: Vec<u8>, pulses: Vec<Vec<u8>>) {
        self.tell(News::Commit {
            partition,
            offset,
            book,
            pulses,
        })
        .await;
    }

    /// Some pages at once; none after the end.
    async fn pages(&self, partition: u16, table: Table, first: u32) -> Result<Option<Vec<Row>>> {
        let reads = (first..first.saturating_add(PAGES))
            .map(|page| self.serving.rows(partition, table, page).boxed());
        let rows = try_join_all(reads).await?.concat();
        Ok((!rows.is_empty()).then_some(rows))
    }

    async fn rows(&self, partition: u16, rows: Vec<Row>) {
        if !rows.is_empty() {
            self.tell(News::Rows { partition, rows }).await;
        }
    }

    async fn tell(&self, news: News) {
        // Whoever listens no longer need not hear it; the next round ends.
        let _ = self.news.send(news).await;
    }
}
