//! Groups as points: near each other if their topics go together.

use std::collections::{BTreeMap, BTreeSet};

/// Into how few numbers the topics are squeezed.
const DIMENSIONS: usize = 100;

/// More directions than are kept make the kept ones exact sooner.
const SPARE_DIMENSIONS: usize = 10;

/// After so many rounds the directions stand still, as far as anything depends on them.
const ROUNDS: usize = 6;

/// A topic of one group connects it with no other.
const GROUPS_MIN: usize = 2;

/// The points of groups, with their mean at 0.
pub(super) struct TopicSpace {
    pub(super) dimensions: usize,
    points: BTreeMap<i64, Vec<f32>>,
}

/// A group's topics as a row: columns and weights of length 1.
type GroupTopicRow = Vec<(usize, f32)>;

impl TopicSpace {
    /// Squeezes the topics of `groups`: the singular vectors of the matrix of groups and topics, by subspace iteration
    /// (Halko, Martinsson and Tropp, 2011). Without topics there are no dimensions.
    pub(super) fn of(groups: &BTreeMap<i64, BTreeSet<u32>>, seed: u64) -> Self {
        let (rows, width) = rows(groups);
        let wanted = DIMENSIONS.min(width).min(rows.len());
        if wanted == 0 {
            return Self {
                dimensions: 0,
                points: BTreeMap::new(),
            };
        }
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut directions: Vec<Vec<f32>> = (0..wanted + SPARE_DIMENSIONS)
            .map(|_| (0..width).map(|_| chance.f32() - 0.5).collect())
            .collect();
        for _ in 0..ROUNDS {
            orthonormalise(&mut directions);
            directions = directions
                .iter()
                .map(|direction| there_and_back(&rows, direction))
                .collect();
        }
        orthonormalise(&mut directions);
        directions.truncate(wanted);
        let project = |row: &GroupTopicRow| {
            directions
                .iter()
                .map(|direction| along(row, direction))
                .collect::<Vec<f32>>()
        };
        let mut points: BTreeMap<i64, Vec<f32>> = groups
            .keys()
            .zip(&rows)
            .map(|(&group, row)| (group, project(row)))
            .collect();
        centre(&mut points, wanted);
        Self {
            dimensions: wanted,
            points,
        }
    }

    /// Where a group is, if it was among those that made the space.
    pub(super) fn point(&self, group: i64) -> Option<&[f32]> {
        self.points.get(&group).map(Vec::as_slice)
    }
}

/// Rows of the matrix, rare topics weighing more, and its width.
fn rows(groups: &BTreeMap<i64, BTreeSet<u32>>) -> (Vec<GroupTopicRow>, usize) {
    let mut uses: BTreeMap<u32, usize> = BTreeMap::new();
    for &topic in groups.values().flatten() {
        *uses.entry(topic).or_default() += 1;
    }
    uses.retain(|_, uses| *uses >= GROUPS_MIN);
    let columns: BTreeMap<u32, usize> = uses
        .keys()
        .zip(0..)
        .map(|(&topic, column)| (topic, column))
        .collect();
    let row = |topics: &BTreeSet<u32>| {
        let known = topics
            .iter()
            .filter_map(|topic| Some((*columns.get(topic)?, uses[topic])));
        let mut row: GroupTopicRow = known
            .map(|(column, uses)| (column, (groups.len() as f32 / uses as f32).ln()))
            .collect();
        let length = row
            .iter()
            .map(|(_, value)| value * value)
            .sum::<f32>()
            .sqrt()
            .max(f32::MIN_POSITIVE);
        row.iter_mut().for_each(|(_, value)| *value /= length);
        row
    };
    (groups.values().map(row).collect(), columns.len())
}

fn along(row: &GroupTopicRow, direction: &[f32]) -> f32 {
    row.iter()
        .map(|&(column, value)| direction[column] * value)
        .sum()
}

/// A direction of topics taken to the groups and back to topics.
fn there_and_back(rows: &[GroupTopicRow], direction: &[f32]) -> Vec<f32> {
    let mut result = vec![0.0; direction.len()];
    for row in rows {
        let share = along(row, direction);
        for &(column, value) in row {
            result[column] += share * value;
        }
    }
    result
}

/// Gram and Schmidt's way. What has nothing of its own becomes 0.
fn orthonormalise(directions: &mut [Vec<f32>]) {
    for next in 0..directions.len() {
        let (before, rest) = directions.split_at_mut(next);
        let Some(direction) = rest.first_mut() else {
            return;
        };
        let whole = dot(direction, direction).sqrt();
        for other in before {
            let share = dot(direction, other);
            direction
                .iter_mut()
                .zip(other)
                .for_each(|(value, other)| *value -= share * *other);
        }
        let length = dot(direction, direction).sqrt();
        let scale = if length > whole * 1e-5 {
            1.0 / length
        } else {
            0.0
        };
        direction.iter_mut().for_each(|value| *value *= scale);
    }
}

/// Eight sums side by side, for the processor adds so many at once.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (mut ones, mut others) = (one.chunks_exact(8), other.chunks_exact(8));
    let mut sums = [0.0_f32; 8];
    for (one, other) in ones.by_ref().zip(others.by_ref()) {
        for lane in 0..8 {
            sums[lane] += one[lane] * other[lane];
        }
    }
    let rest: f32 = ones
        .remainder()
        .iter()
        .zip(others.remainder())
        .map(|(one, other)| one * other)
        .sum();
    sums.iter().sum::<f32>() + rest
}

fn centre(points: &mut BTreeMap<i64, Vec<f32>>, dimensions: usize) {
    let mut mean = vec![0.0; dimensions];
    for point in points.values() {
        mean.iter_mut()
            .zip(point)
            .for_each(|(mean, value)| *mean += value);
    }
    let count = points.len() as f32;
    for point in points.values_mut() {
        point
            .iter_mut()
            .zip(&mean)
            .for_each(|(value, mean)| *value -= mean / count);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::TopicSpace;

    #[test]
    fn groups_with_topics_that_go_together_are_near() {
        // Groups 1 and 2 share no topic, but both share some with group 3; group 4 and 5 are of another kind.
        let groups: BTreeMap<i64, BTreeSet<u32>> = [
            (1, [1, 2].into()),
            (2, [3, 4].into()),
            (3, [1, 2, 3, 4].into()),
            (4, [7, 8].into()),
            (5, [7, 8].into()),
        ]
        .into();
        let space = TopicSpace::of(&groups, 1);
        let away = |one: i64, other: i64| {
            let points = space
                .point(one)
                .unwrap()
                .iter()
                .zip(space.point(other).unwrap());
            points
                .map(|(one, other)| (one - other).powi(2))
                .sum::<f32>()
        };
        assert!(away(4, 5) < 1e-6);
        assert!(
            away(1, 3) < away(1, 4) && away(2, 3) < away(2, 4),
            "{} {}",
            away(1, 3),
            away(1, 4)
        );
    }

    #[test]
    fn without_common_topics_there_is_no_space() {
        assert_eq!(
            TopicSpace::of(&[(1, [1].into()), (2, [2].into())].into(), 1).dimensions,
            0
        );
        assert_eq!(TopicSpace::of(&BTreeMap::new(), 1).dimensions, 0);
    }
}
