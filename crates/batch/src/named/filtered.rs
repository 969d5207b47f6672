//! What the filters leave of the tables, as common table expressions in front of a statement.
//!
//! | expression | rows |
//! |---|---|
//! | `chosen_events` | events that the filters of events leave |
//! | `filtered_rsvps` | answers to them that the filters of answers leave |
//! | `filtered_events` | the same events, those with such an answer if answers are filtered; `takes_place` is false for those that are off |
//! | `filtered_versions` | all versions of the answers that are left |
//! | `filtered_venues` | all venues without a filter, else those of the events that are left |
//! | `filtered_photos`, `filtered_comments` | those of chosen events, of the chosen time, that were not deleted |
//! | `event_answers` | the answers that are left, summed by event |

use super::{
    filters::{CityFilter, Filters},
    literal,
};

/// What a filter asks of rows, as SQL.
type Condition = fn(&Filters) -> String;

/// The statement of a file behind the expressions that it needs.
pub(super) fn put_in_front(body: &str, filters: &Filters) -> String {
    let mut needed: Vec<(&str, String)> = Vec::new();
    // Those further down need those further up, so they are looked at from the end.
    let all: [(&str, Condition); 8] = [
        ("chosen_events", chosen_events),
        ("filtered_rsvps", filtered_rsvps),
        ("filtered_events", filtered_events),
        ("filtered_versions", filtered_versions),
        ("filtered_venues", filtered_venues),
        ("filtered_photos", filtered_photos),
        ("filtered_comments", filtered_comments),
        ("event_answers", |_| EVENT_ANSWERS.to_owned()),
    ];
    for (name, expression) in all.into_iter().rev() {
        let is_needed = body.contains(name) || needed.iter().any(|(_, by)| by.contains(name));
        if is_needed {
            needed.push((name, expression(filters)));
        }
    }
    let expressions: Vec<_> = needed
        .iter()
        .rev()
        .map(|(name, expression)| format!("{name} AS (\n    {expression}\n)"))
        .collect();
    if expressions.is_empty() {
        return body.to_owned();
    }
    let expressions = expressions.join(", ");
    match body.strip_prefix("WITH ") {
        Some(rest) => format!("WITH {expressions}, {rest}"),
        None => format!("WITH {expressions}\n{body}"),
    }
}

/// By event. `people` are heads: whoever says yes, with guests.
const EVENT_ANSWERS: &str = "SELECT event_id,
        count(*) AS rsvps,
        count(*) FILTER (WHERE response = 'yes') AS yes,
        count(*) FILTER (WHERE response = 'no') AS no,
        count(*) FILTER (WHERE response = 'maybe') AS maybe,
        CAST(sum(CASE WHEN response = 'yes' THEN 1 + guests ELSE 0 END) AS bigint) AS people,
        min(mtime) AS first_answer,
        max(mtime) AS last_answer
    FROM filtered_rsvps
    GROUP BY event_id";

const OF_CHOSEN_EVENTS: &str = "event_id IN (SELECT event_id FROM chosen_events)";

fn chosen_events(filters: &Filters) -> String {
    let text = |value: &String| literal::text(value);
    let mut conditions = Vec::new();
    if !filters.countries.is_empty() {
        let country = "coalesce(lower(nullif(g.country, '')), 'unknown')";
        conditions.push(literal::is_one_of(country, &filters.countries, text));
    }
    if !filters.cities.is_empty() {
        let cities: Vec<_> = filters.cities.iter().map(is_city).collect();
        conditions.push(format!("({})", cities.join(" OR ")));
    }
    if !filters.categories.is_empty() {
        conditions.push(format!(
            "g.category_id IN (SELECT category_id FROM categories WHERE {} OR {})",
            literal::is_one_of("shortname", &filters.categories, text),
            literal::is_one_of("name", &filters.categories, text)
        ));
    }
    if !filters.topics.is_empty() {
        conditions.push(format!(
            "e.group_id IN (SELECT group_id FROM group_topics WHERE {})",
            literal::is_one_of("urlkey", &filters.topics, text)
        ));
    }
    if !filters.venues.is_empty() {
        conditions.push(literal::is_one_of(
            "e.venue_id",
            &filters.venues,
            i64::to_string,
        ));
    }
    if !filters.groups.is_empty() {
        conditions.push(literal::is_one_of(
            "e.group_id",
            &filters.groups,
            i64::to_string,
        ));
    }
    if !filters.events.is_empty() {
        conditions.push(literal::is_one_of("e.event_id", &filters.events, text));
    }
    let join = "SELECT e.* FROM events e LEFT JOIN groups g ON g.group_id = e.group_id";
    where_all(join, &conditions)
}

