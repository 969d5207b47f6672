//! The addresses that proxies write down: `X-Forwarded-For`, and `Forwarded` of RFC 7239.
//!
//! Each proxy adds the address that its request came from at the end, so the last one is the word of the nearest
//! proxy, and whatever stands before it may be an invention of the client. Most proxies set `X-Forwarded-For` and hand
//! a `Forwarded` of the client on, so `Forwarded` counts only where there is no `X-Forwarded-For`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What a proxy has written about where its request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// From this address.
    Address(IpAddr),
    /// From somewhere that the proxy does not name: `unknown`, or a word of its own such as `_hidden`.
    Unnamed,
    /// Nothing that can be read.
    Malformed,
}

/// The hops of a request, the nearest first; none where no proxy has written any.
pub(super) fn hops(headers: &HeaderMap) -> Vec<Hop> {
    let mut hops = Vec::new();
    for value in headers.get_all(FORWARDED_FOR) {
        hops.extend(of_list(value));
    }
    if !headers.contains_key(FORWARDED_FOR) {
        for value in headers.get_all(header::FORWARDED) {
            hops.extend(of_elements(value));
        }
    }
    hops.reverse();
    hops
}

/// `203.0.113.9, [2001:db8::1]:4711`
fn of_list(value: &HeaderValue) -> Vec<Hop> {
    let Ok(text) = value.to_str() else {
        return vec![Hop::Malformed];
    };
    let nodes = text.split(',').map(str::trim);
    nodes.filter(|node| !node.is_empty()).map(node).collect()
}

/// `for=203.0.113.9;proto=https, for="[2001:db8::1]:4711"`
fn of_elements(value: &HeaderValue) -> Vec<Hop> {
    // Behind a quote that the client left open, the word of the proxy would be a part of the client's.
    let elements = value.to_str().ok().and_then(|text| split(text, ','));
    let Some(elements) = elements else {
        return vec![Hop::Malformed];
    };
    let elements = elements.into_iter().map(str::trim);
    elements
        .filter(|element| !element.is_empty())
        .map(|element| of_element(element).unwrap_or(Hop::Malformed))
        .collect()
}

fn of_element(element: &str) -> Option<Hop> {
    for pair in split(element, ';')? {
        let (name, value) = pair.split_once('=')?;
        if name.trim().is_empty() {
            return None;
        }
        if name.trim().eq_ignore_ascii_case("for") {
            return Some(node(value.trim()));
        }
    }
    Some(Hop::Unnamed)
}

/// The parts of a text between separators that do not stand in quotes; nothing when a quote is left open.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if character == separator && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!is_quoted).then_some(parts)
}

/// An address as proxies spell it: with or without quotes, brackets, a port (which may be a word), a zone.
fn node(text: &str) -> Hop {
    let text = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    if text.eq_ignore_ascii_case("unknown") || text.starts_with('_') {
        return Hop::Unnamed;
    }
    match address(text) {
        Some(address) => Hop::Address(address.to_canonical()),
        None => Hop::Malformed,
    }
}

fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    if let Some((inner, port)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        let inner = inner
            .split_once('%')
            .map_or(inner, |(address, _zone)| address);
        return inner
            .parse::<Ipv6Addr>()
            .ok()
            .filter(|_| is_port)
            .map(Into::into);
    }
    if let Some((inner, _zone)) = text.split_once('%') {
        return inner.parse::<Ipv6Addr>().ok().map(Into::into);
    }
    let (inner, port) = text.split_once(':')?;
    let address = inner.parse().ok().filter(|_| is_port(port));
    address.map(IpAddr::V4)
}

