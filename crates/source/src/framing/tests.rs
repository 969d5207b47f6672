#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::message::Broken;

/// What comes out of a file: `+text` for a value, `-text` for a malformed span, `!length` for one too big.
fn spans(input: &[u8]) -> Vec<String> {
    shown(&framed(input, ScanMode::Proved, &[]))
}

fn shown(framed: &[Framed]) -> Vec<String> {
    let show = |framed: &Framed| match &framed.span.broken {
        None => format!("+{}", String::from_utf8_lossy(&framed.bytes)),
        Some(Broken::TooBig { length, .. }) => format!("!{length}"),
        Some(Broken::TooDeep) => "-too deep".to_owned(),
        Some(Broken::NotJson | Broken::NotUtf8) => {
            format!("-{}", String::from_utf8_lossy(&framed.bytes))
        }
    };
    framed.iter().map(show).collect()
}

/// Reads `input` in chunks of the given sizes (the last one over and over; none: all at once).
fn framed(input: &[u8], mode: ScanMode, sizes: &[usize]) -> Vec<Framed> {
    framed_by(Framer::new(mode), input, sizes)
}

fn framed_by(mut framer: Framer, input: &[u8], sizes: &[usize]) -> Vec<Framed> {
    let mut found = Vec::new();
    let mut rest = input;
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(
        sizes.last().copied().unwrap_or(input.len()),
    ));
    while !rest.is_empty() {
        let (now, later) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
        framer.push(now);
        found.extend(framer.by_ref());
        rest = later;
    }
    framer.finish();
    found.extend(framer.by_ref());
    found
}

/// Looks into the lines that were handed over unseen, as one does whose decoder refuses them.
fn looked_into(framed: Vec<Framed>) -> Vec<Framed> {
    let mut found = Vec::new();
    for line in framed {
        if line.span.proved {
            found.push(line);
            continue;
        }
        for part in values_in(&line.bytes) {
            let bytes = line.bytes.slice(part.range.clone());
            let (start, end) = (line.span.start + part.start, line.span.start + part.end);
            found.push(Framed {
                bytes,
                span: ValueSpan {
                    start,
                    end,
                    line: line.span.line,
                    ..part
                },
            });
        }
    }
    found
}

#[test]
fn values_however_laid_out() {
    let table: &[(&str, &[&str])] = &[
        ("", &[]),
        (" \n\t\r\n\n", &[]),
        ("{\"a\":1}\n{\"b\":2}\n", &["+{\"a\":1}", "+{\"b\":2}"]),
        (
            "{\"a\":1}\r\n\r\n{\"b\":2}\r\n",
            &["+{\"a\":1}", "+{\"b\":2}"],
        ),
        ("{\"a\":1}\r{\"b\":2}\r", &["+{\"a\":1}", "+{\"b\":2}"]),
        ("\u{feff}{\"a\":1}", &["+{\"a\":1}"]),
        (
            "{\"a\":1}\n\u{feff}{\"b\":2}\n",
            &["+{\"a\":1}", "+{\"b\":2}"],
        ),
        // Sequences of RFC 7464, and what is left in a log after a power cut.
        (
            "\u{1e}{\"a\":1}\n\u{1e}{\"b\":2}\n\u{1e}\u{1e}{\"c\":3}",
            &["+{\"a\":1}", "+{\"b\":2}", "+{\"c\":3}"],
        ),
        (
            "{\"a\":1}\n\0\0\0\0{\"b\":2}\n\0\0",
            &["+{\"a\":1}", "+{\"b\":2}"],
        ),
        (
            "{\"a\":\n\u{1e}{\"b\":2}\n{\"c\":\n\0\0\u{feff}{\"d\":4}\n",
            &["-{\"a\":", "+{\"b\":2}", "-{\"c\":", "+{\"d\":4}"],
        ),
        (
            "{\"a\":1}{\"b\":2} {\"c\":3},{\"d\":4}",
            &["+{\"a\":1}", "+{\"b\":2}", "+{\"c\":3}", "+{\"d\":4}"],
        ),
        ("[{\"a\":1},{\"b\":2}]", &["+{\"a\":1}", "+{\"b\":2}"]),
        (
            "[\n {\"a\":1},\n {\"b\":2}\n]\n",
            &["+{\"a\":1}", "+{\"b\":2}"],
        ),
        (
            "[\n {\"a\":1}\n,{\"b\":2}\n]\n",
            &["+{\"a\":1}", "+{\"b\":2}"],
        ),
        (
            "{\n \"a\": [\n  {\n   \"b\": 1\n  }\n ]\n}\n{\n}\n",
            &["+{\n \"a\": [\n  {\n   \"b\": 1\n  }\n ]\n}", "+{\n}"],
        ),
        // A line that ends with a brace, but not with its value.
        (
            "{\"a\":{\"b\":1}\n,\"c\":2}\n",
            &["+{\"a\":{\"b\":1}\n,\"c\":2}"],
        ),
        (
            "{\"a\":[{\"b\":1},\n{\"c\":2}]}\n{}\n",
            &["+{\"a\":[{\"b\":1},\n{\"c\":2}]}", "+{}"],
        ),
        (
            "{\"a\":{\"b\":{}\n}\n}\n{}",
            &["+{\"a\":{\"b\":{}\n}\n}", "+{}"],
        ),
        // Braces, quotes and brackets inside strings.
        (
            r#"{"a":"}{","b\\":"\"}","c":"[\u00e9\/"}{"d":"\\"}"#,
            &[
                r#"+{"a":"}{","b\\":"\"}","c":"[\u00e9\/"}"#,
                r#"+{"d":"\\"}"#,
            ],
        ),
        // Every kind of scalar.
        (
            "{\"a\":[0,-0.5,1e9,1.5E-7,12,true,false,null,\"\",[],{}],\"b\":{}}",
            &["+{\"a\":[0,-0.5,1e9,1.5E-7,12,true,false,null,\"\",[],{}],\"b\":{}}"],
        ),
        // The last value is complete at the end of the input.
        ("{\"a\":1}\n{\"b\":2}", &["+{\"a\":1}", "+{\"b\":2}"]),
        ("[]", &[]),
    ];
    for (input, expected) in table {
        assert_eq!(spans(input.as_bytes()), *expected, "{input:?}");
    }
}

