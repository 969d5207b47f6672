//! Whole lists of events, groups, venues, cities, topics and countries: searched, sorted and cut into pages.
//!
//! A view has the first few rows of each. Whoever wants the rest asks for a page, which is made from the same counts: the
//! rows of a list add up to the totals of the view at the same commit.

use std::{cmp::Ordering, sync::Arc};

use headcount_record::{Group, Identity};
use serde::Serialize;

use crate::{
    catalog::{Catalog, UNKNOWN},
    counts::{Answers, Counts},
    events::EventRow,
    query::filter::Filter,
    query::lists::clip,
    query::partial_aggregate::PartialAggregate,
    query::view::AsOf,
};

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Events that somebody answered.
    Events,
    /// Groups with such events.
    Groups,
    /// Venues of such events.
    Venues,
    /// Cities of such groups.
    Cities,
    /// Topics of such groups.
    Topics,
    /// Countries of such groups; `unknown` among them.
    Countries,
}

/// What is first in a list. Ties are in the order of names, and then of ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ListSort {
    /// People who come.
    #[default]
    Heads,
    /// RSVPs that answer `yes`.
    Yes,
    /// RSVPs that answer `no`.
    No,
    /// RSVPs that answer `maybe`.
    Maybe,
    /// RSVPs, whatever they answer.
    Rsvps,
    /// Of events: answers in the trending window, by the same weight as in Trending.
    Recent,
    /// How many events.
    Events,
    /// When an event takes place.
    Time,
    /// The name.
    Name,
}

/// Which page of which list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListQuery {
    /// What the list is of.
    pub kind: ListKind,
    /// In lower case; only rows in whose name, group or city it stands. Empty for all.
    pub search: String,
    /// What is first.
    pub sort: ListSort,
    /// Whether the least is first.
    pub ascending: bool,
    /// Rows to leave out, from the first one.
    pub offset: usize,
    /// Rows to give at most.
    pub limit: usize,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ListAnswer {
    /// The commit that these are the figures of.
    pub as_of: AsOf,
    /// What is counted.
    pub filter: Filter,
    /// Rows of the whole list, found by the search.
    pub total: u64,
    /// Rows left out before these.
    pub offset: usize,
    /// The rows of the page.
    pub rows: Vec<ListRow>,
}

/// A row of a list. What its kind does not have is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ListRow {
    /// What the filter of this kind takes: an event's id, the number of a venue or a group, `city|state|country`, a topic's
    /// `urlkey`, a country's code.
    pub id: Arc<str>,
    /// What people read; empty where nobody has told it.
    pub name: Arc<str>,
    /// The group of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Arc<str>>,
    /// Its number in tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<i64>,
    /// The venue of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub venue: Option<Arc<str>>,
    /// Its number in tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub venue_id: Option<i64>,
    /// Of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Arc<str>>,
    /// Of the group, ISO 3166 alpha-2 in lower case, or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Arc<str>>,
    /// Degrees north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Degrees east.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// When an event takes place, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// The page of an event at its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Arc<str>>,
    /// Answers in the trending window, of an event: `yes`, or whatever counts where no `yes` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recent: Option<u64>,
    /// Events with an answer that counts; absent for an event itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    pub maybe: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
}

/// A group's counts under the whole filter, and how it is called: of what it was ever told to be, the least by name and
/// place. So it depends neither on the order of arrival nor on partitions.
#[derive(Clone, Debug)]
pub(crate) struct GroupCount {
    pub(crate) content: Arc<Group>,
    pub(crate) counts: Counts,
}

impl GroupCount {
    pub(crate) fn add(&mut self, other: Self) {
        let place = |group: &Group| (group.name.clone(), group.city.clone());
        if place(&other.content) < place(&self.content) {
            self.content = other.content;
        }
        self.counts.add(other.counts);
    }
}

/// What decides a row's place.
struct Rank<'a> {
    number: i64,
    name: &'a str,
    id: &'a str,
}

impl ListQuery {
    /// How many rows of each partition are enough for the page.
    fn rows_max(&self) -> usize {
        self.offset.saturating_add(self.limit)
    }

