//! The map: countries by how many RSVPs they have, and venues as dots.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    data::{ReportData, ReportPlace},
    figures, words,
    world::{Bounds, SCALE, WorldOutline},
};

const STEPS: u8 = 6;
/// Up to here a shade is nearer to paper than to ink, and dots on it are dark.
const PALE_STEPS: u8 = 3;
const DOT_RADIUS_MAX: f64 = 7.0;
/// Dots are drawn in so many sizes, one path for each.
const DOT_SIZES: usize = 12;
/// How close the map may be looked at, and which part of the frame is then filled.
const ZOOM_MAX: f64 = 9.0;
const FILL: f64 = 0.72;

/// The map, ready to be written.
pub(super) struct Map {
    pub(super) view: String,
    /// Whether it is seen closer than whole.
    pub(super) is_close: bool,
    pub(super) lands: Vec<LandShape>,
    pub(super) borders: &'static str,
    pub(super) small: Vec<Small>,
    pub(super) dots: Vec<Dots>,
    /// The round numbers under the ramp of shades.
    pub(super) labels: Vec<String>,
}

pub(super) struct LandShape {
    pub(super) outline: &'static str,
    pub(super) step: u8,
    /// What is told of it: its name and its RSVPs.
    pub(super) title: String,
}

/// A country too small to be seen as an outline.
pub(super) struct Small {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) radius: i64,
    pub(super) step: u8,
    pub(super) title: String,
}

/// All dots of one size on land of one shade.
pub(super) struct Dots {
    pub(super) is_pale: bool,
    pub(super) path: String,
    pub(super) size: String,
}

impl Map {
    pub(super) fn of(data: &ReportData) -> Self {
        let world = WorldOutline::get();
        let range = MapRange::of(data.countries.values());
        let step = |code: &str| range.step(data.countries.get(code).copied().unwrap_or_default());
        let title = |code: &str| {
            let rsvps = data.countries.get(code).copied().unwrap_or_default();
            format!("{}: {} RSVPs", words::country(code), figures::full(rsvps))
        };
        let (view, zoom) = view(world, data);
        let seen = |code: &str| step(code) > 0;
        let tenths = |value: f64| (value * SCALE).round() as i64;
        Self {
            view,
            is_close: zoom > 1.0,
            lands: world
                .lands
                .iter()
                .filter(|land| !land.outline.is_empty())
                .map(|land| LandShape {
                    outline: &land.outline,
                    step: step(&land.code),
                    title: if seen(&land.code) {
                        title(&land.code)
                    } else {
                        String::new()
                    },
                })
                .collect(),
            borders: &world.borders,
            small: world
                .lands
                .iter()
                .filter(|land| land.is_small && seen(&land.code))
                .map(|land| Small {
                    x: tenths(land.centre.0),
                    y: tenths(land.centre.1),
                    radius: tenths(2.4 / zoom),
                    step: step(&land.code),
                    title: title(&land.code),
                })
                .collect(),
            dots: dots(&data.places, world, zoom, |code| step(code) <= PALE_STEPS),
            labels: range.labels().into_iter().map(figures::count).collect(),
        }
    }
}

/// The part of the map that is seen, as a `viewBox`, and how much closer it is than the whole.
fn view(world: &WorldOutline, data: &ReportData) -> (String, f64) {
    let chosen = world
        .lands
        .iter()
        .filter(|land| data.filters.countries.contains(&land.code));
    let bounds = chosen.map(|land| land.bounds).reduce(Bounds::and);
    let Some(bounds) = bounds else {
        return (
            format!("0 0 {} {:.0}", world.width * SCALE, world.height * SCALE),
            1.0,
        );
    };
    let wide = ((bounds.right - bounds.left) / world.width)
        .max((bounds.bottom - bounds.top) / world.height);
    let zoom = (FILL / wide.max(1e-6)).clamp(1.0, ZOOM_MAX);
    let (width, height) = (world.width / zoom, world.height / zoom);
    let left = ((bounds.left + bounds.right - width) / 2.0).clamp(0.0, world.width - width);
    let top = ((bounds.top + bounds.bottom - height) / 2.0).clamp(0.0, world.height - height);
    let [left, top, width, height] =
        [left, top, width, height].map(|value| (value * SCALE).round());
    (format!("{left} {top} {width} {height}"), zoom)
}

