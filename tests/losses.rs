//! A journal that has lost entries is never answered short: every command says what is missing, and rebuild puts it back.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use support::*;

/// A data folder of one partition with records in it, and the file that they are from.
struct Kept {
    folder: tempfile::TempDir,
    right: Value,
}

impl Kept {
    fn new(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sim.ndjson");
        run(headcount()
            .args(["simulate", "--records", "400"])
            .arg(&file));
        let kept = Self {
            right: Value::Null,
            folder,
        };
        run(kept.import().args(more));
        Self {
            right: summary(&kept.data()),
            ..kept
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn segment(&self) -> PathBuf {
        self.data().join("journal/p000/00000000000000000000.seg")
    }

    fn import(&self) -> Command {
        let mut command = headcount();
        command
            .args(["import", "--partitions", "1", "--data"])
            .arg(self.data())
            .arg(self.folder.path().join("sim.ndjson"));
        command
    }

    fn rebuild(&self) -> Command {
        let mut command = headcount();
        command.args(["rebuild", "--data"]).arg(self.data());
        command
    }
}

/// Expects a command to say on either stream what is missing, and to fail as damaged data does.
#[track_caller]
fn tells(command: &mut Command, words: &[&str]) {
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(65), "{command:?}: {said}");
    for word in words {
        assert!(
            said.contains(word),
            "{command:?} does not say {word:?}: {said}"
        );
    }
}

/// Every command that uses the journal.
fn all_tell(kept: &Kept, words: &[&str]) {
    for args in [&["summary"][..], &["verify"], &["journal", "verify"]] {
        tells(headcount().args(args).arg("--data").arg(kept.data()), words);
    }
    tells(&mut kept.import(), words);
    let address = free_address().to_string();
    let mut run = headcount();
    run.args(["run", "--listen", &address, "--data"])
        .arg(kept.data());
    tells(&mut run, words);
}

fn cut(path: &Path, bytes: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - bytes)
        .unwrap();
}

fn zero(path: &Path, bytes: usize) {
    let mut content = fs::read(path).unwrap();
    let from = content.len() - bytes;
    content[from..].fill(0);
    fs::write(path, content).unwrap();
}

/// Takes something away from a journal.
type Loss = fn(&Kept);

const LOSSES: [(&str, Loss); 4] = [
    ("the tail is cut off", |kept| cut(&kept.segment(), 3000)),
    ("the last page is zero", |kept| zero(&kept.segment(), 4096)),
    ("the segment is gone", |kept| {
        fs::remove_file(kept.segment()).unwrap();
    }),
    ("the partition is gone", |kept| {
        fs::remove_dir_all(kept.data().join("journal/p000")).unwrap();
    }),
];

#[test]
fn what_is_lost_is_told_by_every_command_and_put_back_from_the_archive() {
    for (what, loss) in LOSSES {
        let kept = Kept::new(&[]);
        loss(&kept);
        all_tell(
            &kept,
            &["partition 0", "has lost the entries", "headcount rebuild"],
        );
        let done = String::from_utf8(run(&mut kept.rebuild()).stdout).unwrap();
        assert!(done.contains("were put back"), "{what}: {done}");
        assert_eq!(summary(&kept.data()), kept.right, "{what}");
        verify(&kept.data());
        // A source goes on where it was: nothing comes twice.
        run(&mut kept.import());
        assert_eq!(summary(&kept.data()), kept.right, "{what}");
    }
}

/// Each of the three alone is a proof: the mark, the checkpoint, the archive.
#[test]
fn one_witness_is_enough() {
    let witnesses = [
        ("journal/p000.mark", "p000.mark"),
        ("state", "the checkpoint in"),
        ("lake", "the archive in"),
    ];
    for (stays, name) in witnesses {
        let kept = Kept::new(&[]);
        for (other, _) in witnesses {
            if other != stays {
                let path = kept.data().join(other);
                match path.is_dir() {
                    true => fs::remove_dir_all(path).unwrap(),
                    false => fs::remove_file(path).unwrap(),
                }
            }
        }
        cut(&kept.segment(), 3000);
        all_tell(&kept, &[name, "headcount rebuild"]);
        if stays == "lake" {
            run(&mut kept.rebuild());
            assert_eq!(summary(&kept.data()), kept.right);
        } else {
            tells(&mut kept.rebuild(), &["--accept-loss"]);
        }
    }
}

