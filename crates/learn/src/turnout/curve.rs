//! When answers come: which share of an event's final yes has arrived some time before it begins.
use serde::{Deserialize, Serialize};

const HOUR_MS: f64 = 3_600_000.0;

/// How long before the event the bins end, in hours. What comes earlier than the last counts into it.
const ENDS_HOURS: [f64; 13] = [
    1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0, 336.0, 720.0, 1440.0, 2880.0, 8760.0,
];

/// The share of all yes that came at most that long before its event, by bin: the mean of recordings of the public stream
/// of March 2015, March 2017, May 2017 and May 2018 (2,405 yes, each counted once). A recording of a few hours sees events at
/// every distance, so its shares are those of one average event, as long as about as many events are announced every week.
const MEASURED: [f64; 13] = [
    0.014, 0.048, 0.061, 0.092, 0.156, 0.226, 0.327, 0.570, 0.746, 0.891, 0.962, 0.988, 1.0,
];

/// How many yes the measured shares weigh against those learnt later.
const MEASURED_YES: f64 = 2000.0;

/// The share of the final yes that arrives by a time before the event. Parametric: one curve for all events, cut at the
/// announcement.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AnswerCurve {
    /// How many yes came in each bin.
    yes: Vec<f64>,
}

impl AnswerCurve {
    /// The curve of the recordings.
    #[must_use]
    pub fn measured() -> Self {
        let mut before = 0.0;
        let bin = |share: &f64| MEASURED_YES * (share - std::mem::replace(&mut before, *share));
        Self {
            yes: MEASURED.iter().map(bin).collect(),
        }
    }

    /// Learns that a yes came `lead_ms` milliseconds before its event. Give each answer once, and only those that still are yes.
    pub fn learn(&mut self, lead_ms: i64) {
        let hours = lead_ms.max(0) as f64 / HOUR_MS;
        let bin = ENDS_HOURS
            .partition_point(|end| *end < hours)
            .min(ENDS_HOURS.len() - 1);
        if let Some(yes) = self.yes.get_mut(bin) {
            *yes += 1.0;
        }
    }

    /// The share of the final yes, in 0.0..=1.0, that has come when `lead_ms` milliseconds are left, of an event announced
    /// `announced_ms` milliseconds before it begins; without that, of one announced long before.
    #[must_use]
    pub fn share(&self, lead_ms: i64, announced_ms: Option<i64>) -> f64 {
        let to_come = self.within(lead_ms.max(0) as f64 / HOUR_MS);
        let all = announced_ms.map_or(f64::INFINITY, |announced| announced.max(1) as f64 / HOUR_MS);
        (1.0 - to_come / self.within(all)).clamp(0.0, 1.0)
    }

    /// How many yes come within the last hours; straight lines between the ends of bins.
    fn within(&self, hours: f64) -> f64 {
        let mut start = 0.0;
        let mut sum = 0.0;
        for (end, yes) in ENDS_HOURS.iter().zip(&self.yes) {
            sum += yes * ((hours - start) / (end - start)).clamp(0.0, 1.0);
            start = *end;
        }
        sum
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        let sound = self.yes.len() == ENDS_HOURS.len()
            && self.yes.iter().all(|yes| *yes >= 0.0)
            && self.within(1.0) > 0.0;
        if sound {
            Ok(())
        } else {
            Err("shares of the answer curve")
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.yes.iter().all(|yes| yes.is_finite())
    }
}
