//! From examples to the bytes of a model and its card.

use std::collections::{BTreeMap, HashMap};

use headcount_learn::{
    LabelledEvent, ModelCard, ModelName, Progress, TrainError,
    category::CategoryModel,
    places::{PlacePoint, PlacesModel},
    response::ResponseModel,
    themes::ThemesModel,
    turnout::TurnoutModel,
};
use headcount_models::ModelStore;

use super::{KeptAnswers, sha256_of};

/// Everything there is to learn from.
#[derive(Debug, Default)]
pub(crate) struct TrainingExamples {
    pub(crate) events: Vec<LabelledEvent>,
    pub(crate) answers: KeptAnswers,
    /// How many come to events that are not over, by id.
    pub(crate) coming: HashMap<String, u32>,
}

/// A model, not yet stored.
pub(crate) struct Trained {
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: u32,
    pub(crate) card: ModelCard,
    pub(crate) training_sha256: String,
}

/// Trains one model. The places keep the numbers of those in use, so that colours stay.
///
/// # Errors
/// When there is too little to learn from.
pub(crate) fn train(
    name: ModelName,
    examples: &TrainingExamples,
    store: &ModelStore,
    seed: u64,
    progress: &mut dyn Progress,
) -> Result<Trained, TrainError> {
    let events = &examples.events;
    match name {
        ModelName::Category => {
            let (model, card) = CategoryModel::train(events, seed, progress)?;
            Ok(trained(
                model.to_bytes(),
                CategoryModel::FORMAT,
                card,
                sha256_of(events),
            ))
        }
        ModelName::Turnout => {
            let (model, card) = TurnoutModel::train(events, seed, progress)?;
            Ok(trained(
                model.to_bytes(),
                TurnoutModel::FORMAT,
                card,
                sha256_of(events),
            ))
        }
        ModelName::Themes => {
            let (model, card) = ThemesModel::train(events, seed, progress)?;
            Ok(trained(
                model.to_bytes(),
                ThemesModel::FORMAT,
                card,
                sha256_of(events),
            ))
        }
        ModelName::Places => {
            let points = points(examples);
            let previous = places_in_use(store);
            let (model, card) = PlacesModel::train(&points, previous.as_ref(), seed, progress)?;
            Ok(trained(
                model.to_bytes(),
                PlacesModel::FORMAT,
                card,
                sha256_of(&points),
            ))
        }
        ModelName::Response => {
            let answers = &examples.answers;
            let (model, card) =
                answers.with_seen(|seen| ResponseModel::train(seen, seed, progress))?;
            Ok(trained(
                model.to_bytes(),
                ResponseModel::FORMAT,
                card,
                answers.sha256(),
            ))
        }
    }
}

fn trained(bytes: Vec<u8>, format: u32, card: ModelCard, training_sha256: String) -> Trained {
    Trained {
        bytes,
        format,
        card,
        training_sha256,
    }
}

/// The places in use, if they can be read.
fn places_in_use(store: &ModelStore) -> Option<PlacesModel> {
    let version = store.promotion(ModelName::Places).ok()??.version?;
    let stored = store.read(ModelName::Places, version).ok()?;
    PlacesModel::from_bytes(&stored.bytes).ok()
}

/// The venues of events, one point for each place on the globe.
fn points(examples: &TrainingExamples) -> Vec<PlacePoint> {
    let mut places: BTreeMap<(i64, i64), PlacePoint> = BTreeMap::new();
    for event in &examples.events {
        let Some(spot) = event.venue else { continue };
        let people = event
            .yes_rsvp_count
            .or_else(|| examples.coming.get(&event.id).copied());
        // About a metre: the same venue is not always written with the same digits.
        let key = (
            (spot.lat * 1e5).round() as i64,
            (spot.lon * 1e5).round() as i64,
        );
        let place = places.entry(key).or_insert_with(|| PlacePoint {
            lat: spot.lat,
            lon: spot.lon,
            city: event.city.clone().unwrap_or_default(),
            country: event.country.clone().unwrap_or_default(),
            topics: event.topics.clone(),
            people: 0,
        });
        place.people = place.people.saturating_add(people.unwrap_or(0));
    }
    places.into_values().collect()
}
