//! Equal Earth, because shades compare areas only on a map that keeps areas equal
//! (Šavrič, Patterson and Jenny 2018, <https://doi.org/10.1080/13658816.2018.1504949>).

use super::{Point, Ring};

const A: [f64; 4] = [1.340_264, -0.081_106, 0.000_893, 0.003_796];
/// Degrees; puts the seam of the map into the Bering Strait, where it cuts no land.
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
        let raw: Vec<_> = places.iter().map(|&(lon, lat)| raw(lon, lat)).collect();
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
        let (x, y) = raw(lon, lat);
        (self.left + x * self.scale, self.top - y * self.scale)
    }

    pub(super) fn line(&self, line: &Ring) -> Vec<Point> {
        line.iter()
            .map(|&(lon, lat)| self.point(lon, lat))
            .collect()
    }
}

/// On a globe of radius 1, y upwards.
fn raw(lon: f64, lat: f64) -> Point {
    let turned = (lon + TURN + 540.0).rem_euclid(360.0) - 180.0;
    let root = 3.0_f64.sqrt() / 2.0;
    let theta = (root * lat.to_radians().sin()).asin();
    let squared = theta * theta;
    let sixth = squared * squared * squared;
    let slope = A[0] + 3.0 * A[1] * squared + sixth * (7.0 * A[2] + 9.0 * A[3] * squared);
    let x = turned.to_radians() * theta.cos() / (root * slope);
    let y = theta * (A[0] + A[1] * squared + sixth * (A[2] + A[3] * squared));
    (x, y)
}
