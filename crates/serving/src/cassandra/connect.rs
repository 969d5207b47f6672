//! A session: whom to ask, as whom, encrypted or not, and how many answers are enough.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use rustls::ClientConfig;
use scylla::{
    client::{
        execution_profile::ExecutionProfile, session::Session, session_builder::SessionBuilder,
    },
    policies::load_balancing::DefaultPolicy,
    statement::{Consistency, SerialConsistency},
};

use super::{
    super::{Error, Result, address::CassandraAddress},
    retry::{OPENING, RetryPolicy, StoreFailure},
    tls,
};

/// Longer than a server waits for its replicas (2 s for a write, 5 s for a read), so that it says itself what is wrong.
const REQUEST: Duration = Duration::from_secs(6);
const CONNECT: Duration = Duration::from_secs(3);
/// A node that keeps its connections and says nothing is found out after the two together.
const KEEPALIVE: Duration = Duration::from_secs(4);

pub(crate) async fn session(address: &CassandraAddress) -> Result<Session> {
    let tls = match &address.ca {
        None => None,
        Some(ca) => {
            Some(
                tls::config(ca, address.name.as_deref()).map_err(|cause| Error::Refused {
                    action: "encrypt the connection to",
                    place: address.to_string(),
                    cause,
                })?,
            )
        }
    };
    let place = address.to_string();
    RetryPolicy::new("connect to", &place, OPENING)
        .until_done(|| connected(address, tls.as_ref()).boxed())
        .boxed()
        .await
        .map_err(with_remedy)
}

fn with_remedy(error: Error) -> Error {
    match error {
        Error::Unavailable {
            action,
            place,
            cause,
        } => Error::Unavailable {
            action,
            place,
            cause: format!("{cause}; check the address, and that Cassandra is running there"),
        },
        error => error,
    }
}

async fn connected(
    address: &CassandraAddress,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<Session, StoreFailure> {
    let mut builder = SessionBuilder::new()
        .known_nodes(&address.hosts)
        .default_execution_profile_handle(profile(address).into_handle())
        .connection_timeout(CONNECT)
        .keepalive_interval(KEEPALIVE)
        .keepalive_timeout(KEEPALIVE)
        .keyspaces_to_fetch([&address.keyspace])
        .tls_context(tls.cloned());
    if let (Some(user), Some(password)) = (&address.user, &address.password) {
        builder = builder.user(user, password.expose());
    }
    Ok(builder.build().await?)
}

/// A majority of the copies, for reads as for writes, so that a read sees what was acknowledged.
fn profile(address: &CassandraAddress) -> ExecutionProfile {
    let mut policy = DefaultPolicy::builder().token_aware(true);
    let (majority, serial) = match &address.dc {
        None => (Consistency::Quorum, SerialConsistency::Serial),
        Some(dc) => {
            policy = policy.prefer_datacenter(dc.clone());
            (Consistency::LocalQuorum, SerialConsistency::LocalSerial)
        }
    };
    ExecutionProfile::builder()
        .consistency(majority)
        .serial_consistency(Some(serial))
        .request_timeout(Some(REQUEST))
        .load_balancing_policy(policy.build())
        .build()
}
