//! The live stream: one room for each filter that is watched, and what its clients have to be sent.
//!
//! ```text
//!              ┌ room "" ────── ask, compare, serialise once ──▶ ring of 32 messages ─▶ client, client, ...
//!   publisher ─┤
//!              └ room "us,ca" ─ ...
//! ```
//!
//! A room lives while a filter has clients. Values are absolute: a client that missed messages is not
//! sent them later but gets a snapshot, and so does one that connects again. A slow client costs its
//! permit and what is in its socket; it never slows a room down.

mod changes;
mod client;
mod delta;
mod hub;
mod message;
mod packed;
mod pulses;
mod room;
#[cfg(test)]
mod tests;

pub(crate) use self::{client::stream, hub::Hub, packed::StreamEncoding};
