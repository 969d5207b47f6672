//! `/api/v1/models`: the models, their versions and what those are worth; and promoting one.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use headcount_learn::{ModelCard, ModelName, Promotion, ServedModels, UnknownModel, VersionCard};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    app::App,
    http::{json, origin, problem_details::ProblemDetails},
    state::{ModelsSeen, PromotionRefusal, PromotionRequest},
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
    Ok(reply(&answer(&seen)))
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
    let name: ModelName = name
        .parse()
        .map_err(|error: UnknownModel| ProblemDetails::not_found(error.to_string()))?;
    let PromoteBody { version, anyway } = serde_json::from_slice(&body).map_err(|cause| {
        ProblemDetails::bad_request(format!("the body is not {{\"version\": 1}}: {cause}"))
    })?;
    let (reply_to, promoted) = oneshot::channel();
    let request = PromotionRequest {
        name,
        version,
        anyway,
        reply: reply_to,
    };
    // Whoever follows the models may be gone: the program is stopping.
    let stopping = || ProblemDetails::models_failed("headcount is stopping");
    let sent = app.state.models.promotions.send(request).await;
    sent.map_err(|_| stopping())?;
    match promoted.await.map_err(|_| stopping())? {
        Ok(promotion) => Ok(reply(&promotion)),
        Err(PromotionRefusal::Missing(why)) => Err(ProblemDetails::not_found(why)),
        Err(PromotionRefusal::Unfit(why)) => Err(ProblemDetails::conflict(why)),
        Err(PromotionRefusal::Failed(why)) => Err(ProblemDetails::models_failed(why)),
    }
}

fn answer(seen: &ModelsSeen) -> ModelsAnswer {
    let models = ModelName::ALL.into_iter().map(|name| state_of(name, seen));
    ModelsAnswer {
        models: models.collect(),
        training: seen.training.clone(),
    }
}

fn state_of(name: ModelName, seen: &ModelsSeen) -> ModelState {
    let stored = seen.versions.get(&name).cloned().unwrap_or_default();
    let promotion = stored.promotion;
    let newest_first = stored.cards.into_iter().rev();
    let versions: Vec<VersionState> = newest_first
        .map(|(version, card)| match card {
            Ok(card) => VersionState::of(card),
            Err(why) => VersionState::damaged(version, why),
        })
        .collect();
    let in_use = seen.served.version(name);
    ModelState {
        name,
        in_use,
        previous: promotion.as_ref().and_then(|promotion| promotion.previous),
        why: why(name, &seen.served, promotion.as_ref(), versions.is_empty()),
        state: match (in_use, &promotion) {
            (Some(_), _) => UseState::Served,
            (None, Some(_)) => UseState::Baseline,
            (None, None) => UseState::Absent,
        },
        drift: seen.drift.get(name.as_str()).cloned().unwrap_or_default(),
        versions,
    }
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
