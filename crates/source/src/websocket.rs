//! A WebSocket: a message holds a value, several, or packed ones. It cannot be asked again, so every disconnect is a gap.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, LOCATION, USER_AGENT};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::{Host, Url};

use crate::address::{SourceAddress, StreamAddress};
use crate::envelope::{self, UnwrappedValue};
use crate::error::{Ended, Error};
use crate::message::{Location, Message, SourceItem};
use crate::outage::Outage;
use crate::position::{Position, ResumeState};
use crate::run::{Context, Options};
use crate::shown::fit_to_show;
use crate::stream::{self, Interruption, StreamConnection, at_once, install_tls, root_cause};
use headcount_clock::now_ms;

/// A message longer than this ends the connection, for its bytes would have to be held.
const MESSAGE_MAX: usize = 8 << 20;

pub(crate) async fn run(address: StreamAddress, context: Context) -> Result<Ended, Error> {
    install_tls();
    let stored = context.resume.of(&address.identity());
    let outage = Outage::new(stored.and_then(Position::seen_ms));
    let connection = WebSocketConnection {
        address,
        options: context.options.clone(),
        number: 0,
        socket: None,
    };
    stream::run(connection, outage, context).await
}

struct WebSocketConnection {
    address: StreamAddress,
    options: Options,
    /// Of the last message.
    number: u64,
    socket: Option<Socket>,
}

/// An open connection.
struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pings: Interval,
    /// Since when a sign of life is waited for. The program's own slowness does not count.
    heard: Option<Instant>,
    /// What came and was not looked at yet.
    frame: Option<Option<Result<Frame, WebSocketError>>>,
    /// Why nothing more will come.
    ended: Option<Interruption>,
}

enum SocketEvent {
    Frame(Option<Result<Frame, WebSocketError>>),
    PingDue,
    Silence,
}

impl StreamConnection for WebSocketConnection {
    async fn connect(&mut self) -> Result<(), Interruption> {
        self.socket = None;
        let limit = self.options.connect_limit;
        let opened = timeout(limit, open(self.address.url())).await;
        let stream = match opened {
            Err(_) => {
                return Err(Interruption::new(format!(
                    "{}: no connection within {} s",
                    self.address,
                    limit.as_secs_f32()
                )));
            }
            Ok(Err(cause)) => return Err(Interruption::new(format!("{}: {cause}", self.address))),
            Ok(Ok(stream)) => stream,
        };
        let mut pings = interval(self.options.ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        self.socket = Some(Socket {
            stream,
            pings,
            heard: None,
            frame: None,
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
            SocketEvent::Frame(frame) => {
                socket.frame = Some(frame);
                Ok(true)
            }
            SocketEvent::PingDue => {
                let sent = timeout(
                    self.options.connect_limit,
                    socket.stream.send(Frame::Ping(Bytes::new())),
                )
                .await;
                match sent {
                    Ok(Ok(())) => Ok(false),
                    Ok(Err(error)) => Err(Interruption::new(format!(
                        "{}: {}",
                        self.address,
                        broken_off(error)
                    ))),
                    Err(_) => Err(Interruption::new(format!(
                        "{} is not accepting writes (a ping timed out)",
                        self.address
                    ))),
                }
            }
            SocketEvent::Silence => {
                let cause = format!(
                    "no sign of life from {} for {} s",
                    self.address,
                    idle_limit.as_secs_f32()
                );
                Err(Interruption::new(cause))
            }
        }
    }

    async fn take(&mut self) -> Vec<SourceItem> {
        let Some(socket) = &mut self.socket else {
            return Vec::new();
        };
        let mut opened = Vec::new();
        let mut bytes = 0;
        while let Some(frame) = socket.frame.take() {
            socket.heard = None;
            match frame {
                Some(Ok(frame)) => {
                    if let Some(message) = socket.take_in(frame, &self.address) {
                        bytes += message.len();
                        envelope::open(&message, &mut opened);
                    }
                }
                Some(Err(error)) => {
                    socket.ended = Some(Interruption::new(format!(
                        "{}: {}",
                        self.address,
                        broken_off(error)
                    )));
                }
                None => {
                    socket.ended = Some(Interruption::new(format!(
                        "{} closed the connection",
                        self.address
                    )));
                }
            }
            let full =
                bytes >= self.options.batch_bytes || opened.len() >= self.options.batch_items;
            if socket.ended.is_none() && !full {
                socket.frame = at_once(async || socket.stream.next().await).await;
            }
        }
        opened
            .into_iter()
            .map(|opened| self.message(opened))
            .collect()
    }

    async fn close(&mut self) {
        if let Some(mut socket) = self.socket.take() {
            // A courtesy; the server may be gone.
            let _ = timeout(Duration::from_secs(1), socket.stream.close(None)).await;
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
        false
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
        let heard = *self.heard.get_or_insert_with(Instant::now);
        tokio::select! {
            biased;
            frame = self.stream.next() => SocketEvent::Frame(frame),
            () = sleep_until(heard + idle_limit) => SocketEvent::Silence,
            _ = self.pings.tick() => SocketEvent::PingDue,
        }
    }

    /// The message in a frame, if it has one. Whether it is valid UTF-8 is for the decoder to say, so text and binary
    /// are the same here.
    fn take_in(&mut self, frame: Frame, address: &StreamAddress) -> Option<Bytes> {
        let bytes = match frame {
            Frame::Text(text) => Bytes::from(text),
            Frame::Binary(bytes) => bytes,
            Frame::Close(reason) => {
                self.ended = Some(Interruption::new(format!(
                    "{address} closed the connection{}",
                    shown(reason.as_ref())
                )));
                return None;
            }
            Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_) => return None,
        };
        Some(bytes)
    }
}

/// Connects, and says in half a sentence why not.
async fn open(url: &Url) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, String> {
    let request = request(url)?;
    let port = url.port_or_known_default().unwrap_or(80);
    let connected = match url.host() {
        Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
        Some(Host::Ipv4(ip)) => TcpStream::connect((ip, port)).await,
        Some(Host::Ipv6(ip)) => TcpStream::connect((ip, port)).await,
        None => return Err("the address has no host".to_owned()),
    };
    let tcp = connected.map_err(|error| error.to_string())?;
    // Only pings and pongs are sent, and they should not wait.
    let _ = tcp.set_nodelay(true);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX))
        .max_write_buffer_size(1 << 20);
    let opened = client_async_tls_with_config(request, tcp, Some(config), None).await;
    opened
        .map(|(stream, _)| stream)
        .map_err(|error| refused(error, url))
}

