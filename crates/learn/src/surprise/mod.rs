//! What happens more than it should: counts by the hour of events, cities or topics, each against its own past.
//!
//! The count of an hour is held against a negative binomial distribution. Its mean is the key's rate, times the share of
//! that hour of the week among all keys, times what this key does differently at that hour; each is drawn to what is common as
//! long as little is known (gamma priors). Its width holds what is not known of these, and how much hours differ anyway.
//!
//! Many keys are looked at in every hour, so alarms are chosen by Benjamini and Hochberg's procedure over all of them: as
//! long as nothing but chance is at work, at most a share [`FALSE_ALARMS`] of the hours has an alarm at all.

mod hours;
mod model;
mod negative_binomial;
#[cfg(test)]
mod tests;

pub use model::{FALSE_ALARMS, HISTORY_HOURS_MIN, KEYS_MAX, SurpriseModel, SurpriseScore};
