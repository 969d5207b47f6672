//! What is kept and what is not, with the store in memory.

use std::path::Path;

use headcount_engine::SnapshotComplete;
use headcount_lake::{Lake, LakeAddress, Options, checkpoints::CheckpointStore};
use headcount_serving::{Identity, ServingAddress};
use tokio::runtime::Runtime;

use super::*;

/// How long anything may take before a test calls it stuck.
const LIMIT: Duration = Duration::from_secs(60);
/// What is served has one partition: number 0.
const PARTITIONS: u16 = 1;

struct Room {
    runtime: Runtime,
    serving: Serving,
    store: CheckpointStore,
}

impl Room {
    fn new(folder: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let address: ServingAddress = "memory:".parse().unwrap();
        let identity = Identity {
            journal: 7,
            partitions: PARTITIONS,
        };
        let lake = LakeAddress::Disk(folder.to_owned());
        Self {
            serving: runtime.block_on(Serving::open(&address, identity)).unwrap(),
            store: CheckpointStore::new(&Lake::open_with(&lake, Options::default()).unwrap()),
            runtime,
        }
    }

    fn destination(&self) -> Destination {
        Destination {
            serving: Some((self.serving.clone(), self.runtime.handle().clone())),
            checkpoints: Checkpoints::Lake(self.store.clone()),
            checkpoint_every: Duration::from_secs(30),
        }
    }

    fn base(&self) -> Option<u64> {
        self.runtime
            .block_on(self.serving.snapshot_offset(0))
            .unwrap()
    }
}

fn changes(offset: u64) -> Changes {
    Changes {
        offset,
        snapshot_complete: Some(SnapshotComplete {
            offset,
            ..SnapshotComplete::default()
        }),
        ..Changes::default()
    }
}

fn checkpoint(offset: u64) -> Checkpoint {
    Checkpoint {
        offset,
        bytes: vec![1; 10],
    }
}

fn parcel(offset: u64) -> Parcel {
    Parcel {
        changes: Some(changes(offset)),
        checkpoint: Some(checkpoint(offset)),
    }
}

#[test]
fn a_checkpoint_goes_on_only_after_the_tables_up_to_it_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(folder.path());
    let (parcels, due) = sync_channel(1);
    // Nothing fits in: a checkpoint is handed over while whoever served the tables waits, so that what is served then was
    // served before.
    let (checkpoints, kept) = sync_channel(0);
    let server = Server {
        partition: 0,
        lane: Lane::Tables,
        what: "tables",
        serving: room.destination().serving,
        delivered: Arc::default(),
    };
    let delivered = Arc::clone(&server.delivered);
    let thread = thread::spawn(move || server.serve_tables(&due, &checkpoints));
    for offset in [10, 20, 30] {
        parcels.send(parcel(offset)).unwrap();
        let checkpoint = kept.recv_timeout(LIMIT).unwrap();
        assert_eq!(checkpoint.offset, offset);
        assert_eq!(room.base(), Some(offset));
        assert_eq!(delivered.served(), Some(offset));
    }
    drop(parcels);
    thread.join().unwrap();
}

#[test]
fn what_is_served_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(folder.path());
    let outbox = Outbox::start(0, room.destination(), Delivered::new(None, 0)).unwrap();
    let until = Instant::now() + LIMIT;
    for offset in [10, 20] {
        outbox.send(parcel(offset));
        while !outbox.is_free() {
            assert!(Instant::now() < until, "offset {offset} is on its way");
            let freed = outbox.delivered().freed();
            if !outbox.is_free() {
                outbox.delivered().wait_for_more(freed, until);
            }
        }
        assert_eq!(outbox.delivered().checkpointed(), offset);
    }
    outbox.close();
    assert_eq!(room.store.offsets(0).unwrap(), [10, 20]);
}

#[test]
fn a_parcel_that_is_given_up_keeps_no_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(folder.path());
    // Nothing of this partition is ever taken, so its tables are tried again until they are given up.
    let outbox = Outbox::start(PARTITIONS, room.destination(), Delivered::new(None, 0)).unwrap();
    let delivered = Arc::clone(outbox.delivered());
    outbox.send(parcel(10));
    assert!(!delivered.is_free(Lane::Tables) && !delivered.is_free(Lane::Checkpoints));
    outbox.close();
    assert!(room.store.offsets(PARTITIONS).unwrap().is_empty());
    assert_eq!((delivered.served(), delivered.checkpointed()), (None, 0));
    assert!(delivered.is_free(Lane::Tables) && delivered.is_free(Lane::Checkpoints));
}

#[test]
fn nothing_is_kept_of_a_partition_that_is_another_s_by_now() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(folder.path());
    for changes in [Some(changes(10)), None] {
        let outbox = Outbox::start(0, room.destination(), Delivered::new(None, 0)).unwrap();
        outbox.delivered().abandon();
        outbox.send(Parcel {
            changes,
            checkpoint: Some(checkpoint(10)),
        });
        outbox.close();
        assert!(room.store.offsets(0).unwrap().is_empty());
        assert_eq!(room.base(), None);
    }
}
