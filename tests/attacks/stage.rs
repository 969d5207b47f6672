//! Two recordings, what they come to, and how a data folder is held against that.

use std::{
    fs::{self, File},
    io::{Read, Seek},
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::*;

/// Members of an answer that say how the records came, not what they are.
const OF_THE_JOURNAL: [&str; 3] = ["ledger", "as_of", "digest"];

/// Recordings and their right answer.
pub struct Stage {
    folder: TempDir,
    pub recordings: [PathBuf; 2],
    pub right: Value,
    folders: u64,
}

impl Stage {
    /// Two recordings of that many records each.
    pub fn new(records: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recordings = ["1", "2"].map(|seed| {
            let file = folder.path().join(format!("recording-{seed}.ndjson"));
            let records = records.to_string();
            run(headcount()
                .args(["simulate", "--seed", seed, "--records", &records])
                .arg(&file));
            file
        });
        let mut stage = Self {
            folder,
            recordings,
            right: Value::Null,
            folders: 0,
        };
        let whole = stage.data();
        run(&mut stage.import(&whole));
        stage.right = what_it_is(summary(&whole));
        // Counted in memory, without a journal, it is the same.
        let counted = run_json(
            headcount()
                .args(["count", "--json"])
                .args(&stage.recordings),
        );
        assert_golden(&stage.right, &counted, &OF_THE_JOURNAL);
        stage.is_right(&whole);
        stage
    }

    /// The name of a new data folder.
    pub fn data(&mut self) -> PathBuf {
        self.folders += 1;
        self.folder.path().join(format!("data-{}", self.folders))
    }

    /// A new data folder with what another one holds.
    pub fn copy(&mut self, of: &Path) -> PathBuf {
        let data = self.data();
        run(Command::new("cp").arg("-a").args([of, &data]));
        data
    }

    /// Imports both recordings.
    pub fn import(&self, data: &Path) -> Command {
        self.import_of(data, &self.recordings)
    }

    /// Imports these recordings.
    pub fn import_of(&self, data: &Path, recordings: &[PathBuf]) -> Command {
        let mut command = headcount();
        command
            .args(["import", "--partitions", "2", "--data"])
            .arg(data)
            .args(recordings);
        command
    }

    /// Imports both recordings in the ordinary way, and expects all to be right after it.
    #[track_caller]
    pub fn comes_right(&self, data: &Path) {
        run(&mut self.import(data));
        self.is_right(data);
    }

    /// Expects every record once: in the counts, in the journal, in the archive.
    #[track_caller]
    pub fn is_right(&self, data: &Path) {
        let found = summary(data);
        assert_eq!(found["ledger"]["balanced"], true);
        assert_eq!(what_it_is(found), self.right);
        verify(data);
        run(headcount().args(["journal", "verify", "--data"]).arg(data));
        let archived = headcount()
            .args(["rebuild", "--json", "--data"])
            .arg(data)
            .arg("--from")
            .arg(data.join("lake"))
            .output()
            .unwrap();
        assert!(archived.status.success(), "{}", said(&archived));
        let archived = serde_json::from_slice(&archived.stdout).unwrap();
        assert_eq!(what_it_is(archived), self.right, "in the archive");
    }

    /// Removes a data folder that is of no more use.
    pub fn remove(&self, data: &Path) {
        fs::remove_dir_all(data).unwrap();
    }
}

/// An answer without how far the journal has come, which depends on how records were grouped; without the names of
/// sources; and without the digest, which is over pseudonyms: each folder has a key of its own.
pub fn what_it_is(mut answer: Value) -> Value {
    answer["as_of"].as_object_mut().unwrap().remove("offsets");
    answer["ledger"].as_object_mut().unwrap().remove("sources");
    answer.as_object_mut().unwrap().remove("digest");
    answer
}

/// Runs to the end, which must come.
#[track_caller]
pub fn ends(command: &mut Command) -> Output {
    let mut said: [File; 2] = std::array::from_fn(|_| tempfile::tempfile().unwrap());
    let [stdout, stderr] = said.each_ref().map(|file| file.try_clone().unwrap());
    let mut child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        pause();
    };
    let [stdout, stderr] = said.each_mut().map(|file| {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let Some(status) = status else {
        let said = String::from_utf8_lossy(&stderr);
        panic!("{command:?} does not end; it said {said:?}");
    };
    Output {
        status,
        stdout,
        stderr,
    }
}

/// What a command wrote to standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Expects an end that a script can act on: success, or a code of sysexits.h with a sentence; never a panic.
#[track_caller]
pub fn ends_well(output: &Output, of: &str) {
    let said = said(output);
    assert!(!said.contains("panicked"), "{of}: {said}");
    match output.status.code() {
        Some(0) => {}
        // 70 is a bug of ours, which no disk and no network may lead to.
        Some(code @ (64..=69 | 71..=78)) => {
            let last = said.lines().last().unwrap_or_default();
            assert!(
                last.starts_with("headcount: ") && last.len() > 30,
                "{of}: {code} without a sentence: {said:?}"
            );
        }
        _ => panic!("{of}: {}: {said}", output.status),
    }
}
