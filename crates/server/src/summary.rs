//! `/api/v1/summary`: the object of `headcount count --json`, of a running program.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use tokio::task;

use crate::{answer::Answer, app::App, json, problem::Problem, state::Ask};

pub(crate) async fn summary(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match current(&app).await {
        Ok(answer) => answer.reply(&headers).await,
        Err(problem) => problem.into_response(),
    }
}

async fn current(app: &App) -> Result<Arc<Answer>, Problem> {
    app.state.ready.borrow().require()?;
    let views = &app.state.views;
    app.summary
        .at(views.commit(), async {
            let summary = views.ask(Ask::Summary).await?;
            let make = move || Answer::of_figures(json::CONTENT_TYPE, json::to_bytes(&*summary));
            task::spawn_blocking(make)
                .await
                .map_err(|_| Problem::panicked())
        })
        .await
}
