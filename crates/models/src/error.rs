//! What can go wrong with stored models.

use headcount_learn::ModelName;

/// An error of the store: what happened, where, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or bucket failed.
    #[error("the store of the models cannot be used")]
    Lake(#[from] headcount_lake::Error),
    /// There is no such version.
    #[error(
        "there is no version {version} of the model {name} in {place}; `headcount models list` shows those that are there"
    )]
    NoVersion {
        /// The model.
        name: ModelName,
        /// Its version.
        version: u32,
        /// The store.
        place: String,
    },
    /// A file of a version is not what was stored.
    #[error(
        "version {version} of the model {name} in {place} is refused: {why}; promote another version, or remove this one and train again"
    )]
    Refused {
        /// The model.
        name: ModelName,
        /// Its version.
        version: u32,
        /// The store.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// `promoted.json` cannot be read.
    #[error(
        "{place}/{key} is not what headcount wrote there: {why}; promote a version to write it anew"
    )]
    Promotion {
        /// The store.
        place: String,
        /// The file.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The version that is in use was to be removed.
    #[error("version {version} of the model {name} is in use; promote another one first")]
    InUse {
        /// The model.
        name: ModelName,
        /// Its version.
        version: u32,
    },
    /// A version that does not beat its baseline was to be promoted.
    #[error(
        "version {version} of the model {name} does not beat its baseline, so it is not served: {figures}; --anyway promotes it all the same"
    )]
    NoBetter {
        /// The model.
        name: ModelName,
        /// Its version.
        version: u32,
        /// The figures that decide.
        figures: String,
    },
    /// Another process stored and removed versions at the same time.
    #[error(
        "another training removed version {version} of the model {name} while it was being stored; train again"
    )]
    Swept {
        /// The model.
        name: ModelName,
        /// Its version.
        version: u32,
    },
}

/// What the store's calls return.
pub type Result<T> = std::result::Result<T, Error>;
