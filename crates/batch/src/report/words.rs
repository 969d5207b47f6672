//! Countries by their names, and filters in words.

use std::{collections::BTreeMap, sync::LazyLock};

use super::{figures, text::shown};
use crate::named::Filters;

/// Codes and names of CLDR, in English, as a browser shows them. Kosovo's code is in common use, but not of the standard.
static COUNTRIES: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    include_str!("countries.tsv")
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect()
});

/// A country's name; its code when it has none.
pub(super) fn country(code: &str) -> String {
    match code {
        "unknown" => "Unknown".to_owned(),
        "other" => "Other countries".to_owned(),
        _ => COUNTRIES.get(code).map_or_else(
            || shown(&code.to_uppercase(), "no country"),
            |name| (*name).to_owned(),
        ),
    }
}

/// What was chosen: of what, and which.
pub(super) fn chosen(filters: &Filters) -> Vec<(&'static str, String)> {
    let names = |values: &[String]| any_of(values.iter().map(|value| shown(value, "no name")));
    let mut words = vec![
        (
            "Country",
            any_of(filters.countries.iter().map(|code| country(code))),
        ),
        (
            "City",
            any_of(filters.cities.iter().map(|city| match &city.place {
                Some((state, code)) if state.is_empty() => {
                    shown(&format!("{}, {}", city.name, country(code)), "no name")
                }
                Some((state, code)) => shown(
                    &format!("{}, {state}, {}", city.name, country(code)),
                    "no name",
                ),
                None => shown(&city.name, "no name"),
            })),
        ),
        ("Category", names(&filters.categories)),
        ("Topic", names(&filters.topics)),
        ("Answer", any_of(filters.responses.iter().cloned())),
        ("Venue", any_of(filters.venues.iter().map(i64::to_string))),
        ("Group", any_of(filters.groups.iter().map(i64::to_string))),
        ("Event", names(&filters.events)),
    ];
    words.push((
        "Answered",
        match (filters.from, filters.to) {
            (Some(from), Some(to)) => figures::span(from, to),
            (Some(from), None) => format!("from {}", figures::moment(from)),
            (None, Some(to)) => format!("before {}", figures::moment(to)),
            (None, None) => String::new(),
        },
    ));
    words.retain(|(_, which)| !which.is_empty());
    words
}

/// "Japan", "Japan or Iceland", "Japan, Iceland or Malta".
fn any_of(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.collect();
    let last = names.pop().unwrap_or_default();
    if names.is_empty() {
        return last;
    }
    format!("{} or {last}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_said_in_words() {
        let pairs = [
            ("country", "jp,is,mt"),
            ("city", "New York|NY|us"),
            ("city", "Paris||fr"),
            ("topic", "social"),
            ("response", "yes"),
            ("from", "2017-03-19T12:00Z"),
            ("to", "2017-03-19T13:00Z"),
        ];
        let said = chosen(&Filters::of_pairs(pairs).unwrap());
        let said: Vec<_> = said
            .iter()
            .map(|(what, which)| format!("{what}: {which}"))
            .collect();
        assert_eq!(
            said,
            [
                "Country: Japan, Iceland or Malta",
                "City: New York, NY, United States or Paris, France",
                "Topic: social",
                "Answer: yes",
                "Answered: 19 Mar 2017, 12:00 – 13:00 UTC",
            ]
        );
        assert!(chosen(&Filters::default()).is_empty());
        assert_eq!(
            (country("xk"), country("unknown"), country("zq")),
            ("Kosovo".into(), "Unknown".into(), "ZQ".into())
        );
    }
}
