//! The journal on Kafka, which many processes write and read at once.
//!
//! A journal NAME is a topic a feed (`NAME.rsvps` and so on), `NAME.commits` and `NAME.positions`. Partition p of the
//! journal is partition p of the topics of records and of the commits.
//!
//! ```text
//!  NAME.rsvps/p    {..} {..} {..}        {..}      records as they are: key, headers, JSON; `kcat` shows them
//!  NAME.photos/p        {..}
//!  NAME.commits/p                [A 1]        [A 2] [B 1]     one small message a batch: how many records of which
//!  NAME.positions  0/file a                                   topic it takes, and its controls
//! ```
//!
//! **The order of the commit messages is the order of the journal.** A reader takes the next one and then from the topics
//! of records what it names, told apart by writer: so two writers at once agree with all readers on one order.
//!
//! **Whole or not at all.** A group of batches is one transaction: records first, then, when they are acknowledged, the
//! commit messages. Readers read what is committed only. Because a writer's records are before its commit message, a
//! reader finds in a topic at most one transaction of each other writer before what it looks for: its memory is bounded.
//!
//! **Who may write.** The transactional id is NAME-WORKER, so Kafka refuses an older process of the same worker. It
//! also refuses one whose transaction has timed out, which is innocent: the claim in `NAME.positions` tells which.

mod claim;
mod cluster;
mod delivery;
mod ends;
mod identity;
mod journal;
mod member;
mod message;
mod options;
mod outcome;
mod plan;
mod reader;
mod scan;
mod stream;
mod topic;
mod topics;
mod transactions;
mod wait;
mod writer;

pub(crate) use journal::KafkaJournal;
pub(crate) use member::KafkaMember;
pub use options::Options;
pub(crate) use reader::KafkaReader;
pub use topic::JournalTopic;
