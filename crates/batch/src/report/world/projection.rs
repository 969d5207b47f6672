//! Equal Earth, because shades compare areas only on a map that keeps areas equal
//! (Šavrič, Patterson and Jenny 2018, <https://doi.org/10.1080/13658816.2018.1504949>).

use super::{Point, Ring};

const A: [f64; 4] = [1.340_264, -0.081_106, 0.000_893, 0.003_796];
/// Degrees; puts the seam of the map into the Bering Strait, where it cuts no land but one island.
const TURN: f64 = -11.0;

/// Where the map lies in its frame.
pub(super) struct Projection {
    scale: f64,
    left: f64,
    top: f64,
}

impl Projection {
    /// The one that puts these places into a frame of that width, with a margin around them.
    pub(super) fn fitting(places: &[(f64, f64)], width: f64, margin: f64) -> Self {
        let raw: Vec<_> = places
            .iter()
            .map(|&(lon, lat)| raw(turned(lon), lat))
            .collect();
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(
                (f64::INFINITY, f64::NEG_INFINITY),
                |(least, most), value| (least.min(value), most.max(value)),
            )
        };
        let (left, right) = ends(&mut raw.iter().map(|point| point.0));
        let (_, top) = ends(&mut raw.iter().map(|point| point.1));
        let scale = (width - 2.0 * margin) / (right - left);
        Self {
            scale,
            left: margin - left * scale,
            top: margin + top * scale,
        }
    }

    pub(super) fn point(&self, lon: f64, lat: f64) -> Point {
        self.placed(raw(turned(lon), lat))
    }

    fn placed(&self, (x, y): Point) -> Point {
        (self.left + x * self.scale, self.top - y * self.scale)
    }

    /// A ring, cut in two where it lies across the seam, as one island does.
    pub(super) fn rings(&self, ring: &Ring) -> Vec<Vec<Point>> {
        let mut before = None;
        let steady: Ring = ring
            .iter()
            .map(|&(lon, lat)| {
                let lon = turned(lon);
                let near = before.map_or(lon, |before: f64| {
                    lon - 360.0 * ((lon - before) / 360.0).round()
                });
                before = Some(near);
                (near, lat)
            })
            .collect();
        let parts = [0.0, 360.0, -360.0].into_iter().map(|shift| {
            let shifted: Ring = steady
                .iter()
                .map(|&(lon, lat)| (lon + shift, lat))
                .collect();
            cut(&cut(&shifted, |lon| lon + 180.0), |lon| 180.0 - lon)
        });
        let parts = parts.filter(|part| part.len() > 2);
        let place = |part: Ring| {
            part.iter()
                .map(|&(lon, lat)| self.placed(raw(lon, lat)))
                .collect()
        };
        parts.map(place).collect()
    }

    pub(super) fn line(&self, line: &Ring) -> Vec<Point> {
        line.iter()
            .map(|&(lon, lat)| self.point(lon, lat))
            .collect()
    }
}

/// Degrees east of the map's middle.
fn turned(lon: f64) -> f64 {
    (lon + TURN + 540.0).rem_euclid(360.0) - 180.0
}

/// What of a ring is on the side of a meridian where `inside` is not below 0 (Sutherland and Hodgman 1974).
fn cut(ring: &Ring, inside: impl Fn(f64) -> f64) -> Ring {
    let mut kept = Ring::new();
    let before = ring.iter().cycle().skip(ring.len().saturating_sub(1));
    for (&from, &to) in before.zip(ring) {
        let (start, end) = (inside(from.0), inside(to.0));
        if (start < 0.0) != (end < 0.0) {
            let part = start / (start - end);
            kept.push((
                from.0 + part * (to.0 - from.0),
                from.1 + part * (to.1 - from.1),
            ));
        }
        if end >= 0.0 {
            kept.push(to);
        }
    }
    kept
}

/// On a globe of radius 1, y upwards; the longitude is of the map's middle.
fn raw(turned: f64, lat: f64) -> Point {
    let root = 3.0_f64.sqrt() / 2.0;
    let theta = (root * lat.to_radians().sin()).asin();
    let squared = theta * theta;
    let sixth = squared * squared * squared;
    let slope = A[0] + 3.0 * A[1] * squared + sixth * (7.0 * A[2] + 9.0 * A[3] * squared);
    let x = turned.to_radians() * theta.cos() / (root * slope);
    let y = theta * (A[0] + A[1] * squared + sixth * (A[2] + A[3] * squared));
    (x, y)
}