#[test]
fn heads_of_curl_are_skipped() {
    let head = "HTTP/1.1 200 OK\r\nDate: Sun, 08 Mar 2015 00:09:32 GMT\r\nX-Odd:\r\n\r\n";
    let moved = "HTTP/1.1 301 Moved\r\nLocation: /2\r\n\r\n";
    let table: &[(String, &[&str])] = &[
        (format!("{head}{{}}\n"), &["+{}"]),
        (format!("{moved}{head}{{}}\n"), &["+{}"]),
        (format!("{{}}\n{head}{{\"a\":1}}\n"), &["+{}", "+{\"a\":1}"]),
        (head.replace('\r', "") + "{}", &["+{}"]),
        // Without its blank line a head ends where no header stands.
        ("HTTP/1.1 502 Bad Gateway\n{}\n".to_owned(), &["+{}"]),
        (
            "HTTP/1.1 502 Bad Gateway\n<html>\n{}\n".to_owned(),
            &["-<html>", "+{}"],
        ),
        ("HTTP/1.1 200 OK\r\nDate: to".to_owned(), &[]),
        ("HTTP".to_owned(), &["-HTTP"]),
        (
            "HTTPS is not a head\n{}".to_owned(),
            &["-HTTPS is not a head", "+{}"],
        ),
        (
            "{} HTTP/1.1 200 OK\n{}".to_owned(),
            &["+{}", "-HTTP/1.1 200 OK", "+{}"],
        ),
    ];
    for (input, expected) in table {
        assert_eq!(spans(input.as_bytes()), *expected, "{input:?}");
    }
    let long = format!("HTTP/1.1 200 {}\n{{}}\n", "x".repeat(20 << 10));
    assert_eq!(spans(long.as_bytes()).len(), 2);
    assert_eq!(spans(long.as_bytes())[1], "+{}");
}

