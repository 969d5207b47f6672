//! Themes of events: better than a factorisation on groups held out, the same for the same seed, and no theme by chance.
#![allow(clippy::unwrap_used)]

mod labelled_file;

use std::sync::OnceLock;

use headcount_learn::{LabelledEvent, ModelError, Quiet, Spot, TrainError, themes::ThemesModel};
use proptest::prelude::*;

/// Words that are used together, and the city whose groups use them most.
const SUBJECTS: [(&str, &str, &str); 6] = [
    (
        "hiking",
        "Denver",
        "trail mountain hike boots summit forest backpack creek",
    ),
    (
        "software",
        "Oslo",
        "code rust compiler server database laptop software debugging",
    ),
    (
        "cooking",
        "Lyon",
        "recipe sauce kitchen chef dinner ingredients oven baking",
    ),
    (
        "music",
        "Austin",
        "guitar jam song band concert drums melody singing",
    ),
    (
        "chess",
        "Riga",
        "chess opening endgame knight tournament bishop rating clock",
    ),
    (
        "yoga",
        "Pune",
        "yoga breath meditation mat stretching calm mindful body",
    ),
];
const FILLER: &str = "people welcome evening great meet friends bring time place start";

/// `count` events of groups with four events each.
fn events(count: usize, seed: u64) -> Vec<LabelledEvent> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut events = Vec::new();
    while events.len() < count {
        let group = events.len() as i64;
        let (category, own_city, vocabulary) = SUBJECTS[rng.usize(..SUBJECTS.len())];
        let city = if rng.f64() < 0.8 {
            own_city
        } else {
            SUBJECTS[rng.usize(..SUBJECTS.len())].1
        };
        let vocabulary: Vec<&str> = vocabulary.split(' ').collect();
        let filler: Vec<&str> = FILLER.split(' ').collect();
        for event in 0..4 {
            let words: Vec<&str> = (0..20)
                .map(|_| {
                    if rng.f64() < 0.5 {
                        vocabulary[rng.usize(..8)]
                    } else {
                        filler[rng.usize(..10)]
                    }
                })
                .collect();
            events.push(LabelledEvent {
                id: format!("{group}-{event}"),
                name: format!("{} evening", vocabulary[rng.usize(..8)]),
                description: format!("<p>{}</p>", words.join(" ")),
                group_id: Some(group),
                category: Some(category.to_owned()),
                city: Some(city.to_owned()),
                country: Some("xx".to_owned()),
                venue: Some(Spot {
                    lat: 10.0,
                    lon: 20.0,
                }),
                ..LabelledEvent::default()
            });
        }
    }
    events
}

fn model() -> &'static ThemesModel {
    static MODEL: OnceLock<ThemesModel> = OnceLock::new();
    MODEL.get_or_init(|| {
        ThemesModel::train(&events(600, 1), 7, &mut Quiet)
            .unwrap()
            .0
    })
}

#[test]
fn events_of_one_subject_have_themes_of_their_own() {
    let model = model();
    for (category, _, vocabulary) in SUBJECTS {
        let event = LabelledEvent {
            description: vocabulary.to_owned(),
            ..LabelledEvent::default()
        };
        let found = model.theme_of(&event).unwrap();
        let words = &model.themes()[found.theme].words;
        let own = words
            .iter()
            .filter(|word| vocabulary.contains(word.as_str()))
            .count();
        assert!(own >= 6, "{category}: {words:?}");
        assert!(found.cosine > 0.5);
    }
    let shares: f64 = model.themes().iter().map(|theme| theme.share).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    assert!(model.theme_of(&LabelledEvent::default()).is_none());
}

