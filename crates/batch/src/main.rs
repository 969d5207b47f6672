//! The batch worker.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Two providers of TLS are linked in, and rustls does not choose.
    let is_first = rustls::crypto::ring::default_provider()
        .install_default()
        .is_ok();
    assert!(
        is_first,
        "nothing ran before that could have chosen a provider of TLS"
    );
    headcount_batch::cli::run()
}
