//! The model store: every version of a model in a folder of its own, with the card that states what it is worth.
//!
//! ```text
//!  models/category/3/model.bin     what headcount-learn made
//!  models/category/3/card.json     what it is worth, what it was trained on, by which program
//!  models/category/3/SHA256SUMS    written last: a version without it does not exist; `sha256sum -c` checks it
//!  models/category/promoted.json   the version that is used, and the one before
//! ```
//!
//! A training that is killed leaves a folder without `SHA256SUMS`, which nobody sees and the next training removes. The
//! store is a folder of the data folder, or the lake on S3: several processes may train and read at once.
#![warn(missing_docs)]

mod error;
mod in_use;
mod labelled_lines;
mod store;
#[cfg(test)]
mod tests;
mod version;

pub use error::{Error, Result};
pub use in_use::load_in_use;
pub use labelled_lines::{LabelledLine, LabelledLines};
pub use store::ModelStore;
pub use version::{StoredVersion, TrainedModel};
