//! The model as its users see it, on events that are made up.

use proptest::prelude::*;

use super::{CategoryModel, Evidence, drift_bins};
use crate::{LabelledEvent, ModelError, Quiet, TrainError};

const SUBJECTS: [(&str, [&str; 6], [&str; 2]); 3] = [
    (
        "outdoors-adventure",
        ["hike", "trail", "summit", "boots", "lake", "camp"],
        ["hiking", "camping"],
    ),
    (
        "tech",
        ["rust", "compiler", "database", "kernel", "server", "code"],
        ["programming", "open-source"],
    ),
    (
        "games",
        ["dice", "chess", "board", "cards", "player", "tournament"],
        ["boardgames", "chess"],
    ),
];

/// Events of `groups` groups of each category, six of each group.
fn events(groups: usize) -> Vec<LabelledEvent> {
    let mut chance = fastrand::Rng::with_seed(5);
    let mut events = Vec::new();
    for group in 0..groups * SUBJECTS.len() {
        let (category, words, topics) = SUBJECTS[group % SUBJECTS.len()];
        for number in 0..6 {
            let mut word = || words[chance.usize(..words.len())];
            events.push(LabelledEvent {
                id: format!("{group}-{number}"),
                name: format!("{} and {}", word(), word()),
                description: format!(
                    "<p>Bring your {} to the {}, all are welcome</p>",
                    word(),
                    word()
                ),
                time: Some(number as i64 * 86_400_000),
                group_id: Some(group as i64),
                category: Some(category.to_owned()),
                topics: topics.map(str::to_owned).to_vec(),
                ..LabelledEvent::default()
            });
        }
    }
    events
}

fn event(name: &str) -> LabelledEvent {
    LabelledEvent {
        name: name.to_owned(),
        ..LabelledEvent::default()
    }
}

fn trained() -> CategoryModel {
    CategoryModel::train(&events(12), 1, &mut Quiet).unwrap().0
}

#[test]
fn a_small_model_learns_and_states_what_it_is_worth() {
    let (model, card) = CategoryModel::train(&events(12), 1, &mut Quiet).unwrap();
    let prediction = model
        .predict(&event("A compiler for the kernel"), Evidence::Text)
        .unwrap();
    assert_eq!(prediction.category, "tech");
    assert_eq!(prediction.alternatives.len(), 3);
    assert_eq!(
        prediction.alternatives[0],
        ("tech".to_owned(), prediction.probability)
    );
    assert!(
        (prediction
            .alternatives
            .iter()
            .map(|(_, probability)| probability)
            .sum::<f64>()
            - 1.0)
            .abs()
            < 1e-9
    );
    assert!(card.beats_baseline());
    assert_eq!((card.examples, card.groups), (216, 36));
    assert_eq!(
        card.comparisons
            .iter()
            .filter(|comparison| comparison.decides)
            .count(),
        1
    );
    let held_out: u64 = card.confusion.unwrap().counts.iter().flatten().sum();
    assert_eq!(held_out, 7 * 6);
    for (feature, bins) in &card.feature_shares {
        assert!(
            (bins.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9,
            "{feature}"
        );
    }
}

#[test]
fn topics_are_used_only_where_the_caller_wants_them() {
    let model = trained();
    let hidden = LabelledEvent {
        topics: vec!["hiking".to_owned()],
        ..event("welcome to xyzzy")
    };
    assert_eq!(model.predict(&hidden, Evidence::Text), None);
    assert_eq!(
        model
            .predict(&hidden, Evidence::TextAndTopics)
            .unwrap()
            .category,
        "outdoors-adventure"
    );
    assert_eq!(
        model
            .predict(&event("chess"), Evidence::TextAndTopics)
            .unwrap()
            .category,
        "games"
    );
}

#[test]
fn two_categories_have_a_model_of_their_own() {
    let model = trained();
    assert_eq!(
        model
            .predict_tech_or_outdoors(&event("boots for the summit"))
            .unwrap()
            .category,
        "outdoors-adventure"
    );
    assert_eq!(
        model
            .predict_tech_or_outdoors(&event("server"))
            .unwrap()
            .category,
        "tech"
    );
}

#[test]
fn no_known_word_gives_no_prediction() {
    let model = trained();
    for name in ["", "xyzzy", "<script>compiler</script>", "東京"] {
        assert_eq!(model.predict(&event(name), Evidence::Text), None, "{name}");
    }
}

#[test]
fn too_little_is_refused_with_a_sentence() {
    let few = events(2);
    let error = CategoryModel::train(&few, 1, &mut Quiet).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the category model needs at least 2 categories with 50 events whose group is known, but there are 0: \
         train again when more is kept"
    );
    let mut of_one_group = events(12);
    of_one_group
        .iter_mut()
        .for_each(|event| event.group_id = Some(7));
    let error = CategoryModel::train(&of_one_group, 1, &mut Quiet).unwrap_err();
    assert!(
        matches!(
            error,
            TrainError::TooFew {
                what: "groups",
                found: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(CategoryModel::train(&[], 1, &mut Quiet).is_err());
}

#[test]
fn one_seed_gives_equal_bytes_and_they_come_back() {
    let (one, other) = (trained(), trained());
    let bytes = one.to_bytes();
    assert_eq!(bytes, other.to_bytes());
    assert_eq!(CategoryModel::from_bytes(&bytes).unwrap(), one);
    let (of_another_seed, _) = CategoryModel::train(&events(12), 2, &mut Quiet).unwrap();
    assert_ne!(bytes, of_another_seed.to_bytes());
}

#[test]
fn another_format_is_refused() {
    let mut bytes = trained().to_bytes();
    bytes[0] += 1;
    let expected = ModelError::Format {
        model: "category",
        found: 2,
        expected: 1,
    };
    assert_eq!(CategoryModel::from_bytes(&bytes).unwrap_err(), expected);
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let bytes = trained().to_bytes();
    for length in 0..bytes.len() {
        assert!(
            CategoryModel::from_bytes(&bytes[..length]).is_err(),
            "{length}"
        );
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(
        CategoryModel::from_bytes(&longer).unwrap_err(),
        ModelError::Trailing {
            model: "category",
            bytes: 1
        }
    );
}

#[test]
fn texts_fall_into_the_bins_of_the_card() {
    let bins = |name: &str| drift_bins(&event(name)).map(|(_, bin)| bin);
    assert_eq!(bins(""), ["none", "ASCII"]);
    assert_eq!(bins("one two two"), ["under 20", "ASCII"]);
    assert_eq!(bins("Привет мир"), ["under 20", "mostly beyond ASCII"]);
    assert_eq!(
        bins("el niño come"),
        ["under 20", "under half beyond ASCII"]
    );
}

#[test]
fn a_changed_byte_is_refused_or_harmless() {
    let bytes = trained().to_bytes();
    let asked = LabelledEvent {
        topics: vec!["hiking".to_owned()],
        ..event("a compiler, a lake and chess")
    };
    proptest!(ProptestConfig::with_cases(400), |(at in 0..bytes.len(), value: u8)| {
        let mut changed = bytes.clone();
        changed[at] = value;
        if let Ok(model) = CategoryModel::from_bytes(&changed) {
            for evidence in [Evidence::Text, Evidence::TextAndTopics] {
                if let Some(prediction) = model.predict(&asked, evidence) {
                    prop_assert!((0.0..=1.0).contains(&prediction.probability));
                }
            }
        }
    });
}

proptest! {
    #[test]
    fn any_bytes_are_taken_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut with_format = vec![1];
        with_format.extend(bytes);
        let _ = CategoryModel::from_bytes(&with_format);
    }
}
