//! Venues that stand together count as one point, so that training time has a limit whatever the number of venues.

use std::collections::BTreeMap;

use super::{
    place_point::{PlacePoint, Weighting},
    sphere::{Vector, is_on_the_globe, unit_vector},
};
use crate::spherical_k_means::{UnitRows, normalise};

/// Widths of a cell in degrees: the first that leaves few enough is taken. The finest is 11 m.
const WIDTHS: [f64; 8] = [0.0001, 0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Venues by the cell of a grid that they stand in.
pub(super) struct Grid {
    /// The width of a cell in degrees.
    pub(super) width: f64,
    /// Unit vectors of the cells' middles, one after the other: means of their venues.
    values: Vec<f64>,
    venues: Vec<f64>,
    people: Vec<f64>,
    /// The cell of each venue that has a position.
    cell_of: Vec<u32>,
}

/// Venues that have a position, and how many have none.
pub(super) struct Positioned<'a> {
    pub(super) points: Vec<&'a PlacePoint>,
    /// Venues at 0,0.
    pub(super) at_zero: u32,
    /// Venues whose position is not on the globe.
    pub(super) off_the_globe: u32,
}

impl<'a> Positioned<'a> {
    pub(super) fn of(all: &'a [PlacePoint]) -> Self {
        let mut positioned = Self {
            points: Vec::new(),
            at_zero: 0,
            off_the_globe: 0,
        };
        for point in all {
            if point.lat == 0.0 && point.lon == 0.0 {
                positioned.at_zero += 1;
            } else if is_on_the_globe(point.spot()) {
                positioned.points.push(point);
            } else {
                positioned.off_the_globe += 1;
            }
        }
        positioned
    }
}

impl Grid {
    /// The finest grid with at most `cells_max` cells that are not empty.
    pub(super) fn of(points: &[&PlacePoint], cells_max: usize) -> Self {
        let mut last = None;
        for width in WIDTHS {
            let cells = cells(points, width);
            let is_fine = cells.len() <= cells_max;
            last = Some((width, cells));
            if is_fine {
                break;
            }
        }
        let (width, cells) = last.unwrap_or_default();
        Self::filled(points, width, cells)
    }

    fn filled(points: &[&PlacePoint], width: f64, cells: BTreeMap<(i64, i64), Vec<u32>>) -> Self {
        let mut grid = Self {
            width,
            values: Vec::with_capacity(cells.len() * 3),
            venues: Vec::with_capacity(cells.len()),
            people: Vec::with_capacity(cells.len()),
            cell_of: vec![0; points.len()],
        };
        for (cell, members) in cells.values().enumerate() {
            let mut middle = [0.0; 3];
            let mut people = 0.0;
            for &member in members {
                let point = points[member as usize];
                let vector = unit_vector(point.spot());
                for axis in 0..3 {
                    middle[axis] += vector[axis];
                }
                people += point.weight(Weighting::People);
                grid.cell_of[member as usize] = cell as u32;
            }
            normalise(&mut middle);
            grid.values.extend(middle);
            grid.venues.push(members.len() as f64);
            grid.people.push(people);
        }
        grid
    }

    pub(super) fn rows(&self, weighting: Weighting) -> UnitRows<'_> {
        let weights = match weighting {
            Weighting::Venues => &self.venues,
            Weighting::People => &self.people,
        };
        UnitRows {
            values: &self.values,
            dims: 3,
            weights,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.venues.len()
    }

    pub(super) fn vector(&self, cell: usize) -> Vector {
        [
            self.values[cell * 3],
            self.values[cell * 3 + 1],
            self.values[cell * 3 + 2],
        ]
    }

    /// What each venue has got by its cell.
    pub(super) fn of_venues<T: Copy>(&self, of_cells: &[T]) -> Vec<T> {
        self.cell_of
            .iter()
            .map(|&cell| of_cells[cell as usize])
            .collect()
    }
}

/// The cell that a position falls into, for a grid of the given width.
pub(super) fn cell(point: &PlacePoint, width: f64) -> (i64, i64) {
    (
        (point.lat / width).round() as i64,
        (point.lon / width).round() as i64,
    )
}

fn cells(points: &[&PlacePoint], width: f64) -> BTreeMap<(i64, i64), Vec<u32>> {
    let mut cells: BTreeMap<_, Vec<u32>> = BTreeMap::new();
    for (index, point) in points.iter().enumerate() {
        cells
            .entry(cell(point, width))
            .or_default()
            .push(index as u32);
    }
    cells
}
