//! Waiting with a limit.

use std::time::Duration;

use headcount_serving::ReplicaEvent;
use tokio::{sync::mpsc::Receiver, time::timeout};

/// Longer than anything here should take on a machine with much else to do.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// The next event for which `wanted` holds; all before it are dropped.
pub(crate) async fn next_event(
    events: &mut Receiver<ReplicaEvent>,
    wanted: impl Fn(&ReplicaEvent) -> bool,
) -> ReplicaEvent {
    let search = async {
        loop {
            let event = events.recv().await.expect("the follower goes on");
            if wanted(&event) {
                return event;
            }
        }
    };
    timeout(LIMIT, search)
        .await
        .expect("the events come in time")
}
