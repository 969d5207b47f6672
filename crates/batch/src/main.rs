//! The batch worker: tables, SQL and reports over the journal of headcount.

use std::process::ExitCode;

use clap::Parser;
use headcount_batch::{cli::Cli, exit::code_of};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    // Two TLS providers are linked; a program must choose.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_env("HEADCOUNT_LOG")
                .unwrap_or_else(|_| EnvFilter::new("warn,headcount_batch=info")),
        )
        .with_writer(std::io::stderr)
        .init();
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            code_of(&error)
        }
    }
}
