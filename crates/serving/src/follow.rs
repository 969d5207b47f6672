//! Following a store: first all, then what changes, for as long as somebody listens.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{FutureExt, StreamExt, future::try_join_all, stream};
use headcount_engine::{Row, Table};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::{Instant, sleep},
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

/// How long nothing is tried after nothing has led to the newest book: it takes many reads to find that out.
const AGAIN: Duration = Duration::from_millis(500);

/// What the listener has of a partition.
#[derive(Default)]
struct Known {
    at: Option<u64>,
    /// It was told to begin anew, and not all has been told since.
    torn: bool,
    /// When it may be tried again.
    again: Option<Instant>,
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
    async fn round(&self, known: &mut BTreeMap<u16, Known>) -> Result<()> {
        let heads = self.serving.store.heads().await?;
        let now = Instant::now();
        let behind: Vec<_> = heads
            .into_iter()
            .map(|(partition, head)| {
                (
                    partition,
                    known.remove(&partition).unwrap_or_default(),
                    head,
                )
            })
            .collect();
        let mut outcome = Ok(());
        let mut steps = Vec::new();
        for (partition, of, head) in behind {
            if of.at == Some(head) || of.again.is_some_and(|again| now < again) {
                known.insert(partition, of);
            } else {
                steps.push(self.advance(partition, of).boxed());
            }
        }
        let mut steps = stream::iter(steps).buffer_unordered(READS);
        while let Some((partition, of, step)) = steps.next().await {
            known.insert(partition, of);
            outcome = outcome.and(step);
        }
        outcome
    }

    async fn advance(&self, partition: u16, mut known: Known) -> (u16, Known, Result<()>) {
        let outcome = self.bring(partition, &mut known).await;
        (partition, known, outcome)
    }

    async fn bring(&self, partition: u16, known: &mut Known) -> Result<()> {
        let Some((head, book)) = self.serving.store.book(partition).await? else {
            return Ok(());
        };
        known.again = None;
        let tails = match known.at.filter(|_| !known.torn) {
            Some(at) => self.serving.tail_until(partition, at, head).await?,
            None => None,
        };
        let Some(tails) = tails else {
            return self.load(partition, known).await;
        };
        let mut pulses = Vec::new();
        for tail in tails {
            pulses.push(tail.pulses);
            self.rows(partition, tail.rows).await;
        }
        self.commit(partition, head, book, pulses).await;
        known.at = Some(head);
        Ok(())
    }

    /// All rows of a partition, and what has followed, unless that is no more than is known. Rows may be of later commits
    /// than the tail leads to: these come once more, by the tail.
    async fn load(&self, partition: u16, known: &mut Known) -> Result<()> {
        let store = &self.serving.store;
        let base = store.base(partition).await?;
        let Some((base, base_book)) = base.filter(|(base, _)| known.at < Some(*base)) else {
            known.again = Some(Instant::now() + AGAIN);
            return Ok(());
        };
        known.torn = true;
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
        let (mut head, mut book) = head.unwrap_or((base, base_book.clone()));
        match self.serving.tail_until(partition, base, head).await? {
            Some(tails) => {
                for tail in tails {
                    self.rows(partition, tail.rows).await;
                }
            }
            // What the tables have is shown; it is looked again whether somebody leads on from there.
            None => {
                (head, book) = (base, base_book);
                known.again = Some(Instant::now() + AGAIN);
            }
        }
        self.commit(partition, head, book, Vec::new()).await;
        (known.at, known.torn) = (Some(head), false);
        Ok(())
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
