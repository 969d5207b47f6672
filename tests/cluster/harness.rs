//! A cluster of headcount processes on the real engines.
#![allow(dead_code, reason = "every test file uses its own part of this")]
#![allow(clippy::unwrap_used, unreachable_pub)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Output, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use headcount_test_servers::{Cassandra, Kafka, Proxy, S3};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::*;

/// After so long a worker that does not answer is replaced.
const SESSION_MS: u32 = 3_000;

/// What the processes of one cluster have in common.
pub struct Cluster {
    pub folder: TempDir,
    /// Empty for one in the data folder.
    pub journal: String,
    pub lake: String,
    pub serving: Option<String>,
    environment: BTreeMap<&'static str, String>,
    partitions: u16,
    /// Whether the processes are told how many partitions there are.
    tells_partitions: bool,
}

/// The right to use the machine: a cluster and its servers are all that it can bear.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed has said so.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name that no other cluster of these servers has.
pub fn fresh_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!(
        "t{}x{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    )
}

impl Cluster {
    /// A journal of its own in Kafka, with checkpoints in a folder.
    pub fn new(kafka: &Kafka, partitions: u16) -> Self {
        Self::with_session(kafka, partitions, SESSION_MS)
    }

    /// The same, where a worker that does not answer is replaced after so long.
    pub fn with_session(kafka: &Kafka, partitions: u16, session_ms: u32) -> Self {
        Self::on(
            &format!(
                "kafka://{}/{}?session_ms={session_ms}",
                kafka.bootstrap(),
                fresh_name()
            ),
            partitions,
        )
    }

    /// Nobody is told how many partitions there are.
    #[must_use]
    pub fn unspecified(mut self) -> Self {
        self.tells_partitions = false;
        self
    }

    /// A cluster on a journal at this address.
    pub fn on(journal: &str, partitions: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake").display().to_string();
        Self {
            folder,
            journal: journal.to_owned(),
            lake,
            serving: None,
            environment: BTreeMap::new(),
            partitions,
            tells_partitions: true,
        }
    }

    /// One process with its journal in its data folder.
    pub fn on_disk(partitions: u16) -> Self {
        Self::on("", partitions)
    }

    /// Served from a keyspace of its own.
    #[must_use]
    pub fn served_by(mut self, cassandra: &Cassandra) -> Self {
        self.serving = Some(format!(
            "cassandra://{}/{}",
            cassandra.contact(),
            fresh_name()
        ));
        self
    }

    /// Served from a node that asks for a password and speaks TLS only, as this user and with the password in the
    /// environment.
    #[must_use]
    pub fn served_securely_by(mut self, cassandra: &Cassandra, user: &str, password: &str) -> Self {
        self.serving = Some(format!(
            "cassandra://{user}@{}/headcount?tls=true&ca={}&name=localhost",
            cassandra.contact(),
            cassandra.ca().display()
        ));
        self.environment
            .insert("HEADCOUNT_CASSANDRA_PASSWORD", password.to_owned());
        self
    }

    /// The journal's name.
    pub fn name(&self) -> &str {
        let path = self.journal.rsplit('/').next().unwrap();
        path.split('?').next().unwrap()
    }

