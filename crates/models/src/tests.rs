//! What a version survives, and what is refused.

use std::{fs, path::Path};

use headcount_learn::{Better, Comparison, ModelCard, ModelName};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{Error, LabelledLines, ModelStore, TrainedModel};

const FILES: [&str; 3] = ["model.bin", "card.json", "SHA256SUMS"];

fn trained(bytes: &[u8], figure: f64) -> TrainedModel {
    let comparison = Comparison {
        measure: "macro-F1".to_owned(),
        on: "held-out groups".to_owned(),
        model: figure,
        baseline: "the largest class".to_owned(),
        baseline_figure: 0.1,
        better: Better::Higher,
        decides: true,
    };
    TrainedModel {
        name: ModelName::Category,
        bytes: bytes.to_vec(),
        format: 1,
        card: ModelCard {
            model: "category".to_owned(),
            predicts: "the category".to_owned(),
            from: "its text".to_owned(),
            tested: "on one group in five".to_owned(),
            seed: 1,
            examples: 2,
            groups: 1,
            range: None,
            comparisons: vec![comparison],
            confusion: None,
            calibration: Vec::new(),
            feature_shares: Vec::new(),
            notes: Vec::new(),
        },
        training_sha256: "00".repeat(32),
        trained_at: 1_700_000_000_000,
        seconds: 0.1,
    }
}

fn store() -> (TempDir, ModelStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = ModelStore::open(folder.path(), None).unwrap();
    (folder, store)
}

fn is_refused(store: &ModelStore, version: u32) -> bool {
    matches!(
        store.read(ModelName::Category, version),
        Err(Error::Refused { .. } | Error::NoVersion { .. })
    )
}

fn version_folder(root: &Path, version: u32) -> std::path::PathBuf {
    root.join("category").join(version.to_string())
}

#[test]
fn a_version_is_read_as_it_was_stored() {
    let (_folder, store) = store();
    let first = store.add(&trained(b"one", 0.5)).unwrap();
    let second = store.add(&trained(b"two", 0.6)).unwrap();
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!(store.versions().unwrap()[&ModelName::Category], [1, 2]);
    let read = store.read(ModelName::Category, 2).unwrap();
    assert_eq!((&read.bytes[..], &read.card), (&b"two"[..], &second));
    assert_eq!(store.card(ModelName::Category, 1).unwrap(), first);
    assert!(matches!(
        store.read(ModelName::Category, 3),
        Err(Error::NoVersion { .. })
    ));
}

#[test]
fn a_model_of_another_seed_beside_the_card_is_refused() {
    let (folder, store) = store();
    store.add(&trained(b"seed 1", 0.5)).unwrap();
    store.add(&trained(b"seed 2", 0.5)).unwrap();
    let [one, two] = [1, 2].map(|version| version_folder(folder.path(), version));
    fs::copy(two.join("model.bin"), one.join("model.bin")).unwrap();
    assert!(is_refused(&store, 1));
    assert!(!is_refused(&store, 2));
    // A whole version under another number is not that version either.
    for file in FILES {
        fs::copy(two.join(file), one.join(file)).unwrap();
    }
    assert!(is_refused(&store, 1));
}

#[test]
fn a_training_that_was_killed_leaves_nothing_that_anybody_sees() {
    let (folder, store) = store();
    store.add(&trained(b"old", 0.5)).unwrap();
    store
        .promote(ModelName::Category, Some(1), false, 1, "first")
        .unwrap();
    let killed = version_folder(folder.path(), 2);
    fs::create_dir_all(&killed).unwrap();
    fs::write(killed.join("model.bin"), b"half").unwrap();
    assert_eq!(store.versions().unwrap()[&ModelName::Category], [1]);
    assert!(is_refused(&store, 2));
    let promotion = store.promotion(ModelName::Category).unwrap().unwrap();
    assert_eq!(promotion.version, Some(1));
    // Its number stays with it until a newer version is whole; then its file goes.
    assert_eq!(store.add(&trained(b"new", 0.5)).unwrap().version, 3);
    store.add(&trained(b"newer", 0.5)).unwrap();
    assert!(!killed.join("model.bin").exists());
}

