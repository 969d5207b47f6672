//! What is served, in memory and in Cassandra: one suite for both, and what only a real server can show.

#![allow(clippy::unwrap_used)]

mod memory;
mod suite;
mod wait;

#[cfg(feature = "cassandra")]
mod cassandra;
#[cfg(feature = "cassandra")]
mod concurrent;
#[cfg(feature = "cassandra")]
mod faults;
#[cfg(feature = "cassandra")]
mod users;
#[cfg(feature = "cassandra")]
mod world;
