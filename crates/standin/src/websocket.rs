//! A feed over a WebSocket: one object a message, and nothing that the client sends is heeded.

use std::time::Duration;

use axum::{
    body::Body,
    extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    http::Response,
};
use bytes::Bytes;
use tokio::time::timeout;

use super::{
    connection_slots::SharedSlot, playback::Playback, query::Refusal, shutdown::ShutdownSignal,
};

/// A client that reads nothing for this long is considered gone.
const SEND_LIMIT: Duration = Duration::from_secs(60);
/// After so long without a record a ping shows whether the client is still there.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// What clients send is thrown away, but it has to be read first.
const HEEDLESS_BYTES: usize = 64 << 10;

pub(super) fn open(
    upgrade: WebSocketUpgrade,
    play: Result<Playback, Refusal>,
    slot: SharedSlot,
    mut signal: ShutdownSignal,
) -> Response<Body> {
    // Without a buffer a message is written when it is sent, and no more are waiting behind it.
    let upgrade = upgrade
        .write_buffer_size(0)
        .max_message_size(HEEDLESS_BYTES)
        .max_frame_size(HEEDLESS_BYTES);
    upgrade.on_upgrade(async move |mut socket| {
        match play {
            Ok(play) => show(&mut socket, play, &mut signal).await,
            Err(refusal) => {
                let _ = send(&mut socket, Message::text(refusal.to_string())).await;
            }
        }
        let _ = send(&mut socket, Message::Close(None)).await;
        drop(slot);
    })
}

/// Until the client or the server ends it.
async fn show(socket: &mut WebSocket, mut play: Playback, signal: &mut ShutdownSignal) {
    let shown = async {
        loop {
            let message = tokio::select! {
                heard = socket.recv() => match heard {
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return,
                },
                next = timeout(PING_INTERVAL, play.next()) => match next {
                    Ok(line) => Message::Text(text(line)),
                    Err(_) => Message::Ping(Bytes::new()),
                },
            };
            if send(socket, message).await.is_none() {
                return;
            }
        }
    };
    let _ = signal.or(shown).await;
}

async fn send(socket: &mut WebSocket, message: Message) -> Option<()> {
    timeout(SEND_LIMIT, socket.send(message)).await.ok()?.ok()
}

/// The line without its end. The recording holds valid UTF-8 only.
fn text(line: Bytes) -> Utf8Bytes {
    let length = line.strip_suffix(b"\n").map_or(line.len(), <[u8]>::len);
    Utf8Bytes::try_from(line.slice(..length)).unwrap_or_default()
}
