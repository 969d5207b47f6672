//! The parameters of requests, read as people write them and refused by name.

use headcount_engine::Filter;
use percent_encoding::percent_decode_str;

use crate::http::problem::Problem;

/// More than a person chooses.
const COUNTRIES_MAX: usize = 32;
/// Longer than any value of the feed.
const VALUE_BYTES_MAX: usize = 64;
/// Rows of one page of a list, and of a request that does not say how many it wants: an answer stays
/// within a few megabytes, however many venues are counted.
pub(crate) const LIMIT_MAX: usize = 10_000;
/// Rows that a page may leave out. Nobody turns that many pages.
const OFFSET_MAX: usize = 10_000_000;

const COUNTRY: &str = "country";
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

/// Reads `country=us,DE&country=gb`. An unknown parameter is refused: a misspelt filter must not
/// answer with the whole world.
pub(crate) fn filter(query: Option<&str>) -> Result<Filter, Problem> {
    let mut countries = CountryValues::default();
    for (name, value) in pairs(query) {
        match decode(name).as_deref() {
            Some(COUNTRY) => countries.add(value)?,
            _ => return Err(Problem::unknown_parameter(name, &[COUNTRY])),
        }
    }
    Ok(countries.into())
}

/// Reads `country=us&limit=100&offset=200`.
pub(crate) fn filter_and_page(query: Option<&str>) -> Result<(Filter, ListPage), Problem> {
    let mut countries = CountryValues::default();
    let mut page = ListPage::default();
    for (name, value) in pairs(query) {
        match decode(name).as_deref() {
            Some(COUNTRY) => countries.add(value)?,
            Some(LIMIT) => page.limit = number(LIMIT, value, 1, LIMIT_MAX)?,
            Some(OFFSET) => page.offset = number(OFFSET, value, 0, OFFSET_MAX)?,
            _ => return Err(Problem::unknown_parameter(name, &[COUNTRY, LIMIT, OFFSET])),
        }
    }
    Ok((countries.into(), page))
}

#[derive(Default)]
struct CountryValues(Vec<String>);

impl CountryValues {
    fn add(&mut self, value: &str) -> Result<(), Problem> {
        let value = decode(value).ok_or_else(|| {
            Problem::bad_parameter(COUNTRY, "is not text in UTF-8, percent-encoded")
        })?;
        if value.chars().any(char::is_control) {
            return Err(Problem::bad_parameter(COUNTRY, "has control characters"));
        }
        for value in value.split(',') {
            if value.len() > VALUE_BYTES_MAX {
                let what = format!("has a value of more than {VALUE_BYTES_MAX} bytes");
                return Err(Problem::bad_parameter(COUNTRY, &what));
            }
            self.0.push(value.to_owned());
            if self.0.len() > COUNTRIES_MAX {
                let what = format!("has more than {COUNTRIES_MAX} values");
                return Err(Problem::bad_parameter(COUNTRY, &what));
            }
        }
        Ok(())
    }
}

impl From<CountryValues> for Filter {
    fn from(CountryValues(values): CountryValues) -> Self {
        Self::of_countries(values.iter().map(String::as_str))
    }
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
        check(
            "country=%2e%2e%2fetc&country='; DROP",
            Some(&["'; drop", "../etc"]),
        );
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
        check(&format!("country={}", "a".repeat(65)), None);
        check(&format!("country={}", ["us"; 33].join(",")), None);
        check(&["country=us"; 1_000].join("&"), None);
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
