//! Clusters of venues: better than big cities, the same for the same seed, and the same places after growth.
#![allow(clippy::unwrap_used)]

mod labelled_file;

use headcount_learn::{
    ModelError, Quiet, Spot, TrainError,
    places::{PlacePoint, PlacesModel, Weighting},
};
use proptest::prelude::*;

/// Towns in all corners: on both sides of the antimeridian, near a pole, and some that are close to each other.
const TOWNS: [(&str, f64, f64); 8] = [
    ("Suva", -18.1, 179.9),
    ("Auckland", -36.8, 174.8),
    ("Longyearbyen", 78.2, 15.6),
    ("New York", 40.7, -74.0),
    ("Boston", 42.4, -71.1),
    ("Paris", 48.9, 2.35),
    ("Brussels", 50.8, 4.35),
    ("Quito", -0.2, -78.5),
];

/// `count` venues about the towns, the earlier towns with more of them.
fn venues(count: usize, seed: u64) -> Vec<PlacePoint> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..count)
        .map(|index| {
            // Each town has some; the rest goes to the earlier ones.
            let town = if index < 40 {
                index % TOWNS.len()
            } else {
                (rng.f64() * rng.f64() * 8.0) as usize
            };
            let (city, lat, lon) = TOWNS[town];
            let lon = lon + 0.4 * (rng.f64() - 0.5);
            PlacePoint {
                lat: lat + 0.4 * (rng.f64() - 0.5),
                lon: if lon > 180.0 { lon - 360.0 } else { lon },
                city: city.to_owned(),
                country: "xx".to_owned(),
                topics: vec!["social".to_owned(), format!("of-{city}")],
                people: index as u32 % 50,
            }
        })
        .collect()
}

fn train(points: &[PlacePoint], previous: Option<&PlacesModel>) -> PlacesModel {
    PlacesModel::train(points, previous, 7, &mut Quiet)
        .unwrap()
        .0
}

#[test]
fn towns_are_found_named_and_hulled_wherever_they_are() {
    let model = train(&venues(200, 1), None);
    for weighting in [Weighting::Venues, Weighting::People] {
        let clusters = model.clusters(weighting, TOWNS.len()).unwrap();
        for (town, lat, lon) in TOWNS {
            let cluster = clusters
                .iter()
                .find(|cluster| cluster.name == town)
                .unwrap();
            let of_town = model
                .nearest(weighting, TOWNS.len(), Spot { lat, lon })
                .unwrap();
            assert_eq!(cluster.id, of_town.id, "{town}");
            assert!(
                cluster.venues < 20 || cluster.topics == [format!("of-{town}")],
                "{cluster:?}"
            );
            // A hull that goes the wrong way round the globe would have corners everywhere.
            for corner in &cluster.hull {
                let apart = headcount_learn::places::haversine_km(*corner, cluster.centre);
                assert!(apart < 60.0, "{town}: a corner {apart} km away");
            }
            assert_eq!(cluster.outside_hull, 0);
        }
    }
    assert!(
        model
            .nearest(
                Weighting::Venues,
                5,
                Spot {
                    lat: f64::NAN,
                    lon: 0.0
                }
            )
            .is_none()
    );
    assert!(model.clusters(Weighting::Venues, 1).is_none());
    assert!(model.clusters(Weighting::Venues, 41).is_none());
}

#[test]
fn one_seed_gives_equal_bytes_and_bytes_come_back() {
    let points = venues(100, 2);
    let model = train(&points, None);
    assert_eq!(model.to_bytes(), train(&points, None).to_bytes());
    assert_eq!(PlacesModel::from_bytes(&model.to_bytes()).unwrap(), model);
}

#[test]
fn ids_stay_when_venues_are_added() {
    let mut points = venues(200, 3);
    let before = train(&points, None);
    points.extend(venues(50, 4));
    let after = train(&points, Some(&before));
    let k = TOWNS.len();
    for old in before.clusters(Weighting::Venues, k).unwrap() {
        let now = after.nearest(Weighting::Venues, k, old.centre).unwrap();
        assert_eq!((now.id, &now.name), (old.id, &old.name));
    }
}

