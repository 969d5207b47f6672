//! What dead letters keep of people: nothing, whatever was done to the text.

use proptest::prelude::*;

use super::*;
use crate::{Admission, Decoder, Masking, Meetup, Reason, Record, Rsvp};

/// Enough to tell `QZQZQZQZ`, which stands wherever a person's text does.
const TRACE: &str = "QZQZ";

const RSVP: &str = r#"{"venue":{"venue_name":"Caf\u00e9 \/ Bar, \"X\"","lon":0,"lat":-51.25,"venue_id":23779799},"visibility":"public","response":"yes","guests":3,"member":{"member_id":91201524,"photo":"https:\/\/p.example\/QZQZQZQZ.jpeg","status":"QZQZQZQZ","other_services":{"twitter":{"identifier":"@QZQZQZQZ"},"new":{"handle":"QZQZQZQZ, x"}},"member_name":"QZQZQZQZ \"Q\" {Q}"},"rsvp_id":1658733801,"mtime":1489925470960,"event":{"event_name":"Play {odd} [names]","event_id":"jkpwmlywgbmb","time":1491613200000,"event_url":"https:\/\/www.meetup.com\/x\/"},"group":{"group_topics":[{"urlkey":"fitness","topic_name":"Fitness"}],"group_city":"Taipei","group_country":"tw","group_id":16585312,"group_name":"T","group_lon":121.45,"group_lat":25.02}}"#;
const COMMENT: &str = r#"{"id":6,"mtime":1478608237521,"member":{"member_id":1,"name":"QZQZQZQZ"},"status":"active","comment":"QZQZQZQZ","event":{"event_id":"e1"}"#;

fn key() -> PeopleKey {
    PeopleKey::new([7; 16])
}

fn excerpt(text: &str) -> String {
    masked(text.as_bytes(), &Meetup, &key())
}

fn rsvp(line: &str) -> Option<Rsvp> {
    match Decoder::new().decode(line.as_bytes()) {
        Ok(Record::Rsvp(rsvp)) => Some(rsvp),
        _ => None,
    }
}

#[test]
fn what_is_no_object_keeps_nothing() {
    for prose in [
        "Ann QZQZQZQZ, 5 Main Street, tel. 0171 234567",
        "member: Ann QZQZQZQZ, time: 5 o'clock, id: 17",
        "\"Ann QZQZQZQZ\"",
        "[\"Ann\", \"QZQZQZQZ\"]",
        "<p>Ann QZQZQZQZ</p>",
        "Subject: event, group: QZQZQZQZ",
        "0171234567",
        "",
    ] {
        assert_eq!(excerpt(prose), "", "{prose}");
    }
    assert_eq!(
        excerpt("{Ann QZQZQZQZ, tel. 0171 234567}"),
        r#"{"masked", "masked"}"#
    );
    let letter =
        Admission::new(1, Masking::People(key())).refuse(&Reason::BadJson, "line 7".into(), b"Ann");
    assert_eq!(
        (letter.length, &*letter.place, &*letter.excerpt),
        (3, "line 7", "")
    );
    assert_eq!(letter.sha256.len(), 64);
}

#[test]
fn a_text_in_the_place_of_a_number_or_an_answer_may_be_a_persons() {
    let places = [
        ("rsvp_id", "{", "}"),
        ("response", "{", "}"),
        ("guests", "{", "}"),
        ("mtime", "{", "}"),
        ("group_id", "{\"group\":{", "}}"),
        ("venue_id", "{\"venue\":{", "}}"),
        ("event_id", "{\"event\":{", "}}"),
    ];
    for (key, open, close) in places {
        for close in [close, "", ",,"] {
            let with = |value| format!("{open}\"{key}\":\"{value}\",\"time\":5{close}");
            let kept = excerpt(&with("Ann QZQZQZQZ"));
            assert!(
                kept.starts_with(&format!("{open}\"{key}\":\"masked\"")),
                "{kept}"
            );
        }
    }
    for fine in [
        r#"{"guests":"3"}"#,
        r#"{"response":"waitlist"}"#,
        r#"{"response":'no'}"#,
    ] {
        assert_eq!(excerpt(fine), fine);
    }
}

#[test]
fn people_that_are_to_be_kept_are_in_dead_letters_too() {
    let letter =
        Admission::new(1, Masking::Nothing).refuse(&Reason::BadJson, String::new(), b"Ann Example");
    assert_eq!(letter.excerpt, "Ann Example");
    let long = "é".repeat(EXCERPT_BYTES);
    let letter = Admission::new(1, Masking::Nothing).refuse(
        &Reason::BadJson,
        String::new(),
        long.as_bytes(),
    );
    assert_eq!(letter.excerpt.len(), EXCERPT_BYTES);
}

#[test]
fn a_record_that_was_refused_keeps_all_but_its_member() {
    let refused = RSVP.replace("\"yes\"", "\"maybe\"");
    let kept = excerpt(&refused);
    assert!(!kept.contains(TRACE), "{kept}");
    let mended = rsvp(&kept.replace("\"maybe\"", "\"yes\"")).expect("a record");
    let whole = rsvp(RSVP).expect("a record");
    let member = key().pseudonym(91_201_524);
    assert_eq!(mended, Rsvp { member, ..whole });
}

