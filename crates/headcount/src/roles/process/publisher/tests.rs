//! What is kept and what is not, with the store in memory.

use std::{path::Path, time::Instant};

use headcount_engine::SnapshotComplete;
use headcount_lake::{Lake, LakeAddress, Options, checkpoints::CheckpointStore};
use headcount_serving::{ServingAddress, ServingIdentity};
use tokio::runtime::Runtime;

use super::*;

/// How long anything may take before a test calls it stuck.
const LIMIT: Duration = Duration::from_secs(60);
/// The serving store has one partition: number 0.
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
        let identity = ServingIdentity {
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

fn batch(offset: u64) -> TableBatch {
    TableBatch {
        changes: Some(changes(offset)),
        checkpoint: Some(checkpoint(offset)),
    }
}

#[test]
fn a_checkpoint_goes_on_only_after_the_tables_up_to_it_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(folder.path());
    let (batches, due) = sync_channel(1);
    // Nothing fits in: a checkpoint is handed over while whoever served the tables waits, so that what is served then was
    // served before.
    let (checkpoints, kept) = sync_channel(0);
    let server = ServingWriter {
        partition: 0,
        channel: Channel::Tables,
        what: "tables",
        serving: room.destination().serving,
        acked: Arc::default(),
    };
    let acked = Arc::clone(&server.acked);
    let thread = thread::spawn(move || server.write_tables(&due, &checkpoints));
    for offset in [10, 20, 30] {
        batches.send(batch(offset)).unwrap();
        let checkpoint = kept.recv_timeout(LIMIT).unwrap();
        assert_eq!(checkpoint.offset, offset);
        assert_eq!(room.base(), Some(offset));
        assert_eq!(acked.served(), Some(offset));
    }
    drop(batches);
    thread.join().unwrap();
}

#[test]
fn what_is_served_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(folder.path());
    let publisher = Publisher::start(
        0,
        room.destination(),
        AckedOffsets::new(None, 0),
        &EventBus::new(),
    )
    .unwrap();
    let until = Instant::now() + LIMIT;
    for offset in [10, 20] {
        publisher.send(batch(offset));
        while !publisher.is_free() {
            assert!(Instant::now() < until, "offset {offset} is on its way");
            let freed = publisher.acked().freed();
            if !publisher.is_free() {
                publisher.acked().wait_for_more(freed, until);
            }
        }
        assert_eq!(publisher.acked().checkpointed(), offset);
    }
    publisher.close();
    assert_eq!(room.store.offsets(0).unwrap(), [10, 20]);
}

#[test]
fn a_batch_that_is_given_up_keeps_no_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(folder.path());
    // Nothing of this partition is ever taken, so its tables are tried again until they are given up.
    let publisher = Publisher::start(
        PARTITIONS,
        room.destination(),
        AckedOffsets::new(None, 0),
        &EventBus::new(),
    )
    .unwrap();
    let acked = Arc::clone(publisher.acked());
    publisher.send(batch(10));
    assert!(!acked.is_free(Channel::Tables) && !acked.is_free(Channel::Checkpoints));
    publisher.close();
    assert!(room.store.offsets(PARTITIONS).unwrap().is_empty());
    assert_eq!((acked.served(), acked.checkpointed()), (None, 0));
    assert!(acked.is_free(Channel::Tables) && acked.is_free(Channel::Checkpoints));
}

#[test]
fn nothing_is_kept_of_a_partition_that_is_another_s_by_now() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(folder.path());
    for changes in [Some(changes(10)), None] {
        let publisher = Publisher::start(
            0,
            room.destination(),
            AckedOffsets::new(None, 0),
            &EventBus::new(),
        )
        .unwrap();
        publisher.acked().abandon();
        publisher.send(TableBatch {
            changes,
            checkpoint: Some(checkpoint(10)),
        });
        publisher.close();
        assert!(room.store.offsets(0).unwrap().is_empty());
        assert_eq!(room.base(), None);
    }
}
