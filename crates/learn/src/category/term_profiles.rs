//! What a word says of its groups' topics.
//!
//! Topics are known while training and may be missing afterwards. A word's profile is the mean point of the groups that use it
//! ([`TopicSpace`]), a text's profile the weighted sum of those of its words: so a word that few groups use still says to what
//! kind of group it belongs. A text of the training must not see its own group in that mean, or the learner would trust
//! profiles more than they deserve; so each is computed as if its group were not there.

use super::term_rows::TermRows;
use super::topic_space::TopicSpace;

/// How many uses by a group at 0, the mean of all, are added to each word: rare words say less.
const PRIOR: f32 = 1.0;

/// Profiles are scaled so that texts have this length in the mean square: as much as all words of a text together.
const LENGTH: f32 = 1.0;

/// Profiles of the terms of a vocabulary and of the texts that they were learnt from.
pub(super) struct TermProfiles {
    pub(super) dimensions: usize,
    /// Of each term: the weighted sum of the points of its groups.
    sums: Vec<f32>,
    /// Of each term: the weights of its groups.
    weights: Vec<f32>,
    /// Of each text: its profile, as if its group were unknown, scaled.
    pub(super) of_texts: Vec<f32>,
    scale: f32,
}

/// Texts of one group.
pub(super) struct GroupOfTexts {
    pub(super) id: i64,
    /// Rows of its texts.
    pub(super) rows: std::ops::Range<usize>,
    pub(super) events: f32,
}

/// How much one group uses each term.
struct GroupUsage {
    by_term: Vec<f32>,
    used: Vec<u32>,
}

impl GroupUsage {
    fn of(&mut self, group: &GroupOfTexts, rows: &TermRows, repeats: &[f32]) {
        for &term in &self.used {
            self.by_term[term as usize] = 0.0;
        }
        self.used.clear();
        for row in group.rows.clone() {
            for (term, value) in rows.row(row) {
                if self.by_term[term] == 0.0 {
                    self.used.push(term as u32);
                }
                self.by_term[term] += value * repeats[row];
            }
        }
        // The root: whether a group uses a word at all says more than how often.
        for &term in &self.used {
            let usage = &mut self.by_term[term as usize];
            *usage = (*usage / group.events).sqrt();
        }
    }
}

impl TermProfiles {
    pub(super) fn of(
        rows: &TermRows,
        groups: &[GroupOfTexts],
        repeats: &[f32],
        space: &TopicSpace,
    ) -> Self {
        let dimensions = space.dimensions;
        let mut profiles = Self {
            dimensions,
            sums: vec![0.0; rows.width * dimensions],
            weights: vec![0.0; rows.width],
            of_texts: vec![0.0; rows.len() * dimensions],
            scale: 1.0,
        };
        if dimensions == 0 {
            return profiles;
        }
        let mut usage = GroupUsage {
            by_term: vec![0.0; rows.width],
            used: Vec::new(),
        };
        for group in groups {
            usage.of(group, rows, repeats);
            profiles.add(&usage, space.point(group.id));
        }
        for group in groups {
            usage.of(group, rows, repeats);
            profiles.profile_texts(group, rows, &usage, space.point(group.id));
        }
        profiles.rescale();
        profiles
    }

    /// The profile of a term, scaled: what it adds to that of a text for each unit of its weight.
    pub(super) fn of_term(&self, term: usize) -> impl Iterator<Item = f32> {
        let factor = self.scale / (self.weights[term] + PRIOR);
        self.sums[term * self.dimensions..(term + 1) * self.dimensions]
            .iter()
            .map(move |sum| sum * factor)
    }

    fn add(&mut self, usage: &GroupUsage, point: Option<&[f32]>) {
        for &term in &usage.used {
            let term = term as usize;
            let weight = usage.by_term[term];
            self.weights[term] += weight;
            let sums = &mut self.sums[term * self.dimensions..(term + 1) * self.dimensions];
            sums.iter_mut()
                .zip(point.unwrap_or_default())
                .for_each(|(sum, value)| *sum += weight * value);
        }
    }

    fn profile_texts(
        &mut self,
        group: &GroupOfTexts,
        rows: &TermRows,
        usage: &GroupUsage,
        point: Option<&[f32]>,
    ) {
        let dimensions = self.dimensions;
        for row in group.rows.clone() {
            let profile = &mut self.of_texts[row * dimensions..(row + 1) * dimensions];
            let mut own = 0.0;
            for (term, value) in rows.row(row) {
                let weight = usage.by_term[term];
                let factor = value / ((self.weights[term] - weight).max(0.0) + PRIOR);
                own += factor * weight;
                let sums = &self.sums[term * dimensions..(term + 1) * dimensions];
                profile
                    .iter_mut()
                    .zip(sums)
                    .for_each(|(profile, sum)| *profile += factor * sum);
            }
            profile
                .iter_mut()
                .zip(point.unwrap_or_default())
                .for_each(|(profile, value)| *profile -= own * value);
        }
    }

    fn rescale(&mut self) {
        let square: f64 = self
            .of_texts
            .iter()
            .map(|value| f64::from(value * value))
            .sum();
        let texts = self.of_texts.len() / self.dimensions;
        let length = (square / texts.max(1) as f64).sqrt() as f32;
        self.scale = if length > 0.0 { LENGTH / length } else { 0.0 };
        self.of_texts
            .iter_mut()
            .for_each(|value| *value *= self.scale);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::term_rows::TermRows;
    use super::super::topic_space::TopicSpace;
    use super::{GroupOfTexts, TermProfiles};

    #[test]
    fn a_text_does_not_see_its_own_group() {
        let topics: BTreeMap<i64, std::collections::BTreeSet<u32>> = [
            (1, [1, 2].into()),
            (2, [1, 2].into()),
            (3, [3, 4].into()),
            (4, [3, 4].into()),
        ]
        .into();
        let space = TopicSpace::of(&topics, 1);
        let mut rows = TermRows::new(2);
        // Term 1 is used by group 3 alone.
        for row in [
            vec![(0, 1.0)],
            vec![(0, 1.0)],
            vec![(1, 1.0)],
            vec![(0, 0.5)],
        ] {
            rows.push(&row);
        }
        let groups: Vec<GroupOfTexts> = (0..4)
            .map(|row| GroupOfTexts {
                id: row as i64 + 1,
                rows: row..row + 1,
                events: 1.0,
            })
            .collect();
        let profiles = TermProfiles::of(&rows, &groups, &[1.0; 4], &space);
        let of_text =
            |row: usize| &profiles.of_texts[row * space.dimensions..(row + 1) * space.dimensions];
        assert!(
            of_text(2).iter().all(|value| value.abs() < 1e-6),
            "{:?}",
            of_text(2)
        );
        assert!(of_text(0).iter().any(|value| value.abs() > 0.1));
        assert!(profiles.of_term(1).any(|value| value.abs() > 0.1));
    }
}
