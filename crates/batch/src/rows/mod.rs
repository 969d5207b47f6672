//! What the entries of the journal tell the tables.
//!
//! Each partition is read on its own, for an event and its answers live in one. What it tells since the tables were last
//! written waits in a [`Pending`]; `tables` merges that with what it knows of before.

mod details;
mod facts;
mod index;
mod partition;
mod pending;
mod touched;
mod winner;

pub(crate) use facts::{
    CategoryFacts, CommentFacts, EventFacts, GroupFacts, MemberTold, MergeFacts, PhotoFacts, Tales,
    TopicFacts, VenueFacts, time_of,
};
pub(crate) use index::{IndexBatch, TablesIndex, Thing, ThingId};
pub(crate) use partition::{PartitionProgress, PartitionRows};
pub(crate) use pending::{Map, Pending};
pub(crate) use winner::{PendingRsvp, RsvpKey, StoredWinner};
