//! The batch worker.

mod cli;
mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Two providers of TLS are linked in, and rustls does not choose.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        unreachable!("nothing ran before that could have chosen a provider of TLS");
    }
    cli::run()
}
