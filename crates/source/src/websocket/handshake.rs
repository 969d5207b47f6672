//! How an HTTP connection becomes a WebSocket (RFC 6455, 4).

use reqwest::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Client, StatusCode, Upgraded};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use url::Url;

use crate::address::StreamAddress;
use crate::refusal::{refusal, text};
use crate::stream::{Interruption, root_cause};

/// Connects, and says in half a sentence why not.
pub(super) async fn open(
    client: &Client,
    address: &StreamAddress,
) -> Result<Upgraded, Interruption> {
    let key = generate_key();
    let asked = client
        .get(as_http(address.url()))
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key)
        .send();
    let response = asked
        .await
        .map_err(|error| Interruption::new(root_cause(&error)))?;
    match response.status() {
        StatusCode::SWITCHING_PROTOCOLS => {}
        status => {
            let otherwise = match status.as_u16() {
                200..=299 | 426 => "this is not a WebSocket: is it an http:// stream?",
                _ => "it does not open a WebSocket",
            };
            return Err(refusal(address, &response, otherwise));
        }
    }
    let accepted = text(response.headers(), SEC_WEBSOCKET_ACCEPT.as_str());
    if accepted.as_deref() != Some(&derive_accept_key(key.as_bytes())) {
        return Err(Interruption::refusal(
            "the server switches to another protocol than WebSocket: is the address right?",
        ));
    }
    response
        .upgrade()
        .await
        .map_err(|error| Interruption::new(root_cause(&error)))
}

/// The address at which a WebSocket is asked for.
fn as_http(url: &Url) -> Url {
    let mut url = url.clone();
    let scheme = match url.scheme() {
        "wss" => "https",
        _ => "http",
    };
    // Every one of these schemes can take the place of another.
    let _ = url.set_scheme(scheme);
    url
}
