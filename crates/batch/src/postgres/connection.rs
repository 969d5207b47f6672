//! One session with the server, with a limit on every wait.

use std::{io::Cursor, pin::pin, time::Duration};

use futures_util::SinkExt;
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, Config, NoTls, SimpleQueryMessage, config::TargetSessionAttrs, types::ToSql,
};

use super::{
    address::{Encryption, PostgresAddress},
    error::Error,
    failure::RequestFailure,
    retries::PostgresLimits,
    tls,
};

/// A session. The server ends its transaction when this is dropped.
pub(super) struct Connection {
    client: Client,
    task: JoinHandle<()>,
    place: String,
    /// How long one answer may take.
    pub(super) answer: Duration,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Begins a session whose statements find the tables of the address's schema.
    pub(super) async fn open(
        address: &PostgresAddress,
        limits: &PostgresLimits,
    ) -> Result<Self, RequestFailure> {
        let place = address.to_string();
        let failed = |error: tokio_postgres::Error| RequestFailure::of(&error, &place);
        let config = config(address, limits);
        // The library's own limit is for the connection alone; a server may take it and say nothing.
        let connecting = async {
            match &address.encryption {
                Encryption::Off => {
                    let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
                    Ok((client, tokio::spawn(ended(connection))))
                }
                Encryption::Verified(authority) => {
                    let connector = tls::connector(authority.as_deref()).map_err(|cause| {
                        let place = place.clone();
                        Error::Encryption { place, cause }
                    })?;
                    let (client, connection) = config.connect(connector).await.map_err(failed)?;
                    Ok((client, tokio::spawn(ended(connection))))
                }
            }
        };
        let (client, task) = within(limits.connect, connecting).await?;
        let connection = Self {
            client,
            task,
            place: place.clone(),
            answer: limits.answer,
        };
        connection.run(&settings(&address.schema, limits)).await?;
        Ok(connection)
    }

    /// Whether the server has not ended it, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    /// Carries out statements that have no rows and no parameters.
    pub(super) async fn run(&self, sql: &str) -> Result<(), RequestFailure> {
        self.answer(self.client.batch_execute(sql)).await
    }

    /// Carries out one statement without parameters, and returns how many rows it changed.
    pub(super) async fn change(&self, sql: &str) -> Result<u64, RequestFailure> {
        let messages = self.answer(self.client.simple_query(sql)).await?;
        let counts = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::CommandComplete(count) => Some(*count),
            _ => None,
        });
        Ok(counts.sum())
    }

    /// Carries out one statement, and returns how many rows it changed.
    pub(super) async fn execute(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, RequestFailure> {
        self.answer(self.client.execute(sql, values)).await
    }

    /// The rows of a query.
    pub(super) async fn rows(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, RequestFailure> {
        self.answer(self.client.query(sql, values)).await
    }

    /// The one row of a query.
    pub(super) async fn row(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<tokio_postgres::Row, RequestFailure> {
        self.answer(self.client.query_one(sql, values)).await
    }

    /// Sends lines to a `COPY … FROM STDIN`.
    pub(super) async fn copy(&self, sql: &str, lines: &str) -> Result<(), RequestFailure> {
        let lines = Cursor::new(lines.as_bytes().to_vec());
        self.answer(async {
            let mut sink = pin!(self.client.copy_in(sql).await?);
            // If the server ends the copy early, the reason is in its answer and not in what becomes of the lines.
            let sent = sink.send(lines).await;
            let copied = sink.as_mut().finish().await;
            copied.and(sent)
        })
        .await
    }

    async fn answer<T>(
        &self,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, RequestFailure> {
        let request = async {
            request
                .await
                .map_err(|error| RequestFailure::of(&error, &self.place))
        };
        within(self.answer, request).await
    }
}

/// Drives the connection to its end; why it ends is what its requests fail with.
async fn ended(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    let _ = connection.await;
}

async fn within<T>(
    limit: Duration,
    request: impl Future<Output = Result<T, RequestFailure>>,
) -> Result<T, RequestFailure> {
    match tokio::time::timeout(limit, request).await {
        Ok(answer) => answer,
        Err(_) => Err(RequestFailure::Lost(format!(
            "no answer within {} s",
            limit.as_secs_f64()
        ))),
    }
}

fn config(address: &PostgresAddress, limits: &PostgresLimits) -> Config {
    let mut config = Config::new();
    for host in &address.hosts {
        let name = host.name().trim_start_matches('[').trim_end_matches(']');
        config.host(name);
        if let Some(port) = host.port() {
            config.port(port);
        }
    }
    if let Some(password) = &address.password {
        config.password(password.expose());
    }
    if address.hosts.len() > 1 {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    if address.encryption != Encryption::Off {
        config.ssl_mode(tokio_postgres::config::SslMode::Require);
    }
    config
        .user(&address.user)
        .dbname(&address.database)
        .application_name("headcount-batch")
        .connect_timeout(limits.connect)
        .tcp_user_timeout(limits.answer)
        // The system counts it in whole seconds, and none are not possible.
        .keepalives_idle(limits.connect.max(Duration::from_secs(1)));
    config
}

/// What holds for a session. The server ends a statement before nobody waits for it any more, and a transaction whose
/// writer has stopped, for it keeps the next writer out.
fn settings(schema: &str, limits: &PostgresLimits) -> String {
    let milliseconds = |limit: Duration| limit.as_millis().max(1);
    format!(
        "SET search_path = {schema}; SET TimeZone = 'UTC'; SET client_min_messages = warning; SET jit = off; \
         SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        milliseconds(limits.lock.min(limits.answer)),
        milliseconds(limits.answer.mul_f64(0.9)),
        milliseconds(limits.idle),
    )
}
