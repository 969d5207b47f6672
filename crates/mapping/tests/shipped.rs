//! The mappings that this program has, over examples whose answers were counted by hand.

use std::{collections::BTreeMap, fs, io::Read, path::PathBuf};

use headcount_engine::{Declared, Filter, JournaledEntry, PartialAggregate, Partition};
use headcount_mapping::{Mapping, shipped};
use headcount_record::{Admission, Control, Decoder, Kind, Masking, PeopleKey};
use proptest::{prelude::*, sample::subsequence};
use serde_json::{Value, json};

/// All example files, with what was counted in them by hand.
fn examples() -> Vec<(Mapping, String, Vec<u8>, Value)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"));
    let mut all = Vec::new();
    for known in shipped() {
        let folder = folder.join(known.name);
        let expected = fs::read(folder.join("expected.json")).expect(known.name);
        let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).expect("JSON");
        assert!(!expected.is_empty());
        for (file, expected) in expected {
            let content = fs::read(folder.join(&file)).expect(&file);
            let name = format!("{}/{file}", known.name);
            all.push((known.mapping(), name, content, expected));
        }
    }
    all
}

/// The records of a file.
fn records(mapping: &Mapping, content: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = String::new();
    let mut reader = mapping.reader().records(content).expect("readable");
    reader.read_to_string(&mut lines).expect("text");
    lines.lines().map(|line| line.as_bytes().to_vec()).collect()
}

/// A partition that has counted records, and why others were refused.
fn counted(
    mapping: &Mapping,
    records: &[Vec<u8>],
    masking: &Masking,
) -> (Partition, BTreeMap<String, u64>) {
    let schema = mapping.schema();
    let declared = Declared::new(Kind::FIRST_REGISTERED, &*schema);
    let kinds = declared.kinds().collect();
    let control = Control::Schema {
        kind: declared.kind,
        feeds: declared.feeds,
        definition: declared.definition,
    };
    let mut partition = Partition::new();
    put(&mut partition, Kind::CONTROL, &control.to_body());
    let mut admission = Admission::of(Decoder::of(schema), kinds, 1, masking.clone());
    let mut refused = BTreeMap::new();
    for record in records {
        for found in mapping.read(record, masking) {
            let mut body = Vec::new();
            let admitted = found
                .line
                .and_then(|line| admission.admit(&line, &mut body));
            match admitted {
                Ok(admitted) => put(&mut partition, admitted.kind, &body),
                Err(reason) => *refused.entry(reason.code().into_owned()).or_default() += 1,
            }
        }
    }
    (partition, refused)
}

fn put(partition: &mut Partition, kind: Kind, body: &[u8]) {
    let entry = JournaledEntry {
        offset: partition.next_offset(),
        arrived: 1_900_000_000_000,
        kind,
        source: 1,
        body,
    };
    partition.apply(entry).expect("an entry");
}

fn figures(partition: &Partition, refused: &BTreeMap<String, u64>) -> Value {
    let summary = PartialAggregate::of(&[partition], Filter::default(), true).summary();
    json!({
        "yes": summary.yes,
        "no": summary.no,
        "maybe": summary.maybe,
        "guests": summary.guests,
        "events": summary.events,
        "members": summary.members,
        "refused": refused,
    })
}

fn people() -> Masking {
    Masking::People(PeopleKey::new([7; 16]))
}

