//! The archive against any journal, any kills, and others that archive beside.

use std::collections::BTreeMap;
use std::sync::Arc;

use headcount_clock::WallClock;
use headcount_journal::Place;
use headcount_record::{Feed, Kind};
use proptest::prelude::*;

use super::object::ArchiveObject;
use super::*;
use crate::store::faults::Faults;
use crate::{Error as LakeError, Lake, LakeDescription};

const JOURNAL: u64 = 0x5eed;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Owned {
    arrived: i64,
    kind: Kind,
    source: u16,
    body: Vec<u8>,
}

impl Owned {
    fn entry(&self, offset: usize) -> ArchivedEntry<'_> {
        ArchivedEntry {
            offset: offset as u64,
            arrived: self.arrived,
            kind: self.kind,
            source: self.source,
            body: &self.body,
        }
    }
}

fn owned(arrived: i64, body: &str) -> Owned {
    Owned {
        arrived,
        kind: if body.starts_with('a') {
            Kind::of(Feed::OpenEvents)
        } else {
            Kind::of(Feed::Rsvps)
        },
        source: 1,
        body: body.into(),
    }
}

/// `count` entries, of which every third is an open event; three to an hour.
fn some(count: usize) -> Vec<Owned> {
    let body = |n: usize| format!("{}{n}", if n.is_multiple_of(3) { "a" } else { "z" });
    (0..count)
        .map(|n| owned(n as i64 * HOUR_MS / 3, &body(n)))
        .collect()
}

/// In memory where there is such a folder: thousands of puts are synced.
fn lake() -> (tempfile::TempDir, Lake) {
    let dir = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let lake = Lake::open(dir.path().to_str().unwrap()).unwrap();
    (dir, lake)
}

fn description(cut_bytes: u64) -> LakeDescription {
    LakeDescription {
        cut_bytes,
        ..LakeDescription::new(JOURNAL, 1)
    }
}

/// An archiver and where it reads.
struct Actor(Archiver);

impl Actor {
    fn open(lake: &Lake, cut_bytes: u64) -> Result<Self> {
        Archiver::open(lake, description(cut_bytes), 0).map(Self)
    }

    /// Takes up to `count` entries and stores what becomes complete.
    fn work(&mut self, entries: &[Owned], count: usize) -> Result<()> {
        let mut at = self.0.position().offset as usize;
        let mut left = count;
        // What was taken before is passed over.
        while let Some(owned) = entries.get(at).filter(|_| left > 0) {
            let entry = owned.entry(at);
            let due = entry.offset >= self.0.next();
            let sealed = self.0.take(&entry)?;
            at += 1;
            left -= usize::from(due);
            if let Some(sealed) = sealed
                && !self.0.store(&sealed, &Place::at(at as u64 - 1))?
            {
                at = self.0.position().offset as usize;
            }
        }
        Ok(())
    }

    /// Closes the cut where it is, as the clock does.
    fn seal(&mut self) -> Result<()> {
        match self.0.seal()? {
            Some(sealed) => self.0.store(&sealed, &Place::default()).map(drop),
            None => Ok(()),
        }
    }

    /// Archives everything that is left, to the end.
    fn finish(&mut self, entries: &[Owned]) -> Result<()> {
        while self.0.position().offset < entries.len() as u64 {
            self.work(entries, usize::MAX)?;
            self.seal()?;
        }
        Ok(())
    }
}

/// All objects of the archive.
fn objects(lake: &Lake) -> BTreeMap<String, Vec<u8>> {
    let mut keys = Vec::new();
    lake.list("raw/", |object| keys.push(object.key)).unwrap();
    let body = |key: &String| lake.get(key).unwrap().unwrap().0.to_vec();
    keys.iter().map(|key| (key.clone(), body(key))).collect()
}

fn read_back(lake: &Lake) -> Vec<Owned> {
    let archive = Archive::open(lake).unwrap();
    assert!(archive.strays().is_empty());
    let mut entries = archive.entries(0);
    let mut back = Vec::new();
    while entries.advance().unwrap() {
        for entry in entries.iter() {
            assert_eq!(entry.offset, back.len() as u64);
            back.push(Owned {
                arrived: entry.arrived,
                kind: entry.kind,
                source: entry.source,
                body: entry.body.to_vec(),
            });
        }
    }
    assert!(archive.check().unwrap().is_empty());
    back
}

