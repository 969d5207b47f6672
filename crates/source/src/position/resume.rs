//! What the program has stored of a source's positions.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::Position;

/// What was stored of a source's positions before: where it goes on. A copy costs nothing, for every file of an import
/// gets one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resume {
    /// By their `of`.
    positions: Arc<BTreeMap<String, Position>>,
}

impl Resume {
    /// A source that was never read.
    pub fn fresh() -> Self {
        Resume::default()
    }

    /// From the last positions of every `of` in every partition (one inner list a partition).
    ///
    /// Reading starts at the least `at`, and at 0 as long as one partition knows nothing of it: that partition may be
    /// the one whose part of the first batch was lost. It never starts before what is durable everywhere. Each partition
    /// then skips what it has. Of streams the least cursor counts (what is asked for again is only repeated) and the
    /// greatest moment of life.
    pub fn from_partitions<'a>(partitions: impl IntoIterator<Item = &'a [Position]>) -> Self {
        let mut merged: BTreeMap<String, (Position, usize)> = BTreeMap::new();
        let mut partitions_count = 0;
        for partition in partitions {
            partitions_count += 1;
            for position in partition {
                match merged.get_mut(&position.of) {
                    Some((other, seen)) => {
                        *seen += 1;
                        other.retreat_to(position);
                    }
                    None => {
                        merged.insert(position.of.clone(), (position.clone(), 1));
                    }
                }
            }
        }
        let settle = |(mut position, seen): (Position, usize)| {
            if seen < partitions_count {
                position.retreat_to_the_beginning();
            }
            position.skip_what_is_durable();
            position
        };
        merged.into_values().map(settle).collect::<Vec<_>>().into()
    }

    /// The stored position in exactly this.
    pub fn of(&self, of: &str) -> Option<&Position> {
        self.positions.get(of)
    }

    /// The stored positions whose `of` has one of these endings, without it: what was read in one way was not read in
    /// another.
    #[must_use]
    pub fn ending(&self, endings: &[&str]) -> Self {
        let without = |position: &Position| {
            let of = endings.iter().find_map(|it| position.of.strip_suffix(it))?;
            Some(Position {
                of: of.to_owned(),
                ..position.clone()
            })
        };
        let positions = self.positions.values().filter_map(without);
        positions.collect::<Vec<_>>().into()
    }

    /// The stored positions whose `of` begins so.
    pub(crate) fn beginning(&self, prefix: &str) -> impl Iterator<Item = &Position> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        self.positions
            .range::<str, _>(from)
            .map(|(_, position)| position)
            .take_while(move |position| position.of.starts_with(prefix))
    }
}

impl From<Vec<Position>> for Resume {
    fn from(positions: Vec<Position>) -> Self {
        let by_of = positions
            .into_iter()
            .map(|position| (position.of.clone(), position));
        Resume {
            positions: Arc::new(by_of.collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::{RecordMark, ResumeState};
    use super::*;
    use crate::message::MessageBatch;

    fn position(at: u64, since: u64) -> Position {
        let state = ResumeState::Kafka {
            since,
            mark: Some(RecordMark { at, hash: at + 1 }),
            start_ms: None,
            seen_ms: 0,
        };
        Position::new("topic", Some(at), state)
    }

    fn resumed(partitions: &[&[Position]]) -> Position {
        let resume = Resume::from_partitions(partitions.iter().copied());
        resume.of("topic").unwrap().clone()
    }

    #[test]
    fn what_is_durable_everywhere_is_not_read_again() {
        let (old, new) = (position(100, 90), position(250, 200));
        for (partitions, at) in [
            (vec![vec![new.clone()], vec![new.clone()]], 250),
            // Its part of the last batch may be missing, nothing before it.
            (vec![vec![new.clone()], vec![old.clone()]], 200),
            (vec![vec![old], vec![], vec![new.clone()]], 200),
            (vec![vec![], vec![new.clone()]], 200),
        ] {
            let partitions: Vec<&[Position]> = partitions.iter().map(Vec::as_slice).collect();
            let found = resumed(&partitions);
            let ResumeState::Kafka { mark, .. } = found.state else {
                panic!("{found:?}")
            };
            assert_eq!(
                (found.at, mark),
                (Some(at), Some(RecordMark { at: 250, hash: 251 }))
            );
        }
    }

    #[test]
    fn batches_kept_together_are_as_old_as_the_first() {
        let batch = |position| MessageBatch {
            items: Vec::new(),
            position: Some(position),
        };
        let mut first = batch(position(20, 10));
        first.extend(batch(position(30, 20)));
        let mut expected = position(30, 10);
        let ResumeState::Kafka { mark, .. } = &mut expected.state else {
            panic!()
        };
        *mark = Some(RecordMark { at: 30, hash: 31 });
        assert_eq!(first.position, Some(expected));
    }

    #[test]
    fn of_streams_the_least_cursor_and_the_latest_sign_of_life_count() {
        let at = |cursor_ms, seen_ms| {
            [Position::new(
                "topic",
                None,
                ResumeState::Http { cursor_ms, seen_ms },
            )]
        };
        let merged = resumed(&[&at(Some(7), 10), &at(None, 30), &at(Some(5), 20), &[]]);
        assert_eq!(
            merged.state,
            ResumeState::Http {
                cursor_ms: Some(5),
                seen_ms: 30
            }
        );
        assert_eq!(merged.at, None);
    }

    fn followed(line: u64) -> ResumeState {
        ResumeState::FollowedFile {
            line,
            mark: None,
            seen_ms: None,
        }
    }

    #[test]
    fn a_followed_file_goes_on_at_the_line_of_the_least_position() {
        let at = |at, line| [Position::new("topic", Some(at), followed(line))];
        let merged = resumed(&[&at(90, 9), &at(50, 5), &at(70, 7)]);
        assert_eq!((merged.at, merged.state), (Some(50), followed(5)));
        let merged = resumed(&[&at(90, 9), &[]]);
        assert_eq!((merged.at, merged.state), (Some(0), followed(1)));
    }
}
