//! What every schema promises, against each that there is.
#![cfg(feature = "test-schema")]

use headcount_record::{
    Admission, CALENDAR, Decoder, Identity, Kind, Masking, Namespace, PeopleKey, Reason, Record,
    Response, Version, schema_of,
};

const RSVP: &str = r#"{"collection":"rsvp","did":"did:plc:shpuak7y3ahviskpsrahfgbb","rkey":"3n2skgembnc2x","time":1795245204,"sequence":16,"status":"interested","subject":"at://did:plc:ssfnmtfd6aqq226w5vju7tik/community.lexicon.calendar.event/3n2skgeiqec2x"}"#;
const EVENT: &str = r#"{"collection":"event","uri":"at://did:plc:ssfnmtfd6aqq226w5vju7tik/community.lexicon.calendar.event/3n2skgeiqec2x","time":1795245204,"sequence":15,"name":"Tea & data — Łódź 🍵","startsAt":1796151600,"place":{"name":"Off Piotrkowska","lat":51.7592,"lon":19.4560}}"#;
const MEETUP: &str = r#"{"rsvp_id":1,"response":"yes","guests":2,"mtime":1489925470960,"member":{"member_id":7,"member_name":"Ann"},"event":{"event_id":"jkpwmlywgbmb"},"group":{"group_id":3,"group_country":"tw"}}"#;

fn calendar() -> Decoder {
    Decoder::of(schema_of(CALENDAR).expect("in this build"))
}

fn calendar_admission(partitions: u16, masking: Masking) -> Admission {
    let kinds = vec![Kind::new(16), Kind::new(17)];
    Admission::of(calendar(), kinds, partitions, masking)
}

#[test]
fn a_schema_is_found_by_its_definition() {
    for definition in ["meetup", CALENDAR] {
        let schema = schema_of(definition).expect("in this build");
        assert_eq!(schema.definition(), definition);
        assert!(!schema.feeds().is_empty());
    }
    assert!(schema_of("calendar 2").is_none());
}

#[test]
fn an_answer_by_text_ids_of_a_whole_second() {
    let mut decoder = calendar();
    let Ok(Record::Rsvp(rsvp)) = decoder.decode(RSVP.as_bytes()) else {
        panic!("an RSVP");
    };
    assert_eq!(rsvp.response, Response::Maybe);
    assert_eq!(
        (rsvp.group, rsvp.venue, rsvp.tells_event),
        (None, None, false)
    );
    let member = Identity::of_text(Namespace(1), "did:plc:shpuak7y3ahviskpsrahfgbb");
    assert_eq!(
        (rsvp.member, rsvp.member_check),
        (member.bits, member.check)
    );
    assert_eq!(rsvp.version.time(), 1_795_245_204_000);
    assert!(rsvp.version.is_live(), "its schema says so");
    assert!(
        !Version::of_meetup(1_795_245_204_000)
            .expect("a time")
            .is_live()
    );
    let event = decoder.dictionary().event(rsvp.event);
    assert_eq!((event.namespace, &*event.name), (Namespace(1), ""));
}

#[test]
fn the_facts_of_an_event_are_a_record_of_their_own() {
    let mut decoder = calendar();
    let Ok(Record::Event(facts)) = decoder.decode(EVENT.as_bytes()) else {
        panic!("facts");
    };
    let event = decoder.dictionary().event(facts.event);
    assert_eq!(
        (&*event.name, event.time),
        ("Tea & data — Łódź 🍵", Some(1_796_151_600_000))
    );
    let venue = decoder.dictionary().venue(facts.venue.expect("a place"));
    assert_eq!(venue.place(), Some((51.7592, 19.456)));
    let Ok(Record::Rsvp(rsvp)) = decoder.decode(RSVP.as_bytes()) else {
        panic!("an RSVP");
    };
    assert_eq!(
        decoder.dictionary().event(rsvp.event).id,
        event_id(&decoder, facts.event)
    );
}

fn event_id(decoder: &Decoder, key: headcount_record::Key) -> std::sync::Arc<str> {
    decoder.dictionary().event(key).id.clone()
}

#[test]
fn facts_and_answers_of_an_event_meet_in_one_partition() {
    let mut admission = calendar_admission(8, Masking::Nothing);
    let mut out = Vec::new();
    let rsvp = admission.admit(RSVP.as_bytes(), &mut out).expect("an RSVP");
    let event = admission.admit(EVENT.as_bytes(), &mut out).expect("facts");
    assert_eq!((rsvp.partition, &rsvp.key), (event.partition, &event.key));
    assert_eq!((rsvp.kind, event.kind), (Kind::new(16), Kind::new(17)));
    assert_eq!(rsvp.time, 1_795_245_204_000);
    assert_eq!(out, [RSVP, EVENT].concat().as_bytes());
}

#[test]
fn masking_hides_people_and_changes_no_count() {
    let masking = Masking::People(PeopleKey::new([5; 16]));
    let secrets = ["did:plc:shpuak7y3ahviskpsrahfgbb", "Ann"];
    for (definition, lines) in [("meetup", [MEETUP, MEETUP]), (CALENDAR, [RSVP, EVENT])] {
        for line in lines {
            let schema = schema_of(definition).expect("in this build");
            let (mut masked, mut decoder) = (Vec::new(), Decoder::of(schema.clone()));
            schema
                .mask(line.as_bytes(), &masking, &mut masked)
                .expect("a record");
            let text = String::from_utf8(masked).expect("text");
            assert!(
                secrets.iter().all(|secret| !text.contains(secret)),
                "{text}"
            );
            let (before, after) = (
                decoder.decode(line.as_bytes()),
                decoder.decode(text.as_bytes()),
            );
            let figures = |record: &Result<Record, Reason>| match record {
                Ok(Record::Rsvp(rsvp)) => Some((rsvp.event, rsvp.response, rsvp.guests)),
                _ => None,
            };
            assert_eq!(figures(&before), figures(&after));
            assert_eq!(before.map(|r| r.version()), after.map(|r| r.version()));
        }
    }
}

#[test]
fn refused_with_the_reason() {
    for (from, to, expected) in [
        ("interested", "perhaps", "unknown_enum:status"),
        ("1795245204", "1795245204000000", "bad_timestamp"),
        ("\"sequence\":16", "\"sequence\":2097152", "bad_timestamp"),
        ("at://did", "", "ok"),
        ("\"did\"", "\"who\"", "bad_json"),
        ("}", "", "bad_json"),
    ] {
        let code = match calendar().decode(RSVP.replacen(from, to, 1).as_bytes()) {
            Ok(_) => "ok".to_owned(),
            Err(reason) => reason.code().into_owned(),
        };
        assert_eq!(code, expected, "{from} -> {to}");
    }
}
