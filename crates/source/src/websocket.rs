//! A WebSocket: a message holds a value, several, or packed ones. It cannot be asked again, so every disconnect is a gap.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, USER_AGENT};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::{Host, Url};

use crate::address::StreamAddress;
use crate::envelope::{self, Opened};
use crate::error::{Ended, Error};
use crate::message::{Item, Message, Place};
use crate::outage::Outage;
use crate::position::{Position, ResumeState};
use crate::run::{Context, Options};
use crate::shown::fit_to_show;
use crate::stream::{self, Interruption, Wire, at_once, install_tls, root_cause};
use crate::wall;

/// A message longer than this ends the connection, for its bytes would have to be held.
const MESSAGE_MAX: usize = 8 << 20;

pub(crate) async fn run(address: StreamAddress, context: Context) -> Result<Ended, Error> {
    install_tls();
    let stored = context.resume.of(&address.identity());
    let outage = Outage::new(stored.and_then(Position::seen_ms));
    let wire = WebSocketWire {
        address,
        options: context.options.clone(),
        number: 0,
        socket: None,
    };
    stream::run(wire, outage, context).await
}

struct WebSocketWire {
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

impl Wire for WebSocketWire {
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
                        "{} takes nothing any more",
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

    async fn take(&mut self) -> Vec<Item> {
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
        let state = ResumeState::WebSocket {
            seen_ms: wall::now_ms(),
        };
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

impl WebSocketWire {
    fn message(&mut self, opened: Opened) -> Item {
        self.number += 1;
        Item::Message(Message {
            bytes: opened.bytes,
            position: 0,
            place: Place::Message(self.number),
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
    opened.map(|(stream, _)| stream).map_err(refused)
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
            unescaped(url.username()),
            b":".to_vec(),
            unescaped(url.password().unwrap_or_default()),
        ]
        .concat();
        let mut value = HeaderValue::try_from(format!("Basic {}", base64(&pair)))
            .map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Why the server did not open a WebSocket.
fn refused(error: WebSocketError) -> String {
    match error {
        WebSocketError::Http(response) => {
            let status = response.status();
            let why = match status.as_u16() {
                300..=399 => {
                    "it points elsewhere, and redirects are not followed: give the right address"
                }
                401 | 403 => "it refuses access: check user, password or token in the address",
                404 | 410 => "there is no stream at this path",
                200..=299 | 426 => "that is no WebSocket: is it an http:// stream?",
                500.. => "it has an internal error",
                _ => "it does not open a WebSocket",
            };
            format!("the server answers {}: {why}", status.as_u16())
        }
        other => broken_off(other),
    }
}

/// Why a connection ended.
fn broken_off(error: WebSocketError) -> String {
    match error {
        WebSocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "the connection broke off without a word".to_owned()
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

/// Turns `%41` back into what it stands for.
fn unescaped(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let pair = text.get(i + 1..i + 3).filter(|_| bytes[i] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                i += 3;
            }
            None => {
                plain.push(bytes[i]);
                i += 1;
            }
        }
    }
    plain
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = bytes.chunks(3).flat_map(|chunk| {
        let word = chunk
            .iter()
            .fold(0u32, |word, &byte| word << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        (0..4).map(move |i| {
            if i > chunk.len() {
                '='
            } else {
                char::from(LETTERS[(word >> (18 - 6 * i) & 63) as usize])
            }
        })
    });
    letters.collect()
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn credentials_become_a_header() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"a:"), "YTo=");
        assert_eq!(base64(b"joe:pw!"), "am9lOnB3IQ==");
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
        assert_eq!(unescaped("a%41%zz%4"), b"aA%zz%4");
        let url = Url::parse("ws://joe:p%40w@h:9/x?a=1").expect("a URL");
        let request = request(&url).expect("a request");
        assert_eq!(request.uri(), "ws://h:9/x?a=1");
        assert_eq!(
            request.headers()[AUTHORIZATION],
            format!("Basic {}", base64(b"joe:p@w"))
        );
        assert_eq!(request.headers()["host"], "h:9");
    }
}