/// How a record is broken, and how a person would mend what is shown of it.
type Damage = (fn(&str) -> String, fn(&str) -> String);

#[test]
fn what_is_nearly_json_can_be_mended_and_read_again() {
    let table: [Damage; 9] = [
        (
            |good| good.replacen("\"guests\":3,", "\"guests\":3,,", 1),
            |kept| kept.replacen("\"guests\":3,,", "\"guests\":3,", 1),
        ),
        (
            |good| good[..good.len() - 1].to_owned(),
            |kept| format!("{kept}}}"),
        ),
        (
            |good| good.replacen("\"guests\"", "guests\"", 1),
            |kept| kept.replacen("guests\"", "\"guests\"", 1),
        ),
        (
            |good| good.replacen("\"response\":\"yes\"", "\"response\":\"yes", 1),
            |kept| kept.replacen("\"yes,\"", "\"yes\",\"", 1),
        ),
        (
            |good| good.replacen("\"rsvp_id\":", "\"rsvp_id\"=", 1),
            |kept| kept.replacen("\"rsvp_id\"=", "\"rsvp_id\":", 1),
        ),
        (
            |good| good.replacen("\"mtime\"", "mtime", 1),
            |kept| kept.replacen("mtime", "\"mtime\"", 1),
        ),
        (
            |good| good.replacen("},\"rsvp_id\"", ",\"rsvp_id\"", 1),
            |kept| kept.replacen(",\"rsvp_id\"", "},\"rsvp_id\"", 1),
        ),
        (
            |good| format!("{good}}}"),
            |kept| kept[..kept.len() - 1].to_owned(),
        ),
        (
            |good| good.replacen("\"guests\":3", "\"guests\":3 /* QZQZQZQZ */", 1),
            |kept| kept.replacen(" \"masked\"", "", 1),
        ),
    ];
    let member = key().pseudonym(91_201_524);
    let whole = rsvp(RSVP).expect("a record");
    for (at, (damage, mend)) in table.iter().enumerate() {
        let broken = damage(RSVP);
        assert_eq!(rsvp(&broken), None, "{at}: {broken}");
        let kept = excerpt(&broken);
        assert!(!kept.contains(TRACE), "{at}: {kept}");
        let mended = mend(&kept);
        assert_eq!(
            rsvp(&mended),
            Some(Rsvp { member, ..whole }),
            "{at}: {mended}"
        );
    }
}

#[test]
fn a_record_as_python_prints_it_keeps_what_is_counted() {
    let kept = excerpt(
        r#"{u'response': u'yes', 'guests': 0, "venue": None, 'member': {u'member_id': 5, 'member_name': u"QZQZQZQZ's"}, 'event': {'event_id': 'e7', 'event_name': "Ann's"}}"#,
    );
    let member = key().pseudonym(5);
    assert_eq!(
        kept,
        format!(
            r#"{{u'response': u'yes', 'guests': 0, "venue": None, 'member': {{u'member_id': {member}, 'member_name': "masked"}}, 'event': {{'event_id': 'e7', 'event_name': "Ann's"}}}}"#
        )
    );
}

#[derive(Clone, Debug)]
enum Edit {
    Replace(u8),
    Insert(u8),
    Remove,
    Cut,
}

fn edit() -> impl Strategy<Value = Edit> {
    let byte = || {
        prop_oneof![
            3 => prop::sample::select(br#""'\{}[],: "#.to_vec()),
            1 => any::<u8>(),
        ]
    };
    prop_oneof![
        3 => byte().prop_map(Edit::Replace),
        3 => byte().prop_map(Edit::Insert),
        4 => Just(Edit::Remove),
        1 => Just(Edit::Cut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// A record, damaged in a few places and with prose between its members, shows nobody.
    #[test]
    fn no_person_reaches_a_dead_letter(
        record in prop::sample::select(vec![RSVP, COMMENT]),
        prose in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(vec![
            "QZQZQZQZ, 5 Main St", "Ann's QZQZQZQZ: 12", "\nAnn QZQZQZQZ\n", "{name QZQZQZQZ}", "tel: QZQZQZQZ",
        ]))),
        edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 0..4),
    ) {
        let mut line = record.as_bytes().to_vec();
        if let Some((at, prose)) = prose {
            let gaps: Vec<usize> = record.match_indices(",\"").map(|(at, _)| at + 1).collect();
            let at = gaps[at.index(gaps.len())];
            line.splice(at..at, prose.bytes());
        }
        for (at, edit) in edits {
            let at = at.index(line.len().max(1));
            match edit {
                _ if line.is_empty() => {}
                Edit::Replace(byte) => line[at] = byte,
                Edit::Insert(byte) => line.insert(at, byte),
                Edit::Remove => { line.remove(at); }
                Edit::Cut => line.truncate(at),
            }
        }
        let kept = masked(&line, &Meetup, &key());
        prop_assert!(!kept.contains(TRACE), "{}\n{}", String::from_utf8_lossy(&line), kept);
        prop_assert!(kept.len() <= EXCERPT_BYTES);
        prop_assert!(!kept.contains("91201524"), "{}", kept);
    }
}