#[test]
fn a_broken_value_is_one_piece() {
    let table: &[(&str, &[&str])] = &[
        // Single quotes, one record a line.
        (
            "{'a':1}\n{'b':2}\n{\"c\":3}\n",
            &["-{'a':1}", "-{'b':2}", "+{\"c\":3}"],
        ),
        ("  {'a':1}\n  {\"c\":3}\n", &["-{'a':1}", "+{\"c\":3}"]),
        // Cut off: noticed at the next line, or only much later, but reading goes on at the next line.
        (
            "{\"a\":\"cut of\n{\"b\":2}\n",
            &["-{\"a\":\"cut of", "+{\"b\":2}"],
        ),
        ("{\"a\":1,\n{\"b\":2}\n", &["-{\"a\":1,", "+{\"b\":2}"]),
        (
            "{\"a\":[\n{\"b\":2},\n{\"c\":3}\n{\"d\":4}\n",
            &["-{\"a\":[", "+{\"b\":2}", "+{\"c\":3}", "+{\"d\":4}"],
        ),
        ("{\"a\":[\n{\"b\":2}\n", &["-{\"a\":[", "+{\"b\":2}"]),
        ("{\"a\":{\"b\":{}\n{}\n", &["-{\"a\":{\"b\":{}", "+{}"]),
        ("{\"a\":1", &["-{\"a\":1"]),
        ("{\"a\":1}\n{", &["+{\"a\":1}", "-{"]),
        // What is no part of a value is its own span, behind a broken value too.
        ("{\"a\":1,}\nnoise\n{}\n", &["-{\"a\":1,}", "-noise", "+{}"]),
        (
            "{\"a\":1,\nAnn Example, 5 Main St\n\nmore\n{}\n",
            &["-{\"a\":1,", "-Ann Example, 5 Main St", "-more", "+{}"],
        ),
        (
            "{\n  \"a\": oops\n}\n5 Main St: \"Ann\"\n{\n  \"b\": 1\n}\n",
            &[
                "-{\n  \"a\": oops\n}",
                "-5 Main St: \"Ann\"",
                "+{\n  \"b\": 1\n}",
            ],
        ),
        (
            "{\"a\":\"cut of\n\"Ann\" <ann@example>\n{}",
            &["-{\"a\":\"cut of", "-\"Ann\" <ann@example>", "+{}"],
        ),
        // A text with a line end in it is one span, so that it can be mended.
        (
            "{\"a\":\"one\nand two\",\"b\":1}\n{}\n",
            &["-{\"a\":\"one\nand two\",\"b\":1}", "+{}"],
        ),
        (
            "{\"a\": 1\n \"b\": [true, -1.5e3,\n null]}\n{}\n",
            &["-{\"a\": 1\n \"b\": [true, -1.5e3,\n null]}", "+{}"],
        ),
        // A word too many between indented lines does not tear them apart.
        (
            "{\n  \"a\": 1,\n  oops\n  \"b\": 2\n}\n{\n}\n",
            &["-{\n  \"a\": 1,\n  oops\n  \"b\": 2\n}", "+{\n}"],
        ),
        // A value of its own that is no object is no part of the broken one.
        (
            "{'a':1}\n[\"x\"]\n\"x\"\n12\n-1.5e3\nnull\n[ {\"b\":2} ]\n{}\n",
            &[
                "-{'a':1}",
                "-\"x\"]",
                "-\"x\"",
                "-12",
                "--1.5e3",
                "-null",
                "+{\"b\":2}",
                "+{}",
            ],
        ),
        (
            "{\n  \"a\": oops\n}\n[1,\n{}\n",
            &["-{\n  \"a\": oops\n}", "-1,", "+{}"],
        ),
        ("noise\nmore noise\n{}\n", &["-noise", "-more noise", "+{}"]),
        ("{} noise {}\n{}\n", &["+{}", "-noise {}", "+{}"]),
        ("{}}\n{}\n", &["+{}", "-}", "+{}"]),
        (
            "null\n\"x\"\n12\n[1,2]\n{}\n",
            &["-null", "-\"x\"", "-12", "-1,2]", "+{}"],
        ),
        ("<html>\n<p>502</p>\n", &["-<html>", "-<p>502</p>"]),
        // Pretty-printed: what is nested in the broken value is not taken for records.
        (
            "{\n  \"a\": [\n    {\n      \"x\": 1\n    },\n    {\n      'x': 2\n    }\n  ]\n}\n{\n  \"b\": 1\n}\n",
            &[
                "-{\n  \"a\": [\n    {\n      \"x\": 1\n    },\n    {\n      'x': 2\n    }\n  ]\n}",
                "+{\n  \"b\": 1\n}",
            ],
        ),
        (
            "[\n  {\n    \"a\":\n  },\n  {\n    \"b\": {\n      \"c\": 1\n    }\n  }\n]\n",
            &[
                "-{\n    \"a\":\n  },",
                "+{\n    \"b\": {\n      \"c\": 1\n    }\n  }",
            ],
        ),
        (
            "[ {\n  \"a\" : 01\n}, {\n  \"b\" : 1\n} ]\n",
            &["-{\n  \"a\" : 01", "+{\n  \"b\" : 1\n}"],
        ),
        ("{\n  \"a\": [\n    {\n", &["-{\n  \"a\": [\n    {"]),
        // An array one a line, with a broken member.
        (
            "[{\"a\":1},\n{\"b\":2,},\n{\"c\":3}]\n",
            &["+{\"a\":1}", "-{\"b\":2,},", "+{\"c\":3}"],
        ),
        (
            "[{\"a\":1}\n,{\"b\":2,}\n,{\"c\":3}\n]\n",
            &["+{\"a\":1}", "-{\"b\":2,}", "+{\"c\":3}"],
        ),
        // Grammar.
        ("{\"a\":01}", &["-{\"a\":01}"]),
        ("{\"a\":1.}", &["-{\"a\":1.}"]),
        ("{\"a\":+1}", &["-{\"a\":+1}"]),
        ("{\"a\":.5}", &["-{\"a\":.5}"]),
        ("{\"a\":1e}", &["-{\"a\":1e}"]),
        ("{\"a\":NaN}", &["-{\"a\":NaN}"]),
        ("{\"a\":nul}", &["-{\"a\":nul}"]),
        ("{\"a\":\"\\x\"}", &["-{\"a\":\"\\x\"}"]),
        ("{\"a\":\"\\u12g4\"}", &["-{\"a\":\"\\u12g4\"}"]),
        ("{\"a\":\"\u{1}\"}", &["-{\"a\":\"\u{1}\"}"]),
        ("{\"a\" 1}", &["-{\"a\" 1}"]),
        ("{\"a\":1 \"b\":2}", &["-{\"a\":1 \"b\":2}"]),
        ("{\"a\":[1,]}", &["-{\"a\":[1,]}"]),
        ("{\"a\":[1}}", &["-{\"a\":[1}}"]),
        ("{\"a\":{1]}", &["-{\"a\":{1]}"]),
        ("{,}", &["-{,}"]),
        ("{\"a\":1 /* one */}", &["-{\"a\":1 /* one */}"]),
    ];
    for (input, expected) in table {
        assert_eq!(spans(input.as_bytes()), *expected, "{input:?}");
    }
}

