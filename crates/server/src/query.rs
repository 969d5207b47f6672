//! The parameters of requests, read as people write them and refused by name.

use headcount_engine::Filter;

use crate::problem::Problem;

/// More than a person chooses.
const COUNTRIES_MAX: usize = 32;
/// Longer than any value of the feed.
const VALUE_BYTES_MAX: usize = 64;

/// Refuses whatever is asked of a path that takes no parameters.
pub(crate) fn none(query: Option<&str>) -> Result<(), Problem> {
    match pairs(query).next() {
        Some((name, _)) => Err(Problem::unknown_parameter(name, &[])),
        None => Ok(()),
    }
}

/// Reads `country=us,DE&country=gb`. A parameter that is not known is refused: whoever misspells a
/// filter must not be given the whole world for it.
pub(crate) fn filter(query: Option<&str>) -> Result<Filter, Problem> {
    const FIELD: &str = "country";
    let mut values = Vec::new();
    for (name, value) in pairs(query) {
        if decode(name).as_deref() != Some(FIELD) {
            return Err(Problem::unknown_parameter(name, &[FIELD]));
        }
        let value = decode(value).ok_or_else(|| {
            Problem::bad_parameter(FIELD, "is not text in UTF-8, percent-encoded")
        })?;
        if value.chars().any(char::is_control) {
            return Err(Problem::bad_parameter(FIELD, "has control characters"));
        }
        for value in value.split(',') {
            if value.len() > VALUE_BYTES_MAX {
                let what = format!("has a value of more than {VALUE_BYTES_MAX} bytes");
                return Err(Problem::bad_parameter(FIELD, &what));
            }
            values.push(value.to_owned());
            if values.len() > COUNTRIES_MAX {
                let what = format!("has more than {COUNTRIES_MAX} values");
                return Err(Problem::bad_parameter(FIELD, &what));
            }
        }
    }
    Ok(Filter::of_countries(values.iter().map(String::as_str)))
}

/// Names and values as they stand in the address.
fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.unwrap_or_default().split('&');
    pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Undoes percent-encoding as forms do it; nothing when it is broken.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
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
        check("Country=us", None);
        check("country=%ZZ", None);
        check("country=%4", None);
        check("country=%", None);
        check("country=%ff%fe", None);
        check("country=us%00", None);
        check(&format!("country={}", "a".repeat(65)), None);
        check(&format!("country={}", ["us"; 33].join(",")), None);
        check(&["country=us"; 1_000].join("&"), None);
    }
}
