//! The parameters of requests, read as people write them and refused by name.

use headcount_engine::{Filter, ListKind, ListQuery, ListSort, Response};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::http::problem::Problem;

/// Values of one dimension of a filter: more than a person chooses.
pub(crate) const VALUES_MAX: usize = 32;
/// Characters of a value: longer than any of the feed.
pub(crate) const VALUE_CHARS_MAX: usize = 100;
/// Rows of one page of a list, and of a request that does not say how many it wants: an answer stays
/// within a few megabytes, however many venues are counted.
pub(crate) const LIMIT_MAX: usize = 10_000;
/// Rows that a page may leave out. Nobody turns that many pages.
pub(crate) const OFFSET_MAX: usize = 10_000_000;

/// The dimensions of a filter.
pub(crate) const DIMENSIONS: [&str; 7] = [
    "country", "city", "topic", "response", "venue", "group", "event",
];
/// Rows of a list that a request gets if it does not say how many.
const LIST_ROWS: usize = 100;
pub(crate) const SORTS: [(&str, ListSort); 9] = [
    ("heads", ListSort::Heads),
    ("yes", ListSort::Yes),
    ("no", ListSort::No),
    ("maybe", ListSort::Maybe),
    ("rsvps", ListSort::Rsvps),
    ("recent", ListSort::Recent),
    ("events", ListSort::Events),
    ("time", ListSort::Time),
    ("name", ListSort::Name),
];
/// With whether the least is first.
const ORDERS: [(&str, bool); 2] = [("asc", true), ("desc", false)];
const SEARCH: &str = "q";
const SORT: &str = "sort";
const ORDER: &str = "order";
const LIMIT: &str = "limit";
const OFFSET: &str = "offset";

/// The part of a list that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ListPage {
    /// Rows to leave out, from the first one.
    pub(crate) offset: usize,
    /// Rows to give at most, from 1 to [`LIMIT_MAX`].
    pub(crate) limit: usize,
}

impl Default for ListPage {
    fn default() -> Self {
        Self {
            offset: 0,
            limit: LIMIT_MAX,
        }
    }
}

impl ListPage {
    /// These rows of a list.
    pub(crate) fn of<T>(self, rows: &[T]) -> &[T] {
        let rows = rows.get(self.offset..).unwrap_or_default();
        &rows[..rows.len().min(self.limit)]
    }

    /// The page after this one, if a list of `total` rows has one.
    pub(crate) fn next(self, total: usize) -> Option<Self> {
        let offset = self.offset.saturating_add(self.limit);
        (offset < total && offset <= OFFSET_MAX).then_some(Self { offset, ..self })
    }
}

/// Refuses every parameter, for a path that takes none.
pub(crate) fn none(query: Option<&str>) -> Result<(), Problem> {
    match pairs(query).next() {
        Some((name, _)) => Err(Problem::unknown_parameter(name, &[])),
        None => Ok(()),
    }
}

/// Reads `country=us,DE&city=London&response=yes`. An unknown parameter is refused: a misspelt filter must not answer with
/// the whole world.
pub(crate) fn filter(query: Option<&str>) -> Result<Filter, Problem> {
    check_counts(query)?;
    let mut filter = Filter::default();
    for (name, value) in pairs(query) {
        if !add_dimension(&mut filter, name, value)? {
            return Err(Problem::unknown_parameter(name, &DIMENSIONS));
        }
    }
    Ok(filter.normalized())
}

/// Reads `country=us&limit=100&offset=200`.
pub(crate) fn filter_and_page(query: Option<&str>) -> Result<(Filter, ListPage), Problem> {
    check_counts(query)?;
    let mut filter = Filter::default();
    let mut page = ListPage::default();
    for (name, value) in pairs(query) {
        match decode(name).as_deref() {
            Some(LIMIT) => page.limit = number(LIMIT, value, 1, LIMIT_MAX)?,
            Some(OFFSET) => page.offset = number(OFFSET, value, 0, OFFSET_MAX)?,
            _ if add_dimension(&mut filter, name, value)? => {}
            _ => {
                let known = [&DIMENSIONS[..], &[LIMIT, OFFSET]].concat();
                return Err(Problem::unknown_parameter(name, &known));
            }
        }
    }
    Ok((filter.normalized(), page))
}

/// Reads `country=us&q=jazz&sort=yes&order=asc&limit=50&offset=100`, for a list of this kind.
pub(crate) fn list_query(
    kind: ListKind,
    query: Option<&str>,
) -> Result<(Filter, ListQuery), Problem> {
    check_counts(query)?;
    let mut filter = Filter::default();
    let mut page = ListPage {
        limit: LIST_ROWS,
        ..ListPage::default()
    };
    let (mut search, mut sort, mut order) = (String::new(), ListSort::default(), None);
    for (name, value) in pairs(query) {
        match decode(name).as_deref() {
            Some(LIMIT) => page.limit = number(LIMIT, value, 1, LIMIT_MAX)?,
            Some(OFFSET) => page.offset = number(OFFSET, value, 0, OFFSET_MAX)?,
            Some(SEARCH) => search = text(SEARCH, value)?.trim().to_lowercase(),
            Some(SORT) => sort = one_of(SORT, value, &SORTS)?,
            Some(ORDER) => order = Some(one_of(ORDER, value, &ORDERS)?),
            _ if add_dimension(&mut filter, name, value)? => {}
            _ => {
                let known = [&DIMENSIONS[..], &[SEARCH, SORT, ORDER, LIMIT, OFFSET]].concat();
                return Err(Problem::unknown_parameter(name, &known));
            }
        }
    }
    let query = ListQuery {
        kind,
        search,
        sort,
        // People look for the greatest number and for the first name.
        ascending: order.unwrap_or(sort == ListSort::Name),
        offset: page.offset,
        limit: page.limit,
    };
    Ok((filter.normalized(), query))
}

