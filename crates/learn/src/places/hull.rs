//! The convex hull of points on the sphere.
//!
//! A gnomonic projection maps great circles to straight lines, so the hull in its plane is the hull on the sphere. It takes
//! the half of the sphere about its centre only; which half holds all points is searched, for their mean need not be its
//! middle.

use super::sphere::{Vector, cross, dot, middle, spot_of};
use crate::{Spot, spherical_k_means::normalise};

/// The least cosine between the centre of the projection and a point in it: 88.9 degrees. Beyond it coordinates in the
/// plane grow without limit.
const COSINE_MIN: f64 = 0.02;
/// Attempts to find a half of the sphere that holds all points.
const TURNS_MAX: usize = 2_000;

/// The corners of the hull, counterclockwise seen from above as in RFC 7946, the first not repeated; and how many points
/// were left out because no half of the sphere holds all of them: the farthest from their mean. Two corners are a line, one
/// is a point.
pub(super) fn convex_hull(points: &[Vector]) -> (Vec<Spot>, usize) {
    if points.is_empty() {
        return (Vec::new(), 0);
    }
    let mean = middle(points.iter().copied());
    let centre = half_sphere(points, mean).unwrap_or(mean);
    let [right, up] = plane(centre);
    let mut projected: Vec<[f64; 2]> = points
        .iter()
        .filter_map(|&point| {
            let cosine = dot(point, centre);
            (cosine >= COSINE_MIN).then(|| [dot(point, right) / cosine, dot(point, up) / cosine])
        })
        .collect();
    let left_out = points.len() - projected.len();
    let corners = hull_in_plane(&mut projected)
        .into_iter()
        .map(|[x, y]| {
            spot_of(std::array::from_fn(|axis| {
                centre[axis] + x * right[axis] + y * up[axis]
            }))
        })
        .collect();
    (corners, left_out)
}

/// A centre from which all points are nearer than a quarter of the way round, by the perceptron's rule: turn towards the
/// point that is farthest. It ends if there is one with some room to spare.
fn half_sphere(points: &[Vector], mean: Vector) -> Option<Vector> {
    let mut centre = mean;
    let mut sum = mean;
    for _ in 0..TURNS_MAX {
        let farthest = points
            .iter()
            .min_by(|a, b| dot(**a, centre).total_cmp(&dot(**b, centre)))?;
        if dot(*farthest, centre) >= COSINE_MIN {
            return Some(centre);
        }
        for axis in 0..3 {
            sum[axis] += farthest[axis];
        }
        centre = sum;
        if !normalise(&mut centre) {
            return None;
        }
    }
    None
}

/// Two unit vectors at right angles to the centre and to each other; seen from above, the second is a left turn from the
/// first.
fn plane(centre: Vector) -> [Vector; 2] {
    // The axis that is farthest from the centre: any would do that is not the centre itself.
    let mut axis = [0.0; 3];
    let smallest = (0..3)
        .min_by(|&a, &b| centre[a].abs().total_cmp(&centre[b].abs()))
        .unwrap_or(0);
    axis[smallest] = 1.0;
    let mut right = cross(axis, centre);
    normalise(&mut right);
    [right, cross(centre, right)]
}

/// Andrew's monotone chain. Points on an edge are no corners.
fn hull_in_plane(points: &mut Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    if points.len() < 3 {
        return points.clone();
    }
    let mut hull: Vec<[f64; 2]> = Vec::new();
    chain(points.iter(), &mut hull);
    chain(points.iter().rev(), &mut hull);
    hull
}

/// Adds one half of the hull, without its last point: that is the first of the other half.
fn chain<'a>(points: impl Iterator<Item = &'a [f64; 2]>, hull: &mut Vec<[f64; 2]>) {
    let start = hull.len();
    for &point in points {
        while hull.len() >= start + 2
            && turn(hull[hull.len() - 2], hull[hull.len() - 1], point) <= 0.0
        {
            hull.pop();
        }
        hull.push(point);
    }
    hull.pop();
}

