//! Where records come from: streams, files, the simulator; and the stand-in for the closed API.

pub mod address;
mod backoff;
pub mod error;
pub mod files;
pub mod framing;
pub mod message;
mod mtime;
mod run;
mod shutdown;
pub mod sink;
pub mod status;
mod stdin;
#[cfg(test)]
mod testing;
mod wall;

pub mod simulator;
pub mod standin;
