//! The models that there are.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

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

    fn from_str(text: &str) -> std::result::Result<Self, UnknownModel> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| UnknownModel(text.to_owned()))
    }
}
