//! The table of routes: what is served where, and what the API's description says of it.

use std::sync::Arc;

use axum::routing::{MethodRouter, get, post};
use headcount_engine::ListKind;

use crate::{
    api::{
        batch, cluster, clusters, data, events, lists, live, metrics, models, probes, status,
        summary, themes,
    },
    app::App,
    http::list_paths::{FORMATS, LISTS, ListFormat},
};

/// A path, whoever answers there, and what is said of it.
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) handler: MethodRouter<Arc<App>>,
    pub(crate) operation: Operation,
}

/// What one path does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameters],
    pub(crate) answers: &'static [AnswerType],
    /// Of a `POST`: what its JSON has, each member with its type.
    pub(crate) body: Option<&'static [(&'static str, &'static str)]>,
}

/// Parameters that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameters {
    /// `country`, `city` and the other dimensions of a filter.
    Filter,
    /// `limit` and `offset`.
    Page,
    /// `q`, `sort` and `order`.
    List,
    /// `k`: how many clusters.
    Clusters,
    /// The filters of boards and reports, which the batch worker reads.
    Board,
}

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerType {
    Object,
    Array,
    Csv,
    Html,
    Events,
    Metrics,
    /// `application/vnd.apache.arrow.stream`.
    Arrow,
}

impl Operation {
    const fn get(tag: &'static str, summary: &'static str, answers: &'static [AnswerType]) -> Self {
        Self {
            tag,
            summary,
            parameters: &[],
            answers,
            body: None,
        }
    }

    const fn with(self, parameters: &'static [Parameters]) -> Self {
        Self { parameters, ..self }
    }
}

const FIGURES: &str = "Figures";
const TABLES: &str = "Tables";
const LEARNT: &str = "Models";
const PROGRAM: &str = "Program";

/// All of them. A new route goes into `endpoint.rs` as well, so that it is counted under its name.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = figures();
    routes.extend(whole_lists());
    routes.extend(tables());
    routes.extend(learnt());
    routes.extend(program());
    routes
}

fn route(path: &str, handler: MethodRouter<Arc<App>>, operation: Operation) -> Route {
    Route {
        path: path.to_owned(),
        handler,
        operation,
    }
}

fn figures() -> Vec<Route> {
    const FILTER: &[Parameters] = &[Parameters::Filter];
    const PAGED: &[Parameters] = &[Parameters::Filter, Parameters::Page];
    vec![
        route(
            "/api/v1/live",
            get(live::live),
            Operation::get(
                FIGURES,
                "The page's figures as server-sent events: a snapshot, ticks with what changed, and a ping each second",
                &[AnswerType::Events],
            )
            .with(FILTER),
        ),
        route(
            "/api/v1/summary",
            get(summary::summary),
            Operation::get(
                FIGURES,
                "Everything that `headcount count --json` prints, of the running program",
                &[AnswerType::Object],
            )
            .with(FILTER),
        ),
        route(
            "/api/data",
            get(data::data),
            Operation::get(
                FIGURES,
                "Venues with a yes, those to which most people come first",
                &[AnswerType::Array],
            )
            .with(PAGED),
        ),
        route(
            "/api/top_venues",
            get(data::top_venues),
            Operation::get(FIGURES, "The same as a table to read", &[AnswerType::Html]).with(PAGED),
        ),
    ]
}

/// Each list under the API, and beside the page of its name.
fn whole_lists() -> Vec<Route> {
    const PARAMETERS: &[Parameters] = &[Parameters::Filter, Parameters::List, Parameters::Page];
    let mut routes = Vec::new();
    for (name, kind) in LISTS {
        let json =
            Operation::get(FIGURES, summary_of(kind), &[AnswerType::Object]).with(PARAMETERS);
        let mut add = |path: String, format| {
            let answers: &[AnswerType] = match format {
                ListFormat::Json => &[AnswerType::Object],
                ListFormat::Csv => &[AnswerType::Csv],
            };
            let handler =
                get(move |app, query, headers| lists::list(kind, format, app, query, headers));
            routes.push(route(&path, handler, Operation { answers, ..json }));
        };
        add(format!("/api/v1/{name}"), ListFormat::Json);
        for (suffix, format) in FORMATS {
            add(format!("/api/v1/{name}{suffix}"), format);
            add(format!("/{name}{suffix}"), format);
        }
    }
    routes
}

