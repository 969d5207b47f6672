//! What reads the journal and the counts and keeps them elsewhere: the lake (disk or S3) and what is served (memory or Cassandra).

pub mod archive;
pub mod checkpoints;
pub mod claims;
pub mod lake;
pub mod serving;
