//! An answer kept for as long as it is right: until the next commit that changed figures.

use std::sync::{Arc, PoisonError, RwLock};

use headcount_engine::Filter;
use tokio::sync::Mutex;

use crate::{answer::Answer, problem::Problem};

/// Filters whose answers are kept, those asked for last: each may be of some megabytes.
const FILTERS_MAX: usize = 16;

/// A shelf for each filter that is asked for.
#[derive(Debug, Default)]
pub(crate) struct Shelves(RwLock<Vec<(Filter, Arc<Shelf>)>>);

impl Shelves {
    pub(crate) fn of(&self, filter: &Filter) -> Arc<Shelf> {
        let mut shelves = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let found = shelves.iter().position(|(known, _)| known == filter);
        let (known, shelf) = match found {
            Some(at) => shelves.remove(at),
            None => (filter.clone(), Arc::default()),
        };
        if shelves.len() == FILTERS_MAX {
            shelves.remove(0);
        }
        shelves.push((known, Arc::clone(&shelf)));
        shelf
    }
}

#[derive(Debug, Default)]
pub(crate) struct Shelf {
    kept: RwLock<Option<(u64, Arc<Answer>)>>,
    /// Held while an answer is made, so that a thousand requests after a commit make one.
    making: Mutex<()>,
}

impl Shelf {
    /// The answer as of `commit` or later, made by `make` unless it is here already.
    pub(crate) async fn at<F>(&self, commit: u64, make: F) -> Result<Arc<Answer>, Problem>
    where
        F: Future<Output = Result<Answer, Problem>>,
    {
        if let Some(answer) = self.kept(commit) {
            return Ok(answer);
        }
        let _making = self.making.lock().await;
        if let Some(answer) = self.kept(commit) {
            return Ok(answer);
        }
        let made = make.await?;
        Ok(self.keep(commit, made))
    }

    fn kept(&self, commit: u64) -> Option<Arc<Answer>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|(at, _)| *at >= commit)
            .map(|(_, answer)| Arc::clone(answer))
    }

    /// Keeps what was made; when nothing changed, the old one stays, compressed as it is.
    fn keep(&self, commit: u64, made: Answer) -> Arc<Answer> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let answer = match kept.take() {
            Some((_, old)) if old.same(&made) => old,
            _ => Arc::new(made),
        };
        *kept = Some((commit, Arc::clone(&answer)));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use bytes::Bytes;
    use http::HeaderValue;

    use super::*;

    fn answer(text: &'static str) -> Answer {
        Answer::of_figures(
            HeaderValue::from_static("text/plain"),
            Bytes::from_static(text.as_bytes()),
        )
    }

    #[tokio::test]
    async fn one_answer_is_made_per_commit_however_many_ask() {
        let shelf = Shelf::default();
        let made = AtomicU32::new(0);
        let ask = |commit| {
            shelf.at(commit, async {
                tokio::task::yield_now().await;
                made.fetch_add(1, Relaxed);
                Ok(answer("the same"))
            })
        };
        let (first, second, third) = tokio::join!(ask(1), ask(1), ask(1));
        assert_eq!(made.load(Relaxed), 1);
        let first = first.expect("an answer");
        assert!(Arc::ptr_eq(&first, &second.expect("an answer")));
        assert!(Arc::ptr_eq(&first, &third.expect("an answer")));

        let next = ask(2).await.expect("an answer");
        assert_eq!(made.load(Relaxed), 2);
        assert!(
            Arc::ptr_eq(&first, &next),
            "the same content is the same answer"
        );

        let other = shelf
            .at(3, async { Ok(answer("another")) })
            .await
            .expect("an answer");
        assert!(!Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn the_filters_asked_for_last_are_kept() {
        let shelves = Shelves::default();
        let of = |country: usize| {
            let country = country.to_string();
            shelves.of(&Filter::of_countries([country.as_str()]))
        };
        let first = of(0);
        for other in 1..FILTERS_MAX {
            of(other);
        }
        assert!(Arc::ptr_eq(&first, &of(0)));
        for other in 1..FILTERS_MAX {
            of(FILTERS_MAX + other);
        }
        assert!(Arc::ptr_eq(&first, &of(0)), "it was asked for again");
        for other in 0..FILTERS_MAX {
            of(2 * FILTERS_MAX + other);
        }
        assert!(!Arc::ptr_eq(&first, &of(0)));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let shelf = Shelf::default();
        assert!(
            shelf
                .at(1, async { Err(Problem::nothing_counted()) })
                .await
                .is_err()
        );
        assert!(shelf.at(1, async { Ok(answer("now")) }).await.is_ok());
    }
}
