//! The tables of the built programs: recordings in, rows out, whatever happens on the way.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod data;
mod golden;
mod kills;
mod steps;
mod worker;
