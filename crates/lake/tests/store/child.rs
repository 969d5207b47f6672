//! A test that goes on in a process of its own: with another environment, or to be killed.

use std::process::{Command, Stdio};

const ARGUMENT: &str = "HEADCOUNT_LAKE_TEST";

/// What the parent said to this process; `None` in an ordinary run of the tests.
pub(crate) fn argument() -> Option<String> {
    std::env::var(ARGUMENT).ok()
}

/// The test `name` in another process.
pub(crate) fn test(name: &str, argument: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture"])
        .env(ARGUMENT, argument)
        .stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
}
