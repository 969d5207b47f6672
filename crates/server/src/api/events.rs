//! `/api/v1/events/ID`: what the tables know of an event, and what the models in use say of it.

use std::sync::Arc;

use axum::{
    body::to_bytes,
    extract::{Request, State},
    response::Response,
};
use headcount_learn::{
    LabelledEvent, ServedModels, Spot,
    category::Evidence,
    turnout::{AnswersSoFar, TurnoutHistory},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::models::reply;
use crate::{app::App, http::problem_details::ProblemDetails};

/// Bytes of the worker's answer: a description has some 50 KB at most, the curve 400 points.
const FACTS_BYTES_MAX: usize = 4 << 20;

/// What the batch worker answers.
#[derive(Deserialize)]
struct EventFacts {
    event_id: String,
    name: Option<String>,
    url: Option<String>,
    time: Option<i64>,
    utc_offset: Option<i64>,
    status: Option<String>,
    description: Option<String>,
    rsvp_limit: Option<u32>,
    paid: Option<bool>,
    group_id: Option<i64>,
    group_name: Option<String>,
    city: Option<String>,
    country: Option<String>,
    category: Option<String>,
    venue_id: Option<i64>,
    venue_name: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    venue_city: Option<String>,
    yes: u64,
    no: u64,
    maybe: u64,
    guests: u64,
    versions: u64,
    changed: u64,
    photos: u64,
    comments: u64,
    curve: Vec<(i64, u64)>,
    topics: Vec<String>,
    earlier: Vec<EarlierEvent>,
    as_of: Value,
}

/// An earlier event of the group.
#[derive(Deserialize)]
struct EarlierEvent {
    event_id: String,
    name: Option<String>,
    time: Option<i64>,
    heads: Option<u32>,
}

#[derive(Serialize)]
struct EventAnswer {
    id: String,
    name: Option<String>,
    url: Option<String>,
    time: Option<i64>,
    utc_offset: Option<i64>,
    status: Option<String>,
    group: Option<EventGroup>,
    venue: Option<EventVenue>,
    answers: EventAnswers,
    rsvp_limit: Option<u32>,
    photos: u64,
    comments: u64,
    curve: Vec<(i64, u64)>,
    category: Option<CategorySaid>,
    turnout: Option<TurnoutSaid>,
    response: Option<ResponseSaid>,
    as_of: Value,
}

#[derive(Serialize)]
struct EventGroup {
    id: i64,
    name: Option<String>,
    city: Option<String>,
    country: Option<String>,
}

#[derive(Serialize)]
struct EventVenue {
    id: i64,
    name: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    city: Option<String>,
}

#[derive(Serialize)]
struct EventAnswers {
    yes: u64,
    no: u64,
    maybe: u64,
    guests: u64,
    heads: u64,
    versions: u64,
    changed: u64,
}

#[derive(Serialize)]
struct CategorySaid {
    value: String,
    /// `group`: its founder chose it; `model`: it follows from the text.
    source: &'static str,
    probability: Option<f64>,
    model: Option<String>,
    alternatives: Vec<(String, f64)>,
}

#[derive(Serialize)]
struct TurnoutSaid {
    value: f64,
    low: f64,
    high: f64,
    model: String,
}

#[derive(Serialize)]
struct ResponseSaid {
    probability: f64,
    model: String,
}

/// `GET /api/v1/events/ID`.
pub(crate) async fn event(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let answer = app.batch.ask(request).await?;
    if !answer.status().is_success() {
        return Ok(answer);
    }
    let body = to_bytes(answer.into_body(), FACTS_BYTES_MAX)
        .await
        .map_err(|_| ProblemDetails::worker_gone())?;
    let facts: EventFacts = serde_json::from_slice(&body).map_err(|cause| {
        ProblemDetails::models_failed(format!("read what the worker says of the event: {cause}"))
    })?;
    let seen = Arc::clone(&app.state.models.seen.borrow());
    Ok(reply(&said(facts, &seen.served)))
}

fn said(facts: EventFacts, models: &ServedModels) -> EventAnswer {
    let event = example(&facts);
    let now = facts.as_of.get("stream_time").and_then(Value::as_i64);
    EventAnswer {
        category: category(&facts, &event, models),
        turnout: turnout(&facts, &event, now, models),
        response: models.response.as_ref().map(|served| ResponseSaid {
            probability: served.model.score_event(&event, now),
            model: served.label(),
        }),
        id: facts.event_id,
        name: facts.name,
        url: facts.url,
        time: facts.time,
        utc_offset: facts.utc_offset,
        status: facts.status,
        group: facts.group_id.map(|id| EventGroup {
            id,
            name: facts.group_name,
            city: facts.city,
            country: facts.country,
        }),
        venue: facts.venue_id.map(|id| EventVenue {
            id,
            name: facts.venue_name,
            lat: facts.lat,
            lon: facts.lon,
            city: facts.venue_city,
        }),
        answers: EventAnswers {
            yes: facts.yes,
            no: facts.no,
            maybe: facts.maybe,
            guests: facts.guests,
            heads: facts.yes + facts.guests,
            versions: facts.versions,
            changed: facts.changed,
        },
        rsvp_limit: facts.rsvp_limit,
        photos: facts.photos,
        comments: facts.comments,
        curve: facts.curve,
        as_of: facts.as_of,
    }
}

/// The event as models see it.
fn example(facts: &EventFacts) -> LabelledEvent {
    let spot = facts.lat.zip(facts.lon);
    LabelledEvent {
        id: facts.event_id.clone(),
        name: facts.name.clone().unwrap_or_default(),
        description: facts.description.clone().unwrap_or_default(),
        time: facts.time,
        utc_offset: facts.utc_offset,
        rsvp_limit: facts.rsvp_limit,
        yes_rsvp_count: u32::try_from(facts.yes + facts.guests).ok(),
        paid: facts.paid,
        venue: spot.map(|(lat, lon)| Spot { lat, lon }),
        group_id: facts.group_id,
        category: facts.category.clone(),
        city: facts.city.clone(),
        country: facts.country.clone(),
        topics: facts.topics.clone(),
        ..LabelledEvent::default()
    }
}

/// What its group chose, or else what its text says.
fn category(
    facts: &EventFacts,
    event: &LabelledEvent,
    models: &ServedModels,
) -> Option<CategorySaid> {
    if let Some(value) = &facts.category {
        return Some(CategorySaid {
            value: value.clone(),
            source: "group",
            probability: None,
            model: None,
            alternatives: Vec::new(),
        });
    }
    let served = models.category.as_ref()?;
    let prediction = served.model.predict(event, Evidence::TextAndTopics)?;
    Some(CategorySaid {
        value: prediction.category,
        source: "model",
        probability: Some(prediction.probability),
        model: Some(served.label()),
        alternatives: prediction.alternatives,
    })
}

/// The forecast from the group's earlier events, and from the answers up to now.
fn turnout(
    facts: &EventFacts,
    event: &LabelledEvent,
    now: Option<i64>,
    models: &ServedModels,
) -> Option<TurnoutSaid> {
    let served = models.turnout.as_ref()?;
    let mut history = TurnoutHistory::new();
    for earlier in &facts.earlier {
        history.add(&LabelledEvent {
            id: earlier.event_id.clone(),
            name: earlier.name.clone().unwrap_or_default(),
            time: earlier.time,
            yes_rsvp_count: earlier.heads,
            group_id: facts.group_id,
            ..LabelledEvent::default()
        });
    }
    let mut forecast = served.model.predict(event, &history);
    if let (Some(time), Some(now)) = (facts.time, now)
        && now < time
    {
        let so_far = AnswersSoFar {
            yes: event.yes_rsvp_count.unwrap_or(0),
            lead_ms: time - now,
            announced_ms: facts.curve.first().map(|(first, _)| time - first),
        };
        forecast = forecast.updated(so_far, served.model.curve());
    }
    Some(TurnoutSaid {
        value: forecast.value,
        low: forecast.low,
        high: forecast.high,
        model: served.label(),
    })
}
