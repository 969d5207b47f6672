//! The named analyses: SQL files with a header, which every page, command and report asks by name.
//!
//! A file selects from the tables, and from what [`Filters`] leave of them, which [`NamedStatement::statement`] puts in front as
//! common table expressions: `filtered_rsvps`, `filtered_events`, `event_answers` and the like. So each file is
//! plain SQL, the same with every filter.

mod error;
mod filtered;
mod filters;
mod header;
mod instant;
pub(crate) mod literal;

use std::sync::LazyLock;

use serde::Serialize;

pub use error::FilterError;
pub use filters::{CityFilter, Filters};
pub use instant::{instant, parse as parse_instant};

/// How an answer is best drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Chart {
    /// A bar for each row.
    Bar,
    /// A line over time.
    Line,
    /// A map: of dots if there are the columns `lat` and `lon`, else of countries, whose codes are in `x`.
    Map,
    /// Only a table.
    Table,
}

/// A named analysis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedStatement {
    /// The file's name without its end.
    pub name: &'static str,
    /// What a reader sees above it.
    pub title: &'static str,
    /// What it counts, in a sentence or two.
    pub description: &'static str,
    /// The statement, without a filter, as somebody may go on from it.
    pub sql: String,
    /// How its answer is best drawn.
    pub chart: Chart,
    /// The column of labels.
    pub x: &'static str,
    /// The column of measures.
    pub y: &'static str,
    /// The file without its header.
    #[serde(skip)]
    body: &'static str,
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!($name, ".sql")))),*]
    };
}

const FILES: &[(&str, &str)] = files! {
    "active_members"
    "answers_by_day"
    "answers_by_hour"
    "answers_by_minute"
    "boards_categories"
    "boards_event_names"
    "boards_group_cities"
    "boards_group_countries"
    "boards_group_names"
    "boards_venue_cities"
    "boards_venue_countries"
    "boards_venue_names"
    "busiest_days"
    "changes_of_mind"
    "cities"
    "comments"
    "countries"
    "event_statuses"
    "event_weekdays"
    "events_most_yes"
    "groups_most_yes"
    "guests"
    "hours"
    "lead_time"
    "local_hours"
    "photos"
    "places"
    "regions"
    "responses"
    "topics"
    "totals"
    "venues"
    "venues_most_yes"
    "weekdays"
};

static ALL: LazyLock<Vec<NamedStatement>> = LazyLock::new(|| {
    let read = |&(name, text)| {
        header::read(name, text).unwrap_or_else(|problem| panic!("{name}.sql: {problem}"))
    };
    FILES.iter().map(read).collect()
});

/// All of them, by name.
#[must_use]
pub fn all() -> &'static [NamedStatement] {
    &ALL
}

/// The one of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static NamedStatement> {
    all().iter().find(|named| named.name == name)
}

impl NamedStatement {
    /// The statement for what the filters leave.
    #[must_use]
    pub fn statement(&self, filters: &Filters) -> String {
        filtered::put_in_front(self.body, filters)
    }
}

#[cfg(test)]
mod tests;
