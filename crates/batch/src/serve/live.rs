//! The live program's counts, for the live tables.

use std::time::Duration;

use serde_json::Value;

/// How long the live program may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// The live program, if there is one.
pub(super) struct LiveProgram {
    summary: Option<String>,
    client: reqwest::Client,
}

impl LiveProgram {
    /// The one that serves at an address such as `http://127.0.0.1:8080`.
    pub(super) fn new(address: Option<String>) -> Self {
        let summary =
            address.map(|address| format!("{}/api/v1/summary", address.trim_end_matches('/')));
        Self {
            summary,
            client: reqwest::Client::new(),
        }
    }

    /// Its summary; null when there is no answer.
    pub(super) async fn summary(&self) -> Value {
        let Some(url) = &self.summary else {
            return Value::Null;
        };
        match self.ask(url).await {
            Ok(summary) => summary,
            Err(error) => {
                tracing::warn!(
                    "the live program does not answer: {error}; the live tables are empty"
                );
                Value::Null
            }
        }
    }

    async fn ask(&self, url: &str) -> reqwest::Result<Value> {
        let answer = self
            .client
            .get(url)
            .timeout(LIMIT)
            .send()
            .await?
            .error_for_status()?;
        let body = answer.bytes().await?;
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}
