//! The few features of an event whose shares the card keeps, to see when later events differ.
use super::history::{EventTraits, TurnoutHistory};
use crate::LabelledEvent;

/// The feature's name and the bin that the event falls in. Live events are counted by the same bins.
#[must_use]
pub fn drift_bins(
    event: &LabelledEvent,
    history: &TurnoutHistory,
) -> [(&'static str, &'static str); 5] {
    let traits = EventTraits::of(event);
    let past = match history.before(event).len() {
        0 => "none",
        1..=3 => "1-3",
        4..=12 => "4-12",
        _ => "over 12",
    };
    let lead_days = traits.lead.exp_m1() / 24.0;
    let lead = match lead_days {
        days if days.is_nan() => "unknown",
        ..3.0 => "under 3 days",
        ..10.0 => "3-10 days",
        ..40.0 => "10-40 days",
        _ => "over 40 days",
    };
    let members = match event.members {
        None => "unknown",
        Some(..100) => "under 100",
        Some(100..500) => "100-499",
        Some(500..2000) => "500-1,999",
        Some(_) => "2,000 and more",
    };
    let limit = if traits.limit.is_some() {
        "limited"
    } else {
        "unlimited"
    };
    let day = match traits.weekday {
        None => "unknown",
        Some(5 | 6) => "weekend",
        Some(_) => "workday",
    };
    [
        ("earlier events", past),
        ("lead", lead),
        ("members", members),
        ("limit", limit),
        ("day", day),
    ]
}
