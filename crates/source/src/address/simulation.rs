//! The address of the simulated stream.

use std::fmt;

use super::{AddressError, refuse, shortened};
use headcount_simulator::{Rate, Seed};

/// The simulated stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulationAddress {
    pub rate: Rate,
    pub seed: Seed,
    /// Begin so many seconds ago and catch up at once.
    pub warmup_s: u64,
    /// Begin at this record time (ms since 1970) instead of now.
    pub start_ms: Option<i64>,
}

impl SimulationAddress {
    pub(super) fn new(rest: &str) -> Result<Self, AddressError> {
        let query = match rest.strip_prefix('?') {
            Some(query) => query,
            None if rest.is_empty() => "",
            None => {
                return refuse("sim: takes only parameters: write sim:?rate=50&seed=1".to_owned());
            }
        };
        let mut address = SimulationAddress {
            rate: Rate::DEFAULT,
            seed: Seed::default(),
            warmup_s: 0,
            start_ms: None,
        };
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "rate" => {
                    let rate = value
                        .parse::<f64>()
                        .ok()
                        .filter(|rate| *rate >= 1.0)
                        .and_then(|rate| Rate::new(rate).ok());
                    address.rate = rate
                        .ok_or_else(|| number("rate", &value, "1 to 1000000 records a second"))?;
                }
                "seed" => {
                    address.seed = Seed(
                        value
                            .parse()
                            .map_err(|_| number("seed", &value, "a whole number from 0 on"))?,
                    )
                }
                "warmup" => {
                    let seconds = value
                        .parse()
                        .ok()
                        .filter(|&seconds: &u64| seconds <= 366 * 86_400);
                    address.warmup_s = seconds.ok_or_else(|| {
                        number("warmup", &value, "seconds, at most a year of them")
                    })?;
                }
                "start" => {
                    let start = value
                        .parse()
                        .ok()
                        .filter(|ms| (978_307_200_000..4_070_908_800_000).contains(ms));
                    address.start_ms = Some(start.ok_or_else(|| {
                        number(
                            "start",
                            &value,
                            "milliseconds since 1970, in the years 2001 to 2098",
                        )
                    })?);
                }
                key => {
                    return refuse(format!(
                        "sim: does not know \"{}\": it takes rate=, seed=, warmup= and start=",
                        shortened(key)
                    ));
                }
            }
        }
        Ok(address)
    }

    /// What its positions are called.
    pub(crate) fn identity(&self) -> String {
        let start = self
            .start_ms
            .map_or(String::new(), |ms| format!("&start={ms}"));
        format!(
            "sim:?rate={}&seed={}{start}",
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

fn number(key: &str, value: &str, wanted: &str) -> AddressError {
    AddressError(format!(
        "{key}={} is not possible: give {wanted}",
        shortened(value)
    ))
}