fn is_city(city: &CityFilter) -> String {
    let name = format!("g.city = {}", literal::text(&city.name));
    match &city.place {
        Some((state, country)) => format!(
            "({name} AND coalesce(g.state, '') = {} AND coalesce(lower(g.country), '') = {})",
            literal::text(state),
            literal::text(country)
        ),
        None => name,
    }
}

fn filtered_rsvps(filters: &Filters) -> String {
    let mut conditions = Vec::new();
    if !filters.responses.is_empty() {
        conditions.push(literal::is_one_of(
            "response",
            &filters.responses,
            |value| literal::text(value),
        ));
    }
    conditions.extend(within("mtime", filters));
    if filters.choose_events() {
        conditions.push(OF_CHOSEN_EVENTS.to_owned());
    }
    where_all("SELECT * FROM rsvps", &conditions)
}

fn filtered_events(filters: &Filters) -> String {
    let from = if filters.choose_events() {
        "chosen_events"
    } else {
        "events"
    };
    let events = format!(
        "SELECT *, coalesce(status, '') NOT IN ('canceled', 'deleted') AS takes_place FROM {from}"
    );
    let answered = "event_id IN (SELECT event_id FROM filtered_rsvps)".to_owned();
    let conditions = if filters.choose_answers() {
        vec![answered]
    } else {
        Vec::new()
    };
    where_all(&events, &conditions)
}

fn filtered_versions(filters: &Filters) -> String {
    if filters.is_empty() {
        return "SELECT * FROM rsvp_versions".to_owned();
    }
    "SELECT v.* FROM rsvp_versions v
    JOIN filtered_rsvps r ON r.event_id = v.event_id AND r.rsvp_id = v.rsvp_id"
        .to_owned()
}

fn filtered_venues(filters: &Filters) -> String {
    let of_events = "venue_id IN (SELECT venue_id FROM filtered_events)".to_owned();
    let conditions = if filters.is_empty() {
        Vec::new()
    } else {
        vec![of_events]
    };
    where_all("SELECT * FROM venues", &conditions)
}

fn filtered_photos(filters: &Filters) -> String {
    feed("photos", "coalesce(time, mtime)", filters)
}

fn filtered_comments(filters: &Filters) -> String {
    feed("comments", "time", filters)
}

fn feed(table: &str, time: &str, filters: &Filters) -> String {
    let mut conditions = vec!["coalesce(status, '') <> 'deleted'".to_owned()];
    conditions.extend(within(time, filters));
    if filters.choose_events() {
        conditions.push(OF_CHOSEN_EVENTS.to_owned());
    }
    where_all(&format!("SELECT * FROM {table}"), &conditions)
}

fn within(column: &str, filters: &Filters) -> Vec<String> {
    let from = filters
        .from
        .map(|from| format!("{column} >= {}", literal::time(from)));
    let to = filters
        .to
        .map(|to| format!("{column} < {}", literal::time(to)));
    from.into_iter().chain(to).collect()
}

fn where_all(select: &str, conditions: &[String]) -> String {
    if conditions.is_empty() {
        return select.to_owned();
    }
    format!("{select}\n    WHERE {}", conditions.join("\n        AND "))
}
