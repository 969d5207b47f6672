//! A data folder, and the programs that work on it.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use headcount_batch::model::LakeTable;
use serde_json::Value;
use tempfile::TempDir;

/// The folder of the recordings, if it is there.
pub(crate) fn recordings() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("HEADCOUNT_SHARED_DATA")
        .map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "NOT TESTED: the recordings are not in {} (set HEADCOUNT_SHARED_DATA to where they are)",
        folder.display()
    );
    None
}

/// A data folder for one test.
pub(crate) struct Data(TempDir);

impl Data {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// A place for a file beside the data folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Imports files.
    pub(crate) fn import(&self, files: &[&Path]) {
        let mut command = Command::new(headcount());
        command
            .args(["import", "--no-archive", "--partitions", "3", "--data"])
            .arg(self.path())
            .args(files);
        let output = command.output().unwrap();
        assert!(
            output.status.code().is_some_and(|code| code < 2),
            "{}",
            text(&output)
        );
    }

    /// A command of the worker's program over the folder.
    pub(crate) fn batch(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headcount-batch"));
        command
            .args(arguments)
            .arg("--data")
            .arg(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Brings the tables up, and returns their rows.
    pub(crate) fn tables(&self, arguments: &[&str]) -> BTreeMap<LakeTable, u64> {
        let answer = self.json(&[&["tables", "--json"], arguments].concat());
        serde_json::from_value(answer["rows"].clone()).unwrap()
    }

    /// Compares the tables with a fresh pass over the journal.
    pub(crate) fn verify(&self) {
        let verified = self.json(&["tables", "verify", "--json"]);
        assert_eq!(verified["sound"], true, "{verified:#}");
    }

    /// The one number that a statement answers.
    pub(crate) fn number(&self, statement: &str) -> u64 {
        let answer = self.json(&["sql", "--json", statement]);
        let row = answer[0].as_object().unwrap();
        row.values().next().unwrap().as_u64().unwrap()
    }

    /// What a command prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.batch(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What the live program answers from the same journal.
    pub(crate) fn summary(&self) -> Value {
        let output = Command::new(headcount())
            .args(["summary", "--json", "--data"])
            .arg(self.path())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The data files of a table that its log does not name.
    pub(crate) fn orphans(&self, table: LakeTable) -> Vec<String> {
        let folder = self.path().join("lake/tables").join(table.name());
        let mut named = HashSet::new();
        for entry in std::fs::read_dir(folder.join("_delta_log")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            for line in std::fs::read_to_string(path).unwrap().lines() {
                let action: Value = serde_json::from_str(line).unwrap();
                for kind in ["add", "remove"] {
                    named.extend(action[kind]["path"].as_str().map(str::to_owned));
                }
            }
        }
        let names = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.ends_with(".parquet") && !named.contains(name))
            .collect()
    }
}

/// The live program, which is built beside the worker's.
pub(crate) fn headcount() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_headcount-batch")).with_file_name("headcount");
    assert!(
        program.exists(),
        "{} is not built: run the tests of the whole workspace",
        program.display()
    );
    program
}

/// Records of the simulator.
pub(crate) fn simulate(records: u64, seed: u64, out: &Path) {
    let mut command = Command::new(headcount());
    command
        .args([
            "simulate",
            "--records",
            &records.to_string(),
            "--seed",
            &seed.to_string(),
        ])
        .arg(out);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

pub(crate) fn text(output: &Output) -> String {
    format!(
        "{} {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Whether everything is tested as long as a release deserves.
pub(crate) fn is_full() -> bool {
    std::env::var("HEADCOUNT_TESTS").is_ok_and(|tests| tests == "full")
}
