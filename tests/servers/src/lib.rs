//! The real servers that the tests run against: Kafka, Cassandra, PostgreSQL, an S3 server, a Kinesis server,
//! and Toxiproxy between.
//!
//! ```no_run
//! let kafka = headcount_test_servers::Kafka::start();
//! println!("{}", kafka.bootstrap()); // 127.0.0.1:21873
//! kafka.kill();
//! kafka.restart(); // the same port, the same data
//! ```
//!
//! Each is a process of its own on free ports of 127.0.0.1, with its data in a fresh temporary folder. What it runs is
//! fetched once, pinned, by `bin/fetch`; how it is run is in the scripts of `bin`, each of which runs by hand too.
//! `shared()` gives one server to all tests of a test binary.
//!
//! It is not for anything but tests: what fails panics, with what the server said.
//!
//! Invariant: a server ends, and its folder goes, when its value is dropped, and also when the test process ends in any
//! other way, `SIGKILL` included. With `HEADCOUNT_SERVERS_KEEP=1` the folders stay, to be looked at.

mod cassandra;
mod cql;
mod delta;
mod fetch;
mod folder;
mod http;
mod kafka;
mod kinesis;
mod pgjdbc;
mod port;
mod postgres;
mod process;
mod s3;
mod spawner;
mod toxiproxy;
mod wait;

pub use cassandra::Cassandra;
pub use delta::delta_jars;
pub use kafka::{Broker, Kafka};
pub use kinesis::Kinesis;
pub use pgjdbc::pgjdbc_jars;
pub use postgres::Postgres;
pub use s3::S3;
pub use toxiproxy::{Proxy, Toxiproxy};
