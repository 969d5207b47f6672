//! Whether the server has been asked to stop.

use tokio::sync::watch;

#[derive(Clone, Debug)]
pub(crate) struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    /// The sender becomes true once, or is dropped, which means the same.
    pub(crate) fn new() -> (watch::Sender<bool>, Self) {
        let (stop, stopped) = watch::channel(false);
        (stop, Self(stopped))
    }

    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked.
    pub(crate) async fn asked(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
