//! What may be set on a client.

use std::time::Duration;

use aws_sdk_kinesis::config::Credentials;
use headcount_clock::Delays;

/// The defaults are for the real thing; tests take shorter times.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What calls are signed with; without it what the environment, a profile, the container or the instance give.
    pub credentials: Option<Credentials>,
    /// The least time between two reads of a shard: the service allows five a second, to all readers together.
    pub read_interval: Duration,
    /// How many records a read asks for; the service gives at most 10,000, and 10 MB. Five reads a second of 400 KB are
    /// all that a shard gives, so more than this only costs memory.
    pub read_records: i32,
    /// How many reads may be under way or wait for their reader: the memory of a reader is bounded by this many answers.
    pub reads_at_once: usize,
    /// How often the shards are listed without a reason. The end of a shard is a reason.
    pub list_interval: Duration,
    /// How long a reader that has everything waits before it says so again.
    pub tip_interval: Duration,
    /// Between a refusal and the next attempt.
    pub delays: Delays,
    /// For a connection to be made, TLS included.
    pub connect_limit: Duration,
    /// For a call to be answered.
    pub call_limit: Duration,
    /// How long a put is tried in all before it fails.
    pub put_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            credentials: None,
            read_interval: Duration::from_millis(200),
            read_records: 2_000,
            reads_at_once: 4,
            list_interval: Duration::from_secs(60),
            tip_interval: Duration::from_secs(60),
            delays: Delays {
                first: Duration::from_millis(200),
                most: Duration::from_secs(10),
            },
            connect_limit: Duration::from_secs(5),
            call_limit: Duration::from_secs(30),
            put_limit: Duration::from_secs(15 * 60),
        }
    }
}
