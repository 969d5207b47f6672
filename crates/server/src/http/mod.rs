//! Connections, their limits, and what every request and response passes.

pub(crate) mod acceptor;
pub(crate) mod connection;
pub(crate) mod connections;
pub(crate) mod deadlines;
pub(crate) mod limiter;
pub(crate) mod list_paths;
mod openapi;
mod routes;
pub(crate) mod serve;
pub(crate) mod stop_signal;
mod tracked_stream;

pub(crate) mod admission;
mod body;
pub(crate) mod endpoint;
mod forwarded;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod origin;
pub(crate) mod problem;
pub(crate) mod problem_details;
pub(crate) mod proxy;

pub(crate) mod cache;
pub(crate) mod cached_body;
pub(crate) mod json;
pub(crate) mod parameters;
