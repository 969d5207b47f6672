//! Every panel under every filter, against plain loops over the winners.

use std::collections::{BTreeMap, BTreeSet};

use headcount_record::{Namespace, partition_of};
use proptest::{prelude::*, sample::subsequence};

use super::{BASE, aggregate, put, rsvps};
use crate::{
    Filter, ListAnswer, ListKind, ListQuery, ListSort, PartialAggregate, Partition, Response, Scope,
};

const DIMENSIONS: [&str; 7] = [
    "country", "city", "topic", "group", "venue", "event", "response",
];

/// An answer to one of eight events. All that an event belongs to follows from its number.
#[derive(Clone, Debug)]
struct Answer {
    event: u8,
    rsvp: u8,
    at: i64,
    response: Response,
    guests: u8,
}

impl Answer {
    fn json(&self) -> String {
        let Self {
            event,
            rsvp,
            at,
            response,
            guests,
        } = self;
        let venue = match values(*event, "venue").first() {
            None => String::new(),
            Some(id) => format!(r#""venue":{{"venue_id":{id},"venue_name":"V","lat":1,"lon":1}},"#),
        };
        let topics = values(*event, "topic").into_iter();
        let topics: Vec<_> = topics
            .map(|urlkey| format!(r#"{{"urlkey":"{urlkey}","topic_name":"T"}}"#))
            .collect();
        let first = |dimension| values(*event, dimension).remove(0);
        format!(
            r#"{{{venue}"rsvp_id":{rsvp},"response":"{}","guests":{guests},"mtime":{},"member":{{"member_id":1}},"event":{{"event_id":"e{event}","event_name":"E"}},"group":{{"group_id":{},"group_country":"{}","group_city":"{}","group_topics":[{}]}}}}"#,
            response.name(),
            BASE + at * 1_000 + 1,
            first("group"),
            first("country"),
            first("city"),
            topics.join(","),
        )
    }
}

/// What an event has of a dimension.
fn values(event: u8, dimension: &str) -> Vec<String> {
    match dimension {
        "country" => vec![["us", "gb"][usize::from(event % 2)].to_owned()],
        // One name in two countries.
        "city" => vec![format!("C{}", event % 3)],
        "topic" => (event % 3..3).map(|n| format!("t{n}")).collect(),
        "group" => vec![(100 + event % 6).to_string()],
        "venue" if event.is_multiple_of(4) => Vec::new(),
        "venue" => vec![(event % 4).to_string()],
        "event" => vec![format!("e{event}")],
        _ => unreachable!("no event has a {dimension}"),
    }
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let response = prop::sample::select(Response::ALL.to_vec());
    let answer = (0..8_u8, 1..7_u8, response, 0..3_u8);
    let answer = answer.prop_map(|(event, rsvp, response, guests)| Answer {
        event,
        rsvp,
        at: 0,
        response: match response {
            // The feed of these tests knows no other answer.
            Response::Maybe => Response::No,
            known => known,
        },
        guests,
    });
    prop::collection::vec(answer, 1..40).prop_map(|mut answers| {
        // No two records tie.
        for (answer, at) in answers.iter_mut().zip(0..) {
            answer.at = at;
        }
        answers
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let texts = |values: &[&str]| {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        prop_oneof![2 => Just(Vec::new()), 1 => subsequence(values, 1..3)]
    };
    let numbers =
        |values: Vec<i64>| prop_oneof![2 => Just(Vec::new()), 1 => subsequence(values, 1..3)];
    (
        texts(&["us", "gb", "fr"]),
        texts(&["C0", "C1||GB", "C1||us"]),
        texts(&["t0", "t1", "t2", "t9"]),
        prop_oneof![2 => Just(vec![]), 1 => subsequence(Response::ALL.to_vec(), 1..3)],
        numbers(vec![1, 2, 3, 9]),
        numbers((100..106).collect()),
        texts(&["e0", "e1", "e5", "e7"]),
    )
        .prop_map(|(country, city, topic, response, venue, group, event)| {
            Filter {
                country,
                city,
                topic,
                response,
                venue,
                group,
                event,
            }
            .normalized()
        })
}

/// The values that a filter asks for, as text.
fn wanted(filter: &Filter, dimension: &str) -> Vec<String> {
    match dimension {
        "country" => filter.country.clone(),
        "city" => filter.city.clone(),
        "topic" => filter.topic.clone(),
        "group" => filter.group.iter().map(i64::to_string).collect(),
        "venue" => filter.venue.iter().map(i64::to_string).collect(),
        "event" => filter.event.clone(),
        _ => filter
            .response
            .iter()
            .map(|r| r.name().to_owned())
            .collect(),
    }
}

/// The winners that a filter lets through when one of its dimensions is left out.
fn chosen<'a>(winners: &[&'a Answer], filter: &Filter, without: &str) -> Vec<&'a Answer> {
    let lets = |answer: &Answer, dimension: &str| {
        let wanted = wanted(filter, dimension);
        let has = match dimension {
            "response" => vec![answer.response.name().to_owned()],
            "city" => {
                let city = values(answer.event, "city").remove(0);
                let country = values(answer.event, "country").remove(0);
                vec![format!("{city}||{country}"), city]
            }
            _ => values(answer.event, dimension),
        };
        wanted.is_empty() || wanted.iter().any(|value| has.contains(value))
    };
    let others = DIMENSIONS.into_iter().filter(|name| *name != without);
    let others: Vec<_> = others.collect();
    let all = winners.iter().copied();
    all.filter(|answer| others.iter().all(|name| lets(answer, name)))
        .collect()
}

/// Yes and no by the values of a dimension.
fn by(answers: &[&Answer], dimension: &str) -> BTreeMap<String, (u64, u64)> {
    let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for answer in answers {
        for value in values(answer.event, dimension) {
            let sum = sums.entry(value).or_default();
            match answer.response {
                Response::Yes => sum.0 += 1,
                _ => sum.1 += 1,
            }
        }
    }
    sums
}

/// Those rows of a list that its rank leaves in.
fn listed(sums: BTreeMap<String, (u64, u64)>, filter: &Filter) -> BTreeMap<String, (u64, u64)> {
    let by_yes = filter.lets_response(Response::Yes);
    let rank = |(yes, no): (u64, u64)| if by_yes { yes } else { yes + no };
    sums.into_iter().filter(|(_, sum)| rank(*sum) > 0).collect()
}

fn distinct(answers: &[&Answer], dimension: &str) -> u64 {
    let values: BTreeSet<_> = answers
        .iter()
        .flat_map(|answer| values(answer.event, dimension))
        .collect();
    values.len() as u64
}

fn counted(answers: &[Answer], partitions: u16) -> (Vec<Partition>, Vec<&Answer>) {
    let mut parts: Vec<_> = (0..partitions).map(|_| Partition::new()).collect();
    let mut winners = BTreeMap::new();
    for answer in answers {
        let event = format!("e{}", answer.event);
        let at = usize::from(partition_of(Namespace::MEETUP, &event, partitions));
        put(&mut parts[at], 0, rsvps(), answer.json().as_bytes());
        winners.insert((answer.event, answer.rsvp), answer);
    }
    (parts, winners.into_values().collect())
}

fn list(parts: &[Partition], filter: &Filter, query: &ListQuery) -> ListAnswer {
    let scope = Scope {
        filter: filter.clone(),
        list: Some(query.clone().into()),
        ..Scope::default()
    };
    let parts = parts.iter().map(|part| part.aggregate(&scope));
    let whole = parts.reduce(PartialAggregate::and).unwrap_or_default();
    whole.list(query)
}

const LISTS: [(&str, ListKind); 6] = [
    ("event", ListKind::Events),
    ("group", ListKind::Groups),
    ("venue", ListKind::Venues),
    ("city", ListKind::Cities),
    ("topic", ListKind::Topics),
    ("country", ListKind::Countries),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lists_have_every_row_once_and_pages_put_together_are_the_list(
        answers in answers(),
        filter in filter(),
        partitions in 1..4_u16,
        page in 1..6_usize,
        ascending in any::<bool>(),
        sort in prop::sample::select(vec![ListSort::Yes, ListSort::Rsvps, ListSort::Heads, ListSort::Name]),
    ) {
        let (parts, winners) = counted(&answers, partitions);
        let all = chosen(&winners, &filter, "");
        for (dimension, kind) in LISTS {
            let query = ListQuery { kind, search: String::new(), sort, ascending, offset: 0, limit: 1_000 };
            let whole = list(&parts, &filter, &query);
            let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
            for row in &whole.rows {
                // Two cities of one name are two rows.
                let id = if kind == ListKind::Cities { &row.name } else { &row.id };
                let sum = found.entry(id.to_string()).or_default();
                (sum.0, sum.1) = (sum.0 + row.yes, sum.1 + row.no);
            }
            prop_assert_eq!(found, by(&all, dimension), "{:?}", kind);
            prop_assert_eq!(whole.total, whole.rows.len() as u64);
            let sums = |row: &crate::ListRow| match sort {
                ListSort::Yes => row.yes,
                ListSort::Rsvps => row.yes + row.no,
                _ => row.heads,
            };
            let is_ordered = whole.rows.is_sorted_by(|a, b| match (sort, ascending) {
                (ListSort::Name, true) => (&a.name, &a.id) <= (&b.name, &b.id),
                (ListSort::Name, false) => (&a.name, &a.id) >= (&b.name, &b.id),
                (_, true) => (sums(a), &a.name, &a.id) <= (sums(b), &b.name, &b.id),
                (_, false) => (sums(b), &a.name, &a.id) <= (sums(a), &b.name, &b.id),
            });
            prop_assert!(is_ordered, "{:?}", whole.rows);
            let mut pages = Vec::new();
            for offset in (0..whole.rows.len()).step_by(page) {
                let part = list(&parts, &filter, &ListQuery { offset, limit: page, ..query.clone() });
                prop_assert_eq!(part.total, whole.total);
                pages.extend(part.rows);
            }
            prop_assert_eq!(pages, whole.rows);
        }
        // A search finds what has the text in its name, its group or its city, whatever its case.
        let query = ListQuery {
            kind: ListKind::Events,
            search: "c1".to_owned(),
            sort,
            ascending,
            offset: 0,
            limit: 1_000,
        };
        let found = list(&parts, &filter, &query);
        let in_city = all.iter().filter(|a| values(a.event, "city") == ["C1"]);
        let in_city: BTreeSet<_> = in_city.map(|answer| answer.event).collect();
        prop_assert_eq!(found.total, in_city.len() as u64);
    }

    #[test]
    fn every_panel_is_filtered_by_every_dimension_but_its_own(
        answers in answers(),
        filter in filter(),
        partitions in 1..4_u16,
    ) {
        let (parts, winners) = counted(&answers, partitions);
        let view = aggregate(&parts, filter.clone()).view();
        let summary = aggregate(&parts, filter.clone()).summary();
        let panel = |own| chosen(&winners, &filter, own);

        let all = panel("");
        let yes: Vec<_> = all.iter().filter(|a| a.response == Response::Yes).collect();
        let heads = yes.iter().map(|answer| 1 + u64::from(answer.guests)).sum::<u64>();
        let (count, coming) = (all.len() as u64, yes.len() as u64);
        let totals = &view.totals;
        prop_assert_eq!((totals.rsvps, totals.yes, totals.heads), (count, coming, heads));
        prop_assert_eq!((summary.rsvps, summary.yes, summary.heads), (count, coming, heads));
        prop_assert_eq!(view.all_rsvps, winners.len() as u64);
        let (events, venues, groups) =
            (distinct(&all, "event"), distinct(&all, "venue"), distinct(&all, "group"));
        prop_assert_eq!((totals.events, totals.venues, totals.groups), (events, venues, groups));
        prop_assert_eq!((summary.events, summary.venues, summary.groups), (events, venues, groups));
        prop_assert_eq!(summary.topics, distinct(&all, "topic"));
        prop_assert_eq!(totals.countries, distinct(&all, "country"));
        prop_assert_eq!(summary.countries, distinct(&all, "country"));
        prop_assert_eq!(view.history.yes.iter().sum::<u64>(), coming);
        prop_assert_eq!(view.history.no.iter().sum::<u64>(), count - coming);
        let of_venues = |answer: &&&Answer| !values(answer.event, "venue").is_empty();
        prop_assert_eq!(
            view.dots.iter().map(|dot| dot.2).sum::<u64>(),
            all.iter().filter(of_venues).count() as u64
        );

        let responses = by(&panel("response"), "event").into_values();
        let responses = responses.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        prop_assert_eq!((totals.responses.yes, totals.responses.no), responses);
        let countries = view.countries.iter();
        let countries = countries.map(|row| (row.country.to_string(), (row.yes, row.no)));
        prop_assert_eq!(countries.collect::<BTreeMap<_, _>>(), by(&panel("country"), "country"));
        let topics = view.topics.iter();
        let topics = topics.map(|row| (row.topic.to_string(), (row.yes, row.no)));
        prop_assert_eq!(
            topics.collect::<BTreeMap<_, _>>(),
            listed(by(&panel("topic"), "topic"), &filter)
        );
        let venues = view.venues.iter();
        let venues = venues.map(|row| (row.venue_id.to_string(), (row.yes, row.no)));
        prop_assert_eq!(
            venues.collect::<BTreeMap<_, _>>(),
            listed(by(&panel("venue"), "venue"), &filter)
        );
        // Two cities of one name are two rows.
        let mut cities: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for row in &view.cities {
            let sum = cities.entry(row.city.to_string()).or_default();
            (sum.0, sum.1) = (sum.0 + row.yes, sum.1 + row.no);
        }
        let by_city = by(&panel("city"), "city");
        for (city, sum) in &cities {
            prop_assert!(sum.0 <= by_city[city].0 && sum.1 <= by_city[city].1);
            prop_assert!(sum.0 == by_city[city].0 || !filter.lets_response(Response::Yes));
        }
        let trending: BTreeSet<_> = view.trending.iter().map(|row| row.event_id.to_string()).collect();
        let events = listed(by(&panel("event"), "event"), &filter);
        prop_assert_eq!(trending, events.into_keys().collect());

        let by_country = summary.by_country.iter();
        let by_country = by_country.map(|(country, sum)| (country.to_string(), (sum.yes, sum.no)));
        prop_assert_eq!(by_country.collect::<BTreeMap<_, _>>(), by(&all, "country"));
        let top = |list: &[(String, u64)]| list.iter().cloned().collect::<BTreeMap<_, _>>();
        let coming = |dimension| {
            let sums = by(&all, dimension).into_iter();
            let yes = sums.filter(|(_, sum)| sum.0 > 0).map(|(value, sum)| (value, sum.0));
            yes.collect::<BTreeMap<_, _>>()
        };
        let events = summary.top_events_yes.iter().map(|(id, yes)| (id.to_string(), *yes));
        prop_assert_eq!(top(&events.collect::<Vec<_>>()), coming("event"));
        let topics = summary.top_topics_yes.iter().map(|(key, yes)| (key.to_string(), *yes));
        prop_assert_eq!(top(&topics.collect::<Vec<_>>()), coming("topic"));
        let venues = summary.top_venues_yes.iter().map(|(id, yes)| (id.to_string(), *yes));
        prop_assert_eq!(top(&venues.collect::<Vec<_>>()), coming("venue"));
    }
}
