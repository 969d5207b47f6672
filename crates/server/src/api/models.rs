//! `/api/v1/models`: the models, their versions and what those are worth; and promoting one.

use std::{path::Path as FilePath, sync::Arc};

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use headcount_clock::now_ms;
use headcount_learn::ModelCard;
use headcount_models::{Error, ModelName, ModelStore, Promotion, ServedModels, VersionCard};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::{
    app::App,
    http::{json, origin, problem_details::ProblemDetails},
    state::ModelsSeen,
};

#[derive(Serialize)]
struct ModelsAnswer {
    models: Vec<ModelState>,
    /// What the worker says of its training; null where nothing trains.
    training: Value,
}

/// One model.
#[derive(Serialize)]
struct ModelState {
    name: ModelName,
    in_use: Option<u32>,
    previous: Option<u32>,
    why: String,
    state: UseState,
    drift: Value,
    versions: Vec<VersionState>,
}

/// What answers come from.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum UseState {
    /// A version of the model.
    Served,
    /// Its baseline: it was taken out of use.
    Baseline,
    /// Nothing: it was never promoted.
    Absent,
}

#[derive(Serialize)]
struct VersionState {
    version: u32,
    damage: Option<String>,
    trained_at: Option<i64>,
    seconds: Option<f64>,
    program: Option<String>,
    training_sha256: Option<String>,
    model_bytes: Option<u64>,
    beats_baseline: Option<bool>,
    card: Option<ModelCard>,
}

impl VersionState {
    fn of(card: VersionCard) -> Self {
        Self {
            version: card.version,
            damage: None,
            trained_at: Some(card.trained_at),
            seconds: Some(card.seconds),
            program: Some(card.program),
            training_sha256: Some(card.training_sha256),
            model_bytes: Some(card.model_bytes),
            beats_baseline: Some(card.beats_baseline),
            card: Some(card.card),
        }
    }

    /// One that is refused, for a reason.
    fn damaged(version: u32, why: String) -> Self {
        Self {
            version,
            damage: Some(why),
            trained_at: None,
            seconds: None,
            program: None,
            training_sha256: None,
            model_bytes: None,
            beats_baseline: None,
            card: None,
        }
    }
}

/// `GET /api/v1/models`.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Response, ProblemDetails> {
    let seen = Arc::clone(&app.state.models.seen.borrow());
    let training = app.state.models.training.clone();
    let answer = spawn_blocking(move || answer(&seen, &training))
        .await
        .map_err(|_| ProblemDetails::models_failed("reading them was cut off"))?;
    let answer = answer.map_err(|error| ProblemDetails::models_failed(error.to_string()))?;
    Ok(reply(&answer))
}

/// What comes with `POST /api/v1/models/NAME/promote`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromoteBody {
    version: u32,
    #[serde(default)]
    anyway: bool,
}

/// `POST /api/v1/models/NAME/promote`.
pub(crate) async fn promote(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ProblemDetails> {
    origin::check_same_origin(&headers)?;
    let store = app.state.models.seen.borrow().store.clone();
    let store = store.ok_or_else(|| ProblemDetails::not_found("no model was trained yet"))?;
    let name: ModelName = name
        .parse()
        .map_err(|error: headcount_models::UnknownModel| {
            ProblemDetails::not_found(error.to_string())
        })?;
    let PromoteBody { version, anyway } = serde_json::from_slice(&body).map_err(|cause| {
        ProblemDetails::bad_request(format!("the body is not {{\"version\": 1}}: {cause}"))
    })?;
    let promoted = spawn_blocking(move || {
        store.promote(name, Some(version), anyway, now_ms(), "promoted by hand")
    });
    match promoted.await {
        Ok(Ok(promotion)) => Ok(reply(&promotion)),
        Ok(Err(error @ Error::NoVersion { .. })) => {
            Err(ProblemDetails::not_found(error.to_string()))
        }
        Ok(Err(error @ (Error::NoBetter { .. } | Error::Refused { .. }))) => {
            Err(ProblemDetails::conflict(error.to_string()))
        }
        Ok(Err(error)) => Err(ProblemDetails::models_failed(error.to_string())),
        Err(_) => Err(ProblemDetails::models_failed("promoting was cut off")),
    }
}

fn answer(seen: &ModelsSeen, training: &FilePath) -> Result<ModelsAnswer, Error> {
    let (served, drift) = (&seen.served, &seen.drift);
    let mut models = Vec::with_capacity(ModelName::ALL.len());
    for name in ModelName::ALL {
        let (promotion, states) = match &seen.store {
            Some(store) => stored(store, name)?,
            None => (None, Vec::new()),
        };
        let in_use = served.version(name);
        models.push(ModelState {
            name,
            in_use,
            previous: promotion.as_ref().and_then(|promotion| promotion.previous),
            why: why(name, served, promotion.as_ref(), states.is_empty()),
            state: match (in_use, &promotion) {
                (Some(_), _) => UseState::Served,
                (None, Some(_)) => UseState::Baseline,
                (None, None) => UseState::Absent,
            },
            drift: drift.get(name.as_str()).cloned().unwrap_or_default(),
            versions: states,
        });
    }
    let training = std::fs::read(training).ok();
    let training = training.and_then(|text| serde_json::from_slice(&text).ok());
    Ok(ModelsAnswer {
        models,
        training: training.unwrap_or_default(),
    })
}

/// What the store has of a model: the newest version first.
fn stored(
    store: &ModelStore,
    name: ModelName,
) -> Result<(Option<Promotion>, Vec<VersionState>), Error> {
    let promotion = match store.promotion(name) {
        Err(Error::Promotion { .. }) => None,
        promotion => promotion?,
    };
    let mut states = Vec::new();
    let versions = store.versions()?.remove(&name).unwrap_or_default();
    for version in versions.into_iter().rev() {
        match store.card(name, version) {
            Ok(card) => states.push(VersionState::of(card)),
            Err(error @ Error::Refused { .. }) => {
                states.push(VersionState::damaged(version, error.to_string()));
            }
            // It was removed meanwhile.
            Err(Error::NoVersion { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((promotion, states))
}

fn why(
    name: ModelName,
    served: &ServedModels,
    promotion: Option<&Promotion>,
    is_untrained: bool,
) -> String {
    match (served.refused.get(&name), promotion) {
        (Some(refused), _) => refused.clone(),
        (None, Some(promotion)) => promotion.why.clone(),
        (None, None) if is_untrained => format!(
            "it was never trained: the worker trains it when there is enough to learn from, and so does headcount train {name}"
        ),
        (None, None) => "no version of it beats its baseline, so none is served".to_owned(),
    }
}

/// Answers of models are small and change seldom.
pub(super) fn reply(value: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, json::CONTENT_TYPE),
        (
            header::CACHE_CONTROL,
            http::HeaderValue::from_static("no-cache"),
        ),
    ];
    (StatusCode::OK, headers, json::to_bytes(value)).into_response()
}
