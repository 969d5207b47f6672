//! The world as the page draws it: the same outlines on the same projection.

mod projection;
mod topology;

use std::{fmt::Write, sync::LazyLock};

use projection::Projection;
use topology::{Atlas, Ring};

/// A point of the map, in its units.
type Point = (f64, f64);

/// Width of the map in its units, as on the page; the height follows.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 4.0;
/// Outlines are written in tenths of a unit, as whole numbers: short, and finer than a printer's dot.
pub(super) const SCALE: f64 = 10.0;

/// A country, placed.
pub(super) struct Land {
    /// ISO 3166 alpha-2 in lower case; empty for land that no feed can name.
    pub(super) code: String,
    /// The `d` of an SVG path, in tenths of a unit; empty for a country that is only a dot.
    pub(super) outline: String,
    /// Around its largest part: France without Guyane.
    pub(super) bounds: Bounds,
    /// Where a dot for it belongs.
    pub(super) centre: Point,
    /// Too small to be seen as an outline.
    pub(super) is_small: bool,
}

/// What encloses something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

pub(super) struct World {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) lands: Vec<Land>,
    /// Borders between countries, in one path: a stroke around each would eat the small islands.
    pub(super) borders: String,
    projection: Projection,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let outlines = include_str!("../../../../../dashboard/src/world.json");
    World::of(
        &serde_json::from_str(outlines).expect("the page's map is read by the page's tests too"),
    )
});

impl World {
    pub(super) fn get() -> &'static Self {
        &WORLD
    }

    /// Where a place is on the map.
    pub(super) fn place(&self, lon: f64, lat: f64) -> Point {
        self.projection.point(lon, lat)
    }

    fn of(atlas: &Atlas) -> Self {
        let countries: Vec<_> = atlas
            .countries()
            .map(|country| (country, country.polygons(atlas)))
            .collect();
        let rings = countries
            .iter()
            .flat_map(|(_, polygons)| polygons.iter().flatten());
        let all: Vec<_> = rings.flatten().copied().collect();
        let projection = Projection::fitting(&all, WIDTH, MARGIN);
        let small = |code: &str| atlas.small.contains_key(code);
        let mut lands: Vec<_> = countries
            .iter()
            .map(|(country, polygons)| {
                let placed: Vec<Vec<Vec<Point>>> = polygons
                    .iter()
                    .map(|rings| {
                        rings
                            .iter()
                            .flat_map(|ring| projection.rings(ring))
                            .collect()
                    })
                    .collect();
                let bounds = Bounds::of_largest(&placed);
                let code = country.id.clone().unwrap_or_default();
                Land {
                    outline: path(placed.iter().flatten(), true),
                    centre: country
                        .centre()
                        .map_or(bounds.centre(), |(lon, lat)| projection.point(lon, lat)),
                    is_small: small(&code),
                    bounds,
                    code,
                }
            })
            .collect();
        let drawn: Vec<_> = lands.iter().map(|land| land.code.clone()).collect();
        for (code, &(lon, lat)) in atlas.small.iter().filter(|(code, _)| !drawn.contains(code)) {
            let centre = projection.point(lon, lat);
            lands.push(Land {
                code: code.clone(),
                outline: String::new(),
                bounds: Bounds::at(centre),
                centre,
                is_small: true,
            });
        }
        let borders: Vec<_> = atlas
            .borders()
            .iter()
            .map(|line| projection.line(line))
            .collect();
        let lowest = all.iter().map(|&(lon, lat)| projection.point(lon, lat).1);
        Self {
            width: WIDTH,
            height: lowest.fold(0.0, f64::max) + MARGIN,
            borders: path(borders.iter(), false),
            lands,
            projection,
        }
    }
}

impl Bounds {
    fn at((x, y): Point) -> Self {
        Self {
            left: x,
            top: y,
            right: x,
            bottom: y,
        }
    }

    fn of(line: &[Point]) -> Self {
        let first = line.first().copied().unwrap_or_default();
        line.iter().fold(Self::at(first), |bounds, &point| {
            bounds.and(Self::at(point))
        })
    }

