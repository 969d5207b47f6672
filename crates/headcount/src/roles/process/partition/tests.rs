//! A follower is woken by what it waits for. Its own interval is minutes, so a clock would come too late for every wait here.

use headcount_engine::Scope;
use headcount_journal::{Entry, Options};
use headcount_lake::{Lake, LakeAddress, checkpoints::CheckpointStore};
use headcount_record::{Control, Feed};
use headcount_serving::{ReplicaEvent, Serving, ServingAddress, ServingIdentity};
use tokio::{runtime::Runtime, time::timeout};

use super::*;
use crate::roles::{process::checkpoints::Checkpoints, serve::partition_handle::PartitionHandles};

/// Far below [`IDLE`], and far beyond what anything takes.
const LIMIT: Duration = Duration::from_secs(60);
const _: () = assert!(LIMIT.as_secs() * 5 < IDLE.as_secs());

struct Room {
    runtime: Runtime,
    journal: Journal,
    serving: Serving,
    bus: EventBus,
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path().join("journal"), Options::default()).unwrap();
        let address: ServingAddress = "memory:".parse().unwrap();
        let identity = ServingIdentity {
            journal: journal.id(),
            partitions: 1,
        };
        Self {
            serving: runtime.block_on(Serving::open(&address, identity)).unwrap(),
            bus: EventBus::new(),
            journal,
            folder,
            runtime,
        }
    }

    fn follow(&self, checkpoint_every: Duration) -> Follower {
        let lake = LakeAddress::Disk(self.folder.path().join("lake"));
        let lake = Lake::open_with(&lake, headcount_lake::Options::default()).unwrap();
        let to = Destination {
            serving: Some((self.serving.clone(), self.runtime.handle().clone())),
            checkpoints: Checkpoints::Lake(CheckpointStore::new(&lake)),
            checkpoint_every,
        };
        let start = StartingPoint::anew(Partition::new());
        let follower = Follower::start(&self.journal, 0, start, to, self.bus.clone()).unwrap();
        follower.caught_up().unwrap();
        follower
    }

    /// Appends a batch with one record.
    fn append(&self, rsvp: u64) {
        let record = format!(
            r#"{{"rsvp_id":{rsvp},"response":"yes","guests":0,"mtime":1489925470960,"member":{{"member_id":{rsvp}}},"event":{{"event_id":"e"}},"group":{{"group_id":1,"group_country":"no"}}}}"#
        );
        let position = Control::Position {
            of: String::new(),
            position: serde_json::Value::Null,
            received: 1,
            repaired: 0,
            blanked: 0,
        };
        let entry = |kind: Kind, body| Entry {
            kind: kind.number(),
            source: 1,
            key: None,
            body,
        };
        let batch = vec![
            entry(Kind::of(Feed::Rsvps), record.into_bytes()),
            entry(position.kind(), position.to_body()),
        ];
        self.journal.append(0, batch).unwrap().wait().unwrap();
    }

    fn soon<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        let done = self
            .runtime
            .block_on(async { timeout(LIMIT, future).await });
        done.unwrap_or_else(|_| panic!("nobody woke: {what}"))
    }
}

#[test]
fn entries_requests_and_the_end_wake_an_idle_follower() {
    let room = Room::new();
    let mut commits = room.bus.commits.subscribe();
    let follower = room.follow(IDLE);
    let handles = PartitionHandles::new(1);
    handles.insert(0, follower.handle().clone());
    let aggregate = || {
        let asked = handles.aggregate(Scope::default());
        let mut aggregates = room.soon("a request", asked).unwrap();
        aggregates.remove(0).view().totals.rsvps
    };
    for rsvp in 1..=3 {
        commits.borrow_and_update();
        room.append(rsvp);
        room.soon("an entry", commits.changed()).unwrap();
        assert_eq!(aggregate(), rsvp);
    }
    assert_eq!(aggregate(), 3, "nothing came in between");
    let ended = room.runtime.spawn_blocking(move || follower.stop(true));
    room.soon("the end", ended).unwrap().unwrap();
}

/// The channels' own intervals are seconds at most; what they have written wakes the follower, which then sends the rest.
#[test]
fn what_is_counted_is_published_without_another_entry() {
    let room = Room::new();
    let follower = room.follow(Duration::from_millis(1));
    let acked = Arc::clone(follower.acked());
    let events = room.runtime.block_on(async {
        headcount_serving::follow(room.serving.clone(), Duration::from_millis(1))
    });
    let mut events = events;
    for rsvp in 1..=3 {
        room.append(rsvp);
        let all = async {
            loop {
                match events.recv().await.expect("it follows for ever") {
                    ReplicaEvent::Commit { offset, .. } if offset == 2 * rsvp => return,
                    _ => {}
                }
            }
        };
        room.soon("a delta", all);
    }
    let tables = async {
        while room.serving.snapshot_offset(0).await.unwrap() != Some(6) || acked.checkpointed() != 6
        {
            tokio::task::yield_now().await;
        }
    };
    room.soon("tables and a checkpoint", tables);
    follower.stop(true).unwrap();
}
