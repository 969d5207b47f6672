//! Incremental aggregates: what the event rows come to by country and by venue.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use headcount_record::{Event, Response, Version};

use crate::{
    catalog::Catalog,
    changelog::changes::{CountryPart, EventKey, VenuePart},
    changelog::dense_set::DenseSet,
    counts::{Answers, Counts},
    decoders::Decoders,
    digest::row_digest,
    events::EventRow,
    rows::Rows,
};

/// Sums of the event rows as they were last sent. They follow row by row, so that bringing them up
/// to date costs what has changed and no more.
#[derive(Default)]
pub(crate) struct Aggregates {
    contributions: Vec<Contribution>,
    countries: Vec<Counts>,
    changed_countries: DenseSet,
    venues: Vec<VenueAggregate>,
    changed_venues: DenseSet,
    /// Names that events had since they were sent, by row.
    names: BTreeMap<u32, BTreeSet<Arc<str>>>,
    digest: u128,
}

/// What the sums have of an event.
#[derive(Clone)]
struct Contribution {
    digest: u128,
    country: u32,
    venue: Option<u32>,
    counts: Counts,
}

#[derive(Clone, Default)]
struct VenueAggregate {
    answers: Answers,
    events: Vec<u32>,
    /// The latest of the events, unless it has gone elsewhere.
    latest: Option<u32>,
}

impl Aggregates {
    /// The digest over the rows sent.
    pub(crate) fn digest(&self) -> u128 {
        self.digest
    }

    /// Notes what a row tells that is about to tell `next`. Countries, venues and names that an
    /// event had since it was last sent are sent too, even if it has its old ones again: another
    /// process that counts the same journal may have stored the values between.
    pub(crate) fn pass(&mut self, at: u32, row: &EventRow, next: &Event, catalog: &Catalog) {
        self.country(catalog.country_of(row.group));
        if let Some(venue) = row.venue {
            self.venue(catalog.venue(venue).id);
        }
        if row.content.name != next.name {
            let names = self.names.entry(at).or_default();
            names.insert(row.content.name.clone());
        }
    }

    /// Takes the keys that a row had since it was sent, without the one it has.
    pub(crate) fn take_renamed(
        &mut self,
        at: u32,
        row: &EventRow,
    ) -> impl Iterator<Item = EventKey> {
        let names = self.names.remove(&at).unwrap_or_default().into_iter();
        names
            .filter(|name| *name != row.content.name)
            .map(|event_name| EventKey {
                event_name,
                event_id: row.content.id.clone(),
            })
    }

    /// Brings the sums up to a row that has been sent before or is the next one.
    pub(crate) fn follow(&mut self, at: u32, rows: &Rows<EventRow>, catalog: &Catalog) {
        let row = &rows[at];
        let now = Contribution {
            digest: row_digest(row, catalog),
            country: catalog.country_of(row.group),
            // What nobody has answered to counts at no venue yet.
            venue: row
                .venue
                .filter(|_| row.answers() > 0)
                .map(|venue| catalog.venue(venue).id),
            counts: row.counts(),
        };
        let before = match self.contributions.get_mut(at as usize) {
            Some(last) => Some(std::mem::replace(last, now.clone())),
            None => {
                self.contributions.push(now.clone());
                None
            }
        };
        if let Some(before) = &before {
            self.take_back(at, before, &now);
        }
        self.digest = self.digest.wrapping_add(now.digest);
        self.country(now.country).add(now.counts);
        if let Some(venue) = now.venue {
            let sum = self.venue(venue);
            sum.answers.add(now.counts.answers);
            if before
                .as_ref()
                .is_none_or(|before| before.venue != now.venue)
            {
                sum.events.push(at);
            }
            sum.consider(at, rows);
        }
    }

