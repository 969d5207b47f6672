//! What a report shows, as plain data.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    answer::{AnswerRow, BoardAnswer},
    error::ReportError,
    ledger::ReportLedger,
    trend::ReportTrend,
};
use crate::{named::Filters, snapshot::TablesAsOf};

/// Statements that are no board.
pub(super) const NAMES: [&str; 6] = [
    "answers_by_day",
    "answers_by_hour",
    "answers_by_minute",
    "countries",
    "places",
    "totals",
];

/// All that a report shows.
pub struct ReportData {
    /// What was chosen.
    pub filters: Filters,
    /// Of which moment it is.
    pub as_of: TablesAsOf,
    pub(super) totals: ReportTotals,
    pub(super) ledger: Option<ReportLedger>,
    pub(super) trend: Option<ReportTrend>,
    /// RSVPs by country's code.
    pub(super) countries: BTreeMap<String, u64>,
    pub(super) places: Vec<ReportPlace>,
    /// Of all statements, by name.
    pub(super) answers: BTreeMap<String, BoardAnswer>,
}

/// The figures at the top.
pub(super) struct ReportTotals {
    pub(super) rsvps: u64,
    pub(super) yes: u64,
    pub(super) no: u64,
    pub(super) maybe: u64,
    pub(super) people: u64,
    pub(super) guests: u64,
    pub(super) events: u64,
    pub(super) venues: u64,
    pub(super) groups: u64,
    pub(super) countries: u64,
    pub(super) cities: u64,
    pub(super) members: u64,
    /// Record times of the first and of the last answer, ms since 1970.
    pub(super) range: Option<(i64, i64)>,
}

/// A venue that was answered to.
pub(super) struct ReportPlace {
    pub(super) lon: f64,
    pub(super) lat: f64,
    pub(super) rsvps: u64,
    pub(super) country: String,
}

impl ReportData {
    /// Takes the answers of [`statements`](super::statements), and the summary of the live counts as
    /// `headcount summary --json` prints it, for the ledger; null when there is none.
    ///
    /// # Errors
    ///
    /// An answer is missing, or is not one of its statement.
    pub fn of(
        filters: Filters,
        as_of: TablesAsOf,
        summary: &Value,
        answers: BTreeMap<String, BoardAnswer>,
    ) -> Result<Self, ReportError> {
        let of = |name| answers.get(name).ok_or(ReportError::Missing(name));
        let totals = of("totals")?;
        let totals =
            ReportTotals::of(&totals.rows().next().ok_or(ReportError::Missing("totals"))?)?;
        let series = [
            of("answers_by_minute")?,
            of("answers_by_hour")?,
            of("answers_by_day")?,
        ];
        let countries = of("countries")?
            .rows()
            .map(|row| Ok((row.text("country")?, row.count("rsvps")?)));
        let countries = countries.collect::<Result<_, ReportError>>()?;
        let places = of("places")?
            .rows()
            .map(|row| ReportPlace::of(&row))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            trend: ReportTrend::of(series, totals.rsvps)?,
            ledger: ReportLedger::of(summary)?,
            filters,
            as_of,
            totals,
            countries,
            places,
            answers,
        })
    }
}

impl ReportTotals {
    fn of(row: &AnswerRow<'_>) -> Result<Self, ReportError> {
        Ok(Self {
            rsvps: row.count("rsvps")?,
            yes: row.count("yes")?,
            no: row.count("no")?,
            maybe: row.count("maybe")?,
            people: row.count("people")?,
            guests: row.count("guests")?,
            events: row.count("events")?,
            venues: row.count("venues")?,
            groups: row.count("groups")?,
            countries: row.count("countries")?,
            cities: row.count("cities")?,
            members: row.count("members")?,
            range: row.time("first_answer")?.zip(row.time("last_answer")?),
        })
    }
}

impl ReportPlace {
    fn of(row: &AnswerRow<'_>) -> Result<Self, ReportError> {
        Ok(Self {
            lon: row.number("lon")?,
            lat: row.number("lat")?,
            rsvps: row.count("rsvps")?,
            country: row.text("country")?,
        })
    }
}
