//! What HTTP streams and WebSockets have in common: reconnecting for as long as they run, and keeping account of what
//! may be lost.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep, sleep_until};

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

/// Why there is no connection (any more), as half a sentence that does not name the source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Interruption {
    pub(crate) cause: String,
    /// How long the server asks to wait.
    pub(crate) wait: Option<Duration>,
    /// The server will say the same until somebody changes the address or the server.
    pub(crate) is_refusal: bool,
}

impl Interruption {
    pub(crate) fn new(cause: impl Into<String>) -> Self {
        Interruption {
            cause: cause.into(),
            wait: None,
            is_refusal: false,
        }
    }

    /// The server answers, but not with a stream, and will not.
    pub(crate) fn refusal(cause: impl Into<String>) -> Self {
        Interruption {
            is_refusal: true,
            ..Interruption::new(cause)
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
    let mut refusals = Backoff::new(context.options.refusal_delays);
    let mut history = AttemptHistory::default();
    loop {
        let Some(connected) = context.shutdown.or(connection.connect()).await else {
            return Ok(Ended::Stopped);
        };
        outage.forgive(connection.backlog());
        let (trouble, held) = match connected {
            Err(trouble) => (trouble, None),
            Ok(()) => {
                let held = hold(&mut connection, &mut outage, &mut history, &mut context);
                match held.await? {
                    Some(held) => held,
                    None => return Ok(Ended::Stopped),
                }
            }
        };
        if let Some(held) = held {
            if held >= context.options.healthy {
                backoff.reset();
            }
            refusals.reset();
            outage.lost(now_ms(), &trouble.cause);
        } else {
            let (first, gap) = (!outage.is_told(), outage.failed(now_ms()));
            tell(gap, first, connection.position(), &mut context).await?;
        }
        history.is_refused = trouble.is_refusal && held.is_none();
        let state = history.state();
        let cause = format!("{}; trying again", trouble.cause);
        tracing::warn!(source = context.report.name(), "{cause}");
        context.report.change(|status| {
            status.state = state;
            status.values_cut = connection.values_cut();
            status.error = Some(cause);
        });
        let delay = match history.is_refused {
            true => refusals.next_delay(),
            false => backoff.next_delay(),
        };
        let delay = delay.max(trouble.wait.unwrap_or_default());
        if context.shutdown.or(sleep(delay)).await.is_none() {
            return Ok(Ended::Stopped);
        }
    }
}

/// Reads while a connection holds: why it ended, and how long it held if it was one. `None` when it is time to stop.
async fn hold(
    connection: &mut impl StreamConnection,
    outage: &mut Outage,
    history: &mut AttemptHistory,
    context: &mut Context,
) -> Result<Option<(Interruption, Option<Duration>)>, Error> {
    outage.connected(now_ms());
    let mut attempt = Attempt {
        since: Instant::now(),
        is_proved: false,
    };
    if !history.is_refused {
        context.report.live();
    }
    context.report.clock_lead(connection.clock_lead_ms());
    let read = read_all(connection, &mut attempt, outage, history, context);
    let Some(trouble) = read.await? else {
        connection.close().await;
        return Ok(None);
    };
    // Whoever sends a web page in the place of a stream was never connected to one.
    let was_stream = attempt.is_proved || !trouble.is_refusal;
    if was_stream && !attempt.is_proved {
        history.proved(context);
        tell_proved(outage, connection.position(), context).await?;
    }
    let held = was_stream.then(|| attempt.since.elapsed());
    Ok(Some((trouble, held)))
}

/// What became of the attempts to connect so far.
#[derive(Default)]
struct AttemptHistory {
    /// There was a connection that was a stream.
    was_live: bool,
    /// There is one.
    is_live: bool,
    /// The last answer was that there is no stream.
    is_refused: bool,
}

impl AttemptHistory {
    /// The connection is one.
    fn proved(&mut self, context: &Context) {
        let again = self.was_live && !self.is_live;
        (self.was_live, self.is_live, self.is_refused) = (true, true, false);
        context.report.change(|status| {
            status.state = Activity::Live;
            status.error = None;
            status.reconnects += u64::from(again);
        });
    }

    /// The state while there is no connection.
    fn state(&mut self) -> Activity {
        self.is_live = false;
        match (self.is_refused, self.was_live) {
            (true, _) => Activity::Failed,
            (false, true) => Activity::Reconnecting,
            (false, false) => Activity::Connecting,
        }
    }
}

/// A connection while it holds.
struct Attempt {
    since: Instant,
    /// It has brought something, or has held for a while.
    is_proved: bool,
}

/// Reads while the connection holds; why it ended, or `None` when it is time to stop.
async fn read_all(
    connection: &mut impl StreamConnection,
    attempt: &mut Attempt,
    outage: &mut Outage,
    history: &mut AttemptHistory,
    context: &mut Context,
) -> Result<Option<Interruption>, Error> {
    let mut watch = ValueWatch::new(context.options.value_limit);
    let proved_at = attempt.since + context.options.proved_after;
    loop {
        let came = async {
            tokio::select! {
                biased;
                came = connection.wait() => ConnectionEvent::Came(came),
                () = watch.due() => ConnectionEvent::Unfinished,
                () = sleep_until(proved_at), if !attempt.is_proved => ConnectionEvent::Held,
            }
        };
        let items = match context.shutdown.or(came).await {
            None => return Ok(None),
            Some(ConnectionEvent::Unfinished) => {
                watch.tell(&context.report);
                continue;
            }
            Some(ConnectionEvent::Came(Err(trouble))) => return Ok(Some(trouble)),
            Some(ConnectionEvent::Came(Ok(false))) => {
                watch.looked_at(false, connection.is_unfinished(), &context.report);
                continue;
            }
            Some(ConnectionEvent::Held) => Vec::new(),
            Some(ConnectionEvent::Came(Ok(true))) => {
                let items = connection.take().await;
                outage.alive(now_ms());
                context.report.clock_lead(connection.clock_lead_ms());
                watch.looked_at(
                    !items.is_empty(),
                    connection.is_unfinished(),
                    &context.report,
                );
                if items.is_empty() {
                    continue;
                }
                items
            }
        };
        if !std::mem::replace(&mut attempt.is_proved, true) {
            history.proved(context);
            tell_proved(outage, connection.position(), context).await?;
        }
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

enum ConnectionEvent {
    /// Something arrived (true), or nothing yet.
    Came(Result<bool, Interruption>),
    /// A value is unfinished for too long.
    Unfinished,
    /// The connection has held for a while.
    Held,
}

/// Hands on the gap of the outage that is over, if it is one.
async fn tell_proved(
    outage: &mut Outage,
    position: Position,
    context: &mut Context,
) -> Result<(), Error> {
    let (first, gap) = (!outage.is_told(), outage.proved());
    tell(gap, first, position, context).await
}

/// Hands on a gap, if there is one.
async fn tell(
    gap: Option<Gap>,
    first: bool,
    position: Position,
    context: &mut Context,
) -> Result<(), Error> {
    let Some(gap) = gap else { return Ok(()) };
    context
        .report
        .change(|status| status.gaps += u64::from(first));
    context
        .push(MessageBatch {
            items: vec![SourceItem::Gap(gap)],
            position: Some(position),
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
