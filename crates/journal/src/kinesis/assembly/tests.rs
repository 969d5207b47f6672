//! Writers that die, repeat themselves and are interrupted: what was acknowledged counts once, in the order of its
//! writer, and alike for a reader that begins anywhere.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::record::{StreamManifest, record};
use super::*;

const JOURNAL: u64 = 7;

/// What is in the stream.
struct Stored {
    sequence: String,
    arrived_ms: i64,
    data: Vec<u8>,
}

#[derive(Default)]
struct Log {
    records: Vec<Stored>,
    now_ms: i64,
}

impl Log {
    fn new() -> Self {
        let mut log = Log::default();
        let manifest = StreamManifest {
            journal: JOURNAL,
            partitions: 1,
        };
        log.store(record(&RecordHead::Manifest(manifest), &[]));
        log
    }

    fn store(&mut self, data: Vec<u8>) {
        self.now_ms += 50;
        self.records.push(Stored {
            sequence: format!("{:09}", self.records.len()),
            arrived_ms: self.now_ms,
            data,
        });
    }

    /// What a reader from a mark finds: offset and text of every batch, and the marks around it.
    fn read(&self, from: ResumePoint) -> Vec<Found> {
        let begins_after = from.sequence.clone();
        let mut assembly = Assembly::new(JOURNAL, 0, from);
        let mut found = Vec::new();
        for stored in self
            .records
            .iter()
            .filter(|stored| stored.sequence > begins_after)
        {
            let arrived = ArrivedRecord {
                shard: "a",
                sequence: &stored.sequence,
                arrived_ms: stored.arrived_ms,
                data: &stored.data,
            };
            if let Some(batch) = assembly.take(&arrived).unwrap() {
                let text = String::from_utf8(batch.payload).unwrap();
                found.push((batch.offset, text, batch.before, batch.after));
            }
        }
        found
    }
}

type Found = (Offset, String, ResumePoint, ResumePoint);

struct Writer {
    name: u64,
    seq: u64,
    attempt: u32,
    of: u32,
    missing: Vec<u32>,
}

impl Writer {
    fn begin(&mut self, of: u32) {
        self.seq += 1;
        self.attempt = 0;
        self.of = of;
        self.missing = (0..of).collect();
    }

    fn again(&mut self) {
        self.attempt += 1;
        self.missing = (0..self.of).collect();
    }

    fn text(&self) -> String {
        format!("{}/{}", self.name, self.seq)
    }

    /// One part of the text; a batch of one part has all of it.
    fn part(&self, index: u32) -> Vec<u8> {
        let text = self.text().into_bytes();
        let piece = text.len().div_ceil(self.of as usize);
        let part = text.chunks(piece).nth(index as usize).unwrap_or_default();
        let head = RecordHead::Part(BatchPart {
            journal: JOURNAL,
            partition: 0,
            writer: self.name,
            seq: self.seq,
            attempt: self.attempt,
            index,
            of: self.of,
            entries: 1 + self.seq % 3,
            appended_ms: 0,
            packed: false,
        });
        record(&head, part)
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A writer puts one of its missing parts, and begins the next batch when there is none.
    Put(usize, usize, u32),
    /// A writer did not hear in time, and puts everything again.
    Again(usize),
    /// A record that was sent earlier arrives once more.
    Ghost(usize),
    /// A process is killed, and another comes.
    Die(usize),
    /// Nothing for six minutes.
    Silence,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (any::<usize>(), any::<usize>(), 1..4_u32).prop_map(|(w, part, of)| Step::Put(w, part, of)),
        2 => any::<usize>().prop_map(Step::Again),
        3 => any::<usize>().prop_map(Step::Ghost),
        1 => any::<usize>().prop_map(Step::Die),
        1 => Just(Step::Silence),
    ];
    prop::collection::vec(step, 0..150)
}

struct Model {
    log: Log,
    writers: Vec<Writer>,
    names: u64,
    acknowledged: BTreeSet<String>,
    silences: u32,
}

impl Model {
    fn new() -> Self {
        let mut model = Model {
            log: Log::new(),
            writers: Vec::new(),
            names: 0,
            acknowledged: BTreeSet::new(),
            silences: 0,
        };
        for _ in 0..3 {
            let writer = model.writer();
            model.writers.push(writer);
        }
        model
    }

