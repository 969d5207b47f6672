//! One open stream: a greeting, a snapshot, then the messages of its room.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use headcount_engine::Filter;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time,
};

use super::{
    hub::{Hub, Joined},
    packed::{self, PackedMessage, StreamEncoding},
};
use crate::http::{limiter::Permit, stop_signal::StopSignal};

/// The browser connects again one second after it lost the connection.
const HELLO: &[u8] = b"retry: 1000\n\n";
/// A comment, so that proxies do not close a stream that has nothing to say yet.
const NOT_YET: &[u8] = b": starting\n\n";

struct LiveClient {
    hub: Arc<Hub>,
    filter: Filter,
    encoding: StreamEncoding,
    stage: ClientStage,
    stop: StopSignal,
    _permit: Permit,
}

enum ClientStage {
    Hello,
    Joining(Pin<Box<dyn Future<Output = Option<Joined>> + Send>>),
    Live(broadcast::Receiver<PackedMessage>),
}

pub(crate) fn stream(
    hub: Arc<Hub>,
    filter: Filter,
    encoding: StreamEncoding,
    permit: Permit,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let stop = hub.stop.clone();
    let client = LiveClient {
        hub,
        filter,
        encoding,
        stage: ClientStage::Hello,
        stop,
        _permit: permit,
    };
    stream::unfold(client, |mut client| async move {
        let bytes = client.next().await?;
        Some((Ok(bytes), client))
    })
}

impl LiveClient {
    /// The next bytes to send; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match &mut self.stage {
                ClientStage::Hello => {
                    self.join();
                    return Some(packed::first(self.encoding, HELLO));
                }
                ClientStage::Joining(join) => tokio::select! {
                    biased;
                    () = self.stop.asked() => return None,
                    joined = join => {
                        let joined = joined?;
                        self.stage = ClientStage::Live(joined.ticks);
                        self.hub.metrics.live.snapshots.fetch_add(1, Relaxed);
                        return Some(joined.snapshot.of(self.encoding));
                    }
                    () = time::sleep(self.hub.options.ping) => {
                        return Some(packed::seldom(self.encoding, NOT_YET));
                    }
                },
                ClientStage::Live(ticks) => tokio::select! {
                    biased;
                    () = self.stop.asked() => return None,
                    received = ticks.recv() => match received {
                        Ok(message) => return Some(message.of(self.encoding)),
                        Err(RecvError::Lagged(_)) => {
                            self.hub.metrics.live.lagged.fetch_add(1, Relaxed);
                            self.join();
                        }
                        Err(RecvError::Closed) => self.join(),
                    },
                },
            }
        }
    }

    fn join(&mut self) {
        self.stage =
            ClientStage::Joining(Box::pin(Arc::clone(&self.hub).join(self.filter.clone())));
    }
}
