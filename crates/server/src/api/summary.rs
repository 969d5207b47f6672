//! `/api/v1/summary`: what `headcount count --json` prints, for a running program; `?country=` leaves only the
//! events of these countries.

use headcount_query::Question;
use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use tokio::task;

use crate::{
    app::App,
    http::{cached_body::CachedBody, json, parameters, problem::Problem},
    state::require,
};

pub(crate) async fn summary(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match current(&app, query.as_deref()).await {
        Ok(answer) => answer.reply(&headers).await,
        Err(problem) => problem.into_response(),
    }
}

async fn current(app: &App, query: Option<&str>) -> Result<Arc<CachedBody>, Problem> {
    let filter = parameters::filter(query)?;
    require(&app.state.ready.borrow())?;
    let views = &app.state.views;
    app.summary
        .of(filter.clone())
        .at(views.commit(), async {
            let summary = views.ask(|reply| Question::Summary(filter, reply)).await?;
            let make =
                move || CachedBody::of_figures(json::CONTENT_TYPE, json::to_bytes(&*summary));
            task::spawn_blocking(make)
                .await
                .map_err(|_| Problem::panicked())
        })
        .await
}
