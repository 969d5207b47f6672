//! The stand-in for stream.meetup.com, which was closed: serves recordings, or the simulated
//! stream, as it did. An old client pointed at it works unchanged.
//!
//! ```text
//! GET /2/rsvps  /2/open_events  /2/photos  /2/event_comments  /2/open_venues
//!     over chunked HTTP (one object a chunk, ended by LF), WebSocket (one object a message),
//!     or long polling (?callback=name)
//!     ?since_mtime=MS   only what comes after the first record newer than this
//!     ?since_count=N    the last N at once (not together with since_mtime)
//!     ?event_id=ID      only this event
//!     ?trickle          of open_venues: everything, in batches of 512
//! ```
//!
//! A recording is played to each connection from its start, at the pace of its live
//! records; the simulation is one stream that every connection joins where it is. Nothing is
//! put in a queue: a record is taken when the client has room for it, so a slow client slows
//! nobody else, and costs no memory.
//!
//! ```no_run
//! # async fn example(lines: Vec<Vec<u8>>) -> std::io::Result<()> {
//! use headcount_standin::{Options, Programme, RecordedFeeds, serve};
//!
//! let mut recording = RecordedFeeds::default();
//! for line in lines {
//!     recording.push(&line);
//! }
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//! let options = Options::new(Programme::Recording(recording));
//! serve(listener, options, std::future::pending()).await
//! # }
//! ```

#![warn(missing_docs)]

mod connection_slots;
mod host;
mod http;
mod playback;
mod poll;
mod query;
mod recorded_feeds;
mod recording_playback;
mod server;
mod shutdown;
mod simulation_playback;
mod speed;
mod websocket;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::{Arc, atomic::AtomicU64};

pub use self::{
    recorded_feeds::RecordedFeeds,
    server::serve,
    speed::{Speed, SpeedError},
};
use headcount_address::HostName;
use headcount_simulator::Simulator;

/// What is served.
pub enum Programme {
    /// Played to each connection from its start.
    Recording(RecordedFeeds),
    /// One stream for all, which begins when serving does. Its start should be that moment.
    Simulation(Simulator),
}

/// How it is served.
pub struct Options {
    /// What clients get.
    pub programme: Programme,
    /// How fast they get it.
    pub speed: Speed,
    /// At the end of the recording, keep the connection open and silent instead of beginning
    /// again.
    pub once: bool,
    /// Connections that one IP address may hold at a time, as the real stream limited them. Further ones get status
    /// 429 and are closed.
    pub connections_max: usize,
    /// Names that a stand-in on loopback answers to, besides those of loopback and `stream.meetup.com`.
    pub hosts: Vec<HostName>,
    /// Counts the records given to all clients together.
    pub shown: Arc<AtomicU64>,
}

impl Options {
    /// At the recorded speed, over and over, ten connections an address.
    #[must_use]
    pub fn new(programme: Programme) -> Self {
        Self {
            programme,
            speed: Speed::RECORDED,
            once: false,
            connections_max: 10,
            hosts: Vec::new(),
            shown: Arc::default(),
        }
    }
}
