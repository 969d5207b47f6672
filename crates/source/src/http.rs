//! A chunked HTTP response that never ends: values one after another, however they are laid out.
//!
//! After an interruption the server is asked to go on from shortly before the time of the newest record: record times
//! do not come in order, and what comes twice is told apart later. A server that cannot be asked leaves a gap.

mod body;
mod cursor;
mod head;
mod server_clock;

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use self::body::{StreamBody, Values};
use self::cursor::ResumeCursor;
use self::server_clock::ServerClock;
use crate::address::StreamAddress;
use crate::error::{Ended, Error};
use crate::framing::Framed;
use crate::http_client::http_client;
use crate::message::{Location, Message, SourceItem};
use crate::outage::Outage;
use crate::position::{Position, ResumeState};
use crate::record_time::ReadTime;
use crate::run::{Context, Options};
use crate::stream::{self, Interruption, StreamConnection, at_once, root_cause};
use headcount_clock::now_ms;

pub(crate) async fn run(address: StreamAddress, context: Context) -> Result<Ended, Error> {
    let stored = context.resume.of(&address.identity());
    let cursor_ms = stored.and_then(|position| match position.state {
        ResumeState::Http { cursor_ms, .. } => cursor_ms,
        _ => None,
    });
    let outage = Outage::new(stored.and_then(Position::seen_ms));
    let connection = HttpConnection {
        client: http_client(address.url(), &context.options)?,
        options: context.options.clone(),
        read_time: context.read_time.clone(),
        address,
        cursor: ResumeCursor::new(cursor_ms),
        clock: ServerClock::default(),
        number: 0,
        values_cut: 0,
        response: None,
    };
    stream::run(connection, outage, context).await
}

struct HttpConnection {
    client: Client,
    options: Options,
    read_time: ReadTime,
    address: StreamAddress,
    cursor: ResumeCursor,
    clock: ServerClock,
    /// Of the last message.
    number: u64,
    values_cut: u64,
    response: Option<Incoming>,
}

/// A response while it comes.
struct Incoming {
    response: Response,
    body: StreamBody,
    /// Since when a sign of life is waited for. The program's own slowness does not count.
    waiting_since: Option<Instant>,
    /// What came and was not looked at yet.
    chunk: Option<reqwest::Result<Option<Bytes>>>,
    /// Why the body ended.
    ended: Option<Interruption>,
}

impl StreamConnection for HttpConnection {
    async fn connect(&mut self) -> Result<(), Interruption> {
        self.response = None;
        let knew_clock = self.clock.is_known();
        let url = self.url(now_ms());
        let mut response = self.ask(url.clone()).await?;
        if !knew_clock && response.status().is_success() {
            // Without the server's clock the request had to believe this machine's.
            let better = self.url(now_ms());
            if better != url && self.clock.lead_ms(now_ms()).is_some() {
                drop(response);
                response = self.ask(better).await?;
            }
        }
        let packing = head::check(&self.address, &response)?;
        self.response = Some(Incoming {
            response,
            body: StreamBody::new(packing),
            waiting_since: None,
            chunk: None,
            ended: None,
        });
        Ok(())
    }

    async fn wait(&mut self) -> Result<bool, Interruption> {
        let Some(incoming) = &mut self.response else {
            return Err(Interruption::new("not connected"));
        };
        if incoming.body.is_full() {
            return Ok(true);
        }
        if let Some(trouble) = incoming.ended.take() {
            self.values_cut += u64::from(incoming.body.is_unfinished());
            return Err(trouble);
        }
        let since = *incoming.waiting_since.get_or_insert_with(Instant::now);
        let idle_limit = self.options.idle_limit;
        match timeout_at(since + idle_limit, incoming.response.chunk()).await {
            Ok(chunk) => incoming.chunk = Some(chunk),
            Err(_) => {
                self.values_cut += u64::from(incoming.body.is_unfinished());
                return Err(Interruption::new(format!(
                    "nothing came from the server for {} s",
                    idle_limit.as_secs_f32()
                )));
            }
        }
        Ok(true)
    }

