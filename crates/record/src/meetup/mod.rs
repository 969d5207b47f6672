//! The records of Meetup's five feeds.

pub(crate) mod complete;
pub(crate) mod fast;
mod feed;

pub use feed::Feed;
