//! A chunked HTTP response that never ends: one line is one message.
//!
//! After an interruption the server is asked to go on from the greatest record time seen, less an overlap: record times
//! do not come in order, and what comes twice is told apart later. A server that cannot be asked leaves a gap.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use tokio::time::timeout;
use url::{Host, Url};

use crate::address::{SourceAddress, StreamAddress};
use crate::error::{Ended, Error};
use crate::framing::{Line, Lines};
use crate::message::{Item, Message, Place, Position};
use crate::mtime::mtime_of;
use crate::outage::Outage;
use crate::run::{Context, Options};
use crate::stream::{self, Trouble, Wire, at_once, fit_to_show, install_tls, root_cause};
use headcount_clock::now_ms;

/// A record time further ahead than this is a mistake and moves nothing.
const AHEAD_MAX_MS: i64 = 5 * 60 * 1000;

/// The longest wait a server can ask for.
const WAIT_MAX: Duration = Duration::from_secs(300);

pub(crate) async fn run(address: StreamAddress, context: Context) -> Result<Ended, Error> {
    let stored = context.resume.of(&address.identity()).cloned();
    let forgiven = if address.resumes() {
        context.options.backlog
    } else {
        Duration::ZERO
    };
    let outage = Outage::new(
        forgiven,
        stored.as_ref().and_then(|position| position.seen_ms),
    );
    let mtime_ms = stored.and_then(|position| position.mtime_ms);
    let wire = HttpWire {
        client: client(address.url(), &context.options)?,
        options: context.options.clone(),
        address,
        mtime_ms,
        number: 0,
        lines_cut: 0,
        response: None,
    };
    stream::run(wire, outage, context).await
}

fn client(url: &Url, options: &Options) -> Result<Client, Error> {
    install_tls();
    let mut builder = Client::builder()
        .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_limit)
        .tcp_nodelay(true)
        .tcp_keepalive(options.ping_interval)
        .pool_max_idle_per_host(0)
        .redirect(redirect::Policy::none());
    if url.scheme() == "http" {
        // The roots of the system are not needed, so they need not be there.
        builder = builder.tls_certs_only([]);
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if loopback {
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| Error::Client(root_cause(&error)))
}

struct HttpWire {
    client: Client,
    options: Options,
    address: StreamAddress,
    /// The greatest record time seen.
    mtime_ms: Option<i64>,
    /// Of the last message.
    number: u64,
    lines_cut: u64,
    response: Option<Incoming>,
}

/// A response while it comes.
struct Incoming {
    response: Response,
    lines: Lines,
    /// What came and was not looked at yet.
    chunk: Option<reqwest::Result<Option<Bytes>>>,
    /// Whether anything but blanks came.
    begun: bool,
    /// Why there is no more of it.
    ended: Option<Trouble>,
}

impl Wire for HttpWire {
    async fn connect(&mut self) -> Result<(), Trouble> {
        self.response = None;
        let overlap_ms = i64::try_from(self.options.overlap.as_millis()).unwrap_or(i64::MAX);
        let url = match self.mtime_ms {
            Some(mtime_ms) if self.address.resumes() => {
                self.address.since(mtime_ms.saturating_sub(overlap_ms))
            }
            _ => self.address.url().clone(),
        };
        let answer = timeout(
            self.options.idle_limit + self.options.connect_limit,
            self.client.get(url).send(),
        )
        .await;
        let response = match answer {
            Err(_) => return Err(Trouble::new(format!("{} does not answer", self.address))),
            Ok(Err(error)) => {
                return Err(Trouble::new(format!(
                    "{}: {}",
                    self.address,
                    no_connection(&error)
                )));
            }
            Ok(Ok(response)) => response,
        };
        self.check(&response)?;
        self.response = Some(Incoming {
            response,
            lines: Lines::new(),
            chunk: None,
            begun: false,
            ended: None,
        });
        Ok(())
    }

    async fn wait(&mut self) -> Result<bool, Trouble> {
        let Some(incoming) = &mut self.response else {
            return Err(Trouble::new("not connected"));
        };
        if let Some(trouble) = incoming.ended.take() {
            self.lines_cut += u64::from(incoming.lines.pending() > 0);
            return Err(trouble);
        }
        let idle_limit = self.options.idle_limit;
        incoming.chunk = match timeout(idle_limit, incoming.response.chunk()).await {
            Ok(chunk) => Some(chunk),
            Err(_) => {
                self.lines_cut += u64::from(incoming.lines.pending() > 0);
                let cause = format!(
                    "nothing came from {} for {} s",
                    self.address,
                    idle_limit.as_secs_f32()
                );
                return Err(Trouble::new(cause));
            }
        };
        Ok(true)
    }

