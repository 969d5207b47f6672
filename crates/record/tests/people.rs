//! Nobody stays in a record but where the schema's list says so, whatever is put into it or done to it.

use headcount_record::{
    Admission, Admitted, Decoder, Masking, Meetup, PeopleKey, Reason, Record, Schema,
};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

/// What every text of a person has, and the beginning of every number.
const TEXT: &str = "QZQZ";
const NUMBER: &str = "91201";

/// Keys that no list has; under them stands what is put in.
const KEYS: [&str; 14] = [
    "Member",
    "MEMBER",
    "memberName",
    "member-name",
    "member_name",
    "event_hosts",
    "organizer",
    "created_by",
    "user",
    "bio",
    "photo",
    "attendees",
    "1 Ann (QZQZ), 5 Main St.",
    "9120152499",
];

/// A record of each feed, as it is documented.
fn records() -> Vec<Value> {
    let member =
        || json!({ "member_id": 9_120_152_400_u64, "member_name": "QZQZ", "name": "QZQZ" });
    let group = || {
        json!({
            "id": 1, "name": "Chess", "urlname": "chess", "join_mode": "open", "city": "London", "country": "gb",
            "group_lat": 51.5, "group_lon": -0.1, "category": { "id": 11, "name": "games", "shortname": "games" },
            "group_photo": { "photo_id": 5, "photo_link": "https://p.example/g.jpeg" },
            "group_topics": [{ "urlkey": "chess", "topic_name": "Chess" }],
        })
    };
    vec![
        json!({
            "rsvp_id": 1_658_733_801, "response": "yes", "guests": 3, "mtime": 1_489_925_470_960_u64,
            "visibility": "public", "member": member(),
            "event": { "event_id": "jkpwmlywgbmb", "event_name": "Play", "event_url": "https://m.example/", "time": 5 },
            "group": {
                "group_id": 7, "group_name": "G", "group_urlname": "g", "group_city": "Austin", "group_state": "TX",
                "group_country": "us", "group_lat": 30.17, "group_lon": -97.82,
                "group_topics": [{ "urlkey": "a", "topic_name": "A" }, { "urlkey": "b", "topic_name": "B" }],
            },
            "venue": { "venue_id": 9, "venue_name": "Caf\u{e9} / \"X\"", "lat": 0, "lon": -51.25 },
        }),
        json!({
            "id": "lnsdslyvpbfc", "mtime": 1_478_608_237_521_u64, "status": "upcoming", "name": "Thanks",
            "description": "<p>Come</p>", "event_url": "https://m.example/", "payment_required": "0",
            "rsvp_limit": 20, "fee": { "amount": 2.5, "currency": "USD", "description": "each" }, "group": group(),
            "venue": { "name": "Hall", "address_1": "1 High Street", "zip": "10001", "lat": 1.5, "lon": 2.5 },
        }),
        json!({
            "photo_id": 5, "mtime": 1_478_608_237_521_u64, "photo_link": "https://p.example/1.jpeg", "caption": "together",
            "member": member(),
            "photo_album": { "photo_album_id": 6, "event": { "id": "e1", "name": "Thanks" }, "group": group() },
        }),
        json!({
            "id": 6, "mtime": 1_478_608_237_521_u64, "comment": "hi", "status": "active", "in_reply_to": 5,
            "member": member(), "event": { "event_id": "e1", "event_name": "Thanks" }, "group": group(),
        }),
        json!({
            "id": 7, "mtime": 1_478_608_237_521_u64, "name": "Bar", "address_1": "2 High Street", "city": "X",
            "country": "us", "lat": 1.5, "lon": 2, "phone": "QZQZ 0171",
        }),
    ]
}

/// JSON in which every text and number is somebody's.
fn somebody() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0..100_u32).prop_map(|n| json!(format!("QZQZ {n}"))),
        Just(json!("\"QZQZ\", {QZQZ: \\")),
        (0..100_u32).prop_map(|n| json!(9_120_152_400_u64 + u64::from(n))),
        Just(json!(-91_201_524.5)),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((0..KEYS.len(), inner), 0..4).prop_map(|members| {
                let named = members
                    .into_iter()
                    .map(|(key, value)| (KEYS[key].to_owned(), value));
                Value::Object(named.collect())
            }),
        ]
    })
}