#[test]
fn what_nobody_has_is_named_and_must_be_accepted() {
    for (what, loss) in LOSSES {
        let kept = Kept::new(&["--no-archive"]);
        loss(&kept);
        all_tell(&kept, &["has lost the entries", "headcount rebuild"]);
        for _ in 0..2 {
            tells(
                &mut kept.rebuild(),
                &["partition 0", "no archive of this journal", "--accept-loss"],
            );
        }
        let done = run(kept.rebuild().arg("--accept-loss"));
        let done = String::from_utf8(done.stdout).unwrap();
        assert!(done.contains("are lost"), "{what}: {done}");
        verify(&kept.data());
        assert_ne!(summary(&kept.data()), kept.right, "{what}");
        // The source is read again from where the journal is now.
        run(kept.import().arg("--no-archive"));
        assert_eq!(
            summary(&kept.data())["heads"],
            kept.right["heads"],
            "{what}"
        );
        assert_eq!(
            summary(&kept.data())["rsvps"],
            kept.right["rsvps"],
            "{what}"
        );
        verify(&kept.data());
    }
}

#[test]
fn damage_in_the_middle_is_taken_from_the_archive() {
    let kept = Kept::new(&[]);
    let mut content = fs::read(kept.segment()).unwrap();
    content[20_000] ^= 4;
    fs::write(kept.segment(), content).unwrap();
    tells(
        headcount()
            .args(["journal", "verify", "--data"])
            .arg(kept.data()),
        &["checksum differs", "headcount rebuild"],
    );
    run(&mut kept.rebuild());
    assert_eq!(summary(&kept.data()), kept.right);
    verify(&kept.data());
    assert!(kept.data().join("journal/p000-damaged").is_dir());
}

/// Every file of the data folder may be removed: that is told, or the answer is the same.
#[test]
fn any_file_that_is_missing_is_told_or_harmless() {
    let kept = Kept::new(&[]);
    let whole = kept.folder.path().join("whole");
    fs::rename(kept.data(), &whole).unwrap();
    let mut files = Vec::new();
    list(&whole, &mut files);
    assert!(files.len() > 7, "{files:?}");
    let mut told = Vec::new();
    for file in files {
        run(Command::new("cp").arg("-a").arg(&whole).arg(kept.data()));
        let name = file.strip_prefix(&whole).unwrap();
        fs::remove_file(kept.data().join(name)).unwrap();
        for args in [&["summary", "--json"][..], &["verify"]] {
            let output = headcount()
                .args(args)
                .arg("--data")
                .arg(kept.data())
                .output()
                .unwrap();
            if !output.status.success() {
                told.push(name.to_owned());
            } else if args[0] == "summary" {
                let found: Value = serde_json::from_slice(&output.stdout).unwrap();
                assert_eq!(found, kept.right, "without {}", name.display());
            }
        }
        fs::remove_dir_all(kept.data()).unwrap();
    }
    for name in [
        "journal/journal.json",
        "journal/p000/00000000000000000000.seg",
    ] {
        assert!(told.contains(&PathBuf::from(name)), "{told:?}");
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => list(&path, files),
            false => files.push(path),
        }
    }
}

/// What says how far it looked says so.
#[test]
fn a_verdict_names_what_was_checked_and_what_was_not() {
    let kept = Kept::new(&[]);
    for args in [
        &["verify"][..],
        &["journal", "verify"],
        &["journal", "stat"],
    ] {
        let output = run(headcount().args(args).arg("--data").arg(kept.data()));
        let said = String::from_utf8(output.stdout).unwrap();
        for word in ["\nchecked ", "\nunchecked ", "archive"] {
            assert!(said.contains(word), "{args:?}: {said}");
        }
    }
}

#[test]
fn a_mark_that_is_gone_is_not_said_to_be_checked() {
    let kept = Kept::new(&[]);
    fs::remove_file(kept.data().join("journal/p000.mark")).unwrap();
    for (command, words) in [
        (&["verify"][..], "the end of partition 0, which has no mark"),
        (&["journal", "verify"], "no mark, so whether entries"),
        (&["journal", "stat"], "no mark, so whether entries"),
    ] {
        let output = run(headcount().args(command).arg("--data").arg(kept.data()));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(words), "{command:?}: {said}");
    }
}
