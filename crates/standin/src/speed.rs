//! How fast a recording, or the simulation, is played.

use std::{str::FromStr, time::Duration};

/// The factor by which a recording is sped up, from 0.001 to 1,000,000, or as fast as the client reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(Option<f64>);

/// A text or number that is not a possible [`Speed`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("a speed of {0} is not possible: give a number from 0.001 to 1000000, or max")]
pub struct SpeedError(String);

impl Speed {
    /// The speed of the recording.
    pub const RECORDED: Self = Self(Some(1.0));
    /// As fast as the client reads.
    pub const MAX: Self = Self(None);

    /// The recorded speed times a factor.
    ///
    /// # Errors
    /// When the factor is not from 0.001 to 1,000,000. No pace at all is [`Speed::MAX`], not 0.
    pub fn times(times: f64) -> Result<Self, SpeedError> {
        if (0.001..=1_000_000.0).contains(&times) {
            Ok(Self(Some(times)))
        } else {
            Err(SpeedError(times.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_or_max() {
        assert_eq!("max".parse(), Ok(Speed::MAX));
        assert_eq!("1".parse(), Ok(Speed::RECORDED));
        assert_eq!("0.5".parse(), Speed::times(0.5));
        for text in ["0", "0.0", "-1", "inf", "nan", "1e9", "fast", ""] {
            let refused = text.parse::<Speed>().expect_err(text).to_string();
            assert!(refused.ends_with("or max"), "{text}: {refused}");
        }
    }
}
