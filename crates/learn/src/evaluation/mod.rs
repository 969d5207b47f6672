//! What something learnt is worth: one subject a file.

mod class_counts;
mod coherence;
mod held_out;
mod log_loss;
mod mutual_information;
mod silhouette;

pub use class_counts::ClassCounts;
pub use coherence::mean_npmi;
pub use held_out::held_out_groups;
pub use log_loss::{calibration_bins, log_loss};
pub use mutual_information::normalised_mutual_information;
pub use silhouette::mean_silhouette;
