//! A session: messages come in, and each is answered before the next one is read.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{
    cancel::OwnKey,
    frame::{self, FrameError},
    message::{Outgoing, Severity, TransactionStatus},
    portal::Portal,
    settings::Settings,
    statement::PreparedStatement,
};
use crate::{
    serve::{follower::HeldSnapshot, worker::TablesWorker},
    sql::{
        error::{SqlError, sqlstate},
        request::AskingSession,
    },
};

/// How long a client may take to receive what is sent.
const SEND: Duration = Duration::from_secs(30);
/// Bytes that wait before they are sent.
pub(super) const WAITING: usize = 64 << 10;
/// Names of users and the like.
const NAME_MAX: usize = 63;

/// Why a message has no answer.
pub(super) enum MessageFailure {
    /// The client is told, and may go on.
    Statement(SqlError),
    /// The session ends.
    Connection(FrameError),
}

impl From<SqlError> for MessageFailure {
    fn from(error: SqlError) -> Self {
        Self::Statement(error)
    }
}

impl From<FrameError> for MessageFailure {
    fn from(error: FrameError) -> Self {
        Self::Connection(error)
    }
}

/// A client that is connected.
pub(super) struct WireSession<'w> {
    stream: BufReader<TcpStream>,
    pub(super) worker: &'w TablesWorker,
    pub(super) key: OwnKey,
    user: String,
    pub(super) out: Outgoing,
    pub(super) settings: Settings,
    pub(super) status: TransactionStatus,
    /// What all statements of a transaction see that is isolated so, once one has run.
    pub(super) held: Option<Arc<HeldSnapshot>>,
    pub(super) statements: HashMap<String, PreparedStatement>,
    pub(super) portals: HashMap<String, Portal>,
    /// Whether messages are passed over until the client asks to go on.
    skips: bool,
}

impl<'w> WireSession<'w> {
    pub(super) fn new(
        stream: BufReader<TcpStream>,
        worker: &'w TablesWorker,
        key: OwnKey,
        parameters: &[(String, String)],
    ) -> Self {
        let user = parameters.iter().find(|(name, _)| name == "user");
        let user: String = user
            .map_or("", |(_, user)| user)
            .chars()
            .take(NAME_MAX)
            .collect();
        Self {
            stream,
            worker,
            key,
            out: Outgoing::default(),
            settings: Settings::of(&user),
            user,
            status: TransactionStatus::Idle,
            held: None,
            statements: HashMap::new(),
            portals: HashMap::new(),
            skips: false,
        }
    }

