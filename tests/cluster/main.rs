//! Several processes on the real engines give the answer of one, whatever happens to them.
#![allow(clippy::unwrap_used)]

mod answers;
mod guide;
mod harness;
mod imports;
mod outages;
mod rolling;
mod takeover;

#[path = "../support/mod.rs"]
mod support;