/// Positive for a left turn.
fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::sphere::unit_vector;
    use proptest::prelude::*;

    fn hull_of(spots: &[(f64, f64)]) -> Vec<Spot> {
        let points: Vec<_> = spots
            .iter()
            .map(|&(lat, lon)| unit_vector(Spot { lat, lon }))
            .collect();
        let (hull, left_out) = convex_hull(&points);
        assert_eq!(left_out, 0);
        hull
    }

    /// The definition: a pair of points is an edge if all others lie on its left.
    fn corners_by_force(points: &[Vector]) -> Vec<usize> {
        let mut corners: Vec<usize> = (0..points.len())
            .flat_map(|a| (0..points.len()).map(move |b| (a, b)))
            .filter(|&(a, b)| {
                a != b
                    && points.iter().enumerate().all(|(c, &point)| {
                        c == a || c == b || dot(cross(points[a], points[b]), point) > 0.0
                    })
            })
            .map(|(a, _)| a)
            .collect();
        corners.sort_unstable();
        corners.dedup();
        corners
    }

    #[test]
    fn fiji_and_new_zealand_are_neighbours_across_the_antimeridian() {
        // Suva, Labasa, Taveuni (Fiji, on both sides), Auckland, Chatham Islands, Nuku'alofa; Kermadec lies inside.
        let spots = [
            (-18.14, 178.44),
            (-16.43, 179.37),
            (-16.85, -179.96),
            (-36.85, 174.76),
            (-43.95, -176.55),
            (-21.14, -175.2),
            (-29.27, -177.92),
        ];
        let hull = hull_of(&spots);
        assert!(
            hull.iter().all(|corner| corner.lon.abs() > 170.0),
            "{hull:?}"
        );
        assert!(
            !hull.iter().any(|corner| (corner.lat + 29.27).abs() < 0.01),
            "{hull:?}"
        );
        let points: Vec<_> = spots
            .iter()
            .map(|&(lat, lon)| unit_vector(Spot { lat, lon }))
            .collect();
        assert_eq!(hull.len(), corners_by_force(&points).len());
    }

    #[test]
    fn a_ring_around_a_pole_has_the_pole_inside() {
        let ring = [
            (80.0, 0.0),
            (80.0, 90.0),
            (80.0, 180.0),
            (80.0, -90.0),
            (90.0, 0.0),
        ];
        assert_eq!(hull_of(&ring).len(), 4);
        let ring: Vec<_> = ring.iter().map(|&(lat, lon)| (-lat, lon)).collect();
        assert_eq!(hull_of(&ring).len(), 4);
    }

    #[test]
    fn few_points_are_a_line_or_a_point() {
        assert_eq!(hull_of(&[(10.0, 10.0), (10.0, 10.0)]).len(), 1);
        assert_eq!(hull_of(&[(10.0, 10.0), (12.0, 10.0)]).len(), 2);
        assert_eq!(convex_hull(&[]), (Vec::new(), 0));
    }

    #[test]
    fn no_half_of_the_sphere_holds_the_whole_world() {
        let spots = [
            (0.0, 0.0),
            (0.0, 120.0),
            (0.0, -120.0),
            (90.0, 0.0),
            (-90.0, 0.0),
        ];
        let points: Vec<_> = spots
            .iter()
            .map(|&(lat, lon)| unit_vector(Spot { lat, lon }))
            .collect();
        assert!(convex_hull(&points).1 > 0);
    }

    proptest! {
        #[test]
        fn hulls_are_those_of_the_definition(
            lat in -89.0..89.0, lon in -180.0..180.0,
            offsets in prop::collection::vec((-1.0..1.0f64, -1.0..1.0f64), 3..14),
        ) {
            let centre = unit_vector(Spot { lat, lon });
            let [right, up] = plane(centre);
            let points: Vec<Vector> = offsets.iter().map(|&(x, y)| {
                let mut point = std::array::from_fn(|axis| centre[axis] + x * right[axis] + y * up[axis]);
                normalise(&mut point);
                point
            }).collect();
            let (hull, left_out) = convex_hull(&points);
            prop_assert_eq!(left_out, 0);
            let by_force = corners_by_force(&points);
            prop_assert_eq!(hull.len(), by_force.len());
            for corner in hull {
                let corner = unit_vector(corner);
                prop_assert!(by_force.iter().any(|&index| dot(points[index], corner) > 1.0 - 1e-12));
            }
        }
    }
}
