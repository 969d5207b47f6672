//! Standard input, and everything else that can be read only once.

use std::io::{self, Read};
use std::thread;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::error::{Ended, Error};
use crate::files::unpack;
use crate::framing::{Framer, ScanMode};
use crate::message::{Message, MessageBatch, SourceItem};
use crate::run::Context;
use crate::value_watch::ValueWatch;

const READ_BYTES: usize = 128 << 10;

/// Reads standard input to its end. It cannot be read a second time, so there is no position.
pub(crate) async fn run(mut context: Context) -> Result<Ended, Error> {
    run_over(|| Ok(io::stdin()), &mut context).await
}

/// Reads anything to its end. A value is handed on as soon as it is complete. Opening waits where it may: a pipe with a
/// name is open only when somebody writes to it.
pub(crate) async fn run_over<R: Read + Send + 'static>(
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
    context: &mut Context,
) -> Result<Ended, Error> {
    let mut chunks = read_on_a_thread(open)?;
    let mut framer = Framer::new(ScanMode::Proved);
    let mut watch = ValueWatch::new(context.options.value_limit);
    context.report.live();
    loop {
        let came = async {
            tokio::select! {
                biased;
                chunk = chunks.recv() => Some(chunk),
                () = watch.due() => None,
            }
        };
        let chunk = match context.shutdown.or(came).await {
            None => return Ok(Ended::Stopped),
            Some(None) => {
                watch.tell(&context.report);
                continue;
            }
            Some(Some(chunk)) => chunk,
        };
        let ended = match chunk {
            Some(Ok(bytes)) => {
                framer.push(&bytes);
                None
            }
            Some(Err(error)) => Some(Err(Error::Input(error))),
            None => Some(Ok(Ended::Finished)),
        };
        if ended.is_some() {
            framer.finish();
        }
        let found = push_all(&mut framer, context).await?;
        watch.looked_at(found, framer.is_unfinished(), &context.report);
        if let Some(ended) = ended {
            return ended;
        }
    }
}

/// Hands on what is complete; whether there was anything.
async fn push_all(framer: &mut Framer, context: &mut Context) -> Result<bool, Error> {
    let mut found = false;
    loop {
        let items: Vec<SourceItem> = framer
            .by_ref()
            .take(context.options.batch_items)
            .map(|framed| Message::from_span(framed.span, framed.bytes).into())
            .collect();
        if items.is_empty() {
            return Ok(found);
        }
        found = true;
        context
            .push(MessageBatch {
                items,
                position: None,
            })
            .await?;
    }
}

/// A thread of its own, because a read of standard input cannot be called off: at the end of the program the thread is
/// left behind. At most a few chunks wait.
fn read_on_a_thread<R: Read + Send + 'static>(
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> Result<mpsc::Receiver<io::Result<Bytes>>, Error> {
    let (sender, receiver) = mpsc::channel(4);
    let work = move || {
        let mut reader = match open().and_then(unpack) {
            Ok(reader) => reader,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let chunk = match reader.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => Ok(Bytes::copy_from_slice(&buffer[..count])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("standard-input".to_owned())
        .spawn(work)
        .map_err(Error::Input)?;
    Ok(receiver)
}
