//! Watches whether figures can be served.

use headcount_query::Readiness;

use tokio::sync::watch;

use crate::{event_bus::EventBus, roles::serve::partition_handle::PartitionHandles};

/// Reports to the server whether figures can be served. Ends when nothing can change any more.
pub(crate) async fn watch_readiness(
    bus: EventBus,
    waiting: Option<watch::Receiver<Option<String>>>,
    shown: Option<PartitionHandles>,
    readiness: watch::Sender<Readiness>,
) {
    let mut failed = bus.failed.subscribe();
    // A partition that has caught up says so with a commit.
    let mut commits = bus.commits.subscribe();
    // Without a journal nothing is waited for, and without partitions to show their number never changes.
    let (_never_waits, never_waiting) = watch::channel(None);
    let (_never_moves, never_moved) = watch::channel(());
    let mut waiting = waiting.unwrap_or(never_waiting);
    let mut moved = shown.as_ref().map_or(never_moved, PartitionHandles::moved);
    loop {
        // Marked as seen before they are looked at, so that no change in between is missed.
        failed.mark_unchanged();
        waiting.mark_unchanged();
        commits.mark_unchanged();
        moved.mark_unchanged();
        let now = readiness_of(&bus, waiting.borrow().clone(), shown.as_ref());
        readiness.send_if_modified(|known| {
            let changed = *known != now;
            *known = now;
            changed
        });
        let changed = tokio::select! {
            changed = failed.changed() => changed,
            changed = waiting.changed() => changed,
            changed = commits.changed() => changed,
            changed = moved.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::serve::partition_handle::{PartitionProgress, partition_handle};

    /// Each change is awaited without a limit: a change that nobody is woken for hangs the test.
    #[tokio::test]
    async fn every_change_is_told_when_it_happens() {
        let bus = EventBus::new();
        let (waits, waiting) = watch::channel(None);
        let handles = PartitionHandles::new(1);
        let (readiness, mut seen) = watch::channel(Readiness::Ready);
        let watching =
            watch_readiness(bus.clone(), Some(waiting), Some(handles.clone()), readiness);
        let watching = tokio::spawn(watching);
        let is_starting = |it: &Readiness| matches!(it, Readiness::Starting(_));
        seen.wait_for(is_starting).await.expect("nothing is held");
        let progress = |caught_up| PartitionProgress {
            caught_up,
            ..PartitionProgress::default()
        };
        let (handle, inbox) = partition_handle(progress(false), || {});
        handles.insert(0, handle);
        let counts = |it: &Readiness| it.reason().is_some_and(|it| it.starts_with("counting"));
        seen.wait_for(counts).await.expect("it is not read yet");
        inbox.tell(progress(true));
        bus.commits.send_modify(|commit| *commit += 1);
        let is_ready = |it: &Readiness| *it == Readiness::Ready;
        seen.wait_for(is_ready).await.expect("it is counted");
        waits.send_replace(Some("the disk is full".to_owned()));
        let waits_for = |it: &Readiness| matches!(it, Readiness::Waiting(_));
        seen.wait_for(waits_for).await.expect("the journal waits");
        waits.send_replace(None);
        seen.wait_for(is_ready).await.expect("there is room again");
        bus.fail(&anyhow::anyhow!("the disk is gone"));
        let has_failed = |it: &Readiness| matches!(it, Readiness::Failed(_));
        seen.wait_for(has_failed).await.expect("it failed");
        watching.abort();
    }
}