#[test]
fn depth_is_bounded() {
    let deep = |depth: usize| {
        format!(
            "{{\"a\":{}{}}}\n{{}}\n",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert_eq!(spans(deep(DEPTH_MAX as usize).as_bytes()).len(), 2);
    assert!(spans(deep(DEPTH_MAX as usize).as_bytes())[0].starts_with("+{"));
    assert_eq!(
        spans(deep(DEPTH_MAX as usize + 1).as_bytes()),
        ["-too deep", "+{}"]
    );
    assert_eq!(spans(deep(9000).as_bytes()), ["-too deep", "+{}"]);
    assert_eq!(spans(deep(1_000_000).as_bytes()), ["!2000004", "+{}"]);
    // Very many values on a line are looked at once each, also where lines are handed over unseen.
    let many = "{}".repeat(400_000) + "\nnoise\n" + &"{}".repeat(400_000) + "\n,\n";
    for mode in [ScanMode::Proved, ScanMode::Lines] {
        assert_eq!(framed(many.as_bytes(), mode, &[]).len(), 800_001);
    }
    // Nested objects a line each are looked at again at most once a level.
    let hostile = "{\"a\":[\n".repeat(20_000);
    let found = spans(hostile.as_bytes());
    assert_eq!(found.len(), 20_000);
}

#[test]
fn what_is_too_big_is_counted_and_hashed() {
    let value = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    assert_eq!(value(20).len(), 20);
    let hash = |text: &str| <[u8; 32]>::from(Sha256::digest(text));
    for (input, length, hash) in [
        (
            value(VALUE_MAX + 1) + "\n{}\n",
            VALUE_MAX + 1,
            hash(&value(VALUE_MAX + 1)),
        ),
        (
            value(VALUE_MAX + 1) + "\r\n{}\r\n",
            VALUE_MAX + 1,
            hash(&value(VALUE_MAX + 1)),
        ),
        (
            value(3 * VALUE_MAX) + "\n{}\n",
            3 * VALUE_MAX,
            hash(&value(3 * VALUE_MAX)),
        ),
        (
            "x".repeat(VALUE_MAX + 1) + "\n{}\n",
            VALUE_MAX + 1,
            hash(&"x".repeat(VALUE_MAX + 1)),
        ),
        // Pretty-printed and far too long: until an object begins no deeper than it.
        (
            format!(
                "{{\n{}  \"z\": 1\n}}\n{{}}\n",
                "  {\"a\": 1},\n".repeat(200_000)
            ),
            2 + 12 * 200_000 + 9 + 1,
            hash(&format!(
                "{{\n{}  \"z\": 1\n}}",
                "  {\"a\": 1},\n".repeat(200_000)
            )),
        ),
    ] {
        for sizes in [vec![], vec![1 << 16], vec![7777]] {
            let found = framed(input.as_bytes(), ScanMode::Proved, &sizes);
            assert_eq!(found.len(), 2, "{}", &input[..20]);
            assert_eq!(
                found[0].span.broken,
                Some(Broken::TooBig {
                    length: length as u64,
                    sha256: hash
                })
            );
            assert_eq!(found[0].bytes, input.as_bytes()[..EXCERPT_BYTES]);
            assert_eq!(found[1].bytes, "{}");
        }
    }
    let fits = value(VALUE_MAX) + "\n{}\n";
    for mode in [ScanMode::Proved, ScanMode::Lines] {
        let found = framed(fits.as_bytes(), mode, &[]);
        assert_eq!(found[0].bytes.len(), VALUE_MAX);
        assert_eq!((found.len(), &found[0].span.broken), (2, &None));
    }
    let fits = "x".repeat(VALUE_MAX) + "\n";
    assert_eq!(
        framed(fits.as_bytes(), ScanMode::Proved, &[])[0]
            .span
            .broken,
        Some(Broken::NotJson)
    );
}

#[test]
fn memory_stays_flat_over_an_endless_line() {
    let mut framer = Framer::new(ScanMode::Proved);
    let chunk = vec![b'x'; 1 << 20];
    framer.push(b"{\"a\":\"");
    let mut pending_max = 0;
    for _ in 0..40 {
        framer.push(&chunk);
        assert_eq!(framer.next(), None);
        pending_max = pending_max.max(framer.pending());
    }
    framer.push(b"\n{\"b\":1}\n");
    let found: Vec<_> = framer.by_ref().collect();
    assert_eq!(
        shown(&found),
        [format!("!{}", (40 << 20) + 6), "+{\"b\":1}".to_owned()]
    );
    assert!(pending_max <= 2 << 20, "{pending_max}");
}

#[test]
fn places_and_positions_are_told() {
    let input = "\n{\"a\":1}\n\n[\n {\n \"b\":2},\n noise\n {'c'\n\n {}";
    let found = framed(input.as_bytes(), ScanMode::Proved, &[]);
    let places: Vec<_> = found
        .iter()
        .map(|f| (f.span.line, f.span.start, f.span.end))
        .collect();
    assert_eq!(
        shown(&found),
        ["+{\"a\":1}", "+{\n \"b\":2}", "-noise", "-{'c'", "+{}"]
    );
    assert_eq!(
        places,
        [
            (2, 1, 8),
            (5, 13, 22),
            (7, 25, 30),
            (8, 32, 36),
            (10, 39, 41)
        ]
    );
    for place in places {
        assert_eq!(
            input.as_bytes()[place.0 as usize..].len(),
            input.len() - place.0 as usize
        );
    }
}

#[test]
fn what_came_before_an_error_is_given_before_it() {
    /// Ends with an error.
    struct Torn<'a>(&'a [u8]);
    impl std::io::Read for Torn<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(std::io::Error::other("torn")),
                count => Ok(count),
            }
        }
    }
    for block_bytes in [1, 7, 1000] {
        let mut reader = BlockReader::new(
            Torn(b"{\"a\":1}\n{\"b\":2}\n{\"c\":"),
            ScanMode::Proved,
            block_bytes,
        );
        let mut block = Block::default();
        let mut found = Vec::new();
        let error = loop {
            match reader.read(&mut block) {
                Ok(more) => assert!(more, "it did not end in good order"),
                Err(error) => break error,
            }
            found.extend(block.iter().map(|(_, bytes)| bytes.to_vec()));
        };
        assert_eq!(error.to_string(), "torn");
        assert_eq!(found, [&b"{\"a\":1}"[..], b"{\"b\":2}", b"{\"c\":"]);
        assert!(!reader.read(&mut block).unwrap(), "it is said once");
    }
}