/// A dot is a line of no length with round ends: its width is the dot's.
fn dots(
    places: &[ReportPlace],
    world: &WorldOutline,
    zoom: f64,
    is_pale: impl Fn(&str) -> bool,
) -> Vec<Dots> {
    let mut paths: BTreeMap<(bool, usize), String> = BTreeMap::new();
    let (base, growth) = if zoom > 1.0 { (1.6, 0.15) } else { (0.8, 0.07) };
    for place in places.iter().filter(|place| place.rsvps > 0) {
        let (x, y) = world.place(place.lon, place.lat);
        let radius = (base + growth * (place.rsvps as f64).sqrt()).min(DOT_RADIUS_MAX);
        let size = (radius / DOT_RADIUS_MAX * DOT_SIZES as f64).ceil() as usize;
        let path = paths.entry((is_pale(&place.country), size)).or_default();
        write!(
            path,
            "M{} {}h0",
            (x * SCALE).round() as i64,
            (y * SCALE).round() as i64
        )
        .expect("a String takes every character");
    }
    paths
        .into_iter()
        .map(|((is_pale, size), path)| {
            let diameter = 2.0 * DOT_RADIUS_MAX * size as f64 / DOT_SIZES as f64;
            Dots {
                is_pale,
                path,
                size: format!("{:.1}", diameter * SCALE / zoom),
            }
        })
        .collect()
}

/// The least and the most of the counts above zero. Steps between them are even on a logarithmic scale: a linear one
/// would leave all but one country pale.
struct MapRange {
    least: f64,
    most: f64,
}

impl MapRange {
    fn of<'a>(counts: impl Iterator<Item = &'a u64>) -> Self {
        let counts: Vec<_> = counts.copied().filter(|count| *count > 0).collect();
        Self {
            least: counts.iter().min().map_or(1.0, |least| *least as f64),
            most: counts.iter().max().map_or(1.0, |most| *most as f64),
        }
    }

    /// 0 for none, 1 for the least, up to [`STEPS`] for the most.
    fn step(&self, count: u64) -> u8 {
        if count == 0 {
            return 0;
        }
        if self.most <= self.least {
            return STEPS;
        }
        let along = (count as f64 / self.least).ln() / (self.most / self.least).ln();
        STEPS.min(1 + (along.max(0.0) * f64::from(STEPS)).floor() as u8)
    }

    /// Under the ends and the middle of the ramp; only one when all counts are the same.
    fn labels(&self) -> Vec<u64> {
        let mut labels = [self.least, (self.least * self.most).sqrt(), self.most]
            .map(two_digits)
            .to_vec();
        labels.dedup();
        labels
    }
}

fn two_digits(value: f64) -> u64 {
    let unit = 10_f64.powf((value.log10().floor() - 1.0).max(0.0));
    ((value / unit).round() * unit) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_are_those_of_the_page() {
        let range = MapRange::of([1, 10, 100, 1_000_000, 0].iter());
        assert_eq!(
            [0, 1, 9, 10, 999, 1_000, 999_999, 1_000_000].map(|count| range.step(count)),
            [0, 1, 1, 2, 3, 4, 6, 6]
        );
        assert_eq!(range.labels(), [1, 1_000, 1_000_000]);
        let same = MapRange::of([7, 7].iter());
        assert_eq!((same.step(7), same.labels()), (STEPS, vec![7]));
        assert_eq!(MapRange::of([523, 3].iter()).labels(), [3, 40, 520]);
    }
}
