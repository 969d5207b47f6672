//! Tests that need to see inside: damaged bytes, a disk that fails, a machine that stops at any moment.
#![allow(clippy::unwrap_used)]

mod crash;
mod damage;
mod faults;
mod group;
mod loss;
mod retention;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Batch;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::segments::disk::Disk;
use crate::segments::disk::sim::Sim;
use crate::segments::log::{Log, Loss};
use crate::segments::partition_dir::PartitionDir;
use crate::segments::reader::SegmentReader;
use crate::segments::recovery::End;
use crate::segments::tail::Tail;

/// Small numbers that depend on a seed only (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn batch(&mut self, longest_body: u64) -> Vec<Entry> {
        (0..=self.below(3))
            .map(|_| self.entry(longest_body))
            .collect()
    }

    fn entry(&mut self, longest_body: u64) -> Entry {
        let len = self.below(longest_body + 1);
        Entry {
            kind: self.below(3) as u8,
            source: self.next() as u16,
            key: None,
            body: (0..len).map(|_| self.next() as u8).collect(),
        }
    }
}

const SEGMENT_BYTES: u64 = 4096;

/// A partition on a simulated disk.
struct Bench {
    sim: Sim,
    folder: PartitionDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self::on(Sim::with_dir(Path::new("/")));
        bench.folder.create(0, 1).unwrap();
        bench.folder.disk.sync_dir(Path::new("/")).unwrap();
        bench
    }

    fn on(sim: Sim) -> Self {
        let folder = PartitionDir {
            disk: Disk::Sim(sim.clone()),
            dir: PathBuf::from("/p000"),
            journal: 0x1234_5678_9abc_def0,
            partition: 0,
        };
        Self { sim, folder }
    }

    fn open(&self) -> Result<(Log, End)> {
        Log::open(self.folder.clone(), SEGMENT_BYTES, Loss::Refused)
    }

    /// Everything that is in the partition, as a reader gives it.
    fn read_all(&self) -> Result<Vec<Entry>> {
        let segments = self.folder.segments()?;
        let end = self.folder.find_end(&segments)?;
        let tail = Tail::new(segments, end.cursor);
        tail.close(Error::Closed);
        read_all(&self.folder.disk, Arc::new(tail))
    }

    fn segment(&self, index: usize) -> PathBuf {
        self.folder.segments().unwrap()[index].path.clone()
    }
}

fn read_all(disk: &Disk, tail: Arc<Tail>) -> Result<Vec<Entry>> {
    let mut reader = SegmentReader::new(disk.clone(), 0, tail, 0)?;
    let (mut batch, mut entries) = (Batch::new(), Vec::new());
    loop {
        match reader.read(&mut batch, 700, Duration::ZERO) {
            Err(Error::Closed) => return Ok(entries),
            read => assert!(read? > 0, "a closed journal ends with an error"),
        }
        for frame in batch.iter() {
            assert_eq!(frame.offset, entries.len() as u64);
            entries.push(Entry {
                kind: frame.kind,
                source: frame.source,
                key: None,
                body: frame.body.to_vec(),
            });
        }
    }
}

#[test]
fn one_moment_of_a_wrong_clock_is_not_the_time_of_what_follows() {
    let (now, far) = (1_700_000_000_000, 4_070_908_800_000);
    let bench = Bench::new();
    let (mut log, _) = bench.open().unwrap();
    let mut random = Random(3);
    let clock = [now, far, now + 1, now + 2];
    for time in clock {
        log.commit(&[vec![random.entry(9)]], time).unwrap();
    }
    drop(log);
    // A restart and a new segment carry on, too.
    let (mut log, _) = bench.open().unwrap();
    log.commit(
        &[vec![random.entry(SEGMENT_BYTES)], vec![random.entry(9)]],
        now + 3,
    )
    .unwrap();
    log.commit(&[vec![random.entry(SEGMENT_BYTES)]], now + 4)
        .unwrap();
    log.seal().unwrap();
    let segments = bench.folder.segments().unwrap();
    let end = bench.folder.find_end(&segments).unwrap();
    let tail = Tail::new(segments, end.cursor);
    tail.close(Error::Closed);
    let mut reader = SegmentReader::new(bench.folder.disk.clone(), 0, Arc::new(tail), 0).unwrap();
    let (mut batch, mut times) = (Batch::new(), Vec::new());
    while reader.read(&mut batch, 700, Duration::ZERO).is_ok() {
        times.extend(batch.iter().map(|frame| frame.appended_at_ms - now));
    }
    assert_eq!(times, [0, far - now, 1, 2, 3, 3, 4]);
}