#[derive(Debug, Clone)]
enum Op {
    /// One of three goes on, from where it stands.
    Work { actor: usize, entries: usize },
    /// One is killed at a put, which was done or not, and begins again.
    Kill { actor: usize, puts: u64, done: bool },
    /// One closes its cut early.
    Seal { actor: usize },
}

fn any_op(sealing: bool) -> impl Strategy<Value = Op> {
    let work = (0..3_usize, 1..80_usize).prop_map(|(actor, entries)| Op::Work { actor, entries });
    let kill = (0..3_usize, 0..8_u64, any::<bool>()).prop_map(|(actor, puts, done)| Op::Kill {
        actor,
        puts,
        done,
    });
    let seal = (0..3_usize).prop_map(|actor| Op::Seal { actor });
    let weight = u32::from(sealing) * 2;
    // A weight of 0 is not allowed, so without sealing it is one more way to work.
    if weight > 0 {
        prop_oneof![4 => work, 3 => kill, 2 => seal].boxed()
    } else {
        prop_oneof![4 => work, 3 => kill].boxed()
    }
}

fn any_entries() -> impl Strategy<Value = Vec<Owned>> {
    let step = prop_oneof![8 => 0..1_000_i64, 1 => 0..3 * HOUR_MS];
    let body = prop_oneof![
        4 => "[ -~]{0,60}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => "[a-z\n ]{0,20}".prop_map(String::into_bytes),
    ];
    let kind = prop_oneof![4 => 0..7_u8, 1 => 16..=254_u8].prop_map(Kind::new);
    let entry = (step, kind, any::<u16>(), body);
    let arrived_from = -10 * HOUR_MS..2_000_000_000_000_i64;
    (proptest::collection::vec(entry, 0..250), arrived_from).prop_map(|(entries, mut arrived)| {
        let grow = |(step, kind, source, body)| {
            arrived += step;
            Owned {
                arrived,
                kind,
                source,
                body,
            }
        };
        entries.into_iter().map(grow).collect()
    })
}

/// Does what the ops say, and in the end archives the rest.
fn play(lake: &Lake, cut_bytes: u64, entries: &[Owned], ops: &[Op]) {
    let open = || Actor::open(lake, cut_bytes).unwrap();
    let mut actors = [open(), open(), open()];
    for op in ops {
        match *op {
            Op::Work { actor, entries: n } => actors[actor].work(entries, n).unwrap(),
            Op::Seal { actor } => actors[actor].seal().unwrap(),
            Op::Kill { actor, puts, done } => {
                let dying = lake.with_faults(Arc::new(Faults::after(puts, done)));
                let died = Actor::open(&dying, cut_bytes)
                    .and_then(|mut actor| actor.work(entries, usize::MAX));
                assert!(matches!(
                    died,
                    Ok(()) | Err(Error::Lake(LakeError::Unavailable { .. }))
                ));
                actors[actor] = open();
            }
        }
    }
    // All three go on to the end; the two that come late find everything there.
    for actor in &mut actors {
        actor.work(entries, usize::MAX).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn kills_and_zombies_make_the_same_names_and_bytes(
        entries in any_entries(),
        cut_bytes in 100..6_000_u64,
        ops in proptest::collection::vec(any_op(false), 0..12),
    ) {
        let (_dir, alone) = lake();
        Actor::open(&alone, cut_bytes).unwrap().work(&entries, usize::MAX).unwrap();
        let (_dir, lake) = lake();
        play(&lake, cut_bytes, &entries, &ops);
        prop_assert_eq!(objects(&lake), objects(&alone));
        Actor::open(&lake, cut_bytes).unwrap().finish(&entries).unwrap();
        prop_assert_eq!(read_back(&lake), entries);
    }

    #[test]
    fn cuts_closed_early_lose_and_double_nothing(
        entries in any_entries(),
        cut_bytes in 100..6_000_u64,
        ops in proptest::collection::vec(any_op(true), 0..20),
    ) {
        let (_dir, lake) = lake();
        play(&lake, cut_bytes, &entries, &ops);
        let archived = read_back(&lake);
        prop_assert_eq!(&archived[..], &entries[..archived.len()]);
        Actor::open(&lake, cut_bytes).unwrap().finish(&entries).unwrap();
        prop_assert_eq!(read_back(&lake), entries);
    }
}

#[test]
fn every_reader_of_zstd_sees_lines() {
    let (_dir, lake) = lake();
    let entries = [
        owned(1, "{\"n\":1}"),
        owned(2, "{\n \"n\":\n2}"),
        owned(3, ""),
    ];
    Actor::open(&lake, 1 << 20)
        .unwrap()
        .finish(&entries)
        .unwrap();
    let objects = objects(&lake);
    let (key, bytes) = objects.first_key_value().unwrap();
    assert_eq!(objects.len(), 1);
    let start = "raw/feed=rsvps/year=1970/month=01/day=01/hour=00/p000-";
    assert_eq!(*key, format!("{start}00000000000000000000.ndjson.zst"));
    let text = zstd::stream::decode_all(&bytes[..]).unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "{\"n\":1}\n{  \"n\": 2}\n\n"
    );
    assert_eq!(read_back(&lake), entries);
}

