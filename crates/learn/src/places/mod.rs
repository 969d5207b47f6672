//! Where people meet: clusters of venues on the sphere.
//!
//! k-means for every number of clusters from 2 to 40, by venues and by people, and clusters by density beside it. All
//! geometry is done with unit vectors, so that nothing special happens at the antimeridian or at the poles.

mod card;
#[cfg(feature = "density")]
mod density;
mod grid;
mod hull;
mod matching;
mod naming;
mod place_cluster;
mod place_point;
mod places_model;
mod sphere;
mod stable_ids;
mod sweep;

pub use place_cluster::PlaceCluster;
pub use place_point::{PlacePoint, Weighting};
pub use places_model::{DensityClusters, PlacesModel};
pub use sphere::haversine_km;
pub(crate) use sphere::{is_on_the_globe, middle_of, unit_vector};
