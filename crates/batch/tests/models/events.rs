//! Some of the labelled events: those of most groups to train on, those of the others to predict.

use std::{
    collections::BTreeMap,
    env,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde_json::Value;

/// Lines of the file that are looked at: a part of them keeps the test short.
const LINES: usize = 12_000;

/// The folder of the recordings, or nothing, said aloud, when they are not on this machine.
pub(crate) fn shared_data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        env::var_os("HEADCOUNT_SHARED_DATA").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.join("events_labelled.ndjson.gz").is_file() {
        return Some(folder);
    }
    eprintln!(
        "NOT TESTED: the labelled events are not in {} (set HEADCOUNT_SHARED_DATA to where they are)",
        folder.display()
    );
    None
}

/// An event that was held out, and how it ended.
pub(crate) struct HeldOut {
    pub(crate) id: String,
    pub(crate) category: String,
    pub(crate) yes: u32,
}

pub(crate) struct EventFile {
    pub(crate) train: PathBuf,
    pub(crate) test: PathBuf,
    pub(crate) held_out: Vec<HeldOut>,
}

impl EventFile {
    /// No group is in both files. What is to be predicted of the held-out events is not in theirs, but for how many came:
    /// it is what later events of the group are forecast from.
    pub(crate) fn sample(shared: &Path, folder: &Path) -> Self {
        let (train, test) = (folder.join("train.ndjson"), folder.join("test.ndjson"));
        let [mut to_train, mut to_test] =
            [&train, &test].map(|path| BufWriter::new(File::create(path).unwrap()));
        let labelled = File::open(shared.join("events_labelled.ndjson.gz")).unwrap();
        let mut held_out = Vec::new();
        for line in BufReader::new(GzDecoder::new(labelled)).lines().take(LINES) {
            let line = line.unwrap();
            let mut event: Value = serde_json::from_str(&line).unwrap();
            if !event["group"]["id"].as_u64().unwrap().is_multiple_of(4) {
                writeln!(to_train, "{line}").unwrap();
                continue;
            }
            held_out.push(HeldOut {
                id: event["id"].as_str().unwrap().to_owned(),
                category: event["group"]["category"]["shortname"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                yes: event["yes_rsvp_count"].as_u64().unwrap() as u32,
            });
            event["group"].as_object_mut().unwrap().remove("category");
            writeln!(to_test, "{event}").unwrap();
        }
        Self {
            train,
            test,
            held_out,
        }
    }

    /// The share of the held-out events that the largest category has.
    pub(crate) fn largest_category(&self) -> f64 {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &self.held_out {
            *counts.entry(&event.category).or_default() += 1;
        }
        let largest = counts.values().max().copied().unwrap_or(0);
        largest as f64 / self.held_out.len() as f64
    }
}
