//! Which refused records become dead letters, and which are only counted.
//!
//! A dead letter takes up to 200 times the bytes of a short bad line, so a source that sends nothing else would fill the
//! disk with them. A thousand show what is wrong as well as a million do.

use std::{collections::HashMap, time::Duration};

use headcount_record::Reason;
use tokio::time::Instant;

/// Refused records of one source and reason that all become dead letters, in a period ...
pub(crate) const KEPT_FIRST: u64 = 1000;
/// ... after which one in so many does.
pub(crate) const KEPT_ONE_IN: u64 = 1000;
/// Then all become dead letters again: a new fault shows, whatever was wrong before.
const PERIOD: Duration = Duration::from_secs(3600);

/// Counts refused records by source and reason.
#[derive(Default)]
pub(crate) struct DeadLetterSampler {
    periods: HashMap<(u16, Reason), SamplingPeriod>,
}

struct SamplingPeriod {
    begun: Instant,
    refused: u64,
}

impl DeadLetterSampler {
    /// Whether this refused record of a source becomes a dead letter.
    pub(crate) fn keeps(&mut self, source: u16, reason: &Reason) -> bool {
        let now = Instant::now();
        let begin = || SamplingPeriod {
            begun: now,
            refused: 0,
        };
        let period = self
            .periods
            .entry((source, reason.clone()))
            .or_insert_with(begin);
        if now - period.begun >= PERIOD {
            *period = begin();
        }
        period.refused += 1;
        period.refused <= KEPT_FIRST || period.refused.is_multiple_of(KEPT_ONE_IN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_the_first_thousand_of_a_source_and_reason_one_in_a_thousand() {
        let mut sampler = DeadLetterSampler::default();
        let mut kept = |source, reason: &Reason, records: u64| {
            (0..records)
                .filter(|_| sampler.keeps(source, reason))
                .count()
        };
        assert_eq!(kept(1, &Reason::BadJson, 1000), 1000);
        assert_eq!(kept(1, &Reason::BadJson, 999), 0);
        assert_eq!(kept(1, &Reason::BadJson, 3001), 4);
        assert_eq!(kept(1, &Reason::TooDeep, 7), 7, "another reason");
        assert_eq!(kept(2, &Reason::BadJson, 7), 7, "another source");
        tokio::time::advance(PERIOD).await;
        assert_eq!(kept(1, &Reason::BadJson, 1001), 1000, "an hour later");
    }
}
