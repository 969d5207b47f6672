//! The tables that people query, as this program reads them.

use super::{Result, Serving};

/// A row of `country_statistics`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountryStatistic {
    /// ISO 3166-1 alpha-3 in capitals.
    pub event_country: String,
    /// RSVPs that are `yes`.
    pub yes: u64,
    /// RSVPs that are `no`.
    pub no: u64,
    /// RSVPs that are `maybe`.
    pub maybe: u64,
    /// People coming.
    pub heads: u64,
}

/// A row of `response_statistics`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResponseStatistic {
    /// `yes`, `no` or `maybe`.
    pub response: String,
    /// RSVPs of this response.
    pub total_rsvps: u64,
}

/// A row of `event_statistics`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventStatisticRow {
    /// The event's name; `(untitled)` if it has none.
    pub event_name: String,
    /// `yes`, `no` or `maybe`.
    pub response: String,
    /// The event's id in the feed.
    pub event_id: String,
    /// The name of its group.
    pub group_name: String,
    /// Of the group, as in [`CountryStatistic`].
    pub event_country: String,
    /// RSVPs of this response.
    pub total_rsvps: u64,
    /// People coming; 0 but in the row of `yes`.
    pub heads: u64,
    /// The event's page, if the feed gave one.
    pub event_url: Option<String>,
    /// When it takes place, ms since 1970.
    pub time: Option<i64>,
}

/// A row of `meetup_table`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VenueStatistic {
    /// The venue's name.
    pub venue_name: String,
    /// Degrees as in the feed, empty when it gave none.
    pub lon: String,
    /// Degrees as in the feed, empty when it gave none.
    pub lat: String,
    /// Of the group of the venue's latest event.
    pub group_city: String,
    /// The venue's id in the feed.
    pub venue_id: i64,
    /// Answers that are `yes`, at least 1.
    pub count: u64,
}

impl Serving {
    /// Every country with its totals over all partitions, by code.
    ///
    /// # Errors
    /// When the store cannot be read, as for all of these.
    pub async fn country_statistics(&self) -> Result<Vec<CountryStatistic>> {
        sorted(self.store.countries().await)
    }

    /// The responses with their totals.
    ///
    /// # Errors
    /// See [`Serving::country_statistics`].
    pub async fn response_statistics(&self) -> Result<Vec<ResponseStatistic>> {
        sorted(self.store.responses().await)
    }

    /// The events of a name, a row for each response that they can get.
    ///
    /// # Errors
    /// See [`Serving::country_statistics`].
    pub async fn event_statistics(&self, event_name: &str) -> Result<Vec<EventStatisticRow>> {
        sorted(self.store.events(event_name).await)
    }

    /// Every venue that somebody goes to.
    ///
    /// # Errors
    /// See [`Serving::country_statistics`].
    pub async fn venue_statistics(&self) -> Result<Vec<VenueStatistic>> {
        sorted(self.store.venues().await)
    }
}

fn sorted<T: Ord>(rows: Result<Vec<T>>) -> Result<Vec<T>> {
    rows.map(|mut rows| {
        rows.sort();
        rows
    })
}
