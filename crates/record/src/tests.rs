//! The two ways of decoding against each other, and the bad inputs that must be told apart.

use proptest::prelude::*;

use crate::{
    Admission, Decoder, Masking, Namespace, PeopleKey, Reason, Record, Rsvp,
    meetup::{decode_complete, draft, fast::settle},
};

const GOOD: &str = r#"{"venue":{"venue_name":"Café \/ Bar","lon":0,"lat":-51.25,"venue_id":23779799},"visibility":"public","response":"yes","guests":3,"member":{"member_id":91201524,"photo":"https:\/\/p.example\/1.jpeg","member_name":"Ann \"A\" B"},"rsvp_id":1658733801,"mtime":1489925470960,"event":{"event_name":"Play {odd} [names]","event_id":"jkpwmlywgbmb","time":1491613200000,"event_url":"https:\/\/www.meetup.com\/x\/"},"group":{"group_topics":[{"urlkey":"fitness","topic_name":"Fitness"},{"urlkey":"a","topic_name":"A ] }"}],"group_city":"Taipei","group_country":"tw","group_id":16585312,"group_name":"T 台","group_lon":121.45,"group_urlname":"T","group_lat":25.02}}"#;

fn code(line: impl AsRef<[u8]>) -> String {
    match Decoder::new().decode(line.as_ref()) {
        Ok(_) => "ok".to_owned(),
        Err(reason) => reason.code().into_owned(),
    }
}

/// `GOOD` with one piece replaced, decoded.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    code(GOOD.replacen(from, to, 1))
}

fn rsvp(decoder: &mut Decoder, line: &[u8]) -> Option<Rsvp> {
    match decoder.decode(line) {
        Ok(Record::Rsvp(rsvp)) => Some(rsvp),
        _ => None,
    }
}

/// A decoder whose two ways can be gone one by one.
impl Decoder {
    fn decode_fast(&mut self, line: &[u8]) -> Option<Rsvp> {
        settle(&draft(line, &self.dictionary)?, &mut self.dictionary).map(|proved| proved.rsvp)
    }

    fn decode_complete(&mut self, line: &[u8]) -> Result<Record, Reason> {
        decode_complete(line, &mut self.dictionary)
    }
}

#[test]
fn both_ways_agree_on_a_good_record() {
    let mut decoder = Decoder::new();
    let first = rsvp(&mut decoder, GOOD.as_bytes()).expect("good");
    assert_eq!(decoder.fallbacks(), 0, "a usual record goes the fast way");
    let Ok(Record::Rsvp(complete)) = decoder.decode_complete(GOOD.as_bytes()) else {
        panic!()
    };
    assert_eq!(first, complete);
    // Spaces, escaped keys and another order of keys are another spelling of the same record.
    let odd = GOOD
        .replace("\"guests\"", " \"gue\\u0073ts\" ")
        .replace(',', " ,\n ");
    let odd = rsvp(&mut decoder, odd.as_bytes()).expect("good");
    assert_eq!(odd, first);
    let group = decoder.dictionary().group(first.group.expect("group"));
    assert_eq!(
        (&*group.name, &*group.city, group.topics.len()),
        ("T 台", "Taipei", 2)
    );
    assert_eq!(
        decoder
            .dictionary()
            .venue(first.venue.expect("venue"))
            .place(),
        Some((-51.25, 0.0))
    );
}

#[test]
fn many_together_are_decoded_as_one_by_one() {
    let lines: Vec<String> = (0..100)
        .map(|at| match at % 5 {
            0 => "{}".to_owned(),
            1 => GOOD.replace("\"guests\"", " \"gue\\u0073ts\" "),
            2 => GOOD.replace("1658733801", &at.to_string()),
            3 => GOOD.replace("fitness", &format!("topic {at}")),
            _ => r#"{"id":7,"mtime":1478608237521,"lat":1.5,"lon":2}"#.to_owned(),
        })
        .collect();
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    let (mut one, mut all, mut together) = (Decoder::new(), Decoder::new(), Vec::new());
    all.decode_all(&lines, &mut together);
    let single: Vec<_> = lines.iter().map(|line| one.decode(line)).collect();
    assert_eq!(single, together);
    assert_eq!((one.fallbacks(), all.fallbacks()), (60, 60));
}