/// Text in which everything happens that matters to framing, far more often than by chance.
fn hostile_text() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        8 => Just("{\"a\":1}"), 4 => Just("\n"), 2 => Just("\r\n"), 2 => Just("{"), 2 => Just("}"), 1 => Just("["),
        1 => Just("]"), 1 => Just(","), 1 => Just(":"), 1 => Just("\""), 1 => Just("\\"), 1 => Just(" "), 1 => Just("  {\n"),
        1 => Just("{'x':1}\n"), 1 => Just("\"k\":"), 1 => Just("{\"a\":["), 1 => Just("HTTP/1.1 200 OK\r\n"), 1 => Just("A: b\n"),
        1 => Just("}, {\n"), 1 => Just("{\n"), 1 => Just("},\n"), 1 => Just("null"), 1 => Just("-1.5e3"), 1 => Just("\u{feff}"),
        1 => Just("\u{1e}"), 1 => Just("\0"), 1 => Just("\n\u{1e}{\"a\":1}"),
        1 => Just("noise"), 1 => Just("5 Main St\n"), 1 => Just("\"Ann\" tru\n"), 1 => Just("{\"b\":{}\n"), 1 => Just("\n\n"), 1 => Just("é"), 1 => Just("{}"), 1 => Just("\u{1}"), 1 => Just("{\"a\":[{},\n"),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat().into_bytes())
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(input in hostile_text(), sizes in prop::collection::vec(1usize..20, 1..20)) {
        let whole = framed(&input, ScanMode::Proved, &[]);
        prop_assert_eq!(&whole, &rebased(framed(&input, ScanMode::Proved, &sizes), &whole));
        prop_assert_eq!(&whole, &rebased(framed(&input, ScanMode::Proved, &[1]), &whole));
        for sizes in [&[][..], &sizes, &[1]] {
            let lines = looked_into(framed(&input, ScanMode::Lines, sizes));
            prop_assert_eq!(&whole, &rebased(lines, &whole));
        }
        for value_max in [8, 20, 40] {
            let read = |mode, sizes: &[usize]| {
                framed_by(Framer::over(Splitter::new(mode).with_value_max(value_max)), &input, sizes)
            };
            let whole = read(ScanMode::Proved, &[]);
            prop_assert_eq!(&whole, &rebased(read(ScanMode::Proved, &sizes), &whole));
            prop_assert_eq!(&whole, &rebased(looked_into(read(ScanMode::Lines, &sizes)), &whole));
            prop_assert!(whole.iter().all(|one| one.span.excerpt.is_some() || one.bytes.len() <= value_max));
        }
        let mut blocks = BlockReader::new(&input[..], ScanMode::Lines, sizes[0]);
        let mut block = Block::default();
        let mut found = Vec::new();
        while blocks.read(&mut block).unwrap() {
            found.extend(block.iter().map(|(span, bytes)| Framed { bytes: bytes.to_vec().into(), span: span.clone() }));
        }
        prop_assert_eq!(&whole, &rebased(looked_into(found), &whole));
    }

    #[test]
    fn values_are_json_and_nothing_is_missed(input in hostile_text()) {
        let found = framed(&input, ScanMode::Proved, &[]);
        let mut end = 0;
        for Framed { bytes, span } in &found {
            let parsed = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes);
            if span.broken.is_none() {
                prop_assert!(parsed.is_ok(), "{:?}", bytes);
            } else {
                prop_assert!(parsed.is_err(), "{:?}", bytes);
            }
            prop_assert!(span.start >= end && span.end > span.start);
            prop_assert!(input[span.start as usize..].starts_with(bytes));
            prop_assert!(only_layout(&input[end as usize..span.start as usize]), "{:?}", &input[end as usize..]);
            let line = 1 + memchr::memchr_iter(b'\n', &input[..span.start as usize]).count() as u64;
            prop_assert_eq!(span.line, line);
            end = span.end;
        }
        prop_assert!(only_layout(&input[end as usize..]));
    }

    #[test]
    fn a_line_of_json_is_one_value(value in json(), other in json()) {
        let (value, other) = (format!("{{\"v\":{value}}}"), format!("{{\"w\":{other}}}"));
        prop_assert_eq!(spans(format!("{value}{other}\n{value}").as_bytes()), [
            format!("+{value}"), format!("+{other}"), format!("+{value}")
        ]);
        let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&value).unwrap()).unwrap();
        prop_assert_eq!(spans(format!("[{pretty},\n{pretty}]").as_bytes()), [format!("+{pretty}"), format!("+{pretty}")]);
    }

    /// A plain count: every line is a value, or one that is refused.
    #[test]
    fn values_one_a_line_are_counted_as_lines(lines in prop::collection::vec(any_line(), 0..20)) {
        let text = lines.join("\n");
        let objects = |line: &String| -> Vec<serde_json::Value> {
            match serde_json::from_str(line) {
                Ok(serde_json::Value::Array(members)) => members.into_iter().filter(|one| one.is_object()).collect(),
                Ok(value) if value.is_object() => vec![value],
                _ => Vec::new(),
            }
        };
        let sound: usize = lines.iter().map(|line| objects(line).len()).sum();
        let refused = lines.iter().filter(|line| objects(line).is_empty()).count();
        for mode in [ScanMode::Proved, ScanMode::Lines] {
            let found = looked_into(framed(text.as_bytes(), mode, &[]));
            let broken = found.iter().filter(|one| one.span.broken.is_some()).count();
            prop_assert_eq!((found.len() - broken, broken), (sound, refused), "{:?} {:?}", mode, shown(&found));
        }
    }

    #[test]
    fn any_bytes_at_all(input in prop::collection::vec(any::<u8>(), 0..300)) {
        let whole = framed(&input, ScanMode::Proved, &[]);
        prop_assert_eq!(&whole, &rebased(framed(&input, ScanMode::Proved, &[1]), &whole));
    }
}

