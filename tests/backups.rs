//! Backups and plain copies of a data folder that is being written.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use headcount_journal::{Batch, ReadOnly};
use support::*;

/// Of each kind, while the process writes.
fn copies() -> usize {
    extent(6, 20)
}

/// A process under load with checkpoints every second, and its data folder.
struct Writing {
    folder: tempfile::TempDir,
    process: Process,
}

impl Writing {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::run(
            &folder.path().join("data"),
            &["sim:?rate=100&seed=5".to_owned()],
            &[
                "--partitions",
                "2",
                "--checkpoint-every",
                "1",
                "--segment-size",
                "256KiB",
            ],
        );
        Self { folder, process }
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until there is more than there was.
    fn goes_on(&self, entries: u64) -> u64 {
        wait_for("more entries come", || {
            let now = entries_of(&self.data());
            (now > entries).then_some(now)
        })
    }
}

fn entries_of(data: &Path) -> u64 {
    let journal = ReadOnly::open(data.join("journal")).unwrap();
    (0..journal.partitions())
        .map(|at| journal.durable_end(at).unwrap())
        .sum()
}

/// Every entry of a copy is the entry that the original has at its offset.
#[track_caller]
fn is_a_part_of(copy: &Path, original: &Path) {
    let [copy, original] =
        [copy, original].map(|data| ReadOnly::open(data.join("journal")).unwrap());
    assert_eq!(copy.id(), original.id());
    for at in 0..copy.partitions() {
        let end = copy.durable_end(at).unwrap();
        let [one, other] = [&copy, &original].map(|journal| read(journal, at, end));
        assert!(one == other, "partition {at} differs");
    }
}

fn read(journal: &ReadOnly, at: u16, end: u64) -> Vec<(u64, i64, u8, Vec<u8>)> {
    let mut reader = journal.reader(at, 0).unwrap();
    let (mut batch, mut entries) = (Batch::new(), Vec::new());
    while reader.position() < end {
        reader.read(&mut batch, 1 << 20, Duration::ZERO).unwrap();
        let frames = batch.iter().take_while(|frame| frame.offset < end);
        entries.extend(frames.map(|f| (f.offset, f.appended_at_ms, f.kind, f.body.to_vec())));
    }
    entries
}

fn backup(data: &Path, to: &Path) -> Command {
    let mut command = headcount();
    command.arg("backup").arg(to).arg("--data").arg(data);
    command
}

fn restore(from: &Path, to: &Path) -> Command {
    let mut command = headcount();
    command.arg("restore").args([from, to]);
    command
}

#[test]
fn backups_of_a_running_process_are_whole() {
    let writing = Writing::start();
    let (mut entries, mut reused) = (0, 0);
    for round in 0..copies() {
        entries = writing.goes_on(entries);
        // Most go on from the one before.
        let to = writing.path(&format!("backup-{}", round % 3 / 2));
        let made = run_json(backup(&writing.data(), &to).arg("--json"));
        assert!(made["entries"].as_u64().unwrap() >= entries, "{made}");
        reused += made["files_reused"].as_u64().unwrap();
        let restored = writing.path("restored");
        // It ends with a recount of exactly these entries.
        run(&mut restore(&to, &restored));
        is_a_part_of(&restored, &writing.data());
        assert_eq!(made["entries"].as_u64().unwrap(), entries_of(&restored));
        // It starts.
        Process::run(&restored, &[], &[]).stop();
        fs::remove_dir_all(&restored).unwrap();
    }
    println!("{reused} files were used again");
    writing.process.stop();
}

/// `cp` in either order: the journal before what is made of it, or after, or as it comes.
fn plain_copy(data: &Path, to: &Path, order: usize) {
    let parts: &[&str] = match order % 3 {
        0 => &["."],
        1 => &["journal", "state", "lake", "people.key"],
        _ => &["people.key", "lake", "state", "journal"],
    };
    fs::create_dir(to).unwrap();
    for part in parts {
        // A file that is renamed meanwhile makes cp complain, and nothing is missing by that.
        let _ = Command::new("cp")
            .arg("-a")
            .arg(data.join(part))
            .arg(to)
            .output()
            .unwrap();
    }
}