#[test]
fn the_hash_forgets_the_member_only() {
    let mut decoder = Decoder::new();
    let first = rsvp(&mut decoder, GOOD.as_bytes()).expect("good");
    let mut hash = |from: &str, to: &str| {
        rsvp(&mut decoder, GOOD.replacen(from, to, 1).as_bytes())
            .expect("good")
            .content
    };
    assert_eq!(hash("91201524", "5"), first.content);
    assert_eq!(hash("Ann", "Bob"), first.content);
    for (from, to) in [
        ("Taipei", "Tainan"),
        ("guests\":3", "guests\":4"),
        ("Fitness", "F"),
        ("-51.25", "-51.5"),
        ("Play", "Pray"),
        ("public", "p"),
    ] {
        assert_ne!(hash(from, to), first.content, "{from}");
    }
}

#[test]
fn tolerant_where_the_data_demands_it() {
    for (from, to) in [
        (
            r#""venue":{"venue_name":"Café \/ Bar","lon":0,"lat":-51.25,"venue_id":23779799},"#,
            "",
        ),
        (
            r#"{"venue_name":"Café \/ Bar","lon":0,"lat":-51.25,"venue_id":23779799}"#,
            "null",
        ),
        (
            r#"{"venue_name":"Café \/ Bar","lon":0,"lat":-51.25,"venue_id":23779799}"#,
            "{}",
        ),
        ("-51.25", "0"),
        ("-51.25", "-0.0"),
        (r#""time":1491613200000,"#, ""),
        (r#""guests":3,"#, ""),
        ("public", "secret"),
        ("\"yes\"", "\"no\""),
        (
            r#"[{"urlkey":"fitness","topic_name":"Fitness"},{"urlkey":"a","topic_name":"A ] }"}]"#,
            "[]",
        ),
        (
            r#"[{"urlkey":"fitness","topic_name":"Fitness"},{"urlkey":"a","topic_name":"A ] }"}]"#,
            "null",
        ),
        ("1658733801", "18446744073709551615"),
        ("1658733801", "9007199254740993"),
        ("{\"venue\"", "\u{feff}{\"venue\""),
        ("Play", r"\ud83d\ude00"),
        (
            "\"guests\"",
            r#""unknown":{"deep":[1,-2.5e3,true,null,"x"]},"guests""#,
        ),
        ("jkpwmlywgbmb", "../../etc/passwd"),
    ] {
        assert_eq!(with(from, to), "ok", "{from} -> {to}");
    }
    // An emoji as two surrogates of three bytes each.
    let cesu = [
        &GOOD.as_bytes()[..30],
        b"\xed\xa0\xbd\xed\xb8\x89",
        &GOOD.as_bytes()[30..],
    ]
    .concat();
    assert_eq!(code(cesu), "ok");
}

#[test]
fn refused_with_the_reason() {
    let deep = |n: usize| format!("\"x\":{}{},\"guests\"", "[".repeat(n), "]".repeat(n));
    for (from, to, expected) in [
        ("\"guests\":3", &*format!("{}:3", deep(31)), "ok"),
        ("\"guests\":3", &*format!("{}:3", deep(32)), "too_deep"),
        ("\"guests\":3", &*format!("{}:3", deep(200_000)), "too_deep"),
        ("\"yes\"", "\"YES\"", "unknown_enum:response"),
        ("\"yes\"", "\" yes\"", "unknown_enum:response"),
        ("\"yes\"", "\"waitlist\"", "unknown_enum:response"),
        ("\"yes\"", "1", "bad_type:response"),
        ("\"yes\"", "null", "missing_field:response"),
        (
            "\"response\":\"yes\"",
            r#""response":"yes","response":"no""#,
            "dup_key:response",
        ),
        (
            "\"response\":\"yes\"",
            r#""response":"yes","re\u0073ponse":"no""#,
            "dup_key:response",
        ),
        (
            "\"event_id\"",
            "\"event_id\":\"a\",\"event_id\"",
            "dup_key:event_id",
        ),
        ("\"rsvp_id\"", "\"RSVP_ID\"", "missing_field:rsvp_id"),
        ("1658733801", "-1", "range:rsvp_id"),
        ("1658733801", "0", "range:rsvp_id"),
        ("1658733801", "1.0", "bad_type:rsvp_id"),
        ("1658733801", "1e3", "bad_type:rsvp_id"),
        ("1658733801", "\"12\"", "bad_type:rsvp_id"),
        ("1658733801", "18446744073709551616", "bad_type:rsvp_id"),
        ("1658733801", "true", "bad_type:rsvp_id"),
        ("1489925470960", "0", "bad_timestamp"),
        ("1489925470960", "-1", "bad_timestamp"),
        ("1489925470960", "1489925470", "bad_timestamp"),
        ("1489925470960", "1489925470960000", "bad_timestamp"),
        ("1489925470960", "1489925470960000000", "bad_timestamp"),
        ("1489925470960", "9223372036854775807", "bad_timestamp"),
        ("1489925470960", "\"now\"", "bad_timestamp"),
        ("1489925470960", "1e400", "bad_json"),
        ("1489925470960", "NaN", "bad_json"),
        ("\"mtime\":1489925470960,", "", "missing_field:mtime"),
        ("\"guests\":3", "\"guests\":-1", "range:guests"),
        ("\"guests\":3", "\"guests\":1001", "range:guests"),
        ("\"guests\":3", "\"guests\":\"2\"", "bad_type:guests"),
        ("\"guests\":3", "\"guests\":0.5", "bad_type:guests"),
        ("-51.25", "91", "range:venue.lat"),
        ("-51.25", "\"51.5\"", "bad_type:venue.lat"),
        ("\"lon\":0", "\"lon\":-180.0000001", "range:venue.lon"),
        ("\"lon\":0", "\"lon\":01", "bad_json"),
        ("91201524", "null", "missing_field:member.member_id"),
        ("91201524", "-3", "range:member.member_id"),
        ("jkpwmlywgbmb", &*"x".repeat(65), "range:event.event_id"),
        (
            "\"tw\"",
            &*format!("\"{}\"", "x".repeat(1000)),
            "range:group.group_country",
        ),
        ("Play", r"\u0000", "nul_char"),
        ("Play", r"\u12g4", "bad_json"),
        ("Play", "\u{1}", "bad_json"),
        ("Play", "\n", "bad_json"),
        ("\"guests\":3,", "\"guests\":3,,", "bad_json"),
        ("\"guests\":3,", "\"guests\":3,/*x*/", "bad_json"),
    ] {
        assert_eq!(
            with(from, to),
            expected,
            "{from} -> {}",
            &to[..to.len().min(60)]
        );
    }
    let topics: String = (0..1001)
        .map(|n| format!("{{\"urlkey\":\"t{n}\"}},"))
        .collect();
    assert_eq!(
        with("[{\"urlkey\"", &format!("[{topics}{{\"urlkey\"")),
        "range:group.group_topics"
    );
}

/// Half an emoji, in front, alone, behind another half, and in capitals.
const HALVES: [(&str, &str); 5] = [
    (r"\ud83d Play", "\u{fffd} Play"),
    (r"\ude00", "\u{fffd}"),
    (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
    (r"\uD83D\n", "\u{fffd}\n"),
    (r"a\\\ud83d\\ude00", "a\\\u{fffd}\\ude00"),
];

#[test]
fn half_an_emoji_is_repaired_where_nothing_depends_on_it() {
    let key = PeopleKey::new([3; 16]);
    for (from, shows) in [
        ("Play {odd} [names]", true),
        ("Fitness", false),
        ("T 台", false),
        ("public", false),
        (r"https:\/\/www.meetup.com\/x\/", false),
        (r"Café \/ Bar", false),
        ("Ann", false),
    ] {
        for (half, repaired) in HALVES {
            let line = GOOD.replacen(from, half, 1);
            let mut decoder = Decoder::new();
            let decoded = rsvp(&mut decoder, line.as_bytes()).expect("a record");
            assert_eq!((decoder.repaired(), decoder.fallbacks()), (1, 1), "{line}");
            if shows {
                let event = decoder.dictionary().event(decoded.event);
                assert_eq!(&*event.name, repaired);
            }
            for masking in [Masking::Nothing, Masking::People(key.clone())] {
                let mut kept = Vec::new();
                let member = masking
                    .key()
                    .map_or(91_201_524, |key| key.pseudonym(91_201_524));
                let admitted = Admission::new(4, masking).admit(line.as_bytes(), &mut kept);
                assert!(admitted.expect("a record").repaired);
                // What is kept says the same, by both ways, and is not repaired again.
                let mut decoder = Decoder::new();
                decoder.decode(GOOD.as_bytes()).expect("good");
                let fast = decoder.decode_fast(&kept);
                assert_eq!(fast.is_some(), from != "public", "escapes are odd there");
                let Ok(Record::Rsvp(complete)) = decoder.decode_complete(&kept) else {
                    panic!("what is kept is a record");
                };
                assert_eq!(fast.unwrap_or(complete), complete);
                assert_eq!(
                    (complete.content, complete.member),
                    (decoded.content, member)
                );
                assert_eq!(decoder.repaired(), 0);
                serde_json::from_slice::<serde_json::Value>(&kept).expect("JSON");
            }
        }
    }
    let mut decoder = Decoder::new();
    decoder
        .decode(GOOD.replacen("Play", r"\ud83d\ude00 \ufffd", 1).as_bytes())
        .expect("a whole emoji, and a replacement that was sent");
    assert_eq!(decoder.repaired(), 0);
}

#[test]
fn half_an_emoji_is_refused_where_counts_depend_on_it() {
    for (from, field) in [
        ("\"yes\"", "response"),
        ("\"jkpwmlywgbmb\"", "event.event_id"),
        ("\"tw\"", "group.group_country"),
        ("\"Taipei\"", "group.group_city"),
        ("\"fitness\"", "group.group_topics.urlkey"),
    ] {
        for (half, _) in HALVES {
            let code = with(from, &format!("\"{half}\""));
            assert_eq!(code, format!("bad_text:{field}"), "{half}");
        }
        assert_eq!(with(from, r#""\ud83d"x""#), "bad_json");
    }
    assert_eq!(
        with("\"group_city\"", r#""group_state":"\ud83d","group_city""#),
        "bad_text:group.group_state"
    );
    for (line, field) in [
        (
            r#"{"id":"\ud83d","mtime":1478608237521,"status":"upcoming"}"#,
            "id",
        ),
        (
            r#"{"id":"a","mtime":1478608237521,"status":"\ud83d"}"#,
            "status",
        ),
        (r#"{"photo_id":"\ud83d","mtime":1478608237521}"#, "photo_id"),
        (
            r#"{"photo_id":5,"mtime":1478608237521,"photo_album":{"event":{"id":"\ude00"}}}"#,
            "photo_album.event.id",
        ),
        (
            r#"{"id":6,"mtime":1478608237521,"comment":"","event":{"event_id":"\ude00"}}"#,
            "event.event_id",
        ),
    ] {
        assert_eq!(code(line), format!("bad_text:{field}"));
    }
}

#[test]
fn half_an_emoji_changes_nothing_of_another_feeds_record_but_itself() {
    let line = |comment: &str| {
        format!(r#"{{"id":6,"mtime":1478608237521,"comment":"{comment}","key{comment}":1}}"#)
    };
    let mut kept = Vec::new();
    let admitted =
        Admission::new(2, Masking::Nothing).admit(line(r"hi \ud83d").as_bytes(), &mut kept);
    assert!(admitted.expect("a record").repaired);
    assert_eq!(kept, line(r"hi \ufffd").into_bytes());
    let decode = |line: &str| Decoder::new().decode(line.as_bytes());
    assert_eq!(decode(&line(r"hi \ud83d")), decode(&line(r"hi \ufffd")));
}

#[test]
fn not_one_object() {
    for bad in [
        "",
        " ",
        "null",
        "[]",
        "\"x\"",
        "42",
        "{",
        "<html>",
        "{\"a\":1}}",
        "{'a':1}",
        "\u{1f}\u{8b}",
    ] {
        assert_eq!(code(bad), "bad_json", "{bad}");
    }
    assert_eq!(code("{}"), "missing_field:rsvp_id");
    assert_eq!(code(format!("{GOOD}{GOOD}")), "bad_json");
    assert_eq!(code(GOOD.replace('"', "'")), "bad_json");
    assert_eq!(code(b"\xff\xfe{\0}\0"), "bad_utf8");
    for bad in [
        &b"\xc0\x80"[..],
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xff",
    ] {
        let line = [&GOOD.as_bytes()[..30], bad, &GOOD.as_bytes()[30..]].concat();
        assert_eq!(code(line), "bad_utf8");
    }
    let long = GOOD.replacen("Play", &"x".repeat(1 << 20), 1);
    assert_eq!(code(long), "too_big");
}

#[test]
fn every_truncation_is_refused() {
    let mut decoder = Decoder::new();
    decoder
        .decode(GOOD.as_bytes())
        .expect("good, so that known parts are met");
    for cut in 0..GOOD.len() {
        assert!(
            decoder.decode(&GOOD.as_bytes()[..cut]).is_err(),
            "cut at {cut}"
        );
    }
}

#[test]
fn admission_masks_and_places() {
    let key = PeopleKey::new([3; 16]);
    let mut admission = Admission::new(4, Masking::People(key.clone()));
    for line in [GOOD.to_owned(), GOOD.replace(':', " : ")] {
        let mut kept = Vec::new();
        let admitted = admission.admit(line.as_bytes(), &mut kept).expect("good");
        assert_eq!(
            admitted.partition,
            crate::partition_of(Namespace::MEETUP, "jkpwmlywgbmb", 4)
        );
        assert_eq!(admitted.key.as_deref(), Some("jkpwmlywgbmb"));
        let text = String::from_utf8(kept.clone()).expect("text");
        for secret in ["91201524", "1.jpeg", "Ann"] {
            assert!(!text.contains(secret), "{text}");
        }
        let (mut before, mut after) = (Decoder::new(), Decoder::new());
        let before = rsvp(&mut before, line.as_bytes()).expect("good");
        let after = rsvp(&mut after, &kept).expect("masked records are records");
        assert_eq!(
            after,
            Rsvp {
                member: key.pseudonym(91_201_524),
                ..before
            }
        );
    }
    let mut kept = b"before".to_vec();
    admission
        .admit(b"{\"rsvp_id\":1}", &mut kept)
        .expect_err("no response");
    assert_eq!(kept, b"before");
}

#[test]
fn other_feeds_are_told_apart() {
    for (line, feed) in [
        (
            r#"{"id":"lnsdslyvpbfc","mtime":1478608237521,"status":"upcoming","name":"x","event_url":"u"}"#,
            "open_events",
        ),
        (
            r#"{"photo_id":5,"mtime":1478608237521,"member":{"member_id":1,"name":"Ann"},"photo_album":{"event":{"id":"e1"}}}"#,
            "photos",
        ),
        (
            r#"{"id":6,"mtime":1478608237521,"comment":"hi","status":"active","event":{"event_id":"e1"}}"#,
            "event_comments",
        ),
        (
            r#"{"id":7,"mtime":1478608237521,"name":"Bar","lat":1.5,"lon":2,"city":"X"}"#,
            "open_venues",
        ),
    ] {
        let mut kept = Vec::new();
        let admitted = Admission::new(2, Masking::People(PeopleKey::new([1; 16])))
            .admit(line.as_bytes(), &mut kept)
            .expect(line);
        assert_eq!(admitted.kind.name(), feed);
        assert!(!String::from_utf8_lossy(&kept).contains("Ann"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// One random edit: what the fast way accepts, the complete way accepts with the same result.
    #[test]
    fn the_fast_way_never_takes_what_the_complete_way_refuses(
        at in 0..GOOD.len(), to in any::<u8>(), kind in 0..3,
    ) {
        let mut line = GOOD.as_bytes().to_vec();
        match kind {
            0 => line[at] = to,
            1 => line.insert(at, to),
            _ => { line.remove(at); }
        }
        let mut decoder = Decoder::new();
        decoder.decode(GOOD.as_bytes()).expect("good");
        let fast = decoder.decode_fast(&line);
        let complete = decoder.decode_complete(&line);
        if let Some(fast) = fast {
            prop_assert_eq!(complete, Ok(Record::Rsvp(fast)));
        }
        // serde_json is the second opinion on what is JSON at all.
        if serde_json::from_slice::<serde_json::Value>(&line).is_err() {
            prop_assert!(fast.is_none());
        }
    }
}
