//! What a command on this machine gets from a running worker: a snapshot, for as long as it holds on to the connection.

use std::path::Path;

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

use crate::snapshot::TablesSnapshot;

/// A snapshot of a running worker.
pub(crate) struct SnapshotLease {
    pub(crate) snapshot: TablesSnapshot,
    _connection: BufReader<UnixStream>,
}

/// Asks the worker at a socket for a snapshot; none when nobody listens there.
pub(crate) async fn lease(socket: &Path) -> anyhow::Result<Option<SnapshotLease>> {
    let Ok(mut connection) = UnixStream::connect(socket).await else {
        return Ok(None);
    };
    connection
        .write_all(b"GET /snapshot HTTP/1.1\r\nHost: worker\r\n\r\n")
        .await?;
    let mut connection = BufReader::new(connection);
    let mut line = String::new();
    // The head, then a chunk's length, then the snapshot in one line.
    loop {
        line.clear();
        if connection.read_line(&mut line).await? == 0 {
            bail!("the worker at {} has gone; try again", socket.display());
        }
        if line.starts_with('{') {
            break;
        }
    }
    let snapshot = serde_json::from_str(&line)
        .with_context(|| format!("the worker at {} said: {line:.300}", socket.display()))?;
    Ok(Some(SnapshotLease {
        snapshot,
        _connection: connection,
    }))
}