/// With the ranges (which differ with the buffers) and the proofs of the other.
/// A line that is an object, one that is broken, or a value that is none.
fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{\"a\":1}".to_owned()),
        Just("  {\"a\":{\"b\":[{}]}}".to_owned()),
        Just("[{\"a\":1},{\"b\":2}]".to_owned()),
        Just("{'a':1}".to_owned()),
        Just("{\"a\":1,}".to_owned()),
        Just("{\"a\":[1,{\"b\":\"cut of".to_owned()),
        Just("[\"x\"]".to_owned()),
        Just("[[1, 2], \"y\"]".to_owned()),
        Just("\"x\"".to_owned()),
        Just("\"a \\\" quote: \\\\\"".to_owned()),
        Just(format!("[\"{}\"]", "long ".repeat(80))),
        Just(format!("\"{}\"", "long ".repeat(80))),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("prose, and no JSON".to_owned()),
    ]
}

fn rebased(mut framed: Vec<Framed>, like: &[Framed]) -> Vec<Framed> {
    for (one, other) in framed.iter_mut().zip(like) {
        one.span.range = other.span.range.clone();
    }
    framed
}

/// What may stand between spans.
fn only_layout(between: &[u8]) -> bool {
    String::from_utf8_lossy(between).lines().all(|line| {
        let line = line.replace(['\u{feff}', '\0', '\u{1e}'], "");
        line.starts_with("HTTP/")
            || is_header(&line)
            || line.bytes().all(|b| b" \t\r,[]}".contains(&b))
    })
}

