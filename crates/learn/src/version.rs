//! Versions of models, as they are stored, shown and used.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    ModelCard, category::CategoryModel, places::PlacesModel, response::ResponseModel,
    themes::ThemesModel, turnout::TurnoutModel,
};

/// A model by what it is of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelName {
    /// The category of an event, from its text.
    Category,
    /// Whether an answer is `yes`.
    Response,
    /// How many will come to an event.
    Turnout,
    /// Clusters of venues on the globe.
    Places,
    /// What events are about, and what sets cities apart.
    Themes,
}

impl ModelName {
    /// All of them, in the order in which they are trained and shown.
    pub const ALL: [Self; 5] = [
        Self::Category,
        Self::Response,
        Self::Turnout,
        Self::Places,
        Self::Themes,
    ];

    /// As it is typed, and the name of its folder.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Response => "response",
            Self::Turnout => "turnout",
            Self::Places => "places",
            Self::Themes => "themes",
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A text that names no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no model {0}; there are category, response, turnout, places and themes")]
pub struct UnknownModel(String);

impl FromStr for ModelName {
    type Err = UnknownModel;

    fn from_str(text: &str) -> Result<Self, UnknownModel> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| UnknownModel(text.to_owned()))
    }
}

/// `promoted.json`: the version in use, and how it came to be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// Rises with the meaning of this file.
    pub format: u32,
    /// The version in use; none means that the baseline is.
    pub version: Option<u32>,
    /// The one in use before: what drift falls back to.
    pub previous: Option<u32>,
    /// When, in milliseconds since 1970 UTC.
    pub at: i64,
    /// Why, as a sentence.
    pub why: String,
}

impl Promotion {
    /// The number of [`format`](Self::format) that this program writes and reads.
    pub const FORMAT: u32 = 1;
}

/// `card.json`: the model's card, and what storing adds to it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VersionCard {
    /// Rises with the meaning of this file.
    pub format: u32,
    /// The number of the version: 1, 2, …
    pub version: u32,
    /// The format of the model's bytes.
    pub model_format: u32,
    /// How many bytes the model has.
    pub model_bytes: u64,
    /// The version of the program that trained it.
    pub program: String,
    /// SHA-256 of what it was trained on, in hexadecimal.
    pub training_sha256: String,
    /// When training ended, in milliseconds since 1970 UTC.
    pub trained_at: i64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether it beats its baseline on groups that it has not seen. One that does not is not served.
    pub beats_baseline: bool,
    /// What it is worth.
    pub card: ModelCard,
}

impl VersionCard {
    /// The number of [`format`](Self::format) that this program writes and reads.
    pub const FORMAT: u32 = 1;
}

/// A model in use.
#[derive(Debug)]
pub struct Served<M> {
    /// What it is worth.
    pub card: VersionCard,
    /// The model.
    pub model: M,
}

impl<M> Served<M> {
    /// As answers name it: `category/3`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}/{}", self.card.card.model, self.card.version)
    }
}

/// The models in use. One that is missing was never promoted, was taken out of use, or is refused.
#[derive(Clone, Debug, Default)]
pub struct ServedModels {
    /// Categories of events.
    pub category: Option<Arc<Served<CategoryModel>>>,
    /// Whether an answer is `yes`.
    pub response: Option<Arc<Served<ResponseModel>>>,
    /// How many will come.
    pub turnout: Option<Arc<Served<TurnoutModel>>>,
    /// Clusters of venues.
    pub places: Option<Arc<Served<PlacesModel>>>,
    /// Themes, and what sets cities apart.
    pub themes: Option<Arc<Served<ThemesModel>>>,
    /// Why a version that was promoted is not used.
    pub refused: BTreeMap<ModelName, String>,
}

impl ServedModels {
    /// Which version of a model is in use here.
    #[must_use]
    pub fn version(&self, name: ModelName) -> Option<u32> {
        match name {
            ModelName::Category => self.category.as_ref().map(|served| served.card.version),
            ModelName::Response => self.response.as_ref().map(|served| served.card.version),
            ModelName::Turnout => self.turnout.as_ref().map(|served| served.card.version),
            ModelName::Places => self.places.as_ref().map(|served| served.card.version),
            ModelName::Themes => self.themes.as_ref().map(|served| served.card.version),
        }
    }
}
