//! Points on the globe as unit vectors: no antimeridian and no poles there.

use crate::{Spot, spherical_k_means::normalise};

/// The mean radius of the Earth (IUGG).
const EARTH_KM: f64 = 6371.0088;

pub(crate) type Vector = [f64; 3];

pub(crate) fn unit_vector(spot: Spot) -> Vector {
    let (lat, lon) = (spot.lat.to_radians(), spot.lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

/// The spot in the direction of a vector that is not zero, of whatever length.
pub(super) fn spot_of(vector: Vector) -> Spot {
    let [x, y, z] = vector;
    Spot {
        lat: z.atan2(x.hypot(y)).to_degrees(),
        lon: y.atan2(x).to_degrees(),
    }
}

/// Kilometres along the great circle between two spots.
#[must_use]
pub fn haversine_km(a: Spot, b: Spot) -> f64 {
    let half_lat = (b.lat - a.lat).to_radians() / 2.0;
    let half_lon = (b.lon - a.lon).to_radians() / 2.0;
    let square = half_lat.sin().powi(2)
        + a.lat.to_radians().cos() * b.lat.to_radians().cos() * half_lon.sin().powi(2);
    2.0 * EARTH_KM * square.sqrt().min(1.0).asin()
}

/// The same from unit vectors, by their chord.
pub(super) fn kilometres(a: Vector, b: Vector) -> f64 {
    let chord = (a[0] - b[0]).hypot(a[1] - b[1]).hypot(a[2] - b[2]);
    2.0 * EARTH_KM * (chord / 2.0).min(1.0).asin()
}

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// The direction of the mean of vectors; of two that cancel out, the first.
pub(super) fn middle(vectors: impl Iterator<Item = Vector> + Clone) -> Vector {
    let mut sum = [0.0; 3];
    for vector in vectors.clone() {
        for axis in 0..3 {
            sum[axis] += vector[axis];
        }
    }
    if normalise(&mut sum) {
        sum
    } else {
        vectors.into_iter().next().unwrap_or([1.0, 0.0, 0.0])
    }
}

pub(crate) fn is_on_the_globe(spot: Spot) -> bool {
    spot.lat.abs() <= 90.0 && spot.lon.abs() <= 180.0
}

/// The spot in the middle of unit vectors that follow each other; none of none.
pub(crate) fn middle_of(vectors: &[f64]) -> Option<Spot> {
    let vectors = vectors.as_chunks::<3>().0;
    (!vectors.is_empty()).then(|| spot_of(middle(vectors.iter().copied())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_known_distance() {
        let paris = Spot {
            lat: 48.8566,
            lon: 2.3522,
        };
        let new_york = Spot {
            lat: 40.7128,
            lon: -74.0060,
        };
        assert!((haversine_km(paris, new_york) - 5837.0).abs() < 5.0);
    }

    proptest! {
        #[test]
        fn vectors_and_degrees_agree(
            lat in -90.0..90.0, lon in -180.0..180.0, other_lat in -90.0..90.0, other_lon in -180.0..180.0,
        ) {
            let (a, b) = (Spot { lat, lon }, Spot { lat: other_lat, lon: other_lon });
            let back = spot_of(unit_vector(a));
            prop_assert!(haversine_km(a, back) < 1e-3);
            let by_vectors = kilometres(unit_vector(a), unit_vector(b));
            prop_assert!((haversine_km(a, b) - by_vectors).abs() < 0.5);
        }
    }
}