/// The value among those that are known.
fn one_of<T: Copy>(
    name: &'static str,
    value: &str,
    known: &[(&'static str, T)],
) -> Result<T, Problem> {
    let value = decode(value);
    let found = known
        .iter()
        .find(|(word, _)| value.as_deref() == Some(*word));
    found.map(|(_, meant)| *meant).ok_or_else(|| {
        let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
        Problem::bad_parameter(name, &format!("must be one of {}", words.join(", ")))
    })
}

/// Adds the values of a parameter that is a dimension; false if it is none.
fn add_dimension(filter: &mut Filter, name: &str, value: &str) -> Result<bool, Problem> {
    let name = decode(name);
    let Some(name) = DIMENSIONS
        .into_iter()
        .find(|dimension| name.as_deref() == Some(dimension))
    else {
        return Ok(false);
    };
    let text = text(name, value)?;
    // Names of cities and ids of events may have commas; codes, words and numbers have none.
    let whole = || (!text.is_empty()).then(|| Ok(text.clone())).into_iter();
    let listed = || {
        text.split(',')
            .map(str::trim)
            .filter(|value| !value.is_empty())
    };
    let texts = || listed().map(|value| Ok(value.to_owned()));
    match name {
        "country" => add(&mut filter.country, name, listed().map(country)),
        "city" => add(&mut filter.city, name, whole()),
        "topic" => add(&mut filter.topic, name, texts()),
        "response" => add(&mut filter.response, name, listed().map(response)),
        "venue" => add(
            &mut filter.venue,
            name,
            listed().map(|id| number_of(name, id)),
        ),
        "group" => add(
            &mut filter.group,
            name,
            listed().map(|id| number_of(name, id)),
        ),
        _ => add(&mut filter.event, name, whole()),
    }?;
    Ok(true)
}

/// Adds values up to their bound.
fn add<T>(
    values: &mut Vec<T>,
    name: &'static str,
    new: impl Iterator<Item = Result<T, Problem>>,
) -> Result<(), Problem> {
    for value in new {
        if values.len() == VALUES_MAX {
            return Err(Problem::too_many_values(name, VALUES_MAX));
        }
        values.push(value?);
    }
    Ok(())
}

/// The value of a parameter as people write it.
fn text(name: &'static str, value: &str) -> Result<String, Problem> {
    let value = decode(value)
        .ok_or_else(|| Problem::bad_parameter(name, "is not text in UTF-8, percent-encoded"))?;
    if value.chars().any(char::is_control) {
        return Err(Problem::bad_parameter(name, "has control characters"));
    }
    let is_long = |value: &str| value.chars().count() > VALUE_CHARS_MAX;
    if is_long(&value) && (!value.contains(',') || value.split(',').any(is_long)) {
        let what = format!("has a value of more than {VALUE_CHARS_MAX} characters");
        return Err(Problem::bad_parameter(name, &what));
    }
    Ok(value)
}

fn country(value: &str) -> Result<String, Problem> {
    let code = value.to_lowercase();
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_code || code == "unknown" {
        return Ok(code);
    }
    let what = "must be two letters of ISO 3166, or \"unknown\"";
    Err(Problem::bad_parameter("country", what))
}

fn response(value: &str) -> Result<Response, Problem> {
    let known = Response::ALL
        .into_iter()
        .find(|response| response.name() == value);
    known.ok_or_else(|| Problem::bad_parameter("response", "must be yes, no or maybe"))
}

fn number_of(name: &'static str, value: &str) -> Result<i64, Problem> {
    let what = "must be a number: that of the tables and of other answers";
    value
        .parse()
        .map_err(|_| Problem::bad_parameter(name, what))
}

/// The parameters that say the same as a filter, each with a `&` behind it.
pub(crate) fn of_filter(filter: &Filter) -> String {
    let mut query = String::new();
    let mut add = |name, value: &str| {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        query.push_str(&format!("{name}={value}&"));
    };
    let each = |values: &[String], name: &'static str, add: &mut dyn FnMut(&'static str, &str)| {
        values.iter().for_each(|value| add(name, value));
    };
    each(&filter.country, "country", &mut add);
    each(&filter.city, "city", &mut add);
    each(&filter.topic, "topic", &mut add);
    for response in &filter.response {
        add("response", response.name());
    }
    for (name, ids) in [("venue", &filter.venue), ("group", &filter.group)] {
        ids.iter().for_each(|id| add(name, &id.to_string()));
    }
    each(&filter.event, "event", &mut add);
    query
}

fn number(field: &'static str, value: &str, min: usize, max: usize) -> Result<usize, Problem> {
    decode(value)
        .and_then(|value| value.parse().ok())
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| {
            let what = format!("must be a whole number from {min} to {max}");
            Problem::bad_parameter(field, &what)
        })
}