    async fn take(&mut self) -> Vec<SourceItem> {
        let arrived_ms = self.clock.now_ms(now_ms());
        let mut values = Values::default();
        if let Some(incoming) = &mut self.response {
            incoming.waiting_since = None;
            incoming.take(&mut values, &self.options).await;
        }
        values
            .values
            .into_iter()
            .map(|value| self.message(value, arrived_ms))
            .collect()
    }

    async fn close(&mut self) {
        self.response = None;
    }

    fn position(&self) -> Position {
        let state = ResumeState::Http {
            cursor_ms: self.cursor.ms(),
            seen_ms: now_ms(),
        };
        Position::new(self.address.identity(), None, state)
    }

    fn clock_lead_ms(&self) -> Option<i64> {
        self.clock.lead_ms(now_ms())
    }

    fn backlog(&self) -> Duration {
        // Without a record there is no time to resume from.
        match self.cursor.ms() {
            Some(_) if self.address.resumes() => self.options.backlog,
            _ => Duration::ZERO,
        }
    }

    fn is_unfinished(&self) -> bool {
        let incoming = self.response.as_ref();
        incoming.is_some_and(|incoming| incoming.body.is_unfinished())
    }

    fn values_cut(&self) -> u64 {
        self.values_cut
    }
}

impl HttpConnection {
    /// Sends a request; notes the server's time.
    async fn ask(&mut self, url: Url) -> Result<Response, Interruption> {
        let limit = self.options.idle_limit + self.options.connect_limit;
        match timeout(limit, self.client.get(url).send()).await {
            Err(_) => Err(Interruption::new("the server does not answer")),
            Ok(Err(error)) => Err(Interruption::new(no_connection(&error))),
            Ok(Ok(response)) => {
                if let Some(date_ms) = head::date_ms(response.headers()) {
                    self.clock.tell(date_ms);
                }
                Ok(response)
            }
        }
    }

    /// What to ask for.
    fn url(&self, own_ms: i64) -> Url {
        let now_ms = self.clock.now_ms(own_ms);
        let overlap_ms = i64::try_from(self.options.overlap.as_millis()).unwrap_or(i64::MAX);
        match self.cursor.ms() {
            // The clock may have been set back since the cursor was stored.
            Some(cursor_ms) if self.address.resumes() => {
                let since_ms = cursor_ms.min(now_ms).saturating_sub(overlap_ms);
                self.address.since(since_ms)
            }
            _ => self.address.url().clone(),
        }
    }

    fn message(&mut self, value: Framed, arrived_ms: i64) -> SourceItem {
        self.number += 1;
        if self.address.resumes()
            && value.span.broken.is_none()
            && let Some(time) = self.read_time.of(&value.bytes)
        {
            self.cursor.arrived(time.ms, arrived_ms);
        }
        SourceItem::Message(Message {
            bytes: value.bytes,
            position: 0,
            location: Location::Message(self.number),
            broken: value.span.broken,
        })
    }
}

impl Incoming {
    /// Takes what is there, until it is a batch.
    async fn take(&mut self, values: &mut Values, options: &Options) {
        if self.body.is_full() {
            let split = self.body.split(values, options);
            self.note(split);
        }
        while let Some(chunk) = self.chunk.take() {
            match chunk {
                Ok(Some(chunk)) => {
                    let pushed = self.body.push(chunk, values, options);
                    self.note(pushed);
                }
                Ok(None) => {
                    let finished = self.body.finish(values);
                    self.note(finished);
                    self.ended
                        .get_or_insert_with(|| Interruption::new("the server ended the stream"));
                }
                Err(error) => self.ended = Some(Interruption::new(broken_off(&error))),
            }
            if self.ended.is_none() && !self.body.is_full() {
                self.chunk = at_once(async || self.response.chunk().await).await;
            }
        }
    }

    /// What cannot be read ends the stream: nothing that follows can be trusted, and asked again the server will hardly
    /// send anything else.
    fn note(&mut self, outcome: Result<(), String>) {
        if let Err(cause) = outcome {
            self.ended = Some(Interruption::refusal(cause));
        }
    }
}

/// Why no answer came.
fn no_connection(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "no connection in time".to_owned()
    } else {
        root_cause(error)
    }
}

/// Why a body ended before its time.
fn broken_off(error: &reqwest::Error) -> String {
    format!("the stream broke off ({})", root_cause(error))
}

#[cfg(test)]
mod tests;