    /// With credentials that a server of ours does not look at.
    #[must_use]
    pub fn with_credentials(mut self) -> Self {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            self.environment.insert(name, "test".to_owned());
        }
        self
    }

    /// With its lake on an S3 server.
    #[must_use]
    pub fn with_lake_on(mut self, s3: &S3) -> Self {
        self.lake = format!(
            "s3://{}/{}?endpoint={}&region={}",
            s3.bucket(),
            fresh_name(),
            s3.endpoint(),
            s3.region()
        );
        self.environment
            .insert("AWS_ACCESS_KEY_ID", s3.access_key().to_owned());
        self.environment
            .insert("AWS_SECRET_ACCESS_KEY", s3.secret_key().to_owned());
        self
    }

    /// The same journal, counted anew by others: another lake, and another keyspace.
    #[must_use]
    pub fn counted_anew(&self, cassandra: &Cassandra) -> Self {
        Self::on(&self.journal, self.partitions).served_by(cassandra)
    }

    fn partitions_option(&self) -> Option<String> {
        let option = || format!("--partitions={}", self.partitions);
        self.tells_partitions.then(option)
    }

    fn command(&self) -> Command {
        let mut command = headcount();
        command.envs(&self.environment);
        command
    }

    /// The key of people, the same for every process that writes to a shared journal.
    fn people_key(&self) -> String {
        let file = self.folder.path().join("people.key");
        if !file.exists() {
            fs::write(&file, [7; 16]).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }
        file.display().to_string()
    }

    /// Imports files into the journal.
    pub fn import(&self, files: &[PathBuf]) {
        run(self.import_command(files).stdout(Stdio::null()));
    }

    pub fn import_command(&self, files: &[PathBuf]) -> Command {
        let mut command = self.command();
        command
            .args(["import", "--journal", &self.journal])
            .args(["--people-key", &self.people_key()])
            .args(self.partitions_option())
            .arg("--data")
            .arg(self.folder.path().join("import"))
            .args(files);
        command
    }

    /// Counts what is in the archive.
    pub fn rebuild_command(&self) -> Command {
        let mut command = self.command();
        command.args(["rebuild", "--from", &self.lake]);
        command
    }

    /// A process of this name with these roles, not waited for.
    pub fn start(&self, name: &str, roles: &[&str], sources: &[String]) -> Process {
        let serving = self.serving.as_ref();
        self.start_with(self.command(), name, roles, sources, serving, &[])
    }

    /// Starts one that ends by itself with an error; returns what it says.
    pub fn start_refused(&self, name: &str, roles: &[&str]) -> String {
        let said = self.folder.path().join("said");
        let mut command = self.command();
        command.stderr(fs::File::create(&said).unwrap());
        self.start_with(command, name, roles, &[], self.serving.as_ref(), &[])
            .ends_with_an_error();
        fs::read_to_string(said).unwrap()
    }

    fn start_with(
        &self,
        command: Command,
        name: &str,
        roles: &[&str],
        sources: &[String],
        serving: Option<&String>,
        options: &[&str],
    ) -> Process {
        let mut more = vec!["--lake", &self.lake];
        let people_key = self.people_key();
        if !self.journal.is_empty() {
            more.extend(["--journal", &self.journal, "--people-key", &people_key]);
        }
        let partitions = self.partitions_option();
        more.extend(["--worker", name]);
        more.extend(partitions.as_deref());
        if let Some(serving) = serving {
            more.extend(["--serving", serving]);
        }
        for role in roles {
            more.extend(["--role", role]);
        }
        more.extend(options);
        Process::run_with(command, &self.folder.path().join(name), sources, &more)
    }

    /// A process that takes in what it is given on its standard input, which is returned.
    pub fn start_fed(&self, name: &str) -> (Process, ChildStdin) {
        let people_key = self.people_key();
        let mut more = vec!["--journal", &self.journal, "--lake", &self.lake];
        more.extend([
            "--people-key",
            &people_key,
            "--worker",
            name,
            "--role",
            "ingest",
        ]);
        let partitions = self.partitions_option();
        more.extend(partitions.as_deref());
        Process::run_fed(self.command(), &self.folder.path().join(name), &more)
    }

    /// A process that counts.
    pub fn worker(&self, name: &str) -> Process {
        self.start(name, &["process"], &[])
    }

    /// A process that counts, with more options.
    pub fn worker_with(&self, name: &str, options: &[&str]) -> Process {
        let serving = self.serving.as_ref();
        self.start_with(self.command(), name, &["process"], &[], serving, options)
    }

    /// A process that counts, and reaches what is served only through a proxy.
    pub fn worker_behind(&self, proxy: &Proxy, name: &str) -> Process {
        let keyspace = self.serving.as_ref().unwrap().rsplit('/').next().unwrap();
        let serving = format!("cassandra://{}/{keyspace}", proxy.listen());
        self.start_with(self.command(), name, &["process"], &[], Some(&serving), &[])
    }

    /// What `headcount summary` says of what is served.
    pub fn summary(&self) -> Option<Value> {
        serde_json::from_slice(&self.ask().stdout).ok()
    }

    /// What it says of why it says nothing.
    pub fn summary_said(&self) -> String {
        String::from_utf8(self.ask().stderr).unwrap()
    }

    fn ask(&self) -> Output {
        let serving = self.serving.as_ref().unwrap();
        self.command()
            .args(["summary", "--json", "--serving", serving])
            .output()
            .unwrap()
    }

    /// What `headcount status` says, once there is a lake.
    pub fn status(&self) -> Option<Value> {
        let output = self
            .command()
            .args(["status", "--json", "--lake", &self.lake])
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Who counts each partition, as far as it is known.
    pub fn owners(&self) -> Vec<Option<String>> {
        let status = self.status().unwrap_or_default();
        let partitions = status["partitions"].as_array().cloned().unwrap_or_default();
        let owner = |part: Value| part["owner"].as_str().map(str::to_owned);
        partitions.into_iter().map(owner).collect()
    }

    /// What the status says of each partition, once all have an owner.
    pub fn owned(&self) -> Option<Vec<Value>> {
        let parts = self.status()?["partitions"].as_array()?.clone();
        let all = parts.len() == usize::from(self.partitions);
        (all && parts.iter().all(|part| part["owner"].is_string())).then_some(parts)
    }

    /// Whether this process owns all partitions.
    pub fn owns_all(&self, name: &str) -> bool {
        let parts = self.owned();
        parts.is_some_and(|parts| parts.iter().all(|part| part["owner"] == name))
    }

    /// Waits until what is served has every member of the right answer, `but` some.
    #[track_caller]
    pub fn wait_for_golden(&self, golden: &Value, but: &[&str]) {
        wait_until_golden(|| self.summary(), golden, but);
    }
}

/// Waits until an answer is the right one, and tells how it differs if it never is.
#[track_caller]
pub fn wait_until_golden(mut look: impl FnMut() -> Option<Value>, golden: &Value, but: &[&str]) {
    let start = Instant::now();
    loop {
        let found = look();
        let right = found
            .as_ref()
            .is_some_and(|found| agrees(found, golden, but));
        if right {
            return;
        }
        if start.elapsed() > LIMIT {
            assert_golden(&found.expect("an answer"), golden, but);
        }
        pause();
    }
}

fn agrees(found: &Value, golden: &Value, but: &[&str]) -> bool {
    golden
        .as_object()
        .unwrap()
        .iter()
        .all(|(name, right)| but.contains(&name.as_str()) || found.get(name) == Some(right))
}

/// The recordings that `merged.json` is the answer of.
pub fn undamaged(data: &Path) -> Vec<PathBuf> {
    UNDAMAGED
        .iter()
        .map(|name| data.join("rsvps").join(name))
        .collect()
}