/// Refuses a dimension that is given more often than it may have values, be they empty.
fn check_counts(query: Option<&str>) -> Result<(), Problem> {
    for name in DIMENSIONS {
        let given = pairs(query).filter(|(given, _)| decode(given).as_deref() == Some(name));
        if given.count() > VALUES_MAX {
            return Err(Problem::too_many_values(name, VALUES_MAX));
        }
    }
    Ok(())
}

/// Names and values as they stand in the address.
fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.unwrap_or_default().split('&');
    pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Undoes percent-encoding as forms do it. The crate passes a broken escape through as text; here it is
/// refused like broken UTF-8, because a filter must not count something else than was meant.
fn decode(text: &str) -> Option<String> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let spaced = text.replace('+', " ");
    if !spaced.split('%').skip(1).all(is_escape) {
        return None;
    }
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: Option<&[&str]>) {
        let read = filter(Some(query)).ok();
        let read = read
            .as_ref()
            .map(|filter| filter.country.iter().map(String::as_str).collect());
        assert_eq!(read, expected.map(<[&str]>::to_vec), "{query}");
    }

    #[test]
    fn countries_are_a_list_in_any_spelling() {
        check("", Some(&[]));
        check("country=", Some(&[]));
        check("country", Some(&[]));
        check("country=US", Some(&["us"]));
        check("country=us,DE&&country=gb%2Cus&", Some(&["de", "gb", "us"]));
        check("c%6funtry=us&country=+fr+,,", Some(&["fr", "us"]));
        check("country=Unknown", Some(&["unknown"]));
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        check("%ZZ=1&country=us", None);
        check("limit[]=&country=us", None);
        check("limit=1&country=us", None);
        check("Country=us", None);
        check("country=%ZZ", None);
        check("country=%4", None);
        check("country=%", None);
        check("country=%+1", None);
        check("country=%ff%fe", None);
        check("country=us%00", None);
        check("country=usa", None);
        check("country=%2e%2e%2fetc", None);
        check("country='; DROP", None);
        check(&format!("country={}", "a".repeat(257)), None);
        check(&format!("country={}", ["us"; 33].join(",")), None);
        check(&["country=us"; 1_000].join("&"), None);
    }

    #[test]
    fn every_dimension_is_read_and_put_in_order() {
        let read = filter(Some(
            "city=New+York|NY|US&city=Winston,+Salem&topic=b,a&response=no,yes&venue=7&venue=-3&group=5,5&event=x%2Cy",
        ));
        let read = read.expect("a filter");
        assert_eq!(read.city, ["New York|NY|us", "Winston, Salem"]);
        assert_eq!(read.topic, ["a", "b"]);
        assert_eq!(read.response, [Response::No, Response::Yes]);
        assert_eq!((read.venue, read.group), (vec![-3, 7], vec![5]));
        assert_eq!(read.event, ["x,y"]);
        assert!(filter(Some("city=&topic=,&venue=&response=")).is_ok_and(|none| none.is_empty()));
        for refused in [
            "response=YES",
            "response=waitlist",
            "venue=x",
            "venue=1.5",
            "group=99999999999999999999",
            "event=%00",
            "category=tech",
            &["event=1"; 33].join("&").replace("=1", "=a"),
        ] {
            assert!(filter(Some(refused)).is_err(), "{refused}");
        }
    }

    #[test]
    fn pages_have_bounds() {
        let page = |query| filter_and_page(Some(query)).ok().map(|(_, page)| page);
        let full = ListPage::default();
        assert_eq!(page("country=us"), Some(full));
        assert_eq!(
            page("limit=10000&offset=10000000").map(|page| page.limit),
            Some(10_000)
        );
        assert_eq!(
            page("offset=20&limit=%310"),
            Some(ListPage {
                offset: 20,
                limit: 10
            })
        );
        for refused in [
            "limit=0",
            "limit=10001",
            "limit=",
            "limit",
            "limit=-1",
            "limit=1.5",
            "limit=99999999999999999999",
            "offset=10000001",
            "offset=x",
            "page=2",
        ] {
            assert_eq!(page(refused), None, "{refused}");
        }
    }

    #[test]
    fn pages_put_together_are_the_list() {
        let rows: Vec<u32> = (0..25).collect();
        for limit in [1, 7, 25, 26] {
            let (mut page, mut seen) = (Some(ListPage { offset: 0, limit }), Vec::new());
            while let Some(here) = page {
                seen.extend_from_slice(here.of(&rows));
                page = here.next(rows.len());
            }
            assert_eq!(seen, rows, "{limit}");
        }
        let beyond = ListPage {
            offset: 26,
            limit: 1,
        };
        assert!(beyond.of(&rows).is_empty());
    }
}