fn summary_of(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Events => "All events that somebody answered",
        ListKind::Groups => "All groups with such events",
        ListKind::Venues => "All venues of such events",
        ListKind::Cities => "All cities of such groups",
        ListKind::Topics => "All topics of such groups",
        ListKind::Countries => "All countries of such groups",
    }
}

fn tables() -> Vec<Route> {
    vec![
        route(
            "/api/v1/sql",
            post(batch::statement).fallback(batch::use_post),
            Operation {
                body: Some(&[("sql", "string"), ("named", "string"), ("limit", "integer")]),
                ..Operation::get(
                    TABLES,
                    "Answers a statement over the tables and what the journal holds beyond them",
                    &[AnswerType::Object, AnswerType::Csv, AnswerType::Arrow],
                )
            },
        ),
        route(
            "/api/v1/sql/schema",
            get(batch::forward),
            Operation::get(
                TABLES,
                "The tables and the named statements",
                &[AnswerType::Object],
            ),
        ),
        route(
            "/api/v1/boards/{name}",
            get(batch::forward),
            Operation::get(
                TABLES,
                "A named statement under filters",
                &[AnswerType::Object],
            )
            .with(&[Parameters::Board]),
        ),
        route(
            "/api/v1/batch",
            get(batch::status),
            Operation::get(
                TABLES,
                "Whether there is a batch worker and how far its tables are",
                &[AnswerType::Object],
            ),
        ),
        route(
            "/report",
            get(batch::report),
            Operation::get(TABLES, "The report as one file", &[AnswerType::Html])
                .with(&[Parameters::Board]),
        ),
    ]
}

fn learnt() -> Vec<Route> {
    vec![
        route(
            "/api/v1/events/{id}",
            get(events::event),
            Operation::get(
                LEARNT,
                "An event: what is known of it, its category, how many will come and the chance of a yes",
                &[AnswerType::Object],
            ),
        ),
        route(
            "/api/v1/surprise",
            get(batch::forward),
            Operation::get(
                LEARNT,
                "What happens more than it should",
                &[AnswerType::Object],
            ),
        ),
        route(
            "/api/v1/models",
            get(models::list),
            Operation::get(
                LEARNT,
                "The models, their versions and figures",
                &[AnswerType::Object],
            ),
        ),
        route(
            "/api/v1/models/{name}/promote",
            post(models::promote).fallback(batch::use_post),
            Operation {
                body: Some(&[("version", "integer"), ("anyway", "boolean")]),
                ..Operation::get(
                    LEARNT,
                    "Uses another version of a model",
                    &[AnswerType::Object],
                )
            },
        ),
        route(
            "/api/v1/clusters",
            get(clusters::clusters),
            Operation::get(LEARNT, "Clusters of venues", &[AnswerType::Object])
                .with(&[Parameters::Clusters]),
        ),
        route(
            "/api/v1/themes",
            get(themes::themes),
            Operation::get(LEARNT, "What events are about", &[AnswerType::Object]),
        ),
    ]
}

fn program() -> Vec<Route> {
    vec![
        route(
            "/api/v1/status",
            get(status::status),
            Operation::get(
                PROGRAM,
                "Sources, ledger and journal",
                &[AnswerType::Object],
            ),
        ),
        route(
            "/api/v1/cluster",
            get(cluster::cluster),
            Operation::get(
                PROGRAM,
                "Which process counts which partition",
                &[AnswerType::Object],
            ),
        ),
        route(
            "/healthz",
            get(probes::healthz),
            Operation::get(PROGRAM, "Whether the program works", &[AnswerType::Object]),
        ),
        route(
            "/readyz",
            get(probes::readyz),
            Operation::get(PROGRAM, "Whether figures are served", &[AnswerType::Object]),
        ),
        route(
            "/metrics",
            get(metrics::metrics),
            Operation::get(PROGRAM, "Metrics for Prometheus", &[AnswerType::Metrics]),
        ),
    ]
}