fn request(url: &Url) -> Result<Request, String> {
    let mut bare = url.clone();
    // Neither can fail for an address that has a host.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    let mut request = bare
        .as_str()
        .into_client_request()
        .map_err(|error| root_cause(&error))?;
    let agent = HeaderValue::from_static(concat!("headcount/", env!("CARGO_PKG_VERSION")));
    request.headers_mut().insert(USER_AGENT, agent);
    if !url.username().is_empty() || url.password().is_some() {
        let pair = [
            percent_decode_str(url.username()).collect(),
            b":".to_vec(),
            percent_decode_str(url.password().unwrap_or_default()).collect::<Vec<u8>>(),
        ]
        .concat();
        let mut value = HeaderValue::try_from(format!("Basic {}", BASE64.encode(pair)))
            .map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Why the server did not open a WebSocket.
fn refused(error: WebSocketError, url: &Url) -> String {
    match error {
        WebSocketError::Http(response) => {
            let status = response.status();
            let why = match status.as_u16() {
                300..=399 => return redirected(status.as_u16(), &response, url),
                401 | 403 => "it refuses access: check user, password or token in the address",
                404 | 410 => "there is no stream at this path",
                200..=299 | 426 => "this is not a WebSocket: is it an http:// stream?",
                500.. => "it has an internal error",
                _ => "it does not open a WebSocket",
            };
            format!("the server answers {}: {why}", status.as_u16())
        }
        other => broken_off(other),
    }
}

/// Where a server points that does not take the connection itself. It is not followed: the login would be sent to a
/// host that nobody named.
fn redirected<B>(status: u16, response: &Response<B>, url: &Url) -> String {
    let location = response.headers().get(LOCATION);
    let target = location
        .and_then(|to| to.to_str().ok())
        .and_then(|to| url.join(to).ok())
        .and_then(|mut to| {
            // A login that the address has is the reader's own, to be typed again or not.
            let _ = (to.set_username(""), to.set_password(None));
            let scheme = match to.scheme() {
                "http" => "ws",
                "https" => "wss",
                _ => to.scheme(),
            }
            .to_owned();
            // Every one of these schemes can take the place of another.
            to.set_scheme(&scheme).ok()?;
            to.as_str().parse::<SourceAddress>().ok()
        });
    match target {
        Some(to @ SourceAddress::WebSocket(_)) => format!(
            "the server answers {status}: it redirects to {}: give that address",
            fit_to_show(&to.to_string())
        ),
        _ => format!(
            "the server answers {status}: it redirects without a usable location, and headcount does not follow redirects; \
             give the right address"
        ),
    }
}

/// Why a connection ended.
fn broken_off(error: WebSocketError) -> String {
    match error {
        WebSocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "the server dropped the connection without closing it".to_owned()
        }
        WebSocketError::Capacity(_) => {
            format!("a message was longer than {} MiB", MESSAGE_MAX >> 20)
        }
        WebSocketError::ConnectionClosed | WebSocketError::AlreadyClosed => {
            "the connection was closed".to_owned()
        }
        other => root_cause(&other),
    }
}

fn shown(reason: Option<&CloseFrame>) -> String {
    reason.map_or(String::new(), |frame| {
        let text = fit_to_show(&frame.reason);
        format!(
            " ({}{}{text})",
            u16::from(frame.code),
            if text.is_empty() { "" } else { ": " }
        )
    })
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn credentials_become_a_header() {
        let url = Url::parse("ws://joe:p%40w@h:9/x?a=1").expect("a URL");
        let request = request(&url).expect("a request");
        assert_eq!(request.uri(), "ws://h:9/x?a=1");
        assert_eq!(request.headers()[AUTHORIZATION], "Basic am9lOnBAdw==");
        assert_eq!(request.headers()["host"], "h:9");
    }
}
