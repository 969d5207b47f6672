//! Whether this machine's clock is behind that of a source.
//!
//! A record that comes from more than a few minutes ahead of its arrival is kept and not counted.
//! If nearly all do, the records are right and the clock is wrong, as on a machine after a sleep.

use std::collections::VecDeque;

use headcount_engine::FUTURE_MS;

/// Records that are judged together, so that a few with a wrong time decide nothing.
pub(crate) const RECENT: usize = 99;
/// Fewer records make no notice.
const RECORDS_MIN: usize = 20;
/// The least lead that makes a notice. Synchronized clocks differ by less than a second.
const LEAD_MS: i64 = 60_000;

/// How far the recent records of one source are ahead of this machine's clock.
#[derive(Default)]
pub(crate) struct ClockLead {
    /// Record time less arrival, ms.
    recent: VecDeque<i64>,
}

impl ClockLead {
    /// Notes a record of `mtime` that arrived at `now`, ms since 1970.
    pub(crate) fn observe(&mut self, mtime: i64, now: i64) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(mtime - now);
    }

    /// What is wrong, as a sentence, if half of the recent records or more are ahead.
    pub(crate) fn notice(&self) -> Option<String> {
        if self.recent.len() < RECORDS_MIN {
            return None;
        }
        let mut leads: Vec<i64> = self.recent.iter().copied().collect();
        let middle = (leads.len() - 1) / 2;
        let (_, &mut lead, _) = leads.select_nth_unstable(middle);
        if lead < LEAD_MS {
            return None;
        }
        Some(notice_of(lead))
    }
}

/// The sentence on a clock that is so far behind the source's, ms; ahead of it if that is negative.
pub(crate) fn notice_of(lead: i64) -> String {
    let minutes = lead.abs() / LEAD_MS;
    let plural = if minutes == 1 { "" } else { "s" };
    let side = if lead < 0 { "ahead of" } else { "behind" };
    let mut sentence =
        format!("this machine's clock is {minutes} minute{plural} {side} the source's");
    if lead > FUTURE_MS {
        sentence += "; records from more than 5 minutes ahead are kept and held back: set the clock, stop headcount, and \
                     then count them with \"headcount rebuild --data DIR\"";
    } else if lead < -FUTURE_MS {
        sentence += "; records with a time of the future are not held back as they should be: set the clock, and then \
                     count anew with \"headcount rebuild --data DIR\"";
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn told(leads: impl IntoIterator<Item = i64>) -> Option<String> {
        let mut lead = ClockLead::default();
        for ahead in leads {
            lead.observe(NOW + ahead, NOW);
        }
        lead.notice()
    }

    #[test]
    fn a_clock_that_is_behind_is_said_and_when_it_is_right_again_no_more() {
        let hour = [3_600_000 - 200; RECENT];
        let said = told(hour).expect("an hour behind");
        let begin =
            "this machine's clock is 59 minutes behind the source's; records from more than 5";
        assert!(said.starts_with(begin), "{said}");
        assert_eq!(told(hour.into_iter().chain([-200; RECENT])), None);
    }

    #[test]
    fn some_wrong_times_few_records_and_small_differences_say_nothing() {
        let wrong = (0..RECENT as i64).map(|n| if n % 3 == 0 { 3_600_000 } else { -200 });
        assert_eq!(told(wrong), None);
        assert_eq!(told([3_600_000; RECORDS_MIN - 1]), None);
        assert_eq!(told([LEAD_MS - 1; RECENT]), None);
        // Re-sent records of long ago are among those of any stream.
        let resent = (0..RECENT as i64).map(|n| if n % 4 == 0 { -86_400_000 } else { 61_000 });
        let said = told(resent);
        let one = "this machine's clock is 1 minute behind the source's";
        assert_eq!(said.as_deref(), Some(one));
    }
}
