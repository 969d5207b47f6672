//! The steps of docs/scale-out.md, run as they stand there.

use std::{
    env, fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use headcount_test_servers::{Cassandra, Kafka};
use serde_json::Value;

use crate::{
    harness::{fresh_name, turn},
    support::*,
};

/// The blocks of the guide that are marked as steps.
fn steps() -> Vec<String> {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scale-out.md");
    let text = fs::read_to_string(guide).unwrap();
    let blocks = text.split("```sh step\n").skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0.to_owned())
        .collect()
}

/// A shell as the guide's reader has it, with the addresses of the tests' servers.
struct Shell {
    folder: PathBuf,
    name: String,
    ports: [u16; 3],
}

impl Shell {
    fn bash(&self, script: &str) -> Command {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_headcount"));
        let path = format!(
            "{}:{}",
            program.parent().unwrap().display(),
            env::var("PATH").unwrap()
        );
        let mut script = script.to_owned();
        for (at, port) in self.ports.iter().enumerate() {
            script = script.replace(
                &format!("127.0.0.1:808{}", at + 1),
                &format!("127.0.0.1:{port}"),
            );
        }
        let (kafka, cassandra) = (Kafka::shared().bootstrap(), Cassandra::shared().contact());
        let mut bash = Command::new("bash");
        bash.args(["-euc", &script])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env("HEADCOUNT_LOG", "warn")
            .env("HEADCOUNT_TABLES", "off")
            .env("JOURNAL", format!("kafka://{kafka}/{}", self.name))
            .env("SERVING", format!("cassandra://{cassandra}/{}", self.name))
            .env("LAKE", self.folder.join("lake"));
        bash
    }

    fn answer(&self, file: &str) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.folder.join(file)).ok()?).ok()
    }
}

/// The background processes of a step, ended with the test.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        // The shell's trap ends its children.
        let _ = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status();
        let _ = self.0.wait();
    }
}

#[test]
fn the_guides_steps_lead_from_one_process_to_a_cluster_with_the_same_answer() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let recording = data.join("rsvps").join("2017-03-19.ndjson");
    fs::copy(recording, folder.path().join("recording.ndjson")).unwrap();
    let shell = Shell {
        folder: folder.path().to_owned(),
        name: fresh_name(),
        ports: [(); 3].map(|()| free_address().port()),
    };
    let steps = steps();
    let [alone, import, start, status, summary] = &steps[..] else {
        panic!("the guide has {} steps", steps.len());
    };
    run(shell.bash(alone).stdout(Stdio::null()));
    run(shell.bash(import).stdout(Stdio::null()));
    let waiting = format!("trap 'kill $(jobs -p)' TERM\n{start}\nwait\n");
    let _background = Background(shell.bash(&waiting).spawn().unwrap());
    let right = shell.answer("alone.json").unwrap();
    wait_until("the cluster has the answer of one process", || {
        let asked = shell.bash(summary).stderr(Stdio::null()).status().unwrap();
        let found = shell.answer("cluster.json");
        asked.success() && found.is_some_and(|found| same(&found, &right))
    });
    let said = run(&mut shell.bash(status));
    let said = String::from_utf8_lossy(&said.stdout);
    assert!(
        said.contains("count-1") && said.contains("show-1"),
        "{said}"
    );
}

/// Equal but for what depends on the partitions.
fn same(found: &Value, right: &Value) -> bool {
    let strip = |value: &Value| {
        let mut value = value.as_object().unwrap().clone();
        for name in ["ledger", "as_of"] {
            value.remove(name);
        }
        value
    };
    strip(found) == strip(right)
}
