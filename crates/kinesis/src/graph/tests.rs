//! Any sequence of splits and merges, read in any interleaving: order within a hash key is kept, nothing is lost or
//! doubled.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::*;

/// A stream made of vectors.
#[derive(Debug, Default)]
struct Model {
    shards: Vec<ModelShard>,
    records: u64,
}

#[derive(Debug)]
struct ModelShard {
    shard: Shard,
    /// Key and number of each record.
    records: Vec<(u8, u64)>,
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8),
    Split(usize),
    Merge(usize),
    List,
    /// So many records of one of the shards that may be read.
    Read(usize, usize),
    /// The reader is killed and goes on where it was.
    Restart,
}

fn point(key: u8) -> HashKey {
    HashKey(u128::from(key) << 120)
}

impl Model {
    fn new() -> Self {
        let mut model = Model::default();
        model.open(Vec::new(), HashKey(0)..=HashKey(u128::MAX));
        model
    }

    fn open(&mut self, parents: Vec<String>, keys: RangeInclusive<HashKey>) {
        let shard = Shard {
            // Later shards often have lesser names, so that no order rests on names.
            id: format!(
                "{:03}-{}",
                997 * self.shards.len() % 1000,
                self.shards.len()
            ),
            parents,
            keys,
            is_open: true,
        };
        self.shards.push(ModelShard {
            shard,
            records: Vec::new(),
        });
    }

    fn open_shards(&self) -> Vec<usize> {
        let mut open: Vec<usize> = (0..self.shards.len())
            .filter(|&at| self.shards[at].shard.is_open)
            .collect();
        open.sort_by_key(|&at| *self.shards[at].shard.keys.start());
        open
    }

    fn put(&mut self, key: u8) {
        let number = self.records;
        self.records += 1;
        let of_key =
            |shard: &&mut ModelShard| shard.shard.is_open && point(key).is_in(&shard.shard.keys);
        let shard = self.shards.iter_mut().find(of_key).unwrap();
        shard.records.push((key, number));
    }

    fn split(&mut self, which: usize) {
        let open = self.open_shards();
        let at = open[which % open.len()];
        let (first, last) = self.shards[at].shard.keys.clone().into_inner();
        if last.0 - first.0 < 2 {
            return;
        }
        let middle = first.0 + (last.0 - first.0) / 2;
        let parent = self.close(at);
        self.open(vec![parent.clone()], first..=HashKey(middle));
        self.open(vec![parent], HashKey(middle + 1)..=last);
    }

    fn merge(&mut self, which: usize) {
        let open = self.open_shards();
        if open.len() < 2 {
            return;
        }
        let at = which % (open.len() - 1);
        let (low, high) = (open[at], open[at + 1]);
        let keys = *self.shards[low].shard.keys.start()..=*self.shards[high].shard.keys.end();
        let mut parents = vec![self.close(low), self.close(high)];
        if which % 2 == 1 {
            parents.reverse();
        }
        self.open(parents, keys);
    }

    fn close(&mut self, at: usize) -> String {
        self.shards[at].shard.is_open = false;
        self.shards[at].shard.id.clone()
    }

    fn listed(&self) -> Vec<Shard> {
        self.shards
            .iter()
            .map(|shard| shard.shard.clone())
            .collect()
    }

    fn get(&self, id: &str) -> &ModelShard {
        self.shards
            .iter()
            .find(|shard| shard.shard.id == id)
            .unwrap()
    }
}

/// What a reader of the model has.
#[derive(Default)]
struct Reader {
    graph: Graph,
    reading: Vec<String>,
    /// How many records of each shard were read: the stored positions.
    positions: BTreeMap<String, usize>,
    found: Vec<(u8, u64)>,
    only: Option<HashKey>,
}

impl Reader {
    fn list(&mut self, model: &Model) {
        let mut listed = model.listed();
        if let Some(key) = self.only {
            listed.retain(|shard| key.is_in(&shard.keys));
        }
        self.graph.learn(&listed);
        self.reading.extend(self.graph.start());
    }

