//! The two programs, as a user starts them.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

/// The live program, built beside the worker.
pub(crate) fn headcount(args: &[&str]) -> Command {
    let batch = Path::new(env!("CARGO_BIN_EXE_headcount-batch"));
    command(&batch.with_file_name("headcount"), args)
}

/// The worker.
pub(crate) fn batch(args: &[&str]) -> Command {
    command(Path::new(env!("CARGO_BIN_EXE_headcount-batch")), args)
}

fn command(program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_remove("HEADCOUNT_DATA")
        .env("HEADCOUNT_LOG", "warn");
    command
}

/// What it says on standard output, as JSON.
#[track_caller]
pub(crate) fn json(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
