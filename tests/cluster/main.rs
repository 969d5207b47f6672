//! Several processes on the real engines give the answer of one, whatever happens to them.
#![allow(clippy::unwrap_used)]

mod answers;
mod beginning;
mod buckets;
mod guide;
mod harness;
mod imports;
mod outages;
mod passwords;
mod rolling;
mod sources;
mod takeover;
mod viewer;

#[path = "../support/mod.rs"]
mod support;
