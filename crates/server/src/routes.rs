//! The names under which requests are counted: few and fixed, whatever paths clients make up.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Page,
    Asset,
    Live,
    Summary,
    Status,
    Cluster,
    Data,
    TopVenues,
    Healthz,
    Readyz,
    Metrics,
    Other,
}

impl Route {
    pub(crate) const ALL: [(Self, &'static str); 12] = [
        (Self::Page, "/"),
        (Self::Asset, "/assets"),
        (Self::Live, "/api/v1/live"),
        (Self::Summary, "/api/v1/summary"),
        (Self::Status, "/api/v1/status"),
        (Self::Cluster, "/api/v1/cluster"),
        (Self::Data, "/api/data"),
        (Self::TopVenues, "/api/top_venues"),
        (Self::Healthz, "/healthz"),
        (Self::Readyz, "/readyz"),
        (Self::Metrics, "/metrics"),
        (Self::Other, "other"),
    ];

    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/assets/") {
            return Self::Asset;
        }
        if path == "/status" {
            return Self::Page;
        }
        Self::ALL
            .iter()
            .find(|(_, name)| *name == path)
            .map_or(Self::Other, |(route, _)| *route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_paths_are_one_name() {
        assert_eq!(Route::of("/api/data"), Route::Data);
        assert_eq!(Route::of("/assets/main-1234.js"), Route::Asset);
        assert_eq!(Route::of("/assets"), Route::Asset);
        assert_eq!(Route::of("/status"), Route::Page);
        assert_eq!(Route::of("other"), Route::Other);
        assert_eq!(Route::of("/api/data/1"), Route::Other);
        for (index, (route, _)) in Route::ALL.iter().enumerate() {
            assert_eq!(
                *route as usize, index,
                "the order of the table is the order of the counters"
            );
        }
    }
}
