//! Why a model could not be trained, or not be read.

/// Why training gave no model. Nothing of an earlier model is touched then.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// There is less to learn from than the model needs.
    #[error(
        "the {model} model needs at least {needed} {what}, but there are {found}: train again when more is kept"
    )]
    TooFew {
        /// The model's name.
        model: &'static str,
        /// What there is too little of, in the plural: `events with a category`.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// The numbers ran away.
    #[error(
        "training of the {model} model gave {what} that are not numbers: look for extreme values among the examples"
    )]
    NotFinite {
        /// The model's name.
        model: &'static str,
        /// Which figures, in the plural: `weights`.
        what: &'static str,
    },
}

/// Why bytes are not a model that this program can use.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// Another version of the program wrote it.
    #[error(
        "the {model} model has format {found}, this program reads format {expected}: train it again"
    )]
    Format {
        /// The model's name.
        model: &'static str,
        /// The number in the bytes.
        found: u32,
        /// The number that can be read.
        expected: u32,
    },
    /// The bytes end too early or are none of such a model.
    #[error(
        "the {model} model is cut or not such a model: train it again, or promote an earlier version"
    )]
    Cut {
        /// The model's name.
        model: &'static str,
    },
    /// There are bytes after the model's end.
    #[error(
        "{bytes} bytes follow the {model} model: train it again, or promote an earlier version"
    )]
    Trailing {
        /// The model's name.
        model: &'static str,
        /// How many.
        bytes: usize,
    },
    /// A number in it is infinite or not a number.
    #[error(
        "{what} of the {model} model are not finite numbers: train it again, or promote an earlier version"
    )]
    NotFinite {
        /// The model's name.
        model: &'static str,
        /// Which figures, in the plural: `weights`.
        what: &'static str,
    },
    /// A number in it points to nothing, or two parts of it do not fit each other.
    #[error(
        "{what} of the {model} model are out of range: train it again, or promote an earlier version"
    )]
    OutOfRange {
        /// The model's name.
        model: &'static str,
        /// Which figures, in the plural: `classes`.
        what: &'static str,
    },
}
