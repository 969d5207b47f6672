//! A venue as training sees it.

use serde::{Deserialize, Serialize};

use crate::Spot;

/// A venue: where it is and what is known of those who meet there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlacePoint {
    /// Degrees north. A venue at 0,0 has no known position: it is left out and counted.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Its city, or that of the groups that meet there; empty where it is not known.
    pub city: String,
    /// Two letters, lower case; empty where it is not known.
    pub country: String,
    /// The url keys of the topics of the groups that meet there.
    pub topics: Vec<String>,
    /// How many people came or said that they would.
    pub people: u32,
}

/// What a venue weighs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// Every venue the same.
    Venues,
    /// By its people; a venue where nobody was counted weighs as much as one person.
    People,
}

impl PlacePoint {
    pub(super) fn spot(&self) -> Spot {
        Spot {
            lat: self.lat,
            lon: self.lon,
        }
    }

    pub(super) fn weight(&self, weighting: Weighting) -> f64 {
        match weighting {
            Weighting::Venues => 1.0,
            Weighting::People => f64::from(self.people.max(1)),
        }
    }
}