#[test]
fn a_new_place_gets_a_new_id_and_takes_nobody_elses() {
    let mut points: Vec<_> = venues(150, 5)
        .into_iter()
        .filter(|point| point.city != "Suva")
        .collect();
    let before = train(&points, None);
    // Tokyo is far from all, and larger than all others together.
    points.extend(venues(500, 6).into_iter().map(|point| PlacePoint {
        lat: 35.7 + point.lat.fract() / 10.0,
        lon: 139.7 + point.lon.fract() / 10.0,
        city: "Tokyo".to_owned(),
        ..point
    }));
    let after = train(&points, Some(&before));
    let k = TOWNS.len() - 1;
    let tokyo = after
        .nearest(
            Weighting::Venues,
            k,
            Spot {
                lat: 35.7,
                lon: 139.7,
            },
        )
        .unwrap();
    assert_eq!(tokyo.name, "Tokyo");
    assert!(
        before
            .clusters(Weighting::Venues, k)
            .unwrap()
            .iter()
            .all(|old| old.id != tokyo.id)
    );
}

#[test]
fn colours_stay_while_the_slider_moves() {
    let model = train(&venues(120, 8), None);
    for k in 3..=40 {
        let of = |k| {
            let mut ids: Vec<u32> = model
                .clusters(Weighting::Venues, k)
                .unwrap()
                .iter()
                .map(|cluster| cluster.id)
                .collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(of(k), (0..k as u32).collect::<Vec<_>>());
    }
}

#[test]
fn venues_without_a_position_are_left_out_and_counted() {
    let mut points = venues(100, 9);
    points.extend(
        [(0.0, 0.0), (0.0, 0.0), (91.0, 0.0), (f64::NAN, 3.0)].map(|(lat, lon)| PlacePoint {
            lat,
            lon,
            ..PlacePoint::default()
        }),
    );
    let model = train(&points, None);
    assert_eq!((model.venues(), model.left_out()), (100, 4));
}

#[test]
fn too_few_venues_are_refused() {
    let error = PlacesModel::train(&venues(19, 1), None, 0, &mut Quiet).unwrap_err();
    assert!(
        matches!(
            error,
            TrainError::TooFew {
                found: 19,
                needed: 20,
                ..
            }
        ),
        "{error}"
    );
    let same = vec![venues(1, 1)[0].clone(); 500];
    assert!(PlacesModel::train(&same, None, 0, &mut Quiet).is_err());
    let (model, card) = PlacesModel::train(&venues(40, 1), None, 0, &mut Quiet).unwrap();
    assert!(*model.ks().end() <= 20);
    assert!(!card.comparisons.is_empty());
}

#[test]
fn another_format_and_a_cut_file_are_refused() {
    let bytes = train(&venues(60, 1), None).to_bytes();
    for length in (0..bytes.len()).step_by(101) {
        assert!(PlacesModel::from_bytes(&bytes[..length]).is_err());
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(
        PlacesModel::from_bytes(&longer),
        Err(ModelError::Trailing { bytes: 1, .. })
    ));
    let mut other = bytes;
    other[0] += 1;
    assert!(matches!(
        PlacesModel::from_bytes(&other),
        Err(ModelError::Format { .. })
    ));
}

#[test]
fn clusters_are_nearer_to_real_venues_than_big_cities_are() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let venues: Vec<PlacePoint> = labelled_file::venues(&folder)
        .into_iter()
        .step_by(24)
        .collect();
    let (_, card) = PlacesModel::train(&venues, None, 0, &mut Quiet).unwrap();
    assert_eq!(card.comparisons.len(), 4);
    assert!(card.beats_baseline(), "{card:#?}");
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut bytes = BYTES.get_or_init(|| train(&venues(60, 1), None).to_bytes()).clone();
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(model) = PlacesModel::from_bytes(&bytes) {
            for k in model.ks() {
                model.nearest(Weighting::People, k, Spot { lat: 1.0, lon: 2.0 }).unwrap();
            }
        }
    }
}
