//! Long polling: an answer that calls a function with what came, for pages without WebSocket.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout, timeout_at};

use super::{playback::Playback, shutdown::ShutdownSignal};

/// A poll is answered after this time, even with nothing.
const WAIT: Duration = Duration::from_secs(25);
/// Once there is a record, others that come within this time go with it: long enough to spare a request a record, short
/// enough that it is not noticed.
const GATHER: Duration = Duration::from_millis(100);
const RECORDS_MAX: usize = 200;

/// `callback([..]);` with no record or more. The client asks again with the greatest mtime.
pub(super) async fn script(
    callback: &str,
    mut play: Playback,
    mut signal: ShutdownSignal,
) -> Vec<u8> {
    // The comment in front keeps the answer from being taken for another kind of file.
    let mut script = format!("/**/{callback}([").into_bytes();
    let gathered = gather(&mut play, &mut script);
    let _ = signal.or(gathered).await;
    script.extend_from_slice(b"]);\n");
    script
}

async fn gather(play: &mut Playback, script: &mut Vec<u8>) {
    let Ok(first) = timeout(WAIT, play.next()).await else {
        return;
    };
    script.extend_from_slice(without_end(&first));
    let until = Instant::now() + GATHER;
    for _ in 1..RECORDS_MAX {
        let Ok(line) = timeout_at(until, play.next()).await else {
            return;
        };
        script.push(b',');
        script.extend_from_slice(without_end(&line));
    }
}

fn without_end(line: &Bytes) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}
