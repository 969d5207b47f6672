//! The report: one HTML file without scripts and without anything from elsewhere, for the screen, a phone and A4.
//!
//! [`statements`] says what has to be asked; [`ReportData::of`] takes the answers, and [`render`] writes the file. Which
//! moment it shows is a part of the data, so equal data make equal bytes.

mod answer;
mod boards;
mod collect;
mod data;
mod error;
mod figures;
mod ledger;
mod map;
mod page;
mod style;
mod text;
mod trend;
mod words;
mod world;

use std::collections::BTreeMap;

pub use answer::Answer;
pub use collect::{CollectError, collect};
pub use data::ReportData;
pub use error::ReportError;

use crate::named::{self, Filters};

/// What a browser is to be told beside what the file itself says: nothing from elsewhere.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The statements whose answers a report is made of, by name.
#[must_use]
pub fn statements(filters: &Filters) -> BTreeMap<&'static str, String> {
    let names = data::NAMES.into_iter().chain(boards::names());
    let needed = names.filter_map(named::find);
    needed
        .map(|named| (named.name, named.statement(filters)))
        .collect()
}

/// Writes the report.
///
/// # Errors
///
/// An answer that has not the columns of its statement.
pub fn render(data: &ReportData) -> Result<String, ReportError> {
    page::write(data)
}

#[cfg(test)]
mod tests;
