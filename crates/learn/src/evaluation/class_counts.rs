//! True against predicted classes, and what follows from their counts.

use crate::Confusion;

/// How often which class was taken for which.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassCounts {
    classes: usize,
    /// One row a true class, one column a predicted one.
    counts: Vec<u64>,
}

impl ClassCounts {
    /// Nothing predicted yet.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// Counts `times` predictions of one kind.
    ///
    /// # Panics
    /// If one of the two is no class.
    pub fn add(&mut self, truth: usize, predicted: usize, times: u64) {
        assert!(
            truth < self.classes && predicted < self.classes,
            "a class is one of those it was made for"
        );
        self.counts[truth * self.classes + predicted] += times;
    }

    /// How many predictions there were.
    #[must_use]
    pub fn examples(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The share that was right; 0 without predictions.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes)
            .map(|class| self.counts[class * self.classes + class])
            .sum();
        if right == 0 {
            0.0
        } else {
            right as f64 / self.examples() as f64
        }
    }

    /// The mean over all classes of 2·right / (true + predicted): every class weighs the same, however rare it is. A class that
    /// neither was there nor was predicted gives 0, as in scikit-learn.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let f1 = |class: usize| {
            let row = &self.counts[class * self.classes..(class + 1) * self.classes];
            let truth: u64 = row.iter().sum();
            let predicted: u64 = self.counts.iter().skip(class).step_by(self.classes).sum();
            if truth + predicted == 0 {
                0.0
            } else {
                2.0 * row[class] as f64 / (truth + predicted) as f64
            }
        };
        (0..self.classes).map(f1).sum::<f64>() / self.classes.max(1) as f64
    }

    /// What each class got of all predictions.
    #[must_use]
    pub fn predicted_shares(&self) -> Vec<f64> {
        let examples = self.examples().max(1) as f64;
        (0..self.classes)
            .map(|class| {
                self.counts
                    .iter()
                    .skip(class)
                    .step_by(self.classes)
                    .sum::<u64>() as f64
                    / examples
            })
            .collect()
    }

    /// As a card keeps them. `names` are those of the classes.
    #[must_use]
    pub fn confusion(&self, names: &[String]) -> Confusion {
        Confusion {
            classes: names.to_vec(),
            counts: self
                .counts
                .chunks(self.classes.max(1))
                .map(<[u64]>::to_vec)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ClassCounts;

    #[test]
    fn figures_are_those_of_scikit_learn() {
        // accuracy_score and f1_score(average="macro") of [0, 0, 1, 1, 2] against [0, 1, 1, 1, 0], a fourth class unseen.
        let mut counts = ClassCounts::new(4);
        for (truth, predicted) in [(0, 0), (0, 1), (1, 1), (1, 1), (2, 0)] {
            counts.add(truth, predicted, 1);
        }
        assert!((counts.accuracy() - 0.6).abs() < 1e-12);
        assert!((counts.macro_f1() - (0.5 + 0.8) / 4.0).abs() < 1e-12);
        assert_eq!(counts.predicted_shares(), [0.4, 0.6, 0.0, 0.0]);
    }

    #[test]
    fn nothing_is_worth_nothing() {
        assert_eq!(
            (
                ClassCounts::new(2).accuracy(),
                ClassCounts::new(0).macro_f1()
            ),
            (0.0, 0.0)
        );
    }
}
