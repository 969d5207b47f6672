//! The client that asks for HTTP streams and WebSockets.

use reqwest::{Client, redirect};
use url::{Host, Url};

use crate::error::Error;
use crate::run::Options;
use crate::stream::{install_tls, root_cause};

/// A client for this address. It follows no redirects: a login would be sent to a host that nobody named.
pub(crate) fn http_client(url: &Url, options: &Options) -> Result<Client, Error> {
    install_tls();
    let mut builder = Client::builder()
        .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_limit)
        .tcp_nodelay(true)
        .tcp_keepalive(options.ping_interval)
        .pool_max_idle_per_host(0)
        .redirect(redirect::Policy::none());
    if matches!(url.scheme(), "http" | "ws") {
        // The roots of the system are not needed, so they need not be there.
        builder = builder.tls_certs_only([]);
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    // A proxy passes a WebSocket on only through a tunnel, which it makes for TLS.
    if loopback || url.scheme() == "ws" {
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| Error::Client(root_cause(&error)))
}
