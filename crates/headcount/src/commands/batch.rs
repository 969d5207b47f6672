//! Commands that `headcount-batch` does: it takes the place of this process, and so its input, output, signals and exit code.

use std::{env, ffi::OsString, os::unix::process::CommandExt, process::Command};

use anyhow::{Result, anyhow};

use crate::{
    exit::{UNAVAILABLE, exit},
    roles::batch::program::find_program,
};

/// Never returns if it works. `log` is what `--log` before the command said.
pub(crate) fn run(name: &str, args: Vec<OsString>, log: Option<&str>) -> Result<()> {
    let program = find_program().map_err(|missing| exit(UNAVAILABLE, missing.to_string()))?;
    let mut command = Command::new(&program);
    command.arg(name).args(as_typed(args));
    if let Some(log) = log {
        command.env("HEADCOUNT_LOG", log);
    }
    let error = command.exec();
    Err(anyhow!(error).context(format!("start {}", program.display())))
}

/// The arguments with the `--` before them, if there was one: the parser has taken it for its own.
fn as_typed(mut args: Vec<OsString>) -> Vec<OsString> {
    let typed: Vec<OsString> = env::args_os().collect();
    let before = typed.len().checked_sub(args.len() + 1);
    if before.is_some_and(|at| typed[at] == "--") {
        args.insert(0, "--".into());
    }
    args
}