/// Where the objects in a value stand.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(at.to_owned());
            for (key, value) in members {
                objects(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                objects(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A record, and the same with people in all kinds of places, as text.
fn crowded() -> impl Strategy<Value = (Value, String)> {
    let put = (any::<Index>(), 0..KEYS.len(), somebody());
    (
        prop::sample::select(records()),
        prop::collection::vec(put, 0..4),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(record, puts, escaped, spaced)| {
            let mut crowded = record.clone();
            for (place, key, value) in puts {
                let mut found = Vec::new();
                objects(&crowded, "", &mut found);
                let object = crowded.pointer_mut(&found[place.index(found.len())]);
                object.expect("found there")[KEYS[key]] = value;
            }
            let mut text = crowded.to_string();
            if escaped {
                text = text
                    .replace("\"member\"", "\"\\u006dember\"")
                    .replace("\"organizer\"", "\"or\\u0067anizer\"");
            }
            if spaced {
                text = text.replace("\":", "\" :\t");
            }
            (record, text)
        })
}

#[derive(Clone, Debug)]
enum Edit {
    Replace(u8),
    Insert(u8),
    Remove,
}

fn edit() -> impl Strategy<Value = Edit> {
    let byte = || {
        prop_oneof![
            3 => prop::sample::select(br#""'\{}[],: "#.to_vec()),
            1 => any::<u8>(),
        ]
    };
    prop_oneof![
        byte().prop_map(Edit::Replace),
        byte().prop_map(Edit::Insert),
        Just(Edit::Remove),
    ]
}

fn people() -> Masking {
    Masking::People(PeopleKey::new([7; 16]))
}

fn admit(line: &str, masking: Masking) -> Result<(Admitted, String), Reason> {
    let mut kept = Vec::new();
    let admitted = Admission::new(4, masking).admit(line.as_bytes(), &mut kept)?;
    Ok((admitted, String::from_utf8(kept).expect("text")))
}

/// A value without people, and without the values of keys that no list has.
fn without_people(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.retain(|key, _| {
                !KEYS.contains(&key.as_str())
                    && !key.starts_with("masked-")
                    && key != "member"
                    && key != "phone"
            });
            members
                .values_mut()
                .for_each(|value| *value = without_people(value.take()));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = without_people(item.take())),
        _ => {}
    }
    value
}

/// What is left of a value if only its form counts.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut values: Vec<String> = members
                .values()
                .map(|value| shape(value).to_string())
                .collect();
            values.sort();
            json!(values)
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => 0.into(),
        other => other.clone(),
    }
}

/// What is decoded of a line, but whose it is.
fn decoded(line: &str) -> Result<Record, Reason> {
    Decoder::new()
        .decode(line.as_bytes())
        .map(|record| match record {
            Record::Rsvp(rsvp) => Record::Rsvp(headcount_record::Rsvp { member: 1, ..rsvp }),
            other => other,
        })
}

/// How many cases a property is tried with, unless `PROPTEST_CASES` says more.
fn cases(usual: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

fn assert_nobody(text: &str) -> Result<(), TestCaseError> {
    for marker in [TEXT, NUMBER] {
        prop_assert!(!text.contains(marker), "{marker} in {text}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(500)))]

    #[test]
    fn nobody_stays_and_everything_else_does((record, line) in crowded()) {
        let before: Value = serde_json::from_str(&line).expect("JSON");
        let (admitted, kept) = admit(&line, people()).expect("a record");
        assert_nobody(&kept)?;
        let after: Value = serde_json::from_str(&kept).expect("JSON");
        prop_assert_eq!(without_people(after.clone()), without_people(record));
        prop_assert_eq!(shape(&after), shape(&before));
        prop_assert_eq!(decoded(&line), decoded(&kept));
        // The fast way and the one that every schema has mask alike.
        let mut masked = Vec::new();
        let blanked = Meetup.mask(line.as_bytes(), &people(), &mut masked).expect("a record");
        prop_assert_eq!((blanked, &*masked), (admitted.blanked, kept.as_bytes()));
        // A second time nothing changes.
        let (again, twice) = admit(&kept, people()).expect("a record");
        prop_assert_eq!((again.blanked, twice), (0, kept));
    }

    #[test]
    fn texts_that_people_write_change_nothing_that_is_decoded((_, line) in crowded()) {
        let texts = Masking::PeopleAndTexts(PeopleKey::new([7; 16]));
        let (_, kept) = admit(&line, texts).expect("a record");
        assert_nobody(&kept)?;
        for text in ["<p>Come</p>", "\"hi\"", "together", "p.example", "\"each\""] {
            prop_assert!(!kept.contains(text), "{text} in {kept}");
        }
        prop_assert_eq!(decoded(&line), decoded(&kept));
        let (_, open) = admit(&line, Masking::Nothing).expect("a record");
        prop_assert_eq!(&open, &line);
    }

    /// Two parts of a record, and a record in which a few bytes are others.
    #[test]
    fn nobody_stays_in_what_was_cut_or_damaged(
        (_, line) in crowded(),
        cut in any::<Index>(),
        edits in prop::collection::vec((any::<Index>(), edit()), 0..4),
        twice in any::<bool>(),
    ) {
        let line = if twice { Value::from(line).to_string() } else { line };
        let cut = cut.index(line.len());
        let mut damaged = line.clone().into_bytes();
        for (at, edit) in edits {
            let at = at.index(damaged.len());
            match edit {
                Edit::Replace(byte) => damaged[at] = byte,
                Edit::Insert(byte) => damaged.insert(at, byte),
                Edit::Remove => { damaged.remove(at); }
            }
        }
        let admission = Admission::new(1, people());
        for part in [&line.as_bytes()[..cut], &line.as_bytes()[cut..], &damaged] {
            let letter = admission.refuse(&Reason::BadJson, String::new(), part);
            let shown = String::from_utf8_lossy(part);
            assert_nobody(&letter.excerpt).map_err(|error| TestCaseError::fail(format!("{error}\n{shown}")))?;
        }
    }

    /// A record that was cut keeps, up to there, what the whole one keeps of ids, times and answers.
    #[test]
    fn what_was_cut_can_be_mended((record, line) in crowded(), cut in any::<Index>()) {
        let Some(id) = record["rsvp_id"].as_u64() else { return Ok(()) };
        let part = &line[..line.floor_char_boundary(cut.index(line.len()))];
        let letter = Admission::new(1, people()).refuse(&Reason::BadJson, String::new(), part.as_bytes());
        for value in [id.to_string(), "1489925470960".into(), "\"yes\"".into(), "\"jkpwmlywgbmb\"".into()] {
            prop_assert_eq!(letter.excerpt.contains(&value), part.contains(&value), "{} in {}", value, letter.excerpt);
        }
    }
}
