//! What the model is worth on answers that came after those it had learnt.
use super::answer::AnswerSeen;
use super::model::{Learnt, NAME, ResponseModel};
use crate::{Better, Comparison, ModelCard, Progress, TrainError};

/// Fewer answers say nothing.
const ANSWERS_MIN: usize = 200;

impl ResponseModel {
    /// Learns answers in the order in which they came. The second half of them gives the figures, each scored before it was
    /// learnt. There is no chance in it: `seed` is only written on the card.
    ///
    /// # Errors
    /// Too few answers.
    pub fn train(
        answers: &[AnswerSeen<'_>],
        seed: u64,
        progress: &mut dyn Progress,
    ) -> Result<(Self, ModelCard), TrainError> {
        let mut model = Self::new();
        let mut learnt = 0;
        for (at, answer) in answers.iter().enumerate() {
            if at % 1024 == 0 {
                progress.at("response: answers", at as f64 / answers.len() as f64);
            }
            if at == answers.len() / 2 {
                model.reset_figures();
            }
            learnt += usize::from(matches!(model.learn(answer), Learnt::Scored(_)));
        }
        if learnt < ANSWERS_MIN {
            return Err(TrainError::TooFew {
                model: NAME,
                what: "answers",
                found: learnt,
                needed: ANSWERS_MIN,
            });
        }
        let mut card = model.card(
            "the later half of the answers, each scored before it was learnt",
            seed,
        );
        let groups: std::collections::BTreeSet<_> = answers
            .iter()
            .filter_map(|answer| answer.event.group_id)
            .collect();
        let times = || answers.iter().map(|answer| answer.mtime);
        card.examples = learnt as u64;
        card.groups = groups.len() as u64;
        card.range = times().min().zip(times().max());
        Ok((model, card))
    }

    /// The figures so far as a card; `on` says of which answers. What it was trained on is for the caller to fill in.
    #[must_use]
    pub fn card(&self, on: &str, seed: u64) -> ModelCard {
        let [model, base, event] = self.figures();
        let comparison =
            |measure: &str, better: Better, of: fn(&super::ProgressiveFigures) -> f64| {
                [
                    ("the share of yes so far", base),
                    ("the event's own share of yes so far", event),
                ]
                .map(|(name, baseline)| Comparison {
                    measure: measure.to_owned(),
                    on: on.to_owned(),
                    model: of(model),
                    baseline: name.to_owned(),
                    baseline_figure: of(baseline),
                    better,
                    decides: better == Better::Lower,
                })
            };
        let mut comparisons = comparison(
            "log loss",
            Better::Lower,
            super::ProgressiveFigures::log_loss,
        )
        .to_vec();
        comparisons.extend(comparison(
            "area under the ROC curve",
            Better::Higher,
            super::ProgressiveFigures::auc,
        ));
        ModelCard {
            model: NAME.to_owned(),
            predicts: "the probability that an answer to an event is yes".to_owned(),
            from: "topics, country, words of the name, hour and weekday of event and answer in the group's zone, time left, whether guests are allowed, and earlier answers to the event, in its group, by the member and by this answer itself".to_owned(),
            tested: format!("{} answers, each scored before it was learnt; records that were sent again are left out", model.answers()),
            seed,
            examples: model.answers(),
            groups: 0,
            range: None,
            comparisons,
            confusion: None,
            calibration: model.calibration(),
            feature_shares: Vec::new(),
            notes: vec![
                "It goes on learning: the figures are of the answers up to now.".to_owned(),
                "The event's own share is drawn towards the share of all by four answers; without that it does worse.".to_owned(),
                "How many guests somebody brings is not looked at, because only a yes has guests.".to_owned(),
            ],
        }
    }
}