/// A port may be hidden behind a word, which begins with `_`.
fn is_port(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.parse::<u16>().is_ok()
        || text
            .strip_prefix('_')
            .is_some_and(|word| !word.is_empty() && word.bytes().all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNNAMED: &str = "unnamed";
    const MALFORMED: &str = "malformed";

    fn check(header: HeaderName, values: &[&str], expected: &[&str]) {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
            headers.append(header.clone(), value);
        }
        let found: Vec<_> = hops(&headers)
            .into_iter()
            .map(|hop| match hop {
                Hop::Address(address) => address.to_string(),
                Hop::Unnamed => UNNAMED.to_owned(),
                Hop::Malformed => MALFORMED.to_owned(),
            })
            .collect();
        assert_eq!(found, expected, "{header}: {values:?}");
    }

    #[test]
    fn x_forwarded_for_is_a_list_of_any_spelling() {
        let check = |values: &[&str], expected: &[&str]| check(FORWARDED_FOR, values, expected);
        check(&[], &[]);
        check(&["", " , "], &[]);
        check(&["203.0.113.9"], &["203.0.113.9"]);
        check(&["10.9.9.9, 203.0.113.9"], &["203.0.113.9", "10.9.9.9"]);
        check(
            &["10.9.9.9", "203.0.113.9:4711"],
            &["203.0.113.9", "10.9.9.9"],
        );
        check(
            &["2001:db8::1,[2001:db8::2],[2001:db8::3]:80,\"[2001:db8::4]:80\""],
            &["2001:db8::4", "2001:db8::3", "2001:db8::2", "2001:db8::1"],
        );
        check(&["::ffff:203.0.113.9"], &["203.0.113.9"]);
        check(
            &["fe80::1%eth0, [fe80::2%25eth0]:1"],
            &["fe80::2", "fe80::1"],
        );
        check(&["Unknown, _hidden"], &[UNNAMED, UNNAMED]);
        for garbage in [
            "x",
            "203.0.113.999",
            "203.0.113.9:port",
            "203.0.113.9:70000",
            "203.0.113.9 10.0.0.1",
            "[203.0.113.9]",
            "[2001:db8::1",
            "2001:db8::1]:80",
            "[2001:db8::1]x",
            "https://203.0.113.9",
            "\"203.0.113.9",
            "0x7f.1",
            "127.1",
            "<script>",
            "é",
        ] {
            check(&[garbage], &[MALFORMED]);
        }
        check(&["x, 203.0.113.9"], &["203.0.113.9", MALFORMED]);
    }

    #[test]
    fn forwarded_is_read_as_in_rfc_7239() {
        let check = |values: &[&str], expected: &[&str]| check(header::FORWARDED, values, expected);
        check(&["for=192.0.2.43"], &["192.0.2.43"]);
        check(
            &["for=192.0.2.60;proto=http;by=203.0.113.43, For=\"[2001:DB8:cafe::17]:4711\""],
            &["2001:db8:cafe::17", "192.0.2.60"],
        );
        check(
            &[
                "for=192.0.2.43",
                "proto=https; FOR = \"198.51.100.17:_port\" ",
            ],
            &["198.51.100.17", "192.0.2.43"],
        );
        check(
            &["for=unknown, for=_gazonk;by=1.2.3.4, proto=https"],
            &[UNNAMED, UNNAMED, UNNAMED],
        );
        check(
            &["host=\"a,b;for=1.1.1.1\\\"\";for=192.0.2.43"],
            &["192.0.2.43"],
        );
        check(&["for=[2001:db8::1]:80,"], &["2001:db8::1"]);
        for garbage in ["for", "for=", "for=x", "for=\"192.0.2.43", "=;=", ";", "é"] {
            check(&[garbage], &[MALFORMED]);
        }
        // A quote left open must not hide what the proxy adds, nor let it pass for what the client says.
        check(&["for=\"1.1.1.1, for=192.0.2.43"], &[MALFORMED]);
        check(
            &["for=\"1.1.1.1", "for=192.0.2.43"],
            &["192.0.2.43", MALFORMED],
        );
    }

    #[test]
    fn x_forwarded_for_goes_first() {
        let mut headers = HeaderMap::new();
        headers.insert(header::FORWARDED, HeaderValue::from_static("for=1.1.1.1"));
        headers.insert(FORWARDED_FOR, HeaderValue::from_static("192.0.2.43"));
        let proxys = Hop::Address(IpAddr::from([192, 0, 2, 43]));
        assert_eq!(hops(&headers), [proxys]);
    }
}