#[test]
fn the_version_before_is_remembered() {
    let (_folder, store) = store();
    for bytes in [b"a", b"b"] {
        store.add(&trained(bytes, 0.5)).unwrap();
    }
    assert_eq!(store.promotion(ModelName::Category).unwrap(), None);
    store
        .promote(ModelName::Category, Some(1), false, 1, "by hand")
        .unwrap();
    store
        .promote(ModelName::Category, Some(2), false, 2, "by hand")
        .unwrap();
    let again = store
        .promote(ModelName::Category, Some(2), false, 3, "again")
        .unwrap();
    assert_eq!((again.version, again.previous), (Some(2), Some(1)));
    assert!(matches!(
        store.remove(ModelName::Category, 2),
        Err(Error::InUse { .. })
    ));
    let back = store
        .promote(ModelName::Category, None, false, 4, "drift")
        .unwrap();
    assert_eq!((back.version, back.previous), (None, Some(2)));
    store.remove(ModelName::Category, 2).unwrap();
    assert!(matches!(
        store.remove(ModelName::Category, 2),
        Err(Error::NoVersion { .. })
    ));
    assert_eq!(store.versions().unwrap()[&ModelName::Category], [1]);
}

#[test]
fn a_version_that_is_no_better_than_its_baseline_is_not_promoted() {
    let (_folder, store) = store();
    let card = store.add(&trained(b"bad", 0.05)).unwrap();
    assert!(!card.beats_baseline);
    let error = store
        .promote(ModelName::Category, Some(1), false, 1, "by hand")
        .unwrap_err();
    assert!(matches!(error, Error::NoBetter { .. }), "{error}");
    assert!(
        store
            .promote(ModelName::Category, Some(1), true, 1, "by hand")
            .is_ok()
    );
}

#[test]
fn a_damaged_promotion_is_told_and_can_be_written_anew() {
    let (folder, store) = store();
    store.add(&trained(b"a", 0.5)).unwrap();
    fs::write(folder.path().join("category/promoted.json"), b"{").unwrap();
    assert!(matches!(
        store.promotion(ModelName::Category),
        Err(Error::Promotion { .. })
    ));
    store
        .promote(ModelName::Category, Some(1), false, 1, "by hand")
        .unwrap();
    assert_eq!(
        store
            .promotion(ModelName::Category)
            .unwrap()
            .unwrap()
            .version,
        Some(1)
    );
}

#[test]
fn old_versions_go_but_for_those_in_use_and_before() {
    let (_folder, store) = store();
    for version in 1..=6 {
        store.add(&trained(b"a", 0.5)).unwrap();
        if version <= 2 {
            store
                .promote(ModelName::Category, Some(version), false, 1, "by hand")
                .unwrap();
        }
    }
    store.keep_newest(ModelName::Category, 2).unwrap();
    assert_eq!(
        store.versions().unwrap()[&ModelName::Category],
        [1, 2, 5, 6]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One changed or missing byte in any file of a version, and it is refused.
    #[test]
    fn a_changed_or_cut_file_is_refused(file in 0..3_usize, at in any::<prop::sample::Index>(), flip in 1..=255_u8, is_cut: bool) {
        let (folder, store) = store();
        store.add(&trained(b"some bytes of a model", 0.5)).unwrap();
        let path = version_folder(folder.path(), 1).join(FILES[file]);
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        if is_cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= flip;
        }
        fs::write(&path, bytes).unwrap();
        prop_assert!(is_refused(&store, 1));
        if file == 1 {
            prop_assert!(store.card(ModelName::Category, 1).is_err());
        }
    }

    /// Whatever comes in, a line is an event or has a reason, and the lines after it are read.
    #[test]
    fn lines_that_are_no_events_have_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut input: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b'\n').collect();
        if input.starts_with(&[0x1f, 0x8b]) {
            input.clear();
        }
        input.extend_from_slice(b"\n\n{\"id\":7,\"fee\":null,\"venue\":{\"lat\":0,\"lon\":0}}");
        let lines: Vec<_> = LabelledLines::new(std::io::Cursor::new(input)).unwrap().map(|line| line.unwrap()).collect();
        let last = lines.last().unwrap();
        let event = last.event.as_ref().unwrap();
        prop_assert_eq!((last.number, event.id.as_str(), event.venue), (3, "7", Some(headcount_learn::Spot { lat: 0.0, lon: 0.0 })));
    }
}
