//! The lake, on disk or on S3: the raw archive by feed and hour, checkpoints of partitions, and the claims of their owners.
//!
//! Its ground is a [`Lake`]: whole objects under names, created once or swapped. The rooms above it each keep one
//! kind of object there. It knows neither the sources of records nor what is served.

#![warn(missing_docs)]

pub mod archive;
pub mod checkpoints;
pub mod claims;
mod store;

pub use store::{
    Error, Lake, LakeAddress, LakeDescription, Object, Options, PutOutcome, Result, SwapOutcome,
    Tag, escape,
};