    fn read(&mut self, model: &Model, which: usize, count: usize) {
        if self.reading.is_empty() {
            return;
        }
        let which = which % self.reading.len();
        let id = self.reading[which].clone();
        let shard = model.get(&id);
        let at = self.positions.get(&id).copied().unwrap_or(0);
        let end = (at + count).min(shard.records.len());
        self.found.extend(&shard.records[at..end]);
        if end > at {
            self.positions.insert(id.clone(), end);
        }
        if !shard.shard.is_open && end == shard.records.len() {
            self.graph.end(&id);
            self.reading.remove(which);
            self.list(model);
        }
    }

    /// As a new process does it: from the positions alone, which only shards with records have.
    fn restart(&mut self, model: &Model) {
        self.graph = Graph::default();
        self.reading.clear();
        self.graph.learn(&model.listed());
        for id in self.positions.keys() {
            self.graph.end_before(id);
        }
        self.list(model);
    }

    fn drain(&mut self, model: &Model) {
        self.list(model);
        for round in 0..10 * (model.shards.len() + 1) * (model.shards.len() + 1) {
            self.read(model, round, usize::MAX >> 1);
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<u8>().prop_map(|key| Step::Put(key % 16 * 16)),
        1 => any::<usize>().prop_map(Step::Split),
        1 => any::<usize>().prop_map(Step::Merge),
        2 => Just(Step::List),
        6 => (any::<usize>(), 0..4_usize).prop_map(|(which, count)| Step::Read(which, count)),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..200)
}

/// Order within each key, every record once.
fn check(found: &[(u8, u64)], expected: usize) {
    let mut last = HashMap::new();
    for &(key, number) in found {
        if let Some(before) = last.insert(key, number) {
            assert!(before < number, "key {key}: {number} after {before}");
        }
    }
    assert_eq!(found.len(), expected);
}

fn run(steps: Vec<Step>, only: Option<u8>) {
    let mut model = Model::new();
    let mut reader = Reader {
        only: only.map(point),
        ..Reader::default()
    };
    reader.list(&model);
    for step in steps {
        match step {
            Step::Put(key) => model.put(only.unwrap_or(key)),
            Step::Split(which) => model.split(which),
            Step::Merge(which) => model.merge(which),
            Step::List => reader.list(&model),
            Step::Read(which, count) => reader.read(&model, which, count),
            Step::Restart => reader.restart(&model),
        }
    }
    reader.drain(&model);
    check(&reader.found, usize::try_from(model.records).unwrap());
}

proptest! {
    #[test]
    fn order_within_a_key_survives_any_resharding(steps in steps()) {
        run(steps, None);
    }

    #[test]
    fn what_is_put_at_one_key_is_one_sequence(steps in steps(), key in 0..16_u8) {
        run(steps, Some(key * 16));
    }
}

fn shard(id: &str, parents: &[&str]) -> Shard {
    Shard {
        id: id.to_owned(),
        parents: parents.iter().map(|&parent| parent.to_owned()).collect(),
        keys: HashKey(0)..=HashKey(u128::MAX),
        is_open: true,
    }
}

#[test]
fn a_merged_shard_waits_for_both_parents() {
    let mut graph = Graph::default();
    graph.learn(&[shard("a", &[]), shard("b", &[]), shard("c", &["a", "b"])]);
    assert_eq!(graph.start(), ["a", "b"]);
    graph.end("b");
    assert!(graph.start().is_empty());
    graph.end("a");
    assert_eq!(graph.start(), ["c"]);
    assert!(graph.start().is_empty(), "only once");
}

#[test]
fn a_parent_that_is_listed_no_more_is_not_waited_for() {
    let mut graph = Graph::default();
    graph.learn(&[shard("b", &["a"])]);
    assert_eq!(graph.start(), ["b"]);
    // Its parents' names do not come back, and an open shard is never forgotten.
    graph.learn(&[shard("c", &["b"])]);
    assert!(graph.start().is_empty());
    graph.end("b");
    graph.learn(&[shard("c", &["b"])]);
    assert_eq!(graph.start(), ["c"]);
}
