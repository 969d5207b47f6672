//! What a prediction is worth: one subject a file.

mod class_counts;
mod held_out;
mod log_loss;

pub use class_counts::ClassCounts;
pub use held_out::held_out_groups;
pub use log_loss::{calibration_bins, log_loss};