#[test]
fn long_texts_are_read_back() {
    let (_dir, lake) = lake();
    let body = |n: usize| format!("z{n} {}", "x".repeat(n * 40 % 9_000));
    let mut entries: Vec<_> = (0..300).map(|n| owned(0, &body(n))).collect();
    // One that alone is longer than what is kept as it is.
    entries.push(owned(0, &"a\n".repeat(100_000)));
    Actor::open(&lake, 8 << 20)
        .unwrap()
        .finish(&entries)
        .unwrap();
    assert_eq!(objects(&lake).len(), 2);
    assert_eq!(read_back(&lake), entries);
}

#[test]
fn a_cut_ends_with_the_hour_and_with_the_bytes() {
    let cuts = |entries: &[Owned], cut_bytes| {
        let (_dir, lake) = lake();
        Actor::open(&lake, cut_bytes)
            .unwrap()
            .finish(entries)
            .unwrap();
        objects(&lake)
            .keys()
            .map(|key| name::ObjectName::parse(key).unwrap().first)
            .collect::<Vec<_>>()
    };
    let hours = [
        owned(HOUR_MS - 1, "z"),
        owned(HOUR_MS, "z"),
        owned(HOUR_MS, "z"),
    ];
    assert_eq!(cuts(&hours, 1 << 20), [0, 1]);
    let alike: Vec<_> = (0..5).map(|_| owned(0, "zzzzzzzz")).collect();
    assert_eq!(cuts(&alike, 80), [0, 2, 4]);
    // One that is larger than a cut has one of its own.
    assert_eq!(cuts(&alike, 1), [0, 1, 2, 3, 4]);
}

#[test]
fn an_hour_is_past_a_while_after_its_end() {
    let (_dir, lake) = lake();
    let clock = WallClock::at(i64::MAX);
    let Actor(archiver) = Actor::open(&lake, 1 << 20).unwrap();
    let mut actor = Actor(archiver.with_clock(clock.clone()));
    assert!(!actor.0.is_past());
    actor.work(&[owned(5 * HOUR_MS + 1, "z")], 1).unwrap();
    clock.set(6 * HOUR_MS);
    assert!(!actor.0.is_past());
    clock.set(6 * HOUR_MS + 60_000);
    assert!(actor.0.is_past());
}

#[test]
fn each_flipped_bit_is_found_or_harmless() {
    let (_dir, lake) = lake();
    let entries = some(3);
    Actor::open(&lake, 1 << 20)
        .unwrap()
        .finish(&entries)
        .unwrap();
    for (key, bytes) in objects(&lake) {
        let whole = ArchiveObject::read(&key, &bytes).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(object) = ArchiveObject::read(&key, &flipped) {
                assert!(object.entries().eq(whole.entries()), "bit {bit} of {key}");
            }
        }
        for length in 0..bytes.len() {
            assert!(
                ArchiveObject::read(&key, &bytes[..length]).is_err(),
                "{length} bytes of {key}"
            );
        }
    }
}

#[test]
fn each_lost_object_is_missed_by_name() {
    let (_dir, lake) = lake();
    let entries = some(20);
    Actor::open(&lake, 1 << 20)
        .unwrap()
        .finish(&entries)
        .unwrap();
    for (key, bytes) in objects(&lake) {
        let lost: Vec<u64> = ArchiveObject::read(&key, &bytes)
            .unwrap()
            .entries()
            .map(|entry| entry.offset)
            .collect();
        lake.delete(&key).unwrap();
        let wrong = Archive::open(&lake).unwrap().check().unwrap();
        let missed = wrong.iter().flat_map(|error| match error {
            Error::Gap {
                from, last, near, ..
            } => {
                assert!(near.contains("p000-"), "{near}");
                *from..=*last
            }
            other => panic!("{other}"),
        });
        assert_eq!(missed.collect::<Vec<_>>(), lost, "without {key}");
        lake.put(&key, &bytes).unwrap();
    }
    assert_eq!(read_back(&lake), entries);
}

