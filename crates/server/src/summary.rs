//! `/api/v1/summary`: the object of `headcount count --json`, of a running program; with `?country=`
//! of the events of some countries.

use headcount_query::Question;
use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use tokio::task;

use crate::{
    app::App, cached_body::CachedBody, json, parameters, problem::Problem, state::require,
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
