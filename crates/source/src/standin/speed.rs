//! How fast a recording, or the simulation, is played.

use std::{str::FromStr, time::Duration};

/// How many times as fast as it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(Option<f64>);

/// A speed that is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("a speed of {0} is not possible: give a number from 0.001 to 1000000, or max")]
pub struct SpeedError(String);

impl Speed {
    pub const RECORDED: Self = Self(Some(1.0));
    /// As fast as the client reads.
    pub const MAX: Self = Self(None);

    /// So many times as fast; 0 is [`Speed::MAX`].
    pub fn times(times: f64) -> Result<Self, SpeedError> {
        match times {
            0.0 => Ok(Self::MAX),
            times if (0.001..=1_000_000.0).contains(&times) => Ok(Self(Some(times))),
            times if times == f64::INFINITY => Ok(Self::MAX),
            times => Err(SpeedError(times.to_string())),
        }
    }

    /// The factor, unless it is as fast as the client reads.
    pub(super) const fn factor(self) -> Option<f64> {
        self.0
    }

    /// How long it takes now what took so long then.
    pub(super) fn of(self, then: Duration) -> Duration {
        self.0.map_or(Duration::ZERO, |times| then.div_f64(times))
    }
}

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        if text == "max" {
            return Ok(Self::MAX);
        }
        text.parse()
            .map_err(|_| SpeedError(text.to_owned()))
            .and_then(Self::times)
    }
}