/// In a head, anything that looks like `Name: value` is skipped.
fn is_header(line: &str) -> bool {
    let name = line.split_once(':').map_or("", |(name, _)| name);
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.'".contains(&byte))
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| serde_json::to_string(&n).unwrap()),
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec((any::<String>(), inner), 0..4).prop_map(|members| {
                let show = |(key, value): &(String, String)| {
                    format!("{}:{value}", serde_json::to_string(key).unwrap())
                };
                format!(
                    "{{{}}}",
                    members.iter().map(show).collect::<Vec<_>>().join(",")
                )
            }),
        ]
    })
}

/// A record as it is, with everything that can be cut in two.
const RECORD: &str = r#"{"venue":{"venue_name":"Caf\u00e9 \"X\"","lon":-95.38,"lat":0},"response":"no","guests":0,"event":{"event_name":"a } { ] [ , : b","event_id":"qwl","time":1489925470960},"group":{"group_topics":[{"urlkey":"a","topic_name":"A"},{"urlkey":"b","topic_name":"B \/ C"}],"group_lat":1e2,"open":true,"x":null},"mtime":1489925470961}"#;

#[test]
fn cut_anywhere_it_costs_one_record() {
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(RECORD).unwrap())
            .unwrap();
    for record in [RECORD, &pretty] {
        for cut in (1..record.len()).filter(|&cut| record.is_char_boundary(cut)) {
            let input = format!("{record}\n{}\n{record}\n{record}\n", &record[..cut]);
            let good = format!("+{record}");
            let found = spans(input.as_bytes());
            assert_eq!(found.len(), 4, "cut at {cut}: {found:?}");
            assert!(found[1].starts_with('-'), "cut at {cut}: {found:?}");
            assert_eq!(
                [&found[0], &found[2], &found[3]],
                [&good; 3],
                "cut at {cut}"
            );
            // At the end of the file, too.
            let found = spans(format!("{record}\n{}", &record[..cut]).as_bytes());
            assert_eq!((found.len(), &found[0]), (2, &good), "cut at {cut}");
        }
    }
}