    fn of_largest(polygons: &[Vec<Vec<Point>>]) -> Self {
        let outer = polygons.iter().filter_map(|rings| rings.first());
        let largest = outer.max_by(|a, b| area(a).total_cmp(&area(b)));
        largest.map_or(Self::at((0.0, 0.0)), |ring| Self::of(ring))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    fn centre(self) -> Point {
        (
            (self.left + self.right) / 2.0,
            (self.top + self.bottom) / 2.0,
        )
    }
}

fn area(ring: &[Point]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    let twice: f64 = ring
        .iter()
        .zip(next)
        .map(|(a, b)| a.0 * b.1 - b.0 * a.1)
        .sum();
    twice.abs()
}

/// Lines as the `d` of a path, each point by its distance from the one before. What is smaller than a tenth of a unit is
/// left out.
fn path<'a>(lines: impl Iterator<Item = &'a Vec<Point>>, closed: bool) -> String {
    let mut out = String::new();
    for line in lines {
        let mut points: Vec<_> = line
            .iter()
            .map(|(x, y)| ((x * SCALE).round() as i64, (y * SCALE).round() as i64))
            .collect();
        points.dedup();
        let [first, rest @ ..] = &points[..] else {
            continue;
        };
        if rest.is_empty() {
            continue;
        }
        write!(out, "M{} {}l", first.0, first.1).expect("a String takes every character");
        let mut from = first;
        for (number, to) in rest.iter().enumerate() {
            let between = if number == 0 { "" } else { " " };
            write!(out, "{between}{} {}", to.0 - from.0, to.1 - from.1)
                .expect("a String takes every character");
            from = to;
        }
        if closed {
            out.push('z');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// As d3 has them: `geoEqualEarth().rotate([-11, 0])`, fitted to the same land.
    const PLACES: [((f64, f64), Point); 7] = [
        ((0.0, 0.0), (442.199, 243.002)),
        ((-74.0, 40.7), (265.975, 98.926)),
        ((151.2, -33.9), (826.767, 364.814)),
        ((139.7, 35.7), (794.592, 115.187)),
        ((-157.8, 21.3), (22.963, 164.952)),
        ((178.4, -18.1), (922.461, 309.554)),
        ((-179.2, 66.0), (803.537, 29.916)),
    ];
    const HEIGHT: f64 = 442.364;

    #[test]
    fn places_are_where_the_page_has_them() {
        let world = World::get();
        for (place, (x, y)) in PLACES {
            let (lon, lat) = place;
            let (ours_x, ours_y) = world.place(lon, lat);
            assert!(
                (ours_x - x).abs() < 0.06 && (ours_y - y).abs() < 0.06,
                "{place:?}: {ours_x} {ours_y}"
            );
        }
        assert!((world.height - HEIGHT).abs() < 0.5, "{}", world.height);
    }

    #[test]
    fn every_country_is_drawn_and_none_tears_across_the_map() {
        let world = World::get();
        let codes: BTreeMap<_, _> = world
            .lands
            .iter()
            .map(|land| (land.code.as_str(), land))
            .collect();
        for code in ["us", "gb", "sg", "hk", "mt", "ru", "fj", "nz", "va"] {
            assert!(codes.contains_key(code), "{code}");
        }
        for land in &world.lands {
            let Bounds {
                left,
                top,
                right,
                bottom,
            } = land.bounds;
            assert!(
                left >= 0.0 && right <= world.width && top >= 0.0 && bottom <= world.height,
                "{}",
                land.code
            );
            let most = if land.code == "ru" { 0.45 } else { 0.4 };
            assert!(
                right - left < most * world.width,
                "{} is {} wide",
                land.code,
                right - left
            );
        }
        let outlines = world
            .lands
            .iter()
            .map(|land| &land.outline)
            .chain([&world.borders]);
        for outline in outlines {
            let lines = outline.split('M').skip(1);
            for line in lines {
                let (first, rest) = line.trim_end_matches('z').split_once('l').unwrap();
                let numbers: Vec<_> = first.split(' ').chain(rest.split(' ')).collect();
                assert!(numbers.len() >= 4 && numbers.len() % 2 == 0, "{line}");
                let numbers: Vec<i64> = numbers
                    .iter()
                    .map(|number| number.parse().unwrap())
                    .collect();
                let far = numbers[2..].iter().find(|step| step.abs() > 1_500);
                assert_eq!(far, None, "a line across the map: {line}");
            }
        }
        assert!(codes["sg"].is_small && !codes["us"].is_small);
        assert!(
            codes["fr"].bounds.right - codes["fr"].bounds.left < 60.0,
            "France without Guyane"
        );
    }
}
