//! What the tests of sources share: a source's surroundings, and what came of it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::backoff::Delays;
use crate::message::{Batch, Broken, Gap, Item, Position, Resume};
use crate::run::{Context, Options};
use crate::shutdown::{Trigger, shutdown};
use crate::sink::{Inbox, Limits, channel};
use crate::status::{Status, status};

/// No test waits longer than this for anything.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// The other ends of a source's context.
pub(crate) struct Bench {
    pub(crate) inbox: Inbox,
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) trigger: Trigger,
}

/// Short times, so that tests need not wait.
pub(crate) fn quick() -> Options {
    Options {
        connect_limit: Duration::from_secs(5),
        idle_limit: Duration::from_millis(300),
        ping_interval: Duration::from_millis(50),
        delays: Delays {
            least: Duration::from_millis(1),
            most: Duration::from_millis(20),
            healthy: Duration::from_secs(60),
        },
        poll_interval: Duration::from_millis(2),
        ..Options::default()
    }
}

pub(crate) fn bench(resume: Resume, options: Options) -> (Context, Bench) {
    let (sink, inbox) = channel(Limits::default());
    let (report, status) = status("test");
    let (trigger, shutdown) = shutdown();
    (Context { sink, resume, report, shutdown, options }, Bench { inbox, status, trigger })
}

impl Bench {
    pub(crate) async fn next(&mut self) -> Option<Batch> {
        let delivery = timeout(LIMIT, self.inbox.next()).await.expect("a batch comes in time");
        delivery.map(|delivery| delivery.open().0)
    }

    /// Everything until the source ends.
    pub(crate) async fn rest(&mut self) -> Vec<Batch> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch);
        }
        batches
    }

    /// Items, in whatever batches, until there are so many.
    pub(crate) async fn items(&mut self, count: usize) -> Vec<Item> {
        let mut items = Vec::new();
        while items.len() < count {
            items.extend(self.next().await.expect("the source goes on").items);
        }
        items
    }

    pub(crate) async fn status_is(&mut self, wanted: impl FnMut(&Status) -> bool) -> Status {
        let reached = timeout(LIMIT, self.status.wait_for(wanted)).await;
        if let Ok(Ok(status)) = reached {
            return status.clone();
        }
        drop(reached);
        panic!("the status is not reached: {:?}", self.status.borrow())
    }
}

/// The items as text: messages as they are (broken ones in angle brackets), gaps by their cause.
pub(crate) fn texts(items: &[Item]) -> Vec<String> {
    let show = |item: &Item| match item {
        Item::Message(message) => {
            let text = String::from_utf8_lossy(&message.bytes);
            match &message.broken {
                None => text.into_owned(),
                Some(Broken::TooBig { length, .. }) => format!("<{length} bytes>"),
                Some(_) => format!("<{text}>"),
            }
        }
        Item::Gap(gap) => format!("gap: {}", gap.cause),
    };
    items.iter().map(show).collect()
}

pub(crate) fn gaps(items: &[Item]) -> Vec<Gap> {
    items.iter().filter_map(|item| if let Item::Gap(gap) = item { Some(gap.clone()) } else { None }).collect()
}

pub(crate) fn all_items(batches: Vec<Batch>) -> Vec<Item> {
    batches.into_iter().flat_map(|batch| batch.items).collect()
}

pub(crate) fn last_position(batches: &[Batch]) -> Option<Position> {
    batches.iter().rev().find_map(|batch| batch.position.clone())
}