#[test]
fn every_example_gives_what_was_counted_by_hand() {
    for (mapping, name, content, expected) in examples() {
        let records = records(&mapping, &content);
        for masking in [
            Masking::Nothing,
            people(),
            Masking::PeopleAndTexts(PeopleKey::new([7; 16])),
        ] {
            let (partition, refused) = counted(&mapping, &records, &masking);
            assert_eq!(figures(&partition, &refused), expected, "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn order_and_repetition_change_nothing(
        seed in any::<u64>(),
        masked in any::<bool>(),
        repeated in subsequence((0..64_usize).collect::<Vec<_>>(), 0..20),
    ) {
        for (mapping, name, content, expected) in examples() {
            let masking = if masked { people() } else { Masking::Nothing };
            let once = records(&mapping, &content);
            let mut mixed = once.clone();
            mixed.extend(repeated.iter().filter_map(|&at| once.get(at).cloned()));
            shuffle(&mut mixed, seed);
            let (before, _) = counted(&mapping, &once, &masking);
            let (after, refused) = counted(&mapping, &mixed, &masking);
            prop_assert_eq!(before.digest(), after.digest(), "{}", name);
            let mut found = figures(&after, &refused);
            // Whatever is refused is refused each time that it comes.
            found["refused"].clone_from(&expected["refused"]);
            prop_assert_eq!(found, expected, "{}", name);
        }
    }

    #[test]
    fn a_state_that_was_kept_goes_on_as_the_one_that_was_not(seed in any::<u64>(), cut in 0..30_usize) {
        for (mapping, name, content, _) in examples() {
            let mut lines = records(&mapping, &content);
            shuffle(&mut lines, seed);
            let (whole, _) = counted(&mapping, &lines, &people());
            let (first, _) = counted(&mapping, &lines[..cut.min(lines.len())], &people());
            let head = Default::default();
            let bytes = first.to_bytes(&head);
            let (mut second, _) = Partition::from_bytes(&bytes, "here", 0, 0).expect("a checkpoint");
            prop_assert_eq!(first.digest(), second.digest(), "{}", name);
            let (rest, _) = bodies(&mapping, &lines[cut.min(lines.len())..]);
            for (kind, body) in rest {
                put(&mut second, kind, &body);
            }
            prop_assert_eq!(whole.digest(), second.digest(), "{}", name);
        }
    }
}

/// The entries of records.
fn bodies(mapping: &Mapping, records: &[Vec<u8>]) -> (Vec<(Kind, Vec<u8>)>, u64) {
    let schema = mapping.schema();
    let kinds = Declared::new(Kind::FIRST_REGISTERED, &*schema)
        .kinds()
        .collect();
    let mut admission = Admission::of(Decoder::of(schema), kinds, 1, people());
    let (mut bodies, mut refused) = (Vec::new(), 0);
    for found in records
        .iter()
        .flat_map(|record| mapping.read(record, &people()))
    {
        let mut body = Vec::new();
        match found
            .line
            .and_then(|line| admission.admit(&line, &mut body))
        {
            Ok(admitted) => bodies.push((admitted.kind, body)),
            Err(_) => refused += 1,
        }
    }
    (bodies, refused)
}

/// Fisher and Yates, by a generator that is the same everywhere.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for at in (1..items.len()).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(at, (seed >> 33) as usize % (at + 1));
    }
}

#[test]
fn nobody_stands_in_what_is_kept_of_people_that_are_masked() {
    let of_all = ["@example.org".to_owned()];
    let (a, b) = ("aa".repeat(32), "bb".repeat(32));
    let secrets: BTreeMap<&str, [&str; 2]> = BTreeMap::from([
        ("atproto/made.jsonl", ["did:plc:anna", "did:plc:ida"]),
        ("nostr/events.jsonl", [&*a, &*b]),
        ("nostr/relay.jsonl", [&*a, &*b]),
        ("luma/webhooks.jsonl", ["usr-a", "N usr-b"]),
    ]);
    for (mapping, name, content, _) in examples() {
        let (bodies, _) = bodies(&mapping, &records(&mapping, &content));
        for (_, body) in bodies {
            let body = String::from_utf8(body).expect("text");
            let of_this = secrets.get(&*name).into_iter().flatten().copied();
            for secret in of_this.chain(of_all.iter().map(String::as_str)) {
                let fields: Vec<&str> = body.split(['"', ' ']).collect();
                assert!(
                    !fields.iter().any(|it| it.contains(secret)),
                    "{name}: {secret} in {body}"
                );
            }
        }
    }
}
