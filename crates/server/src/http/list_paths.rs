//! Where lists are served, and how each is written.

use headcount_engine::ListKind;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListFormat {
    Json,
    Csv,
}

/// The lists by the names under which they are served.
pub(crate) const LISTS: [(&str, ListKind); 6] = [
    ("events", ListKind::Events),
    ("groups", ListKind::Groups),
    ("venues", ListKind::Venues),
    ("cities", ListKind::Cities),
    ("topics", ListKind::Topics),
    ("countries", ListKind::Countries),
];

/// What comes behind the name, and the format that it means.
pub(crate) const FORMATS: [(&str, ListFormat); 2] =
    [(".json", ListFormat::Json), (".csv", ListFormat::Csv)];
