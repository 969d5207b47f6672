//! What is waited for, said when it takes long: a program that is silent for half a minute seems to be broken.

use std::{
    fmt::Display,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

/// A server that is there has answered long before.
const LONG: Duration = Duration::from_millis(2_500);

/// Says what is waited for, if it is not dropped soon.
pub(crate) struct Waiting {
    _over: Sender<()>,
}

impl Waiting {
    pub(crate) fn on(what: &impl Display) -> Self {
        let what = what.to_string();
        let (over, wait) = channel();
        let say = move || {
            if wait.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
                tracing::warn!("opening {what} takes long; waiting");
            }
        };
        // Without a thread it is only not said.
        let _ = thread::Builder::new().name("waiting".to_owned()).spawn(say);
        Self { _over: over }
    }
}