    fn writer(&mut self) -> Writer {
        self.names += 1;
        Writer {
            name: self.names,
            seq: 0,
            attempt: 0,
            of: 0,
            missing: Vec::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Put(which, part, of) => {
                let writer = &mut self.writers[which % 3];
                if writer.missing.is_empty() {
                    writer.begin(of);
                }
                let part = writer.missing.remove(part % writer.missing.len());
                let data = writer.part(part);
                if writer.missing.is_empty() {
                    self.acknowledged.insert(writer.text());
                }
                self.log.store(data);
            }
            Step::Again(which) => {
                let writer = &mut self.writers[which % 3];
                if !writer.missing.is_empty() {
                    writer.again();
                }
            }
            Step::Ghost(which) => {
                let which = 1 + which % self.log.records.len().max(2).saturating_sub(1);
                if let Some(stored) = self.log.records.get(which) {
                    let data = stored.data.clone();
                    self.log.store(data);
                }
            }
            Step::Die(which) => self.writers[which % 3] = self.writer(),
            Step::Silence if self.silences < 9 => {
                self.silences += 1;
                self.log.now_ms += 6 * 60 * 1000;
                for writer in &mut self.writers {
                    if !writer.missing.is_empty() {
                        writer.again();
                    }
                }
            }
            Step::Silence => {}
        }
    }

    fn check(&self) {
        let found = self.log.read(ResumePoint::default());
        let mut last = BTreeMap::new();
        let mut next = 0;
        let mut delivered = BTreeSet::new();
        for (offset, text, _, _) in &found {
            let (writer, seq) = text.split_once('/').unwrap();
            let seq: u64 = seq.parse().unwrap();
            assert_eq!(*offset, next, "dense");
            next += 1 + seq % 3;
            if let Some(before) = last.insert(writer.to_owned(), seq) {
                assert!(before < seq, "writer {writer}: {seq} after {before}");
            }
            delivered.insert(text.clone());
        }
        let lost: Vec<_> = self.acknowledged.difference(&delivered).collect();
        assert!(lost.is_empty(), "{lost:?}");
        assert_eq!(delivered.len(), found.len(), "once");
        self.check_marks(&found);
    }

    /// From any mark the rest is the same, marks included.
    fn check_marks(&self, found: &[Found]) {
        for (at, (offset, _, before, after)) in found.iter().enumerate().step_by(7) {
            assert!(self.log.read(after.clone()).ends_with(&found[at + 1..]));
            let again = self.log.read(before.clone());
            assert!(before.offset <= *offset);
            let same = again
                .iter()
                .position(|(found, ..)| found == offset)
                .unwrap();
            assert!(again[same..] == found[at..]);
        }
    }
}

proptest! {
    #[test]
    fn what_is_acknowledged_counts_once_and_alike_for_everyone(steps in steps()) {
        let mut model = Model::new();
        for step in &steps {
            model.step(step);
        }
        model.check();
    }
}

fn take(assembly: &mut Assembly, sequence: &str, data: &[u8]) -> Result<Option<PackedBatch>> {
    assembly.take(&ArrivedRecord {
        shard: "shardId-0",
        sequence,
        arrived_ms: 0,
        data,
    })
}

#[test]
fn what_is_not_ours_is_an_error_and_not_skipped() {
    let mut model = Model::new();
    let mut assembly = Assembly::new(JOURNAL, 0, ResumePoint::default());
    model.step(&Step::Put(0, 0, 1));
    let (manifest, part) = (&model.log.records[0].data, &model.log.records[1].data);
    let early = take(&mut assembly, "1", part).unwrap_err().to_string();
    assert!(early.contains("not the first of the journal"), "{early}");
    assert!(take(&mut assembly, "2", manifest).unwrap().is_none());
    let strange = take(&mut assembly, "3", b"{\"a\":1}")
        .unwrap_err()
        .to_string();
    assert!(strange.contains("a stream of its own"), "{strange}");
    let mut other = Assembly::new(8, 0, ResumePoint::default());
    let foreign = take(&mut other, "4", part).unwrap_err().to_string();
    assert!(foreign.contains("another journal"), "{foreign}");
    assert_eq!(take(&mut assembly, "5", part).unwrap().unwrap().offset, 0);
    assert!(take(&mut assembly, "6", part).unwrap().is_none(), "once");
}