    async fn take(&mut self) -> Vec<Item> {
        let Some(incoming) = &mut self.response else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        let mut bytes = 0;
        while let Some(chunk) = incoming.chunk.take() {
            match chunk {
                Ok(Some(more)) => {
                    bytes += more.len();
                    incoming.take_in(more, &mut lines);
                }
                Ok(None) => {
                    lines.extend(incoming.lines.finish());
                    incoming.ended =
                        Some(Trouble::new(format!("{} ended the stream", self.address)));
                }
                Err(error) => {
                    incoming.ended = Some(Trouble::new(format!(
                        "{}: {}",
                        self.address,
                        broken_off(&error)
                    )));
                }
            }
            let full = bytes >= self.options.batch_bytes || lines.len() >= self.options.batch_items;
            if incoming.ended.is_none() && !full {
                incoming.chunk = at_once(async || incoming.response.chunk().await).await;
            }
        }
        lines.into_iter().map(|line| self.message(line)).collect()
    }

    async fn close(&mut self) {
        self.response = None;
    }

    fn position(&self) -> Position {
        Position {
            mtime_ms: self.mtime_ms,
            seen_ms: Some(now_ms()),
            ..Position::new(self.address.identity())
        }
    }

    fn lines_cut(&self) -> u64 {
        self.lines_cut
    }
}

impl HttpWire {
    fn message(&mut self, line: Line) -> Item {
        self.number += 1;
        let mtime_ms = mtime_of(&line.bytes).filter(|&mtime| mtime <= now_ms() + AHEAD_MAX_MS);
        self.mtime_ms = self.mtime_ms.max(mtime_ms);
        let place = Place::Message(self.number);
        Message {
            bytes: line.bytes,
            position: 0,
            place,
            broken: line.broken,
        }
        .into()
    }

    /// Whether this is a stream of records, by its head.
    fn check(&self, response: &Response) -> Result<(), Trouble> {
        let (status, headers) = (response.status(), response.headers());
        let why = match status {
            StatusCode::OK => return self.check_content(headers),
            _ if status.is_redirection() => {
                let target = text(headers, LOCATION.as_str())
                    .and_then(|to| self.address.url().join(&to).ok())
                    .and_then(|url| url.as_str().parse::<SourceAddress>().ok());
                let target = target.map_or(String::new(), |to| {
                    format!(" to {}", fit_to_show(&to.to_string()))
                });
                format!(
                    "it points elsewhere{target}, and redirects are not followed: give the right address"
                )
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                "it refuses access: check user, password or token in the address".to_owned()
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                "there is no stream at this path".to_owned()
            }
            StatusCode::TOO_MANY_REQUESTS => "it is asked too often".to_owned(),
            StatusCode::NO_CONTENT => "it has nothing to send".to_owned(),
            _ if status.is_server_error() => "it has trouble of its own".to_owned(),
            _ => "that is not a stream".to_owned(),
        };
        let wait = text(headers, RETRY_AFTER.as_str())
            .and_then(|asked| wait_of(asked.trim(), SystemTime::now()));
        Err(Trouble {
            cause: format!("{} answers {}: {why}", self.address, status.as_u16()),
            wait,
        })
    }

    fn check_content(&self, headers: &HeaderMap) -> Result<(), Trouble> {
        let kind = text(headers, CONTENT_TYPE.as_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
        let records = kind.is_empty()
            || kind.contains("json")
            || kind.contains("javascript")
            || matches!(
                &*kind,
                "text/plain" | "application/octet-stream" | "binary/octet-stream"
            );
        if kind == "text/html" || kind == "application/xhtml+xml" {
            return Err(self.web_page());
        }
        if !records {
            let kind = fit_to_show(&kind);
            return Err(Trouble::new(format!(
                "{} sends {kind}, not lines of JSON",
                self.address
            )));
        }
        match text(headers, CONTENT_ENCODING.as_str()).as_deref() {
            None | Some("" | "identity") => Ok(()),
            Some(packed) => {
                let packed = fit_to_show(packed);
                Err(Trouble::new(format!(
                    "{} sends content packed as {packed}, which was not asked for",
                    self.address
                )))
            }
        }
    }

    fn web_page(&self) -> Trouble {
        Trouble::new(format!(
            "{} answers with a web page, not a stream: is the address right?",
            self.address
        ))
    }
}

impl Incoming {
    /// A chunk is not a message: servers and proxies cut as they like.
    fn take_in(&mut self, chunk: Bytes, lines: &mut Vec<Line>) {
        if !self.begun
            && let Some(first) = chunk.iter().find(|byte| !byte.is_ascii_whitespace())
        {
            self.begun = true;
            if *first == b'<' {
                self.ended = Some(Trouble::new(
                    "a web page came, not a stream: is the address right?",
                ));
                return;
            }
        }
        self.lines.push(chunk);
        lines.extend(self.lines.by_ref());
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// How long a server asks to wait: in seconds, or until a moment (one that has passed asks for nothing).
fn wait_of(asked: &str, now: SystemTime) -> Option<Duration> {
    let wait = match asked.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(asked)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(wait.min(WAIT_MAX))
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
