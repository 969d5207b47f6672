//! Whole lists, page by page: `/api/v1/events`, `/api/v1/groups` and so on as JSON, and with `.csv` behind the name as a
//! table for spreadsheets.
//!
//! All filters of the page hold here too. `q` searches names, `sort` and `order` say what is first, `limit` and `offset`
//! choose a page. The order is that of one commit, so a row may move to another page while records come.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use headcount_engine::{ListAnswer, ListKind, ListRow};
use headcount_query::Question;
use http::{HeaderMap, HeaderValue};
use tokio::task;

use crate::{
    app::App,
    http::{cached_body::CachedBody, json, list_paths::ListFormat, parameters, problem::Problem},
    state::require,
};

const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");

/// A column of a table, and what a row has in it.
type Column = (&'static str, fn(&ListRow) -> String);

pub(crate) async fn list(
    kind: ListKind,
    format: ListFormat,
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match current(&app, kind, format, query.as_deref()).await {
        Ok(body) => body.reply(&headers).await,
        Err(problem) => problem.into_response(),
    }
}

async fn current(
    app: &App,
    kind: ListKind,
    format: ListFormat,
    query: Option<&str>,
) -> Result<Arc<CachedBody>, Problem> {
    let (filter, query) = parameters::list_query(kind, query)?;
    require(&app.state.ready.borrow())?;
    let views = &app.state.views;
    app.lists
        .of((filter.clone(), query.clone(), format))
        .at(views.commit(), async {
            let query = Arc::new(query);
            let question = |reply| Question::List(filter, query, reply);
            let answer = views.ask(question).await?;
            let make = move || match format {
                ListFormat::Json => {
                    CachedBody::of_figures(json::CONTENT_TYPE, json::to_bytes(&*answer))
                }
                ListFormat::Csv => CachedBody::of_figures(CSV, to_csv(kind, &answer)),
            };
            task::spawn_blocking(make)
                .await
                .map_err(|_| Problem::panicked())
        })
        .await
}

/// The rows as a table of RFC 4180, with a line of names.
fn to_csv(kind: ListKind, answer: &ListAnswer) -> Bytes {
    let columns = columns(kind);
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let names = columns.iter().map(|(name, _)| *name);
    let mut written = table.write_record(names);
    for row in &answer.rows {
        let cells = columns.iter().map(|(_, cell)| inert(cell(row)));
        written = written.and_then(|()| table.write_record(cells));
    }
    written.expect("every row has a cell for each column, and memory takes them");
    table.into_inner().expect("memory takes it").into()
}

/// A text that a spreadsheet would take for a formula gets an apostrophe in front, which it takes for a text.
fn inert(cell: String) -> String {
    let is_number = cell.parse::<f64>().is_ok();
    if !is_number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}

fn columns(kind: ListKind) -> Vec<Column> {
    let mut columns: Vec<Column> = vec![
        ("id", |row| row.id.to_string()),
        ("name", |row| row.name.to_string()),
    ];
    let place: [Column; 2] = [
        ("city", |row| text(row.city.as_ref())),
        ("country", |row| text(row.country.as_ref())),
    ];
    let point: [Column; 2] = [
        ("lat", |row| number(row.lat)),
        ("lon", |row| number(row.lon)),
    ];
    let count: Column = ("events", |row| number(row.events));
    match kind {
        ListKind::Events => {
            columns.extend::<[Column; 4]>([
                ("group", |row| text(row.group.as_ref())),
                ("group_id", |row| number(row.group_id)),
                ("venue", |row| text(row.venue.as_ref())),
                ("venue_id", |row| number(row.venue_id)),
            ]);
            columns.extend(place);
            columns.extend::<[Column; 3]>([
                ("time", |row| number(row.time)),
                ("url", |row| text(row.url.as_ref())),
                ("recent", |row| number(row.recent)),
            ]);
        }
        ListKind::Groups | ListKind::Venues => {
            columns.extend(place);
            columns.extend(point);
            columns.push(count);
        }
        ListKind::Cities => columns.extend([place[1], count]),
        ListKind::Topics | ListKind::Countries => columns.push(count),
    }
    columns.extend::<[Column; 4]>([
        ("yes", |row| row.yes.to_string()),
        ("no", |row| row.no.to_string()),
        ("maybe", |row| row.maybe.to_string()),
        ("heads", |row| row.heads.to_string()),
    ]);
    columns
}

fn text(value: Option<&Arc<str>>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn number<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@home", "'@home"),
            ("-3.5", "-3.5"),
            ("plain = text", "plain = text"),
        ] {
            assert_eq!(inert(cell.to_owned()), expected);
        }
    }

    #[test]
    fn every_kind_has_its_columns() {
        let row = ListRow {
            id: "1".into(),
            name: "a,b".into(),
            yes: 2,
            heads: 3,
            ..ListRow::default()
        };
        let answer = ListAnswer {
            rows: vec![row],
            ..ListAnswer::default()
        };
        let csv = to_csv(ListKind::Topics, &answer);
        assert_eq!(
            csv,
            "id,name,events,yes,no,maybe,heads\r\n1,\"a,b\",,2,0,0,3\r\n"
        );
        for kind in [
            ListKind::Events,
            ListKind::Groups,
            ListKind::Venues,
            ListKind::Cities,
        ] {
            let csv = to_csv(kind, &answer);
            let csv = std::str::from_utf8(&csv).unwrap_or_default();
            assert!(
                csv.starts_with("id,name,") && csv.ends_with(",2,0,0,3\r\n"),
                "{csv}"
            );
        }
    }
}
