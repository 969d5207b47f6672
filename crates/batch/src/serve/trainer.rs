//! Trains models from time to time, in a process of its own that may die without anybody else noticing.

use std::{fs, path::PathBuf, process::Stdio, time::Duration};

use headcount_clock::now_ms;
use serde::Serialize;
use tokio::{process::Command, time::sleep};

use crate::data::DataFolder;

/// After the start: the tables have something by then.
const FIRST: Duration = Duration::from_secs(20);
/// From the first training to the second; then twice as long each time, as the data grow, up to [`AGAIN`].
const SECOND: Duration = Duration::from_secs(30);
/// Between two trainings.
const AGAIN: Duration = Duration::from_secs(24 * 3600);
/// Versions of each model that stay.
const KEPT: &str = "10";
/// Bytes of what a training said that are kept.
const SAID_MAX: usize = 400;

/// Whether and when models are trained.
pub(super) struct Trainer {
    data: DataFolder,
    lake: Option<String>,
    is_on: bool,
    state: TrainingState,
}

/// `batch/training.json`: what the page shows.
#[derive(Clone, Debug, Default, Serialize)]
struct TrainingState {
    running: bool,
    since: Option<i64>,
    last: Option<LastTraining>,
}

#[derive(Clone, Debug, Serialize)]
struct LastTraining {
    at: i64,
    ok: bool,
    message: String,
}

impl Trainer {
    /// `lake` is the shared lake as it was typed.
    pub(super) fn new(data: DataFolder, lake: Option<String>, is_on: bool) -> Self {
        Self {
            data,
            lake,
            is_on,
            state: TrainingState::default(),
        }
    }

    /// Trains for ever.
    pub(super) async fn run(mut self) {
        if !self.is_on {
            // What an earlier worker left there is not true any more.
            let _ = fs::remove_file(self.file());
            return std::future::pending().await;
        }
        let mut wait = FIRST;
        let mut next = SECOND;
        loop {
            self.tell();
            sleep(wait).await;
            self.state.running = true;
            self.state.since = Some(now_ms());
            self.tell();
            let outcome = self.train().await;
            let is_done = outcome.is_ok();
            let message = outcome.unwrap_or_else(|why| why);
            if is_done {
                tracing::info!("training: {message}");
            } else {
                tracing::info!("training gave no model: {message}");
            }
            wait = next;
            next = (next * 2).min(AGAIN);
            self.state = TrainingState {
                running: false,
                since: None,
                last: Some(LastTraining {
                    at: now_ms(),
                    ok: is_done,
                    message,
                }),
            };
        }
    }

    /// Takes models out of use that the last day does not fit any more, then trains new ones.
    async fn train(&self) -> Result<String, String> {
        if self.data.models().is_dir()
            && let Err(why) = self.run_command(&["drift"]).await
        {
            tracing::warn!("the drift of models was not measured: {why}");
        }
        self.run_command(&["train", "--keep", KEPT]).await
    }

    /// Runs a command of this program; tells what it said, whether it ended well or not.
    async fn run_command(&self, args: &[&str]) -> Result<String, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(args).arg("--data");
        command.arg(self.data.path());
        if let Some(lake) = &self.lake {
            command.args(["--lake", lake]);
        }
        command.env("HEADCOUNT_LOG", "error");
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.map_err(|error| error.to_string())?;
        let said = if output.status.success() {
            &output.stdout
        } else {
            &output.stderr
        };
        let said = String::from_utf8_lossy(said);
        let mut said = said.trim().replace('\n', "; ");
        if let Some((at, _)) = said.char_indices().nth(SAID_MAX) {
            said.truncate(at);
        }
        if output.status.success() {
            Ok(said)
        } else {
            Err(said)
        }
    }

    fn file(&self) -> PathBuf {
        self.data.batch().join("training.json")
    }

    /// Only the page reads it, so failing to write it fails nothing else.
    fn tell(&self) {
        let file = self.file();
        let beside = file.with_extension("part");
        let written = serde_json::to_vec(&self.state)
            .map_err(std::io::Error::other)
            .and_then(|text| fs::write(&beside, text))
            .and_then(|()| fs::rename(&beside, &file));
        if let Err(error) = written {
            tracing::warn!("write {}: {error}", file.display());
        }
    }
}