/// Rows 1-22 and 50-54 of the list of bad inputs, as a file and as a stream: never anything but malformed spans, lines
/// that the decoder refuses, and the good records around them.
#[test]
fn bad_inputs_cost_nothing_but_themselves() {
    let utf16: Vec<u8> = RECORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(10 << 20));
    let keys: String = (0..100_000).map(|n| format!("\"{n}\":0,")).collect();
    let wide = format!("{{{keys}\"z\":0}}");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(9000), "]".repeat(9000));
    // What stands between two good records; how many values, malformed spans of a file, and lines of a stream it is.
    let table: &[(&str, &[u8], [usize; 3])] = &[
        ("empty", b"", [0, 0, 0]),
        ("one space", b" ", [0, 0, 0]),
        ("null", b"null", [0, 1, 1]),
        ("an array", b"[]", [0, 0, 1]),
        ("a text", b"\"x\"", [0, 1, 1]),
        ("no keys", b"{}", [1, 0, 1]),
        ("two objects", b"{\"a\":1}{\"b\":2}", [2, 0, 1]),
        ("trailing comma", b"{\"a\":1,}", [0, 1, 1]),
        ("single quotes", b"{'a':1}", [0, 1, 1]),
        ("comment", b"{\"a\":1} // one", [1, 1, 1]),
        ("byte order mark", b"\xef\xbb\xbf{\"a\":1}", [1, 0, 1]),
        ("UTF-16", &utf16, [0, 1, 1]),
        // Bad UTF-8 in a text, a lone surrogate, NUL by escape, a key twice: for the decoder to judge.
        (
            "bad UTF-8",
            b"{\"a\":\"\xc0\x80\xed\xa0\x80\xff\"}",
            [1, 0, 1],
        ),
        (
            "lone surrogate",
            b"{\"a\":\"\\ud800\",\"a\":\"\\u0000\"}",
            [1, 0, 1],
        ),
        ("raw control character", b"{\"a\":\"\x01\"}", [0, 1, 1]),
        (
            "depth 33",
            &[b"{\"a\":".repeat(33), b"1".to_vec(), b"}".repeat(33)].concat(),
            [1, 0, 1],
        ),
        ("depth 9000", deep.as_bytes(), [0, 1, 1]),
        ("10 MiB", long.as_bytes(), [0, 1, 1]),
        ("100,000 keys", wide.as_bytes(), [1, 0, 1]),
        ("gzip bytes", b"\x1f\x8b\x08\x00{\"a\":1}\x00", [0, 1, 1]),
        (
            "an error page",
            b"<html>\r\n<head><title>502</title></head>\r\n</html>",
            [0, 3, 3],
        ),
        ("other line ends", "{}\r{}\u{2028}{}".as_bytes(), [2, 1, 1]),
    ];
    for (name, bad, [values, malformed, _]) in table {
        let input = [
            RECORD.as_bytes(),
            b"\n",
            bad,
            b"\n",
            RECORD.as_bytes(),
            b"\n",
        ]
        .concat();
        for mode in [ScanMode::Proved, ScanMode::Lines] {
            let found = looked_into(framed(&input, mode, &[100_000]));
            let broken = found.iter().filter(|one| one.span.broken.is_some()).count();
            assert_eq!(
                (found.len() - 2 - broken, broken),
                (*values, *malformed),
                "{name} in a file"
            );
            assert!(
                found[0].bytes == RECORD && found[found.len() - 1].bytes == RECORD,
                "{name} in a file"
            );
        }
    }
}
