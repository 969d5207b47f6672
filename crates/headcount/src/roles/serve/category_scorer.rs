//! Categories for the events that are shown: the feed of answers has none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use headcount_engine::{LikelyCategory, TrendingRow};
use headcount_learn::{
    LabelledEvent,
    category::{CategoryModel, Evidence},
};
use headcount_server::ModelsSeen;
use tokio::sync::watch;

/// Events whose category is remembered: those that trend come back with every view.
const KEPT_MAX: usize = 10_000;

/// Scores events with the model in use. Clones share what was scored.
#[derive(Clone)]
pub(crate) struct CategoryScorer {
    models: watch::Receiver<Arc<ModelsSeen>>,
    scored: Arc<Mutex<ScoredCategories>>,
}

/// What one version of the model said.
#[derive(Default)]
struct ScoredCategories {
    version: u32,
    categories: HashMap<Arc<str>, Option<LikelyCategory>>,
}

impl CategoryScorer {
    pub(crate) fn new(models: watch::Receiver<Arc<ModelsSeen>>) -> Self {
        Self {
            models,
            scored: Arc::default(),
        }
    }

    /// Gives every event its category. Without a model, none has one.
    pub(crate) fn score(&self, rows: &mut [TrendingRow]) {
        let seen = Arc::clone(&self.models.borrow());
        let Some(served) = &seen.served.category else {
            return;
        };
        // What was scored is right whatever happened to another thread.
        let mut scored = self.scored.lock().unwrap_or_else(PoisonError::into_inner);
        if scored.version != served.card.version || scored.categories.len() > KEPT_MAX {
            scored.categories.clear();
            scored.version = served.card.version;
        }
        for row in rows {
            let known = scored.categories.get(&row.event_id).cloned();
            row.category = known.unwrap_or_else(|| {
                let category = category_of(&served.model, row);
                let id = Arc::clone(&row.event_id);
                scored.categories.insert(id, category.clone());
                category
            });
        }
    }
}

/// From the event's name and its group's topics: its description is in another feed.
fn category_of(model: &CategoryModel, row: &TrendingRow) -> Option<LikelyCategory> {
    let topics = row.topics.iter().map(|topic| topic.urlkey.to_string());
    let event = LabelledEvent {
        id: row.event_id.to_string(),
        name: row.name.to_string(),
        topics: topics.collect(),
        ..LabelledEvent::default()
    };
    let prediction = model.predict(&event, Evidence::TextAndTopics)?;
    Some(LikelyCategory {
        value: prediction.category.as_str().into(),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a hundred"
        )]
        percent: (prediction.probability.clamp(0.0, 1.0) * 100.0).round() as u8,
    })
}
