//! A WebSocket: a message holds a value, several, or packed ones. It cannot be asked again, so every disconnect is a gap.

mod frames;
mod handshake;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Upgraded};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::Control;

use self::frames::{Frames, Received};
use crate::address::StreamAddress;
use crate::envelope::{self, UnwrappedValue};
use crate::error::{Ended, Error};
use crate::http_client::http_client;
use crate::message::{Location, Message, SourceItem};
use crate::outage::Outage;
use crate::position::{Position, ResumeState};
use crate::run::{Context, Options};
use crate::shown::fit_to_show;
use crate::stream::{self, Interruption, StreamConnection, at_once};
use headcount_clock::now_ms;

/// How long a farewell may take; the server may be gone.
const FAREWELL: Duration = Duration::from_secs(1);

pub(crate) async fn run(address: StreamAddress, context: Context) -> Result<Ended, Error> {
    let stored = context.resume.of(&address.identity());
    let outage = Outage::new(stored.and_then(Position::seen_ms));
    let connection = WebSocketConnection {
        client: http_client(address.url(), &context.options)?,
        address,
        options: context.options.clone(),
        number: 0,
        socket: None,
    };
    stream::run(connection, outage, context).await
}

struct WebSocketConnection {
    client: Client,
    address: StreamAddress,
    options: Options,
    /// Of the last message.
    number: u64,
    socket: Option<Socket>,
}

/// An open connection.
struct Socket {
    frames: Frames<Upgraded>,
    pings: Interval,
    /// Since when a sign of life is waited for. The program's own slowness does not count.
    heard: Option<Instant>,
    /// What came and was not looked at yet.
    came: Option<Option<Result<Received, String>>>,
    /// Why nothing more will come.
    ended: Option<Interruption>,
}

enum SocketEvent {
    Came(Option<Result<Received, String>>),
    PingDue,
    Silence,
}

/// What was taken of a connection at once.
#[derive(Default)]
struct Taken {
    opened: Vec<UnwrappedValue>,
    bytes: usize,
    /// All of them, pings too: what is nothing but pings must not keep the source from looking whether it is time to
    /// stop.
    frames: usize,
    /// The last ping; the ones before it need no answer (RFC 6455, 5.5.3).
    ping: Option<Bytes>,
}

