//! How fast the simulated stream is written, and how much of it is new.
//!
//!     cargo run --release -p headcount-simulator --example bench_simulator [RECORDS] [RATE] [SEED]

use std::{collections::HashSet, error::Error, time::Instant};

use headcount_simulator::{DEFAULT_START_MS, Rate, Seed, Simulator};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments
        .next()
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let rate: Rate = arguments
        .next()
        .map_or(Ok(Rate::DEFAULT), |text| text.parse())?;
    let seed = Seed(arguments.next().map_or(Ok(0), |text| text.parse())?);

    let began = Instant::now();
    let simulator = Simulator::new(seed, DEFAULT_START_MS, rate);
    let mut line = Vec::new();
    simulator.write(0, &mut line);
    println!("first record after {:?}", began.elapsed());

    let (mut bytes, mut fastest) = (0, f64::INFINITY);
    for _ in 0..5 {
        let began = Instant::now();
        bytes = 0;
        for index in 0..records {
            line.clear();
            simulator.write(index, &mut line);
            bytes += line.len();
        }
        fastest = fastest.min(began.elapsed().as_secs_f64());
    }
    let per_second = records as f64 / fastest;
    println!(
        "{per_second:.0} records/s on one core, {} bytes each",
        bytes as u64 / records
    );

    let (mut groups, mut events, mut answers) = (HashSet::new(), HashSet::new(), HashSet::new());
    for index in 0..records {
        line.clear();
        simulator.write(index, &mut line);
        groups.insert(number_after(&line, b"\"group_id\":"));
        answers.insert(number_after(&line, b"\"rsvp_id\":"));
        events.insert(number_after(&line, b"events\\/"));
    }
    let percent = |count: usize| count as f64 * 100.0 / records as f64;
    println!("new groups: {:.1} % of the records", percent(groups.len()));
    println!("new events: {:.1} %", percent(events.len()));
    println!("repeated RSVPs: {:.1} %", 100.0 - percent(answers.len()));
    Ok(())
}

/// The number that follows a key.
fn number_after(line: &[u8], key: &[u8]) -> u64 {
    let start = line
        .windows(key.len())
        .position(|window| window == key)
        .map_or(0, |at| at + key.len());
    let digits = line[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