    fn take_back(&mut self, at: u32, before: &Contribution, now: &Contribution) {
        self.digest = self.digest.wrapping_sub(before.digest);
        self.country(before.country).remove(before.counts);
        if let Some(venue) = before.venue {
            let sum = self.venue(venue);
            sum.answers.remove(before.counts.answers);
            if before.venue != now.venue {
                // It may be the last one there; a venue without events stays, with nothing to tell.
                sum.leave(at);
            }
        }
    }

    /// The sum of a country, which is to be sent.
    fn country(&mut self, country: u32) -> &mut Counts {
        self.changed_countries.insert(country);
        entry(&mut self.countries, country)
    }

    /// The sum of a venue, which is to be sent.
    fn venue(&mut self, venue: u32) -> &mut VenueAggregate {
        self.changed_venues.insert(venue);
        entry(&mut self.venues, venue)
    }

    /// The parts of countries that have changed since the last call, or did for a while.
    pub(crate) fn take_countries(
        &mut self,
        catalog: &Catalog,
        decoders: &Decoders,
    ) -> Vec<CountryPart> {
        let has_maybe = decoders.may_answer(Response::Maybe);
        let changed = self.changed_countries.take().into_iter();
        changed
            .map(|at| {
                let counts = self.countries[at as usize];
                CountryPart {
                    country: catalog.countries.keys()[at as usize].clone(),
                    yes: counts.answers.yes,
                    no: counts.answers.no,
                    maybe: has_maybe.then_some(counts.answers.maybe),
                    heads: counts.heads,
                }
            })
            .collect()
    }

    /// The parts of venues that have changed since the last call, or did for a while.
    pub(crate) fn take_venues(
        &mut self,
        rows: &Rows<EventRow>,
        catalog: &Catalog,
    ) -> Vec<VenuePart> {
        let changed = self.changed_venues.take().into_iter();
        changed
            .map(|at| {
                let id = catalog.venue_ids.keys()[at as usize];
                self.venues[at as usize].part(id.flat(), rows, catalog)
            })
            .collect()
    }
}

impl VenueAggregate {
    /// Makes an event of this venue its latest if it is.
    fn consider(&mut self, at: u32, rows: &Rows<EventRow>) {
        let greater = |latest: u32| lateness(at, rows) > lateness(latest, rows);
        if self.events.len() == 1 || self.latest.is_some_and(greater) {
            self.latest = Some(at);
        }
    }

    fn leave(&mut self, at: u32) {
        self.events.retain(|event| *event != at);
        if self.latest == Some(at) {
            self.latest = None;
        }
    }

    fn part(&mut self, venue_id: i64, rows: &Rows<EventRow>, catalog: &Catalog) -> VenuePart {
        let events = self.events.iter().copied();
        self.latest = self
            .latest
            .or_else(|| events.max_by_key(|at| lateness(*at, rows)));
        let part = VenuePart {
            venue_id,
            yes: self.answers.yes,
            no: self.answers.no,
            maybe: self.answers.maybe,
            ..VenuePart::default()
        };
        let latest = self.latest.map(|at| &rows[at]);
        let Some((row, venue)) = latest.and_then(|row| Some((row, row.venue?))) else {
            return part;
        };
        let venue = catalog.venue(venue);
        VenuePart {
            name: venue.content.name.clone(),
            lat: venue.content.lat,
            lon: venue.content.lon,
            group_city: catalog.city_name(row.group),
            country: catalog.country_name(row.group).clone(),
            latest: (row.version.to_bits(), row.record),
            ..part
        }
    }
}

/// The order of events of which the greatest tells what a venue is; of equals the first row.
fn lateness(at: u32, rows: &Rows<EventRow>) -> (Version, u32, Reverse<u32>) {
    let row = &rows[at];
    (row.version, row.record, Reverse(at))
}

/// The entry of a number, made if there is none.
fn entry<T: Clone + Default>(entries: &mut Vec<T>, at: u32) -> &mut T {
    let at = at as usize;
    if entries.len() <= at {
        entries.resize(at + 1, T::default());
    }
    &mut entries[at]
}
