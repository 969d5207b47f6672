//! Logs what a command waits for if opening it takes long: a program that is silent for half a minute looks broken.

use std::{
    fmt::Display,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

/// A server that is up answers much sooner.
const LONG: Duration = Duration::from_millis(2_500);

/// Logs what a command waits for, unless it is dropped soon.
pub(crate) struct OpeningNotice {
    _over: Sender<()>,
}

impl OpeningNotice {
    pub(crate) fn on(what: &impl Display) -> Self {
        let what = what.to_string();
        let (over, wait) = channel();
        let say = move || {
            if wait.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
                tracing::warn!("opening {what} is taking long; waiting");
            }
        };
        // Without the thread nothing is logged, and nothing else is lost.
        let _ = thread::Builder::new().name("waiting".to_owned()).spawn(say);
        Self { _over: over }
    }
}
