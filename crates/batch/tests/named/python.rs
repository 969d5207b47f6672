//! A Python with DuckDB, in a folder of tools beside what cargo builds.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// Runs a script of this folder on a job, and gives what it prints.
pub(crate) fn run(script: &str, job: &serde_json::Value) -> serde_json::Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/named");
    let mut child = Command::new("python3")
        .arg(folder.join(script))
        .env("PYTHONPATH", packages())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(job.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The folder of the packages, installed once for each list of them.
fn packages() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    REQUIREMENTS.hash(&mut hasher);
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools");
    let folder = tools.join(format!("python-{:016x}", hasher.finish()));
    if !folder.exists() {
        fs::create_dir_all(&tools).unwrap();
        // Beside and renamed: what is there is whole, whoever else installs it.
        let partial = tempfile::tempdir_in(&tools).unwrap();
        let mut install = Command::new("python3");
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
        ]);
        install
            .arg(partial.path())
            .args(REQUIREMENTS.split_whitespace());
        assert!(
            install.status().unwrap().success(),
            "pip installs {REQUIREMENTS:?}"
        );
        if fs::rename(partial.path(), &folder).is_ok() {
            // It has another name now.
            let _ = partial.keep();
        }
    }
    folder
}