    fn number(&self, counts: &Counts, recent: u64, time: Option<i64>) -> i64 {
        let Answers { yes, no, maybe } = counts.answers;
        let count = match self.sort {
            ListSort::Heads => counts.heads,
            ListSort::Yes => yes,
            ListSort::No => no,
            ListSort::Maybe => maybe,
            ListSort::Rsvps => yes + no + maybe,
            ListSort::Recent => recent,
            ListSort::Events => counts.events,
            ListSort::Time => return time.unwrap_or(i64::MIN),
            ListSort::Name => 0,
        };
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    fn order(&self, a: &Rank<'_>, b: &Rank<'_>) -> Ordering {
        let names = a.name.cmp(b.name).then_with(|| a.id.cmp(b.id));
        match (self.sort, self.ascending) {
            (ListSort::Name, true) => names,
            (ListSort::Name, false) => names.reverse(),
            (_, true) => a.number.cmp(&b.number).then(names),
            (_, false) => b.number.cmp(&a.number).then(names),
        }
    }

    fn finds(&self, texts: &[&str]) -> bool {
        let has = |text: &&str| text.to_lowercase().contains(&self.search);
        self.search.is_empty() || texts.iter().any(has)
    }

    /// Whether an event is one of those that are searched for.
    pub(crate) fn finds_event(&self, catalog: &Catalog, row: &EventRow) -> bool {
        let group = row.group.map(|group| &catalog.group(group).content);
        let (name, city) = group.map_or(("", ""), |group| (&*group.name, &*group.city));
        self.finds(&[&row.content.name, name, city, &row.content.id])
    }

    /// The first of the events that were found, as many as a page may need.
    pub(crate) fn first_events(
        &self,
        catalog: &Catalog,
        found: Vec<(Counts, u64, &EventRow)>,
    ) -> Vec<ListRow> {
        let rank = |(counts, recent, row): &(Counts, u64, &EventRow)| {
            self.number(counts, *recent, row.content.time)
        };
        let order = |a: &(Counts, u64, &EventRow), b: &(Counts, u64, &EventRow)| {
            let (left, right) = (&a.2.content, &b.2.content);
            self.order(
                &Rank {
                    number: rank(a),
                    name: &left.name,
                    id: &left.id,
                },
                &Rank {
                    number: rank(b),
                    name: &right.name,
                    id: &right.id,
                },
            )
        };
        let first = super::pass::top(found.into_iter(), self.rows_max(), order);
        let first = first.into_iter();
        first
            .map(|(counts, recent, row)| event_row(catalog, row, &counts, recent))
            .collect()
    }
}

impl PartialAggregate {
    /// The page of a list. The aggregate must have been taken for this query.
    #[must_use]
    pub fn list(mut self, query: &ListQuery) -> ListAnswer {
        let mut rows = match query.kind {
            ListKind::Events => std::mem::take(&mut self.event_list),
            ListKind::Groups => self.group_rows(),
            ListKind::Venues => self.venue_list(),
            ListKind::Cities => self.city_list(),
            ListKind::Topics => self.topic_list(),
            ListKind::Countries => self.country_list(),
        };
        let total = match query.kind {
            ListKind::Events => self.events_found,
            _ => {
                rows.retain(|row| {
                    let city = row.city.as_deref().unwrap_or_default();
                    query.finds(&[&row.name, city, &row.id])
                });
                rows.len() as u64
            }
        };
        let rank =
            |row: &ListRow| query.number(&row.counts(), row.recent.unwrap_or_default(), row.time);
        rows.sort_by(|a, b| {
            query.order(
                &Rank {
                    number: rank(a),
                    name: &a.name,
                    id: &a.id,
                },
                &Rank {
                    number: rank(b),
                    name: &b.name,
                    id: &b.id,
                },
            )
        });
        ListAnswer {
            total,
            offset: query.offset,
            rows: rows
                .into_iter()
                .skip(query.offset)
                .take(query.limit)
                .map(ListRow::clip)
                .collect(),
            as_of: self.as_of,
            filter: self.filter,
        }
    }

