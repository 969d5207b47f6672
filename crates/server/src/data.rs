//! `/api/data` and `/api/top_venues`, as the third of the earlier systems had them.
//!
//! Its clients read latitude and longitude as text and every row has both, so a venue without a place
//! is at "0", which is how the feed itself spells "unknown".

use headcount_query::Question;
use std::{fmt::Write, sync::Arc};

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use headcount_engine::VenueTotal;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use tokio::task;

use crate::{
    answer::Answer, app::App, json, problem::Problem, query, shelf::Shelves, state::require,
};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// Longer names are cut in the table; the JSON has them whole.
const SHOWN_CHARS_MAX: usize = 256;

pub(crate) async fn data(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    reply(&app, &app.data, query.as_deref(), &headers, |venues| {
        Answer::of_figures(json::CONTENT_TYPE, to_json(venues))
    })
    .await
}

pub(crate) async fn top_venues(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let make = |venues: &[VenueTotal]| Answer::of_figures(HTML, to_html(venues).into());
    reply(&app, &app.top_venues, query.as_deref(), &headers, make).await
}

async fn reply(
    app: &App,
    shelves: &Shelves,
    query: Option<&str>,
    headers: &HeaderMap,
    make: fn(&[VenueTotal]) -> Answer,
) -> Response {
    match current(app, shelves, query, make).await {
        Ok(answer) => answer.reply(headers).await,
        Err(problem) => problem.into_response(),
    }
}

async fn current(
    app: &App,
    shelves: &Shelves,
    query: Option<&str>,
    make: fn(&[VenueTotal]) -> Answer,
) -> Result<Arc<Answer>, Problem> {
    let filter = query::filter(query)?;
    require(&app.state.ready.borrow())?;
    let views = &app.state.views;
    shelves
        .of(&filter)
        .at(views.commit(), async {
            let venues = views.ask(|reply| Question::Venues(filter, reply)).await?;
            if venues.is_empty() {
                return Err(Problem::nothing_counted());
            }
            task::spawn_blocking(move || make(&venues))
                .await
                .map_err(|_| Problem::panicked())
        })
        .await
}

#[derive(Serialize)]
struct Row<'a> {
    count: u64,
    group_city: &'a str,
    lat: String,
    lon: String,
    venue_name: &'a str,
}

fn to_json(venues: &[VenueTotal]) -> bytes::Bytes {
    let text = |degrees: Option<f64>| degrees.unwrap_or_default().to_string();
    let rows: Vec<Row<'_>> = venues
        .iter()
        .map(|venue| Row {
            count: venue.count,
            group_city: &venue.group_city,
            lat: text(venue.lat),
            lon: text(venue.lon),
            venue_name: &venue.venue_name,
        })
        .collect();
    json::to_bytes(&rows)
}

fn to_html(venues: &[VenueTotal]) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Top Venues</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"></head>\n<body>\n\
         <h1>Top Venues</h1>\n<table>\n<thead><tr><th>Venue Name</th><th>City</th>\
         <th>'Yes' RSVPS</th></tr></thead>\n<tbody>\n",
    );
    for venue in venues {
        html.push_str("<tr><td dir=\"auto\">");
        show(&mut html, &venue.venue_name);
        html.push_str("</td><td dir=\"auto\">");
        show(&mut html, &venue.group_city);
        writeln!(html, "</td><td>{}</td></tr>", venue.count)
            .expect("a String takes every character");
    }
    html.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    html
}

/// Appends text of the stream as text: markup escaped, invisible characters left out, cut when long.
fn show(html: &mut String, text: &str) {
    let mut visible = text.chars().filter(|c| !is_invisible(*c));
    for character in visible.by_ref().take(SHOWN_CHARS_MAX) {
        match character {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    if visible.next().is_some() {
        html.push('…');
    }
}

/// Controls, and what reorders or hides the text around it (but not the joiners that scripts need).
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
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
    fn coordinates_are_the_text_of_the_feed() {
        let rows = [
            venue("a", Some(24.299_173), Some(54.697_277)),
            venue("b", None, None),
            venue("c", Some(-33.0), Some(1e-7)),
        ];
        assert_eq!(
            std::str::from_utf8(&to_json(&rows)).expect("UTF-8"),
            "[{\"count\":2,\"group_city\":\"Abu Dhabi\",\"lat\":\"24.299173\",\"lon\":\"54.697277\",\"venue_name\":\"a\"},\
              {\"count\":2,\"group_city\":\"Abu Dhabi\",\"lat\":\"0\",\"lon\":\"0\",\"venue_name\":\"b\"},\
              {\"count\":2,\"group_city\":\"Abu Dhabi\",\"lat\":\"-33\",\"lon\":\"0.0000001\",\"venue_name\":\"c\"}]"
        );
    }

    #[test]
    fn names_of_the_stream_are_text_in_the_table() {
        for (name, shown) in [
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            (
                "\"><img src=x onerror=alert(1)>",
                "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;",
            ),
            ("' onmouseover='x", "&#39; onmouseover=&#39;x"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("abc\u{202e}fed\u{200b}\u{7}\r\n", "abcfed"),
            (
                "👩\u{200d}💻 می\u{200c}خواهم",
                "👩\u{200d}💻 می\u{200c}خواهم",
            ),
            ("{{7*7}}", "{{7*7}}"),
        ] {
            let html = to_html(&[venue(name, None, None)]);
            assert!(
                html.contains(&format!("<td dir=\"auto\">{shown}</td>")),
                "{html}"
            );
        }
        let long = to_html(&[venue(&"x".repeat(300), None, None)]);
        assert!(long.contains(&format!(">{}…<", "x".repeat(256))));
    }
}
