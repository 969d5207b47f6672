//! `/api/v1/themes`: what events are about, and what sets a city apart.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use headcount_learn::themes::{CityTheme, Theme};
use serde::Serialize;

use super::models::reply;
use crate::{app::App, http::problem_details::ProblemDetails};

#[derive(Serialize)]
struct ThemesAnswer<'a> {
    model: String,
    themes: Vec<ShownTheme<'a>>,
    /// The non-negative matrix factorisation beside it.
    factors: Vec<ShownTheme<'a>>,
    /// Cities with a theme that more of their groups have than elsewhere, and not by chance.
    cities: Vec<ShownCity<'a>>,
}

#[derive(Serialize)]
struct ShownTheme<'a> {
    id: usize,
    name: &'a str,
    words: &'a [String],
    share: f64,
}

#[derive(Serialize)]
struct ShownCity<'a> {
    city: &'a str,
    country: &'a str,
    lat: f64,
    lon: f64,
    theme: u32,
    groups: u32,
    /// How many times as common the theme is here as elsewhere.
    lift: f64,
    p: f64,
}

/// `GET /api/v1/themes`.
pub(crate) async fn themes(State(app): State<Arc<App>>) -> Result<Response, ProblemDetails> {
    let served = app.state.models.seen.borrow().served.themes.clone();
    let served = served.ok_or_else(|| ProblemDetails::no_model("themes"))?;
    let model = &served.model;
    Ok(reply(&ThemesAnswer {
        model: served.label(),
        themes: shown(model.themes()),
        factors: shown(model.factors()),
        cities: model.cities().iter().filter_map(city).collect(),
    }))
}

fn shown(themes: &[Theme]) -> Vec<ShownTheme<'_>> {
    let themes = themes.iter().enumerate();
    themes
        .map(|(id, theme)| ShownTheme {
            id,
            name: &theme.name,
            words: &theme.words,
            share: theme.share,
        })
        .collect()
}

/// Cities of which nobody knows where they are, or that nothing sets apart, are not on the map.
fn city(city: &CityTheme) -> Option<ShownCity<'_>> {
    let (spot, theme) = (city.spot?, city.theme?);
    Some(ShownCity {
        city: &city.city,
        country: &city.country,
        lat: spot.lat,
        lon: spot.lon,
        theme,
        groups: city.groups,
        lift: city.share / city.share_elsewhere.max(f64::EPSILON),
        p: city.p_value,
    })
}
