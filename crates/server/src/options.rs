//! The limits: what a client may hold on to, and how often the page gets news.

use std::time::Duration;

use headcount_address::HostName;

use crate::http::proxy::TrustedProxy;

/// Limits and cadences of the server. The defaults suit a machine of any size; tests shorten them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// From the first byte of a request (or from connecting) to the end of its header.
    pub header_read: Duration,
    /// Between two pieces of a request's body.
    pub body_idle: Duration,
    /// For a request's whole body.
    pub body_total: Duration,
    /// For computing an answer. Streams answer at once and are not limited by it.
    pub handler: Duration,
    /// Between two requests of a connection.
    pub keep_alive: Duration,
    /// How long a client may leave bytes unread before it is dropped, streams included.
    pub write_stall: Duration,
    /// How long open requests may take to finish once the server is asked to stop.
    pub shutdown: Duration,

    /// Connections in all: descriptors are finite.
    pub connections: usize,
    /// Connections of one address (of one /64 for IPv6).
    pub connections_per_address: usize,
    /// Bytes of a request's header fields, names and values.
    pub header_bytes: usize,
    /// Header fields of a request.
    pub header_fields: usize,
    /// Bytes of path and query.
    pub uri_bytes: usize,
    /// Bytes of a request's body that is read and thrown away: only statements have a use for one.
    pub body_bytes: u64,
    /// Bytes of a request for a statement, which is kept until it is passed on.
    pub statement_bytes: u64,

    /// Requests that the batch worker answers at one time.
    pub batch_requests: usize,
    /// The same, for one address.
    pub batch_requests_per_address: usize,
    /// How long the batch worker may say nothing: before the header of its answer, and between two pieces of it.
    pub batch_silence: Duration,

    /// Open live streams in all.
    pub live_clients: usize,
    /// Open live streams of one address.
    pub live_clients_per_address: usize,
    /// Different filters at one time: each costs a computation per tick.
    pub live_filters: usize,
    /// Least time between two ticks. Ten a second look continuous.
    pub tick: Duration,
    /// Least time between two updates of the lists; nobody reads faster.
    pub lists: Duration,
    /// Least time between two updates of the dots, by far the largest member.
    pub dots: Duration,
    /// Time between two pings; the page calls itself stale after five missed ones.
    pub ping: Duration,

    /// Names besides loopback ones under which a server bound to loopback may be addressed, for a
    /// proxy in front of it that passes its own `Host` on.
    pub hosts: Vec<HostName>,
    /// Proxies whose `X-Forwarded-For` or `Forwarded` is believed: their connections count towards the totals
    /// alone, and their clients by the address that they name. None with [`Self::hosts`] means those on loopback.
    pub trusted_proxies: Vec<TrustedProxy>,
}

impl Default for Options {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            header_read: seconds(10),
            body_idle: seconds(10),
            body_total: seconds(30),
            handler: seconds(10),
            keep_alive: seconds(60),
            write_stall: seconds(10),
            shutdown: seconds(10),
            connections: 2_048,
            connections_per_address: 64,
            header_bytes: 16 * 1024,
            header_fields: 64,
            uri_bytes: 8 * 1024,
            body_bytes: 1024 * 1024,
            statement_bytes: 64 * 1024,
            batch_requests: 64,
            batch_requests_per_address: 16,
            batch_silence: seconds(60),
            live_clients: 1_000,
            live_clients_per_address: 20,
            live_filters: 256,
            tick: Duration::from_millis(100),
            lists: seconds(1),
            dots: seconds(2),
            ping: seconds(1),
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}