#[test]
fn plain_copies_of_a_running_process_start_or_say_how() {
    let writing = Writing::start();
    let (mut entries, mut rebuilt) = (0, 0);
    for round in 0..copies() {
        entries = writing.goes_on(entries);
        let copy = writing.path("copy");
        plain_copy(&writing.data(), &copy, round);
        let looked = headcount()
            .args(["summary", "--data"])
            .arg(&copy)
            .output()
            .unwrap();
        if !looked.status.success() {
            let said = String::from_utf8_lossy(&looked.stderr).into_owned();
            assert_eq!(looked.status.code(), Some(65), "{said}");
            assert!(said.contains("headcount rebuild"), "{said}");
            let rebuild = || {
                let mut command = headcount();
                command.args(["rebuild", "--data"]).arg(&copy);
                command
            };
            let output = rebuild().output().unwrap();
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(
                    said.contains("a copy that was made while headcount ran"),
                    "{said}"
                );
                run(rebuild().arg("--accept-loss"));
            }
            rebuilt += 1;
        }
        verify(&copy);
        is_a_part_of(&copy, &writing.data());
        Process::run(&copy, &[], &[]).stop();
        fs::remove_dir_all(&copy).unwrap();
    }
    println!("{rebuilt} of {} copies were rebuilt", copies());
    writing.process.stop();
}

#[test]
fn what_the_batch_worker_makes_anew_is_not_backed_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = path("sim.ndjson");
    run(headcount().args(["simulate", "--records", "50"]).arg(&file));
    run(headcount()
        .args(["import", "--data"])
        .arg(path("data"))
        .arg(&file));
    for derived in ["batch/index/0", "lake/tables/rsvps/x.parquet", "batches"] {
        let derived = path("data").join(derived);
        fs::create_dir_all(derived.parent().unwrap()).unwrap();
        fs::write(derived, "x").unwrap();
    }
    run(&mut backup(&path("data"), &path("backup")));
    run(&mut restore(&path("backup"), &path("restored")));
    assert!(path("restored/batches").exists());
    assert!(path("restored/lake/raw").is_dir());
    assert!(!path("restored/batch").exists());
    assert!(!path("restored/lake/tables").exists());
}

#[test]
fn a_backup_goes_only_where_it_belongs_and_is_believed_only_if_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = path("sim.ndjson");
    run(headcount()
        .args(["simulate", "--records", "200"])
        .arg(&file));
    for data in ["data", "other"] {
        run(headcount()
            .args(["import", "--data"])
            .arg(path(data))
            .arg(&file));
    }
    #[track_caller]
    fn refused(command: &mut Command, code: i32, word: &str) {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(word), "{said}");
    }
    refused(
        &mut backup(&path("data"), folder.path()),
        73,
        "holds no backup",
    );
    refused(
        &mut backup(&path("data"), &path("data/backup")),
        73,
        "lies in the data folder",
    );
    refused(
        &mut backup(&path("none"), &path("backup")),
        66,
        "holds no journal",
    );
    refused(
        &mut restore(&path("none"), &path("new")),
        66,
        "headcount backup",
    );

    run(&mut backup(&path("data"), &path("backup")));
    refused(
        &mut backup(&path("other"), &path("backup")),
        73,
        "another journal",
    );
    refused(
        &mut restore(&path("backup"), &path("other")),
        73,
        "not empty",
    );
    run(&mut restore(&path("backup"), &path("new")));
    assert_eq!(summary(&path("new")), summary(&path("data")));
    let key = fs::metadata(path("new/people.key")).unwrap();
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(key.permissions().mode() & 0o777, 0o600);

    // Every file of the backup, and then its manifest.
    let mut files = Vec::new();
    list(&path("backup/copy-1"), &mut files);
    files.push(path("backup/backup.json"));
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        let whole = fs::read(&file).unwrap();
        for damage in [Damage::Flip, Damage::Cut, Damage::Gone] {
            if whole.is_empty() && !matches!(damage, Damage::Gone) {
                continue;
            }
            damage.does(&file);
            let output = restore(&path("backup"), &path("again")).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success(), "{}, {damage:?}", file.display());
            assert!(said.contains(&*folder.path().to_string_lossy()), "{said}");
            assert!(!path("again").exists(), "half a data folder was left");
            fs::write(&file, &whole).unwrap();
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip,
    Cut,
    Gone,
}

impl Damage {
    fn does(self, file: &Path) {
        let mut content = fs::read(file).unwrap();
        match self {
            Self::Flip => {
                let middle = content.len() / 2;
                content[middle] ^= 1;
                fs::write(file, content).unwrap();
            }
            Self::Cut => fs::write(file, &content[..content.len() - 1]).unwrap(),
            Self::Gone => fs::remove_file(file).unwrap(),
        }
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
