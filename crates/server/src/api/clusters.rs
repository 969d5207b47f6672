//! `/api/v1/clusters`: where venues crowd, for the map with the slider.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use headcount_engine::{Filter, VenueTotal};
use headcount_learn::{
    Served, Spot,
    places::{PlaceCluster, PlacesModel, Weighting},
};
use headcount_query::Question;
use serde::Serialize;

use super::models::reply;
use crate::{app::App, http::problem_details::ProblemDetails};

/// Venues on the map: those with the most answers.
const SPOTS_MAX: usize = 5_000;

#[derive(Serialize)]
struct ClustersAnswer<'a> {
    model: String,
    k: usize,
    suggested_k: usize,
    weights: &'static str,
    /// Venues at 0,0, which stands for no place.
    left_out: u32,
    points: u32,
    silhouette: Vec<(usize, f64)>,
    clusters: Vec<ShownCluster<'a>>,
    /// Latitude, longitude, id of the cluster.
    spots: Vec<(f64, f64, u32)>,
    density: Option<ShownDensity<'a>>,
}

#[derive(Serialize)]
struct ShownCluster<'a> {
    id: u32,
    colour: u32,
    name: &'a str,
    country: &'a str,
    topics: &'a [String],
    points: u32,
    people: u64,
    lat: f64,
    lon: f64,
    hull: Vec<(f64, f64)>,
}

#[derive(Serialize)]
struct ShownDensity<'a> {
    clusters: Vec<ShownCluster<'a>>,
    noise: u32,
}

/// What the address asks for.
struct ClustersQuery {
    k: Option<usize>,
    weighting: Weighting,
}

/// `GET /api/v1/clusters?k=15&weights=venues|people`.
pub(crate) async fn clusters(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ProblemDetails> {
    let asked = asked(query.as_deref().unwrap_or_default())?;
    let served = app.state.models.seen.borrow().served.places.clone();
    let served = served.ok_or_else(|| ProblemDetails::no_model("places"))?;
    // A map without venues is still a map.
    let venues = app
        .state
        .views
        .ask(|reply| Question::Venues(Filter::default(), reply))
        .await;
    let venues = venues.unwrap_or_default();
    answer(&served, &asked, &venues)
}

fn asked(query: &str) -> Result<ClustersQuery, ProblemDetails> {
    let mut asked = ClustersQuery {
        k: None,
        weighting: Weighting::Venues,
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("k", value)) => {
                let k = value.parse().ok();
                let wrong =
                    || ProblemDetails::bad_request("k is a number of clusters from 2 to 40");
                asked.k = Some(k.filter(|k| (2..=40).contains(k)).ok_or_else(wrong)?);
            }
            Some(("weights", "venues")) => asked.weighting = Weighting::Venues,
            Some(("weights", "people")) => asked.weighting = Weighting::People,
            _ => {
                return Err(ProblemDetails::bad_request(
                    "this path takes k and weights=venues or people",
                ));
            }
        }
    }
    Ok(asked)
}

fn answer(
    served: &Served<PlacesModel>,
    asked: &ClustersQuery,
    venues: &[VenueTotal],
) -> Result<Response, ProblemDetails> {
    let (model, weighting) = (&served.model, asked.weighting);
    let suggested_k = model.suggested_k(weighting);
    // Fewer venues than clusters asked for make fewer clusters.
    let k = asked
        .k
        .unwrap_or(suggested_k)
        .clamp(*model.ks().start(), *model.ks().end());
    let clusters = model
        .clusters(weighting, k)
        .ok_or_else(|| ProblemDetails::no_model("places"))?;
    let places = venues.iter().filter_map(|venue| {
        let spot = Spot {
            lat: venue.lat?,
            lon: venue.lon?,
        };
        let cluster = model.nearest(weighting, k, spot)?;
        (spot.lat != 0.0 || spot.lon != 0.0).then_some((spot.lat, spot.lon, cluster.id))
    });
    Ok(reply(&ClustersAnswer {
        model: served.label(),
        k,
        suggested_k,
        weights: match weighting {
            Weighting::Venues => "venues",
            Weighting::People => "people",
        },
        left_out: model.left_out(),
        points: model.venues(),
        silhouette: model
            .ks()
            .filter_map(|k| Some((k, model.silhouette(weighting, k)?)))
            .collect(),
        clusters: clusters.iter().map(shown).collect(),
        spots: places.take(SPOTS_MAX).collect(),
        density: model.density().map(|density| ShownDensity {
            clusters: density.clusters.iter().map(shown).collect(),
            noise: density.noise,
        }),
    }))
}

fn shown(cluster: &PlaceCluster) -> ShownCluster<'_> {
    ShownCluster {
        id: cluster.id,
        // Ids stay with their clusters, and so do colours.
        colour: cluster.id,
        name: &cluster.name,
        country: &cluster.country,
        topics: &cluster.topics,
        points: cluster.venues,
        people: cluster.people,
        lat: cluster.centre.lat,
        lon: cluster.centre.lon,
        hull: cluster
            .hull
            .iter()
            .map(|spot| (spot.lat, spot.lon))
            .collect(),
    }
}
