//! The HTTP server: the JSON API, the live stream, metrics and the embedded page.
//!
//! Views come in, bytes go out. This crate knows the plain values of `headcount-engine` and nothing of sources,
//! journals or partitions: the program answers each [`Question`](headcount_query::Question) at the other end of
//! a channel, and a `watch` says when there are new figures. Requests for tables and SQL go on to the batch worker, of
//! which the crate knows the socket alone.
//!
//! It is: one accept loop with limits on everything a client can hold on to (time, bytes,
//! connections), one computation and one serialisation per filter, however many clients watch it, and one
//! set of headers on every response. It is not: a login, TLS, HTTP/2 or a place where anything is
//! counted.
//!
//! ```
//! use headcount_query::{BatchWorkerStatus, Readiness, Views};
//! use headcount_server::{ModelsAccess, Options, ServerState, serve};
//! use tokio::sync::{broadcast, mpsc, watch};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let (questions, _answered_by_the_program) = mpsc::channel(64);
//! let (_committed, commits) = watch::channel(0);
//! let (_sources, sources) = watch::channel(Default::default());
//! let (_ready, ready) = watch::channel(Readiness::Ready);
//! let (_cluster, cluster) = watch::channel(None);
//! let (_disk, disk) = watch::channel(None);
//! let (_batch, batch) = watch::channel(BatchWorkerStatus::absent("there is no worker", "start one"));
//! let (pulses, _) = broadcast::channel(64);
//!
//! let listener = headcount_server::bind("127.0.0.1:0".parse().expect("an address"))?;
//! let views = Views { questions, commits };
//! let models = ModelsAccess::none();
//! let state = ServerState { views, pulses, sources, ready, cluster, disk, batch, models };
//! serve(listener, state, Options::default(), async { /* until asked to stop */ }).await
//! # }
//! ```
//!
//! Invariant: nothing a client sends or leaves out makes the server hold more than the limits of
//! [`Options`] allow, and every byte that leaves carries the headers of `http/headers.rs`.

#![warn(missing_docs)]

mod options;
mod state;

mod app;
mod batch;
mod http;

mod api;
mod live;
mod metrics;
mod page;

pub use http::{
    proxy::TrustedProxy,
    serve::{bind, serve},
};
pub use options::Options;
pub use page::build_id;
pub use state::{
    ModelVersions, ModelsAccess, ModelsSeen, PromotionRefusal, PromotionRequest, ServerState,
};
