//! Training: examples out of the tables or a labelled file, models into the store.

mod answers;
mod digest;
mod drift;
mod examples;
mod labelled_file;
mod rows;
mod train;

pub(crate) use answers::KeptAnswers;
pub(crate) use digest::sha256_of;
pub(crate) use drift::{ModelDrift, category_drift, response_drift, turnout_drift};
pub(crate) use examples::TablesExamples;
pub(crate) use labelled_file::read_labelled;
pub(crate) use train::{TrainingExamples, train};

/// There is too little to learn from, or nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NothingLearnt(pub(crate) String);
