//! How well something learnt agrees with what is known: one subject a file.

mod coherence;
mod mutual_information;
mod silhouette;

pub use coherence::mean_npmi;
pub use mutual_information::normalised_mutual_information;
pub use silhouette::mean_silhouette;
