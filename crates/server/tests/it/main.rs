//! The server over real sockets, with a publisher that answers what a test tells it to.
//!
//! Nothing sleeps: a test waits for a condition, and `within` ends it when that does not come.
#![allow(clippy::unwrap_used)]

mod client;
mod world;

mod accept;
mod batch;
mod caching;
mod data;
mod headers;
mod limits;
mod lists;
mod live;
mod probes;
mod proxy;
mod raw;
mod shutdown;
mod slow_clients;
mod status;
