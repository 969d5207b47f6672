//! Responses kept for as long as they are right: until the next commit that changed figures.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

use crate::http::{cached_body::CachedBody, problem::Problem};

/// Questions whose responses are kept, those asked last: each response may have some megabytes.
const QUESTIONS_MAX: usize = 16;

/// A cached response for each question, such as a filter.
#[derive(Debug)]
pub(crate) struct ResponseCache<Q>(RwLock<Vec<(Q, Arc<CachedResponse>)>>);

impl<Q> Default for ResponseCache<Q> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<Q: PartialEq> ResponseCache<Q> {
    /// Where the response to this question is kept.
    pub(crate) fn of(&self, question: Q) -> Arc<CachedResponse> {
        let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let found = cached.iter().position(|(known, _)| *known == question);
        let (question, response) = match found {
            Some(at) => cached.remove(at),
            None => (question, Arc::default()),
        };
        if cached.len() == QUESTIONS_MAX {
            cached.remove(0);
        }
        cached.push((question, Arc::clone(&response)));
        response
    }
}

/// The response to one question, with the commit that it is right for.
#[derive(Debug, Default)]
pub(crate) struct CachedResponse {
    kept: RwLock<Option<(u64, Arc<CachedBody>)>>,
    /// Held while a response is made, so that a thousand requests after a commit make one.
    making: Mutex<()>,
}

impl CachedResponse {
    /// The response as of `commit` or later, made by `make` unless it is kept already.
    pub(crate) async fn at<F>(&self, commit: u64, make: F) -> Result<Arc<CachedBody>, Problem>
    where
        F: Future<Output = Result<CachedBody, Problem>>,
    {
        if let Some(body) = self.kept(commit) {
            return Ok(body);
        }
        let _making = self.making.lock().await;
        if let Some(body) = self.kept(commit) {
            return Ok(body);
        }
        let made = make.await?;
        Ok(self.keep(commit, made))
    }

    fn kept(&self, commit: u64) -> Option<Arc<CachedBody>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|(at, _)| *at >= commit)
            .map(|(_, body)| Arc::clone(body))
    }

    /// Keeps the new body. When its content is the old one's, the old one stays: it may be compressed already.
    fn keep(&self, commit: u64, made: CachedBody) -> Arc<CachedBody> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let body = match kept.take() {
            Some((_, old)) if old.same(&made) => old,
            _ => Arc::new(made),
        };
        *kept = Some((commit, Arc::clone(&body)));
        body
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use bytes::Bytes;
    use http::HeaderValue;

    use super::*;

    fn body(text: &'static str) -> CachedBody {
        CachedBody::of_figures(
            HeaderValue::from_static("text/plain"),
            Bytes::from_static(text.as_bytes()),
        )
    }

    #[tokio::test]
    async fn one_response_is_made_per_commit_however_many_ask() {
        let response = CachedResponse::default();
        let made = AtomicU32::new(0);
        let ask = |commit| {
            response.at(commit, async {
                tokio::task::yield_now().await;
                made.fetch_add(1, Relaxed);
                Ok(body("the same"))
            })
        };
        let (first, second, third) = tokio::join!(ask(1), ask(1), ask(1));
        assert_eq!(made.load(Relaxed), 1);
        let first = first.expect("a response");
        assert!(Arc::ptr_eq(&first, &second.expect("a response")));
        assert!(Arc::ptr_eq(&first, &third.expect("a response")));

        let next = ask(2).await.expect("a response");
        assert_eq!(made.load(Relaxed), 2);
        assert!(
            Arc::ptr_eq(&first, &next),
            "the same content is the same response"
        );

        let other = response
            .at(3, async { Ok(body("another")) })
            .await
            .expect("a response");
        assert!(!Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn the_questions_asked_last_are_kept() {
        let cache = ResponseCache::default();
        let of = |question: usize| cache.of(question);
        let first = of(0);
        for other in 1..QUESTIONS_MAX {
            of(other);
        }
        assert!(Arc::ptr_eq(&first, &of(0)));
        for other in 1..QUESTIONS_MAX {
            of(QUESTIONS_MAX + other);
        }
        assert!(Arc::ptr_eq(&first, &of(0)), "it was asked again");
        for other in 0..QUESTIONS_MAX {
            of(2 * QUESTIONS_MAX + other);
        }
        assert!(!Arc::ptr_eq(&first, &of(0)));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let response = CachedResponse::default();
        assert!(
            response
                .at(1, async { Err(Problem::nothing_counted()) })
                .await
                .is_err()
        );
        assert!(response.at(1, async { Ok(body("now")) }).await.is_ok());
    }
}
