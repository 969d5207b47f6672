//! The names under which requests are counted: few and fixed, whatever paths clients make up.

use crate::http::list_paths::{FORMATS, LISTS};

/// Where the page is served; it looks at the address itself.
pub(crate) const PAGES: [&str; 12] = [
    "/",
    "/cities",
    "/clusters",
    "/countries",
    "/events",
    "/explore",
    "/groups",
    "/models",
    "/query",
    "/status",
    "/topics",
    "/venues",
];

/// Whether it is the page of one event, `/events/ID`.
pub(crate) fn is_event_page(path: &str) -> bool {
    path.strip_prefix("/events/")
        .is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// Whether it is a list: under the API, or beside the page of its name.
fn is_list(path: &str) -> bool {
    let of_api = path.strip_prefix("/api/v1/");
    let name = of_api
        .or_else(|| path.strip_prefix('/'))
        .unwrap_or_default();
    LISTS.iter().any(|(list, _)| {
        let suffix = name.strip_prefix(list);
        suffix.is_some_and(|suffix| match suffix {
            "" => of_api.is_some(),
            _ => FORMATS.iter().any(|(format, _)| *format == suffix),
        })
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Page,
    Asset,
    Live,
    Summary,
    Status,
    Cluster,
    Data,
    TopVenues,
    Batch,
    Sql,
    SqlSchema,
    Boards,
    Events,
    Lists,
    Surprise,
    Models,
    Clusters,
    Themes,
    Report,
    Description,
    Healthz,
    Readyz,
    Metrics,
    Other,
}

impl Endpoint {
    pub(crate) const ALL: [(Self, &'static str); 24] = [
        (Self::Page, "/"),
        (Self::Asset, "/assets"),
        (Self::Live, "/api/v1/live"),
        (Self::Summary, "/api/v1/summary"),
        (Self::Status, "/api/v1/status"),
        (Self::Cluster, "/api/v1/cluster"),
        (Self::Data, "/api/data"),
        (Self::TopVenues, "/api/top_venues"),
        (Self::Batch, "/api/v1/batch"),
        (Self::Sql, "/api/v1/sql"),
        (Self::SqlSchema, "/api/v1/sql/schema"),
        (Self::Boards, "/api/v1/boards"),
        (Self::Events, "/api/v1/events/ID"),
        (Self::Lists, "/api/v1/lists"),
        (Self::Surprise, "/api/v1/surprise"),
        (Self::Models, "/api/v1/models"),
        (Self::Clusters, "/api/v1/clusters"),
        (Self::Themes, "/api/v1/themes"),
        (Self::Report, "/report"),
        (Self::Description, "/api/v1/openapi.json"),
        (Self::Healthz, "/healthz"),
        (Self::Readyz, "/readyz"),
        (Self::Metrics, "/metrics"),
        (Self::Other, "other"),
    ];

    pub(crate) fn of(path: &str) -> Self {
        if is_list(path) {
            return Self::Lists;
        }
        if path.starts_with("/assets/") {
            return Self::Asset;
        }
        if path.starts_with("/api/v1/boards/") {
            return Self::Boards;
        }
        if path.starts_with("/api/v1/events/") {
            return Self::Events;
        }
        if path.starts_with("/api/v1/models/") {
            return Self::Models;
        }
        if PAGES.contains(&path) || is_event_page(path) {
            return Self::Page;
        }
        Self::ALL
            .iter()
            .find(|(_, name)| *name == path)
            .map_or(Self::Other, |(route, _)| *route)
    }

    /// Whether the batch worker answers it.
    pub(crate) fn is_batch(self) -> bool {
        let batch = [
            Self::Batch,
            Self::Sql,
            Self::SqlSchema,
            Self::Boards,
            Self::Events,
            Self::Surprise,
            Self::Report,
        ];
        batch.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_paths_are_one_name() {
        assert_eq!(Endpoint::of("/api/data"), Endpoint::Data);
        assert_eq!(Endpoint::of("/assets/main-1234.js"), Endpoint::Asset);
        assert_eq!(Endpoint::of("/assets"), Endpoint::Asset);
        assert_eq!(Endpoint::of("/api/v1/boards/hours"), Endpoint::Boards);
        for page in PAGES {
            assert_eq!(Endpoint::of(page), Endpoint::Page);
        }
        assert_eq!(Endpoint::of("/events/238486635"), Endpoint::Page);
        assert_eq!(Endpoint::of("/events/"), Endpoint::Other);
        assert_eq!(Endpoint::of("/events/1/2"), Endpoint::Other);
        assert_eq!(Endpoint::of("other"), Endpoint::Other);
        assert_eq!(Endpoint::of("/api/data/1"), Endpoint::Other);
        for list in ["/api/v1/events", "/api/v1/groups.csv", "/cities.json"] {
            assert_eq!(Endpoint::of(list), Endpoint::Lists);
        }
        assert_eq!(Endpoint::of("/api/v1/events/7"), Endpoint::Events);
        assert_eq!(Endpoint::of("/api/v1/events.xml"), Endpoint::Other);
        for (index, (route, _)) in Endpoint::ALL.iter().enumerate() {
            assert_eq!(
                *route as usize, index,
                "the order of the table is the order of the counters"
            );
        }
    }
}