impl StreamConnection for WebSocketConnection {
    async fn connect(&mut self) -> Result<(), Interruption> {
        self.socket = None;
        let limit = self.options.connect_limit;
        let opened = timeout(limit, handshake::open(&self.client, &self.address)).await;
        let stream = match opened {
            Err(_) => {
                return Err(Interruption::new(format!(
                    "no connection within {} s",
                    limit.as_secs_f32()
                )));
            }
            Ok(opened) => opened?,
        };
        let mut pings = interval(self.options.ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        self.socket = Some(Socket {
            frames: Frames::new(stream),
            pings,
            heard: None,
            came: None,
            ended: None,
        });
        Ok(())
    }

    async fn wait(&mut self) -> Result<bool, Interruption> {
        let Some(socket) = &mut self.socket else {
            return Err(Interruption::new("not connected"));
        };
        if let Some(trouble) = socket.ended.take() {
            return Err(trouble);
        }
        let idle_limit = self.options.idle_limit;
        match socket.event(idle_limit).await {
            SocketEvent::Came(came) => {
                socket.came = Some(came);
                Ok(true)
            }
            SocketEvent::PingDue => {
                socket.frames.queue(Control::Ping, &[]);
                socket.flush(self.options.connect_limit).await?;
                Ok(false)
            }
            SocketEvent::Silence => Err(Interruption::new(format!(
                "no sign of life from the server for {} s",
                idle_limit.as_secs_f32()
            ))),
        }
    }

    async fn take(&mut self) -> Vec<SourceItem> {
        let Some(socket) = &mut self.socket else {
            return Vec::new();
        };
        let mut taken = Taken::default();
        while let Some(came) = socket.came.take() {
            socket.heard = None;
            taken.frames += 1;
            match came {
                Some(Ok(incoming)) => socket.take_in(incoming, &mut taken),
                Some(Err(cause)) => socket.ended = Some(Interruption::new(cause)),
                None => {
                    socket.ended = Some(Interruption::new(
                        "the server dropped the connection without closing it",
                    ));
                }
            }
            let full = taken.bytes >= self.options.batch_bytes
                || taken.opened.len() >= self.options.batch_items
                || taken.frames >= self.options.batch_items;
            if socket.ended.is_none() && !full {
                socket.came = at_once(async || socket.frames.next().await).await;
            }
        }
        if let Some(ping) = taken.ping {
            socket.frames.queue(Control::Pong, &ping);
        }
        if socket.frames.has_outgoing()
            && let Err(trouble) = socket.flush(self.options.connect_limit).await
        {
            socket.ended.get_or_insert(trouble);
        }
        taken
            .opened
            .into_iter()
            .map(|opened| self.message(opened))
            .collect()
    }

    async fn close(&mut self) {
        if let Some(mut socket) = self.socket.take() {
            socket.farewell(&1000_u16.to_be_bytes()).await;
        }
    }

    fn position(&self) -> Position {
        let state = ResumeState::WebSocket { seen_ms: now_ms() };
        Position::new(self.address.identity(), None, state)
    }

    fn backlog(&self) -> Duration {
        Duration::ZERO
    }

    fn is_unfinished(&self) -> bool {
        let socket = self.socket.as_ref();
        socket.is_some_and(|socket| socket.frames.is_unfinished())
    }

    fn values_cut(&self) -> u64 {
        0
    }
}

impl WebSocketConnection {
    fn message(&mut self, opened: UnwrappedValue) -> SourceItem {
        self.number += 1;
        SourceItem::Message(Message {
            bytes: opened.bytes,
            position: 0,
            location: Location::Message(self.number),
            broken: opened.broken,
        })
    }
}

impl Socket {
    async fn event(&mut self, idle_limit: Duration) -> SocketEvent {
        let waiting_since = *self.heard.get_or_insert_with(Instant::now);
        loop {
            let heard = waiting_since.max(self.frames.heard());
            tokio::select! {
                biased;
                came = self.frames.next() => return SocketEvent::Came(came),
                () = sleep_until(heard + idle_limit) => {}
                _ = self.pings.tick() => return SocketEvent::PingDue,
            }
            // A part of a message may have come meanwhile.
            if self.frames.heard() <= heard {
                return SocketEvent::Silence;
            }
        }
    }

    fn take_in(&mut self, incoming: Received, taken: &mut Taken) {
        match incoming {
            Received::Message(message) => {
                taken.bytes += message.len();
                envelope::open(&message, &mut taken.opened);
            }
            Received::TooLong(value) => taken.opened.push(value),
            Received::Ping(payload) => taken.ping = Some(payload),
            Received::Pong => {}
            Received::Close(farewell) => {
                self.frames.queue(Control::Close, &farewell);
                self.ended = Some(Interruption::new(format!(
                    "the server closed the connection{}",
                    shown(&farewell)
                )));
            }
        }
    }

    /// Writes what waits to be written.
    async fn flush(&mut self, limit: Duration) -> Result<(), Interruption> {
        match timeout(limit, self.frames.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Interruption::new(stream::root_cause(&error))),
            Err(_) => Err(Interruption::new(
                "the server is not accepting writes (a ping timed out)",
            )),
        }
    }

    /// A courtesy.
    async fn farewell(&mut self, code: &[u8]) {
        self.frames.queue(Control::Close, code);
        let _ = timeout(FAREWELL, self.frames.flush()).await;
    }
}

/// The code and the reason of a farewell.
fn shown(farewell: &[u8]) -> String {
    let Some((code, reason)) = farewell.split_first_chunk() else {
        return String::new();
    };
    let code = u16::from_be_bytes(*code);
    match fit_to_show(&String::from_utf8_lossy(reason)) {
        reason if reason.is_empty() => format!(" ({code})"),
        reason => format!(" ({code}: {reason})"),
    }
}
