//! What HTTP streams and WebSockets have in common: reconnecting for as long as they run, and keeping account of what
//! may be lost.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use crate::certificate::trouble_with;
use crate::error::{Ended, Error};
use crate::message::{Gap, MessageBatch, SourceItem};
use crate::outage::Outage;
use crate::position::Position;
use crate::run::Context;
use crate::shown::fit_to_show;
use crate::status::Activity;
use crate::value_watch::ValueWatch;
use headcount_clock::{Backoff, now_ms};

/// A stream on the network. Every method has its own limits on waiting.
pub(crate) trait StreamConnection {
    /// Makes a connection.
    async fn connect(&mut self) -> Result<(), Interruption>;
    /// Waits until something arrives (true); now and then returns false early. May be cancelled without
    /// losing a message.
    async fn wait(&mut self) -> Result<bool, Interruption>;
    /// Everything that has arrived, without waiting for more. May be empty.
    async fn take(&mut self) -> Vec<SourceItem>;
    /// Closes the connection in good order.
    async fn close(&mut self);
    /// Where to resume after everything that was read.
    fn position(&self) -> Position;
    /// How far the server's clock is ahead of this machine's, ms, where it tells its time and they differ.
    fn clock_lead_ms(&self) -> Option<i64> {
        None
    }
    /// The longest outage after which the server can resend everything; zero if it cannot resend.
    fn backlog(&self) -> Duration;
    /// Whether what was read ends within a value.
    fn is_unfinished(&self) -> bool;
    /// Unfinished values thrown away.
    fn values_cut(&self) -> u64;
}

/// Why there is no connection (any more), as half a sentence, and how long the server asks to wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Interruption {
    pub(crate) cause: String,
    pub(crate) wait: Option<Duration>,
}

impl Interruption {
    pub(crate) fn new(cause: impl Into<String>) -> Self {
        Interruption {
            cause: cause.into(),
            wait: None,
        }
    }
}

/// Reads until it is time to stop. No trouble on the network ends it.
pub(crate) async fn run(
    mut connection: impl StreamConnection,
    mut outage: Outage,
    mut context: Context,
) -> Result<Ended, Error> {
    let mut backoff = Backoff::new(context.options.delays);
    loop {
        let Some(connected) = context.shutdown.or(connection.connect()).await else {
            return Ok(Ended::Stopped);
        };
        outage.forgive(connection.backlog());
        let trouble = match connected {
            Err(trouble) => {
                let (first, gap) = (!outage.is_told(), outage.failed(now_ms()));
                tell(gap, first, &connection, &mut context).await?;
                trouble
            }
            Ok(()) => {
                let (first, gap) = (!outage.is_told(), outage.connected(now_ms()));
                context.report.live();
                context.report.clock_lead(connection.clock_lead_ms());
                tell(gap, first, &connection, &mut context).await?;
                let since = Instant::now();
                let Some(trouble) = read_all(&mut connection, &mut outage, &mut context).await?
                else {
                    connection.close().await;
                    return Ok(Ended::Stopped);
                };
                if since.elapsed() >= context.options.healthy {
                    backoff.reset();
                }
                outage.lost(now_ms(), &trouble.cause);
                context.report.change(|status| {
                    status.state = Activity::Reconnecting;
                    status.values_cut = connection.values_cut();
                });
                trouble
            }
        };
        tracing::warn!(cause = %trouble.cause, "no connection");
        context
            .report
            .trouble(format!("{}; trying again", trouble.cause));
        let delay = backoff.next_delay().max(trouble.wait.unwrap_or_default());
        if context.shutdown.or(sleep(delay)).await.is_none() {
            return Ok(Ended::Stopped);
        }
        context.report.change(|status| {
            status.reconnects += u64::from(status.state == Activity::Reconnecting)
        });
    }
}

/// Reads while the connection holds; why it ended, or `None` when it is time to stop.
async fn read_all(
    connection: &mut impl StreamConnection,
    outage: &mut Outage,
    context: &mut Context,
) -> Result<Option<Interruption>, Error> {
    let mut watch = ValueWatch::new(context.options.value_limit);
    loop {
        let came = async {
            tokio::select! {
                biased;
                came = connection.wait() => Some(came),
                () = watch.due() => None,
            }
        };
        match context.shutdown.or(came).await {
            None => return Ok(None),
            Some(None) => {
                watch.tell(&context.report);
                continue;
            }
            Some(Some(Err(trouble))) => return Ok(Some(trouble)),
            Some(Some(Ok(false))) => continue,
            Some(Some(Ok(true))) => {}
        }
        let items = connection.take().await;
        outage.alive(now_ms());
        context.report.clock_lead(connection.clock_lead_ms());
        watch.looked_at(
            !items.is_empty(),
            connection.is_unfinished(),
            &context.report,
        );
        if !items.is_empty() {
            context
                .push(MessageBatch {
                    items,
                    position: Some(connection.position()),
                })
                .await?;
        }
    }
}

/// Hands on a gap, if there is one.
async fn tell(
    gap: Option<Gap>,
    first: bool,
    connection: &impl StreamConnection,
    context: &mut Context,
) -> Result<(), Error> {
    let Some(gap) = gap else { return Ok(()) };
    context
        .report
        .change(|status| status.gaps += u64::from(first));
    context
        .push(MessageBatch {
            items: vec![SourceItem::Gap(gap)],
            position: Some(connection.position()),
        })
        .await?;
    Ok(())
}

/// The last link of a chain of errors says what really happened.
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut root = error;
    loop {
        if let Some(trouble) = trouble_with(root) {
            return fit_to_show(&trouble);
        }
        match root.source() {
            Some(source) => root = source,
            None => return fit_to_show(&root.to_string()),
        }
    }
}

/// Makes TLS possible, once: the program has usually chosen its provider before.
pub(crate) fn install_tls() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may install one at the same moment, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// Whether the next step of a stream is there already, or is after other tasks had a turn: what brings it may be one of
/// them. Waits for nothing else.
pub(crate) async fn at_once<T>(mut next: impl AsyncFnMut() -> T) -> Option<T> {
    for _ in 0..2 {
        if let Some(ready) = next().now_or_never() {
            return Some(ready);
        }
        tokio::task::yield_now().await;
    }
    None
}