    /// Greets the client and serves it until it goes.
    pub(super) async fn run(
        mut self,
        minor: i32,
        parameters: &[(String, String)],
    ) -> Result<(), FrameError> {
        if let Err(error) = self.begin(parameters) {
            self.out.error(Severity::Fatal, &error);
            return self.send().await;
        }
        let options: Vec<_> = parameters
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| name.starts_with("_pq_."))
            .collect();
        if minor > 0 || !options.is_empty() {
            self.out.older(&options);
        }
        self.out.authenticated();
        for (name, value) in self.settings.all_reported() {
            self.out.setting(name, value);
        }
        self.out.key(self.key.process, self.key.secret);
        self.out.ready(self.status);
        self.send().await?;
        match self.serve().await {
            Err(FrameError::Protocol(message)) => {
                self.out
                    .error(Severity::Fatal, &SqlError::new("08P01", message));
                self.send().await
            }
            Err(FrameError::Idle) => {
                let message = "the session has been idle for too long";
                self.out
                    .error(Severity::Fatal, &SqlError::new("57P05", message));
                self.send().await
            }
            ended => ended,
        }
    }

    /// Takes over what the client wants set.
    fn begin(&mut self, parameters: &[(String, String)]) -> Result<(), SqlError> {
        if self.user.is_empty() {
            return Err(SqlError::new(
                "28000",
                "no user name was given; any will do",
            ));
        }
        for (name, value) in parameters {
            match name.as_str() {
                "user" | "database" => {}
                "replication" if matches!(value.as_str(), "false" | "off" | "no" | "0") => {}
                "replication" => {
                    let message = "there is no replication; follow the lake or Kafka instead";
                    return Err(SqlError::new(sqlstate::NOT_SUPPORTED, message));
                }
                "options" => {
                    for option in value
                        .split("-c ")
                        .filter(|option| !option.trim().is_empty())
                    {
                        if let Some((name, value)) = option.trim().split_once('=') {
                            self.settings.set(name.trim(), Some(value))?;
                        }
                    }
                }
                name if name.starts_with("_pq_.") => {}
                // A time zone is told of, not refused: drivers name the one of their machine.
                name => match self.settings.set(name, Some(value)) {
                    Err(error) if error.sqlstate != "42704" => return Err(error),
                    _ => {}
                },
            }
        }
        Ok(())
    }

    async fn serve(&mut self) -> Result<(), FrameError> {
        loop {
            let is_idle = self.status == TransactionStatus::Idle;
            let idle = self.settings.idle_time(!is_idle);
            let Some(frame) = frame::read(&mut self.stream, idle).await? else {
                return Ok(());
            };
            if frame.kind == b'X' {
                return Ok(());
            }
            if self.skips && frame.kind != b'S' {
                continue;
            }
            let answered = match frame.kind {
                b'Q' => self.simple(&frame.payload).await,
                b'S' => self.synchronize().await,
                b'H' => self.send().await.map_err(MessageFailure::Connection),
                // What a client still sends of data that nobody has asked for.
                b'd' | b'c' | b'f' => Ok(()),
                b'F' => Err(SqlError::new(
                    sqlstate::NOT_SUPPORTED,
                    "functions are called by statements only",
                )
                .into()),
                b'p' => {
                    return Err(FrameError::Protocol("no password was asked for".to_owned()));
                }
                kind => self.extended(kind, &frame.payload).await,
            };
            match answered {
                Ok(()) => {}
                Err(MessageFailure::Connection(error)) => return Err(error),
                Err(MessageFailure::Statement(error)) => {
                    self.fail(&error);
                    if matches!(frame.kind, b'Q' | b'F') {
                        self.out.ready(self.status);
                        self.send().await?;
                    } else {
                        self.skips = true;
                    }
                }
            }
            if self.out.0.len() > WAITING {
                self.send().await?;
            }
        }
    }

    /// Says that a statement has failed, and its transaction with it.
    pub(super) fn fail(&mut self, error: &SqlError) {
        self.out.error(Severity::Error, error);
        if self.status == TransactionStatus::InBlock {
            self.status = TransactionStatus::Failed;
        }
    }

    async fn synchronize(&mut self) -> Result<(), MessageFailure> {
        self.skips = false;
        if self.status == TransactionStatus::Idle {
            self.portals.clear();
        }
        self.out.ready(self.status);
        Ok(self.send().await?)
    }

    /// Sends what waits.
    pub(super) async fn send(&mut self) -> Result<(), FrameError> {
        if self.out.0.is_empty() {
            return Ok(());
        }
        let sent = timeout(SEND, self.stream.write_all(&self.out.0)).await;
        self.out.0.clear();
        match sent {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(FrameError::Gone(std::io::ErrorKind::TimedOut.into())),
        }
    }

    /// Does some work, unless the client cancels it or goes.
    pub(super) async fn unless_cancelled<T>(
        stream: &mut BufReader<TcpStream>,
        told: &tokio::sync::Notify,
        work: impl Future<Output = T>,
    ) -> Result<T, MessageFailure> {
        let gone = async {
            match stream.fill_buf().await {
                Ok([]) => {}
                // The next message is there already, or will be: only the end of the connection ends the work.
                Ok(_) => std::future::pending().await,
                Err(_) => {}
            }
        };
        tokio::select! {
            done = work => Ok(done),
            () = told.notified() => Err(MessageFailure::Statement(SqlError::new(
                sqlstate::CANCELED,
                "the statement was cancelled by its user",
            ))),
            () = gone => Err(MessageFailure::Connection(FrameError::Gone(
                std::io::ErrorKind::UnexpectedEof.into(),
            ))),
        }
    }

    /// As [`unless_cancelled`](Self::unless_cancelled), of this session.
    pub(super) fn parts(&mut self) -> (&mut BufReader<TcpStream>, &tokio::sync::Notify) {
        (&mut self.stream, &self.key.told)
    }

    /// Who asks.
    pub(super) fn asking(&self) -> AskingSession {
        AskingSession {
            user: self.user.clone(),
            process: self.key.process,
            settings: self.settings.0.clone(),
        }
    }
}
