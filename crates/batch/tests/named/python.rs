//! Python scripts with the packages they need, in a folder of tools beside what cargo builds.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A folder of scripts.
pub(crate) struct Scripts {
    /// Below the folder of the tests.
    pub(crate) folder: &'static str,
    /// The packages they need, each with its version.
    pub(crate) requirements: &'static str,
}

impl Scripts {
    /// Runs a script on a job, and gives what it prints.
    pub(crate) fn run(&self, script: &str, job: &serde_json::Value) -> serde_json::Value {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(self.folder);
        let mut child = Command::new("python3")
            .arg(folder.join(script))
            .env("PYTHONPATH", packages(self.requirements))
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
}

/// The folder of the packages, installed once for each list of them.
pub(crate) fn packages(requirements: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    requirements.hash(&mut hasher);
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
            .args(requirements.split_whitespace());
        assert!(
            install.status().unwrap().success(),
            "pip installs {requirements:?}"
        );
        if fs::rename(partial.path(), &folder).is_ok() {
            // It has another name now.
            let _ = partial.keep();
        }
    }
    folder
}
