//! From scores to probabilities.

/// Scores of one text for all classes, which of them is true, and how often.
pub(super) struct ScoredDocument {
    pub(super) scores: Vec<f32>,
    pub(super) class: usize,
    pub(super) repeats: u32,
    /// How many events its group has.
    pub(super) events_of_group: u32,
}

/// The probabilities of the classes: the softmax of their scores times `sharpness`.
pub(super) fn probabilities(scores: &[f32], sharpness: f32) -> Vec<f64> {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = scores
        .iter()
        .map(|score| f64::from((score - greatest) * sharpness).exp())
        .collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// The sharpness whose probabilities have the least log loss on texts that the scores were not learnt from: temperature scaling
/// (Guo et al., 2017). Which class is the most probable stays as it is. A group weighs as the root of its events, as in training.
pub(super) fn fitted<'a>(scored: impl Iterator<Item = &'a ScoredDocument> + Clone) -> f32 {
    let loss = |logarithm: f32| {
        let of_truth = scored.clone().map(|one| {
            (
                probabilities(&one.scores, logarithm.exp())[one.class],
                f64::from(one.repeats) / f64::from(one.events_of_group).sqrt(),
            )
        });
        crate::evaluation::log_loss(of_truth)
    };
    // The loss has one valley; each round leaves two thirds of the range.
    let (mut low, mut high) = (-4.0_f32, 6.0_f32);
    for _ in 0..16 {
        let third = (high - low) / 3.0;
        if loss(low + third) <= loss(high - third) {
            high -= third;
        } else {
            low += third;
        }
    }
    ((low + high) / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::{ScoredDocument, fitted, probabilities};

    #[test]
    fn probabilities_add_up_and_keep_the_order() {
        let probabilities = probabilities(&[0.0, 2.0, -1.0], 3.0);
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(probabilities[1] > probabilities[0] && probabilities[0] > probabilities[2]);
    }

    #[test]
    fn the_fitted_sharpness_gives_what_happens() {
        // The class with the higher score is the true one in three of four.
        let scored: Vec<ScoredDocument> = (0..8)
            .map(|number| ScoredDocument {
                scores: vec![0.5, 0.0],
                class: usize::from(number % 4 == 0),
                repeats: 1,
                events_of_group: 1,
            })
            .collect();
        let given = probabilities(&[0.5, 0.0], fitted(scored.iter()))[0];
        assert!((given - 0.75).abs() < 0.01, "{given}");
    }
}