    fn group_rows(&self) -> Vec<ListRow> {
        let groups = self.group_counts.iter();
        groups
            .map(|(id, group)| ListRow {
                id: flat(*id),
                name: group.content.name.clone(),
                city: Some(group.content.city.clone()),
                country: Some(country_of(&group.content)),
                lat: group.content.lat,
                lon: group.content.lon,
                ..ListRow::of(&group.counts)
            })
            .collect()
    }

    fn venue_list(&self) -> Vec<ListRow> {
        let counted = self.venues.iter();
        let counted = counted.filter(|(_, venue)| venue.sums.is_counted());
        counted
            .map(|(id, venue)| {
                let place = venue.content.place();
                ListRow {
                    id: flat(*id),
                    name: venue.content.name.clone(),
                    city: Some(venue.city()),
                    country: Some(venue.country()),
                    lat: place.map(|(lat, _)| lat),
                    lon: place.map(|(_, lon)| lon),
                    ..ListRow::of(&venue.sums.counted)
                }
            })
            .collect()
    }

    fn city_list(&self) -> Vec<ListRow> {
        let counted = self.cities.iter();
        let counted = counted.filter(|(_, sums)| sums.is_counted());
        counted
            .map(|(city, sums)| ListRow {
                id: city.key().into(),
                name: city.name.clone(),
                country: Some(city.country.clone()),
                ..ListRow::of(&sums.counted)
            })
            .collect()
    }

    fn topic_list(&self) -> Vec<ListRow> {
        let counted = self.topics.iter();
        let counted = counted.filter(|(_, (_, sums))| sums.is_counted());
        counted
            .map(|(urlkey, (name, sums))| ListRow {
                id: urlkey.clone(),
                name: name.clone(),
                ..ListRow::of(&sums.counted)
            })
            .collect()
    }

    fn country_list(&self) -> Vec<ListRow> {
        let counted = self.countries.iter();
        let counted = counted.filter(|(_, sums)| sums.is_counted());
        counted
            .map(|(country, sums)| ListRow {
                id: country.clone(),
                name: country.clone(),
                ..ListRow::of(&sums.counted)
            })
            .collect()
    }
}

impl ListRow {
    fn of(counts: &Counts) -> Self {
        let Answers { yes, no, maybe } = counts.answers;
        Self {
            events: Some(counts.events),
            yes,
            no,
            maybe,
            heads: counts.heads,
            ..Self::default()
        }
    }

    fn counts(&self) -> Counts {
        Counts {
            events: self.events.unwrap_or(1),
            answers: Answers {
                yes: self.yes,
                no: self.no,
                maybe: self.maybe,
            },
            heads: self.heads,
        }
    }

    /// The row with texts of bounded length. Ids stay whole, or they would name something else.
    fn clip(mut self) -> Self {
        self.name = clip(&self.name);
        for text in [&mut self.group, &mut self.venue, &mut self.city] {
            *text = text.as_ref().map(clip);
        }
        // A part of an address leads elsewhere.
        self.url = self.url.filter(|url| clip(url) == *url);
        self
    }
}

fn event_row(catalog: &Catalog, row: &EventRow, counts: &Counts, recent: u64) -> ListRow {
    let group = row.group.map(|group| &catalog.group(group).content);
    let venue = row.venue.map(|venue| &catalog.venue(venue).content);
    let event = &row.content;
    ListRow {
        id: event.id.clone(),
        name: event.name.clone(),
        group: group.map(|group| group.name.clone()),
        group_id: group.map(|group| group.id.flat()),
        venue: venue.map(|venue| venue.name.clone()),
        venue_id: venue.map(|venue| venue.id.flat()),
        city: group.map(|group| group.city.clone()),
        country: Some(catalog.country_name(row.group).clone()),
        time: event.time,
        url: Some(event.url.clone()).filter(|url| !url.is_empty()),
        recent: Some(recent),
        events: None,
        ..ListRow::of(counts)
    }
}

fn flat(id: Identity) -> Arc<str> {
    id.flat().to_string().into()
}

fn country_of(group: &Group) -> Arc<str> {
    group.country.clone().unwrap_or_else(|| UNKNOWN.into())
}
