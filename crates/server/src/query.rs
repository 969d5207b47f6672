//! The filters of the page's address, read as people write them and refused by name.

use headcount_engine::Filter;

use crate::problem::Problem;

/// More than a person chooses.
const COUNTRIES_MAX: usize = 32;
/// Longer than any value of the feed.
const VALUE_BYTES_MAX: usize = 64;

/// Reads `country=us,DE&country=gb`; other parameters are somebody else's.
pub(crate) fn filter(query: Option<&str>) -> Result<Filter, Problem> {
    const FIELD: &str = "country";
    let mut values = Vec::new();
    for pair in query.unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decode(name).as_deref() != Some(FIELD) {
            continue;
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
        check(
            "country=us,DE&by=cities&country=gb%2Cus",
            Some(&["de", "gb", "us"]),
        );
        check("c%6funtry=us&country=+fr+,,", Some(&["fr", "us"]));
        check("%ZZ=1&limit[]=&country=us", Some(&["us"]));
        check(
            "country=%2e%2e%2fetc&country='; DROP",
            Some(&["'; drop", "../etc"]),
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
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
