//! Models that are learnt from events and answers, and what they are worth.
//!
//! Slices in, small models out: nothing here reads a file, knows Arrow or asks the clock. Training is deterministic: the same
//! examples in the same order with the same seed give the same bytes. Scoring is cheap enough for the live process.
//!
//! Every training ends with a [`ModelCard`]: what the model predicts, from what, how it was tested, and which simple
//! baseline it has to beat on groups that it has not seen. A model that does not beat its baseline is not served.
#![warn(missing_docs)]

mod card;
pub mod category;
mod drift;
mod error;
pub mod evaluation;
mod labelled_event;
pub mod places;
mod progress;
pub mod response;
mod spherical_k_means;
mod stored;
pub mod surprise;
pub mod text;
pub mod themes;
pub mod turnout;
mod version;

pub use card::{Better, Calibration, Comparison, Confusion, ModelCard};
pub use drift::{FeatureCounts, PSI_SHIFTED, PSI_WATCH};
pub use error::{ModelError, TrainError};
pub use labelled_event::{LabelledEvent, Spot};
pub use progress::{Progress, Quiet};
pub use version::{ModelName, Promotion, Served, ServedModels, UnknownModel, VersionCard};