#[test]
fn damaged_misplaced_and_contradicting_objects_are_named() {
    let (_dir, lake) = lake();
    let entries = some(20);
    Actor::open(&lake, 1 << 20)
        .unwrap()
        .finish(&entries)
        .unwrap();
    let all = objects(&lake);
    let (first, body) = all.first_key_value().unwrap();
    let other = all.values().next_back().unwrap();
    let says = |expected: &str| {
        let wrong = Archive::open(&lake).unwrap().check().unwrap();
        let text = wrong
            .iter()
            .map(|error| format!("{error}\n"))
            .collect::<String>();
        assert!(text.contains(expected) && text.contains(first), "{text}");
    };
    lake.put(first, &body[..body.len() - 1]).unwrap();
    says("is damaged");
    lake.put(first, other).unwrap();
    says("stored under another name");
    lake.put(first, body).unwrap();

    // The archive of another journal of the same id, of which the position was lost.
    let mut others = entries.clone();
    others[1].body = b"zother".to_vec();
    lake.delete("archive/p000.json").unwrap();
    let conflict = Actor::open(&lake, 1 << 20).unwrap().finish(&others);
    let text = conflict.unwrap_err().to_string();
    assert!(
        text.contains("entry 1 differs between raw/feed=rsvps"),
        "{text}"
    );
    // And an object of it that got into ours, at a name that no object of ours has.
    let (_dir, theirs) = self::lake();
    let mut actor = Actor::open(&theirs, 1 << 20).unwrap();
    actor.work(&others, 1).unwrap();
    actor.seal().unwrap();
    actor.finish(&others).unwrap();
    let mut strays = objects(&theirs)
        .into_iter()
        .filter(|(key, _)| !all.contains_key(key));
    let (stray, body) = strays.next().unwrap();
    lake.put(&stray, &body).unwrap();
    let wrong = Archive::open(&lake).unwrap().check().unwrap();
    assert!(matches!(&wrong[..], [Error::Conflict { .. }]), "{wrong:?}");
}

#[test]
fn what_lies_behind_the_position_may_be_incomplete() {
    let (_dir, lake) = lake();
    let entries = some(20);
    // Both objects of the first cut are stored, of the second cut only one, and the position of neither.
    let dying = lake.with_faults(Arc::new(Faults::after(2 + 1 + 1 + 1, false)));
    let died = Actor::open(&dying, 1 << 20)
        .unwrap()
        .work(&entries, usize::MAX);
    assert!(died.is_err());
    assert_eq!(objects(&lake).len(), 3);
    let back = read_back(&lake);
    assert_eq!(&back[..], &entries[..back.len()]);
    assert!(back.len() >= 3, "{}", back.len());
}

#[test]
fn a_lake_has_one_journal() {
    let (_dir, lake) = lake();
    Actor::open(&lake, 1 << 20)
        .unwrap()
        .finish(&some(5))
        .unwrap();
    let other = LakeDescription::new(JOURNAL + 1, 1);
    let Err(error) = Archiver::open(&lake, other, 0) else {
        panic!("two journals in one lake")
    };
    assert!(
        error
            .to_string()
            .contains("give each its own folder or prefix"),
        "{error}"
    );
    // Where objects are cut was fixed when it was first used.
    let found = description(5).agree(&lake).unwrap();
    assert_eq!(found.cut_bytes, 1 << 20);
}

/// An archive of version 1, in which a kind was 0 for records and 1 for controls.
#[test]
fn an_archive_of_long_ago_is_read() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1");
    let address = crate::LakeAddress::Disk(fixture.into());
    let lake = Lake::open_to_read(&address, crate::Options::default()).unwrap();
    let archive = Archive::open(&lake).unwrap();
    let mut entries = archive.entries(0);
    let mut found = Vec::new();
    while entries.advance().unwrap() {
        found.extend(entries.iter().map(|entry| {
            let begins = String::from_utf8_lossy(&entry.body[..12]).into_owned();
            (entry.kind.name().into_owned(), begins)
        }));
    }
    let right = [
        ("control", r#"{"control":""#),
        ("rsvps", r#"{"rsvp_id":1"#),
        ("open_events", r#"{"id":"abc","#),
        ("dead-letters", r#"{"control":""#),
        ("control", r#"{"control":""#),
    ];
    assert_eq!(
        found,
        right.map(|(kind, body)| (kind.to_owned(), body.to_owned()))
    );
}
