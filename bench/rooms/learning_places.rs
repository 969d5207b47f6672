//! How near clusters of venues are to venues that they were not made from, and what finding them costs.
//!
//!     cargo run --release -p headcount-learn --features density --example bench_learning_places
//!
//! `bench/learning/places.py` does the same with scikit-learn.
#![allow(clippy::unwrap_used)]

#[path = "../../crates/learn/tests/labelled_file/mod.rs"]
mod labelled_file;
#[path = "learning/measuring.rs"]
mod measuring;

use std::{hint::black_box, time::Instant};

use headcount_learn::{
    Quiet, Spot,
    places::{PlacePoint, PlacesModel, Weighting, haversine_km},
};
use measuring::{cpu_seconds, figure, peak_mb};
use xxhash_rust::xxh3::xxh3_64;

const K_TESTED: [usize; 4] = [5, 10, 20, 40];

fn main() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let venues = labelled_file::venues(&folder);
    let with_position: Vec<_> = venues
        .iter()
        .filter(|v| v.lat != 0.0 || v.lon != 0.0)
        .cloned()
        .collect();
    for fold in 0..5 {
        held_out(&with_position, fold);
    }
    let begin = cpu_seconds();
    let (model, card) = PlacesModel::train(&venues, None, 0, &mut Quiet).unwrap();
    figure(
        "places",
        "all k, both weightings, density",
        None,
        "seconds",
        cpu_seconds() - begin,
    );
    figure(
        "places",
        "all k, both weightings, density",
        None,
        "peak_mb",
        peak_mb(),
    );
    figure(
        "places",
        "all",
        None,
        "model_kb",
        model.to_bytes().len() as f64 / 1024.0,
    );
    for comparison in &card.comparisons {
        figure(
            "places",
            &comparison.measure,
            None,
            "kilometres",
            comparison.model,
        );
        figure(
            "places",
            &comparison.baseline,
            None,
            "kilometres",
            comparison.baseline_figure,
        );
    }
    serving(&model, &venues);
    for note in &card.notes {
        eprintln!("{note}");
    }
    for k in [model.suggested_k(Weighting::Venues), 12] {
        eprintln!(
            "k = {k}, silhouette {:?}",
            model.silhouette(Weighting::Venues, k)
        );
        for cluster in model.clusters(Weighting::Venues, k).unwrap() {
            eprintln!(
                "  {:2} {:30} {:4} {:5} venues, {:2} corners, {}",
                cluster.id,
                cluster.name,
                cluster.country,
                cluster.venues,
                cluster.hull.len(),
                cluster.topics.join(" ")
            );
        }
    }
    for cluster in model
        .density()
        .iter()
        .flat_map(|density| &density.clusters)
        .take(12)
    {
        eprintln!(
            "  density: {:30} {:5} venues, {}",
            cluster.name,
            cluster.venues,
            cluster.topics.join(" ")
        );
    }
}

/// Folds are by venue here, as the other side has them: by the text of its position.
fn held_out(venues: &[PlacePoint], fold: u64) {
    let is_held_out =
        |v: &PlacePoint| xxh3_64(format!("{:.4},{:.4}", v.lat, v.lon).as_bytes()) % 5 == fold;
    let (held_out, kept): (Vec<_>, Vec<_>) = venues.iter().cloned().partition(is_held_out);
    let (model, _) = PlacesModel::train(&kept, None, 0, &mut Quiet).unwrap();
    for k in K_TESTED {
        let total: f64 = held_out
            .iter()
            .map(|venue| {
                let spot = Spot {
                    lat: venue.lat,
                    lon: venue.lon,
                };
                haversine_km(
                    model.nearest(Weighting::Venues, k, spot).unwrap().centre,
                    spot,
                )
            })
            .sum();
        figure(
            "places",
            &format!("k={k}"),
            Some(fold),
            "kilometres",
            total / held_out.len() as f64,
        );
    }
}

fn serving(model: &PlacesModel, venues: &[PlacePoint]) {
    let begin = Instant::now();
    for venue in venues {
        black_box(model.nearest(
            Weighting::Venues,
            40,
            Spot {
                lat: venue.lat,
                lon: venue.lon,
            },
        ));
    }
    figure(
        "places",
        "k=40",
        None,
        "scores_per_second",
        venues.len() as f64 / begin.elapsed().as_secs_f64(),
    );
}
