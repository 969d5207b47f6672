//! The tables in PostgreSQL: what is written is there once, whatever dies and whatever is refused.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod generator;
mod kills;
mod lost_answers;
mod proxy;
mod refused;
mod rows;
mod schema;
mod server;
mod tls;
mod world;
mod writers;
