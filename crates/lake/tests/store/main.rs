//! The lake on what is really there: one suite for the disk and for an S3 server, kills, and a network that lies.
#![allow(clippy::unwrap_used)]

mod child;
mod disk;
#[cfg(feature = "s3")]
mod fault;
#[cfg(feature = "s3")]
mod s3;
mod suite;
