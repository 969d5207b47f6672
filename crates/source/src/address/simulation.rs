//! The address of the simulated stream.

use std::fmt;

use headcount_address::{Address, AddressError};
use headcount_simulator::{Rate, Seed};

const PARAMS: [&str; 5] = ["rate", "seed", "warmup", "start", "feeds"];

/// The simulated stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulationAddress {
    /// Answers per second of record time.
    pub rate: Rate,
    /// The same seed gives the same records.
    pub seed: Seed,
    /// Begin this many seconds ago and catch up at once.
    pub warmup_s: u64,
    /// Begin at this record time (ms since 1970) instead of now.
    pub start_ms: Option<i64>,
    /// Which feeds it is of.
    pub feeds: SimulatedFeeds,
}

/// Which feeds a simulated stream is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SimulatedFeeds {
    /// Answers only.
    #[default]
    Rsvps,
    /// All five, in the proportions in which they were seen; the rate is that of all records.
    All,
}

impl SimulationAddress {
    pub(super) fn new(text: &str) -> Result<Self, AddressError> {
        let address = Address::parse(text, "sim:?rate=50&seed=1")?.showing(&PARAMS);
        if !address.hosts().is_empty() || !address.path()?.is_empty() {
            return Err(address.refuse("sim: takes only parameters"));
        }
        address.only(&PARAMS)?;
        let rate = address.checked("rate", "1 to 1000000 records a second", |text| {
            let rate = text.parse::<f64>().ok().filter(|rate| *rate >= 1.0)?;
            Rate::new(rate).ok()
        })?;
        let seed = address.parsed("seed", "a whole number from 0 on")?;
        let warmup_s = address.checked("warmup", "seconds, at most a year of them", |text| {
            text.parse().ok().filter(|&s: &u64| s <= 366 * 86_400)
        })?;
        let start_ms = address.checked(
            "start",
            "milliseconds since 1970, in the years 2001 to 2098",
            |text| {
                text.parse()
                    .ok()
                    .filter(|ms| (978_307_200_000..4_070_908_800_000).contains(ms))
            },
        )?;
        let feeds = address.checked("feeds", "rsvps or all", |text| match text {
            "rsvps" => Some(SimulatedFeeds::Rsvps),
            "all" => Some(SimulatedFeeds::All),
            _ => None,
        })?;
        Ok(SimulationAddress {
            rate: rate.unwrap_or(Rate::DEFAULT),
            seed: seed.map_or(Seed::default(), Seed),
            warmup_s: warmup_s.unwrap_or(0),
            start_ms,
            feeds: feeds.unwrap_or_default(),
        })
    }

    /// What its positions are called.
    pub(crate) fn identity(&self) -> String {
        let start = self
            .start_ms
            .map_or(String::new(), |ms| format!("&start={ms}"));
        let feeds = match self.feeds {
            SimulatedFeeds::Rsvps => "",
            SimulatedFeeds::All => "&feeds=all",
        };
        format!(
            "sim:?rate={}&seed={}{start}{feeds}",
            self.rate.per_second(),
            self.seed.0
        )
    }
}

impl fmt::Display for SimulationAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.identity())?;
        if self.warmup_s > 0 {
            write!(f, "&warmup={}", self.warmup_s)
        } else {
            Ok(())
        }
    }
}
