//! `headcount simulate`: the simulator's records as a file.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
};

use anyhow::{Context, Result};
use headcount_simulator::{Rate, Seed, Simulator};
use indicatif::ProgressBar;

use crate::{
    cli,
    exit::{CANNOT_CREATE, USAGE, exit},
};

/// Where simulated recordings begin: 2024-01-01 UTC. A fixed time, so that the same seed gives
/// the same file whenever it is made.
const START_MS: i64 = 1_704_067_200_000;
/// Records between two movements of the bar.
const STEP: u64 = 10_000;

pub(crate) fn run(args: cli::SimulateArgs) -> Result<()> {
    let rate = Rate::new(args.rate).map_err(|error| exit(USAGE, error.to_string()))?;
    let simulator = if args.all_feeds {
        Simulator::with_all_feeds(Seed(args.seed), START_MS, rate)
    } else {
        Simulator::new(Seed(args.seed), START_MS, rate)
    };
    let (out, to_file): (Box<dyn Write>, bool) = match &args.out {
        Some(path) => {
            let file = File::create(path).map_err(|error| {
                exit(CANNOT_CREATE, format!("write {}: {error}", path.display()))
            })?;
            (Box::new(file), true)
        }
        None => (Box::new(io::stdout().lock()), false),
    };
    let bar = if to_file && io::stderr().is_terminal() {
        ProgressBar::new(args.records)
    } else {
        ProgressBar::hidden()
    };
    match write(
        &simulator,
        args.records,
        BufWriter::with_capacity(1 << 20, out),
        &bar,
    ) {
        // `headcount simulate | head` is a fine thing to do.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("write the records"),
    }
}

fn write(
    simulator: &Simulator,
    records: u64,
    mut out: impl Write,
    bar: &ProgressBar,
) -> io::Result<()> {
    let mut line = Vec::with_capacity(2048);
    for index in 0..records {
        line.clear();
        simulator.write(index, &mut line);
        line.push(b'\n');
        out.write_all(&line)?;
        if index % STEP == 0 {
            bar.set_position(index);
        }
    }
    bar.finish_and_clear();
    out.flush()
}
