//! Watches whether figures can be served.

use headcount_query::Readiness;
use std::time::Duration;

use tokio::{sync::watch, time::interval};

use crate::{event_bus::EventBus, roles::serve::partition_handle::PartitionHandles};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Reports to the server whether figures can be served.
pub(crate) async fn watch_readiness(
    bus: EventBus,
    waiting: Option<watch::Receiver<Option<String>>>,
    shown: Option<PartitionHandles>,
    readiness: watch::Sender<Readiness>,
) {
    let mut look = interval(LOOK);
    loop {
        look.tick().await;
        let waits = waiting
            .as_ref()
            .and_then(|waiting| waiting.borrow().clone());
        let now = readiness_of(&bus, waits, shown.as_ref());
        readiness.send_if_modified(|known| {
            let changed = *known != now;
            *known = now.clone();
            changed
        });
    }
}

fn readiness_of(
    bus: &EventBus,
    waits: Option<String>,
    shown: Option<&PartitionHandles>,
) -> Readiness {
    if let Some(failure) = &*bus.failed.borrow() {
        return Readiness::Failed(failure.reason.clone());
    }
    if let Some(reason) = waits {
        return Readiness::Waiting(reason);
    }
    match shown.and_then(PartitionHandles::missing) {
        Some(missing) => Readiness::Starting(missing),
        None => Readiness::Ready,
    }
}
