//! `headcount-batch statement`: the process of one statement. `sql::child` starts it; nobody else does.

use std::process::ExitCode;

use crate::sql::statement;

/// Answers the statement on standard input to standard output.
pub(crate) fn run() -> ExitCode {
    match statement::answer(std::io::stdin().lock(), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever asked has gone.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
