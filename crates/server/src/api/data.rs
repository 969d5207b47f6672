//! `/api/data` and `/api/top_venues`, as the third of the earlier systems had them.
//!
//! Its clients read latitude and longitude as text. A venue without a place has `null` for both: text
//! such as "0" would put it on the map, in the sea off Africa.
//!
//! `?limit=` and `?offset=` choose a page, and the header `Link` names the next one. The order is that of
//! one commit, so a row may move to another page while records come.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use headcount_engine::{Filter, VenueTotal};
use headcount_query::Question;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use tokio::task;

use crate::{
    api::venues_table,
    app::App,
    http::{
        cache::ResponseCache,
        cached_body::CachedBody,
        json,
        parameters::{self, ListPage},
        problem::Problem,
    },
    state::require,
};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// What a response is made of: rows of the list, most `yes` first.
type Make = fn(&[VenueTotal]) -> CachedBody;
type Cache = ResponseCache<(Filter, ListPage)>;

pub(crate) async fn data(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    reply(&app, &app.data, query.as_deref(), &headers, |venues| {
        CachedBody::of_figures(json::CONTENT_TYPE, to_json(venues))
    })
    .await
}

pub(crate) async fn top_venues(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let make =
        |venues: &[VenueTotal]| CachedBody::of_figures(HTML, venues_table::to_html(venues).into());
    reply(&app, &app.top_venues, query.as_deref(), &headers, make).await
}

async fn reply(
    app: &App,
    cache: &Cache,
    query: Option<&str>,
    headers: &HeaderMap,
    make: Make,
) -> Response {
    match current(app, cache, query, make).await {
        Ok(body) => body.reply(headers).await,
        Err(problem) => problem.into_response(),
    }
}

async fn current(
    app: &App,
    cache: &Cache,
    query: Option<&str>,
    make: Make,
) -> Result<Arc<CachedBody>, Problem> {
    let (filter, page) = parameters::filter_and_page(query)?;
    require(&app.state.ready.borrow())?;
    let views = &app.state.views;
    cache
        .of((filter.clone(), page))
        .at(views.commit(), async {
            let link = |total| next_page(&filter, page.next(total)?);
            let asked = filter.clone();
            let venues = views.ask(|reply| Question::Venues(asked, reply)).await?;
            // The earlier system said 503 while it had counted nothing. A filter that lets no venue
            // through is an answer: an empty list.
            if venues.is_empty() && filter.is_empty() {
                return Err(Problem::nothing_counted());
            }
            let link = link(venues.len());
            let body = task::spawn_blocking(move || make(page.of(&venues)));
            let body = body.await.map_err(|_| Problem::panicked())?;
            Ok(body.with_link(link))
        })
        .await
}

/// The value of `Link`: relative, so that it holds behind a proxy that serves headcount under a path.
fn next_page(filter: &Filter, page: ListPage) -> Option<HeaderValue> {
    let ListPage { offset, limit } = page;
    let filter = parameters::of_filter(filter);
    let link = format!("<?{filter}limit={limit}&offset={offset}>; rel=\"next\"");
    HeaderValue::from_str(&link).ok()
}

#[derive(Serialize)]
struct DataRow<'a> {
    count: u64,
    group_city: &'a str,
    lat: Option<String>,
    lon: Option<String>,
    venue_name: &'a str,
}

fn to_json(venues: &[VenueTotal]) -> bytes::Bytes {
    let rows: Vec<DataRow<'_>> = venues
        .iter()
        .map(|venue| {
            let place = place(venue);
            DataRow {
                count: venue.count,
                group_city: &venue.group_city,
                lat: place.map(|(lat, _)| lat.to_string()),
                lon: place.map(|(_, lon)| lon.to_string()),
                venue_name: &venue.venue_name,
            }
        })
        .collect();
    json::to_bytes(&rows)
}

/// Where a venue is, if that is known. The feed spells "unknown" as 0, 0.
fn place(venue: &VenueTotal) -> Option<(f64, f64)> {
    let place = venue.lat.zip(venue.lon);
    place.filter(|place| *place != (0.0, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn venue(name: &str, lat: Option<f64>, lon: Option<f64>) -> VenueTotal {
        VenueTotal {
            count: 2,
            group_city: "Abu Dhabi".into(),
            lat,
            lon,
            venue_name: name.into(),
        }
    }

    #[test]
    fn coordinates_are_the_text_of_the_feed_and_null_when_unknown() {
        let rows = [
            venue("a", Some(24.299_173), Some(54.697_277)),
            venue("b", None, None),
            venue("c", Some(-33.0), Some(1e-7)),
            venue("d", Some(0.0), Some(0.0)),
            venue("e", Some(1.0), None),
            venue("f", Some(0.0), Some(9.5)),
        ];
        let rows: serde_json::Value = serde_json::from_slice(&to_json(&rows)).expect("JSON");
        let places: Vec<_> = rows
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| (&row["lat"], &row["lon"]))
            .collect();
        let known = |lat, lon| (serde_json::Value::from(lat), serde_json::Value::from(lon));
        let unknown = (serde_json::Value::Null, serde_json::Value::Null);
        let expected = [
            known("24.299173", "54.697277"),
            unknown.clone(),
            known("-33", "0.0000001"),
            unknown.clone(),
            unknown,
            known("0", "9.5"),
        ];
        assert_eq!(
            places,
            expected
                .iter()
                .map(|(lat, lon)| (lat, lon))
                .collect::<Vec<_>>()
        );
    }
}