#[test]
fn cities_are_labelled_by_what_they_do_more_than_others() {
    let labelled: Vec<_> = model()
        .cities()
        .iter()
        .filter(|city| city.theme.is_some())
        .collect();
    assert!(!labelled.is_empty());
    for city in labelled {
        let (_, _, vocabulary) = SUBJECTS
            .iter()
            .find(|(_, own, _)| *own == city.city)
            .unwrap();
        let theme = &model().themes()[city.theme.unwrap() as usize];
        assert!(
            vocabulary.contains(theme.words[0].as_str()),
            "{}: {theme:?}",
            city.city
        );
        assert!(city.share > city.share_elsewhere && city.p_value < 0.05);
        assert!((city.spot.unwrap().lat - 10.0).abs() < 1e-9);
    }
}

#[test]
fn with_cities_shuffled_no_city_has_a_theme() {
    let mut events = events(600, 1);
    let mut rng = fastrand::Rng::with_seed(3);
    // Groups of four events move together.
    for group in events.chunks_mut(4) {
        let city = SUBJECTS[(rng.f64() * rng.f64() * 6.0) as usize].1;
        for event in group {
            event.city = Some(city.to_owned());
        }
    }
    let (model, _) = ThemesModel::train(&events, 7, &mut Quiet).unwrap();
    assert!(model.cities().len() > 2);
    assert!(
        model.cities().iter().all(|city| city.theme.is_none()),
        "{:?}",
        model.cities()
    );
}

#[test]
fn one_seed_gives_equal_bytes_and_bytes_come_back() {
    let (again, card) = ThemesModel::train(&events(600, 1), 7, &mut Quiet).unwrap();
    assert_eq!(again.to_bytes(), model().to_bytes());
    assert_eq!(
        &ThemesModel::from_bytes(&again.to_bytes()).unwrap(),
        model()
    );
    assert_eq!((card.examples, card.groups), (600, 150));
    assert!(card.comparisons[0].model > 0.8, "{:?}", card.comparisons);
}

#[test]
fn too_few_texts_are_refused() {
    let mut few = events(400, 2);
    for event in few.iter_mut().skip(90) {
        event.name.clear();
        event.description.clear();
    }
    let error = ThemesModel::train(&few, 0, &mut Quiet).unwrap_err();
    assert!(
        matches!(
            error,
            TrainError::TooFew {
                found: 90,
                needed: 100,
                ..
            }
        ),
        "{error}"
    );
    assert!(ThemesModel::train(&[], 0, &mut Quiet).is_err());
}

#[test]
fn one_group_and_groups_that_nobody_knows_are_no_reason_to_panic() {
    let mut events = events(200, 4);
    for event in &mut events {
        event.group_id = None;
    }
    ThemesModel::train(&events, 0, &mut Quiet).unwrap();
    for event in &mut events {
        event.group_id = Some(1);
    }
    assert!(ThemesModel::train(&events, 0, &mut Quiet).is_err());
    for (index, event) in (0..).zip(&mut events) {
        event.group_id = Some(index % 12);
    }
    let _ = ThemesModel::train(&events, 0, &mut Quiet);
}

#[test]
fn another_format_and_a_cut_file_are_refused() {
    let bytes = model().to_bytes();
    for length in (0..bytes.len()).step_by(101) {
        assert!(ThemesModel::from_bytes(&bytes[..length]).is_err());
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(
        ThemesModel::from_bytes(&longer),
        Err(ModelError::Trailing { bytes: 1, .. })
    ));
    let mut other = bytes;
    other[0] += 1;
    assert!(matches!(
        ThemesModel::from_bytes(&other),
        Err(ModelError::Format { .. })
    ));
}

#[test]
fn themes_agree_with_real_categories_more_than_a_factorisation_does() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let events = labelled_file::events(&folder, |group| group % 8 == 0);
    let (_, card) = ThemesModel::train(&events, 0, &mut Quiet).unwrap();
    assert!(card.beats_baseline(), "{:#?}", card.comparisons);
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = model().to_bytes();
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(model) = ThemesModel::from_bytes(&bytes) {
            let event = LabelledEvent { name: "chess jam guitar".to_owned(), ..LabelledEvent::default() };
            let _ = model.theme_of(&event);
        }
    }
}
