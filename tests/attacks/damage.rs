//! Files that were damaged on the disk: it is said, or it does no harm. Never is an answer wrong and nothing said.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

use crate::{stage::*, support::*};

/// Bytes that a disk reads and writes at once.
const BLOCK: usize = 4096;

/// What a disk or a person does to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// One bit is another one.
    Flip,
    /// The end is missing.
    Cut,
    /// A block of zeros, as after a power failure.
    Zeros,
    /// A block of another place in the same file.
    Misdirected,
}

impl Damage {
    const ALL: [Self; 4] = [Self::Flip, Self::Cut, Self::Zeros, Self::Misdirected];

    /// Does it to a file; where it did.
    fn to(self, file: &Path, random: &mut Random) -> usize {
        let mut bytes = fs::read(file).unwrap();
        let length = bytes.len();
        let mut place = || random.below(length as u64) as usize;
        let at = place();
        let block = at..(at + BLOCK).min(length);
        match self {
            Self::Flip => bytes[at] ^= 1 << (place() % 8),
            Self::Cut => bytes.truncate(at),
            Self::Zeros => bytes[block].fill(0),
            Self::Misdirected => {
                let from = place().min(length - block.len());
                bytes.copy_within(from..from + block.len(), at);
            }
        }
        fs::write(file, bytes).unwrap();
        at
    }
}

/// All files of a folder that have content.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, meta) = (entry.path(), entry.metadata().unwrap());
        if meta.is_dir() {
            files.extend(files_in(&path));
        } else if meta.len() > 0 {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The commands that read a file of a data folder, and so may be wrong because of it.
fn readers_of(name: &Path) -> &'static [&'static [&'static str]] {
    if name.starts_with("lake") {
        return &[&["rebuild", "--json", "--from"]];
    }
    if name.starts_with("journal") || name.starts_with("state") {
        return &[&["summary", "--json"], &["verify"], &["journal", "verify"]];
    }
    &[]
}

/// What the program said of a damaged folder.
#[derive(Default)]
struct Verdict {
    told: bool,
    wrong: Vec<String>,
}

impl Verdict {
    /// Takes the output of a command, and holds its answer against the right one.
    fn note(&mut self, output: &Output, of: &str, right: Option<&Value>) {
        ends_well(output, of);
        if !output.status.success() {
            self.told = true;
        } else if let Some(right) = right {
            let answer = serde_json::from_slice(&output.stdout).unwrap();
            if what_it_is(answer) != *right {
                self.wrong.push(format!("{of} says {:?}", said(output)));
            }
        }
    }
}

/// What is wrong and not told: asks all that read the damaged file, then imports, as somebody does who has noticed
/// nothing.
fn silent(stage: &Stage, data: &Path, name: &Path) -> Vec<String> {
    let mut verdict = Verdict::default();
    for reader in readers_of(name) {
        let mut command = headcount();
        command.args(*reader);
        if reader.contains(&"--from") {
            command.arg(data.join("lake"));
        }
        let output = ends(command.arg("--data").arg(data));
        let right = reader.contains(&"--json").then_some(&stage.right);
        verdict.note(&output, reader[0], right);
    }
    // Whoever asks must hear of it, and not only whoever writes.
    if !verdict.told && !verdict.wrong.is_empty() {
        return verdict.wrong;
    }
    let output = ends(&mut stage.import(data));
    verdict.note(&output, "import", None);
    if output.status.success() {
        let output = ends(headcount().args(["summary", "--json", "--data"]).arg(data));
        verdict.note(&output, "summary after an import", Some(&stage.right));
    }
    if verdict.told {
        verdict.wrong.clear();
    }
    verdict.wrong
}

#[test]
fn damage_is_told_or_harmless() {
    let mut random = Random::new();
    let mut stage = Stage::new(100);
    let whole = stage.data();
    run(&mut stage.import(&whole));
    let files = files_in(&whole);
    let mut all_silent = Vec::new();
    for round in 0..extent(200, 2_000) {
        let data = stage.copy(&whole);
        let file = &files[random.below(files.len() as u64) as usize];
        let name = file.strip_prefix(&whole).unwrap();
        let damage = Damage::ALL[round % Damage::ALL.len()];
        let at = damage.to(&data.join(name), &mut random);
        let case = format!("{damage:?} at byte {at} of {}", name.display());
        eprintln!("{case}");
        for what in silent(&stage, &data, name) {
            all_silent.push(format!("{case}: {what}"));
        }
        stage.remove(&data);
    }
    assert!(all_silent.is_empty(), "{}", all_silent.join("\n"));
}
