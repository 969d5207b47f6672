//! What the clusters are worth: how near their middles are to venues that they were not made from.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::{
    grid::{Grid, Positioned, cell},
    place_point::{PlacePoint, Weighting},
    places_model::{CELLS_MAX, NAME, PlacesModel},
    sphere::{Vector, kilometres, middle, unit_vector},
    sweep::k_max,
};
use crate::{Better, Comparison, ModelCard, spherical_k_means::best_of};

/// The numbers of clusters that are tested.
const TESTED: [usize; 4] = [5, 10, 20, 40];
const FOLDS: u64 = 5;
/// The width of the cells that are held out together, in degrees: venues in one house are not on both sides.
const SAME_SPOT: f64 = 0.0001;
const RESTARTS: usize = 3;

pub(super) fn of(
    positioned: &Positioned<'_>,
    grid: &Grid,
    model: &PlacesModel,
    seed: u64,
) -> ModelCard {
    let points = &positioned.points;
    let comparisons = TESTED
        .into_iter()
        .filter(|&k| k <= *model.ks().end() && k <= k_max(grid.len() * 4 / 5))
        .map(|k| comparison(points, k, seed));
    ModelCard {
        model: NAME.to_owned(),
        predicts: "where venues lie together: for every number of clusters from 2 to 40, the cluster of a venue".to_owned(),
        from: "latitude and longitude of venues; cities and topics name the clusters".to_owned(),
        tested: format!(
            "mean distance to the nearest middle, over five folds of {} venues by place: no spot is in two folds",
            points.len()
        ),
        seed,
        examples: points.len() as u64,
        groups: 0,
        range: None,
        comparisons: comparisons.collect(),
        confusion: None,
        calibration: Vec::new(),
        feature_shares: vec![("country".to_owned(), countries(points))],
        notes: notes(positioned, grid, model),
    }
}

fn comparison(points: &[&PlacePoint], k: usize, seed: u64) -> Comparison {
    let (mut ours, mut cities, mut tested) = (0.0, 0.0, 0u32);
    for fold in 0..FOLDS {
        let (held_out, kept): (Vec<&PlacePoint>, Vec<&PlacePoint>) = points
            .iter()
            .copied()
            .partition(|point| fold_of(point) == fold);
        let grid = Grid::of(&kept, CELLS_MAX);
        if grid.len() < k {
            continue;
        }
        let mut rng = fastrand::Rng::with_seed(seed);
        let found = best_of(grid.rows(Weighting::Venues), k, RESTARTS, &mut rng);
        let centres: Vec<Vector> = found
            .centres
            .chunks_exact(3)
            .map(|c| [c[0], c[1], c[2]])
            .collect();
        let baseline = biggest_cities(&kept, k);
        for point in held_out {
            let vector = unit_vector(point.spot());
            ours += to_the_nearest(&centres, vector);
            cities += to_the_nearest(&baseline, vector);
            tested += 1;
        }
    }
    Comparison {
        measure: format!("mean distance to the nearest of {k} middles (km)"),
        on: "venues held out, five folds by place".to_owned(),
        model: ours / f64::from(tested),
        baseline: format!("the middles of the {k} cities with most venues"),
        baseline_figure: cities / f64::from(tested),
        better: Better::Lower,
        decides: true,
    }
}

fn fold_of(point: &PlacePoint) -> u64 {
    let (row, column) = cell(point, SAME_SPOT);
    xxh3_64(format!("{row},{column}").as_bytes()) % FOLDS
}

fn to_the_nearest(centres: &[Vector], vector: Vector) -> f64 {
    centres
        .iter()
        .map(|&centre| kilometres(centre, vector))
        .fold(f64::INFINITY, f64::min)
}

/// The middles of the venues of the cities with most of them. Where no city is known, all venues are of one.
fn biggest_cities(points: &[&PlacePoint], k: usize) -> Vec<Vector> {
    let mut venues: BTreeMap<(&str, &str), Vec<Vector>> = BTreeMap::new();
    for point in points {
        venues
            .entry((&point.country, &point.city))
            .or_default()
            .push(unit_vector(point.spot()));
    }
    let mut cities: Vec<_> = venues.into_iter().collect();
    cities.sort_by_key(|(_, venues)| std::cmp::Reverse(venues.len()));
    cities
        .iter()
        .take(k)
        .map(|(_, venues)| middle(venues.iter().copied()))
        .collect()
}

fn countries(points: &[&PlacePoint]) -> Vec<(String, f64)> {
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    for point in points {
        *shares.entry(point.country.as_str()).or_default() += 1.0 / points.len() as f64;
    }
    shares
        .into_iter()
        .map(|(country, share)| (country.to_owned(), share))
        .collect()
}

fn notes(positioned: &Positioned<'_>, grid: &Grid, model: &PlacesModel) -> Vec<String> {
    let mut notes = vec![
        format!(
            "{} venues at 0,0 and {} off the globe were left out.",
            positioned.at_zero, positioned.off_the_globe
        ),
        format!(
            "Venues within {} degrees of each other are one point for k-means: {} points of {} venues.",
            grid.width,
            grid.len(),
            positioned.points.len()
        ),
        format!(
            "The silhouette suggests {} clusters by venues and {} by people.",
            model.suggested_k(Weighting::Venues),
            model.suggested_k(Weighting::People)
        ),
    ];
    notes.push(model.density().map_or_else(
        || "There are no clusters by density: the program that trained was built without the feature density.".to_owned(),
        |density| {
            format!(
                "HDBSCAN finds {} clusters by density (by chords, which have the order of great-circle distances); {} venues belong to none.",
                density.clusters.len(),
                density.noise
            )
        },
    ));
    notes
}
