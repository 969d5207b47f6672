//! Where reading of a partition begins, by what was taken of it and by what Kafka has.

use crate::message::Gap;
use crate::position::{Position, RecordMark, Resume, ResumeState};

/// What positions in a partition of a topic are called. Another cluster has another id; a recreated topic has
/// another generation, so that positions in the old one mean nothing in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartitionName {
    base: String,
    generation: u32,
}

/// The offsets that Kafka has of a partition: from `low` to before `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) low: u64,
    pub(super) high: u64,
}

/// How reading begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Begin {
    /// It was never read.
    First,
    /// At `from`. What ends at `taken` or before it was taken, and is read only to see that it is the same.
    On { from: u64, taken: u64 },
    /// Retention has removed what stood from `taken` to before `low`.
    Lost { taken: u64, low: u64 },
    /// It ends before what was taken: it is not what was read.
    Other { taken: u64, high: u64 },
}

impl PartitionName {
    pub(super) fn new(cluster: &str, topic: &str, partition: i32) -> Self {
        PartitionName {
            base: format!("{}{partition}", prefix(cluster, topic)),
            generation: 0,
        }
    }

    /// The newest generation of which something is known, with that.
    pub(super) fn newest<'a>(&mut self, resume: &'a Resume) -> Option<&'a Position> {
        let generation_of = |of: &str| match of.strip_prefix(&self.base)? {
            "" => Some(0),
            rest => rest.strip_prefix('.')?.parse().ok(),
        };
        let (generation, position) = resume
            .beginning(&self.base)
            .filter_map(|position| Some((generation_of(&position.of)?, position)))
            .max_by_key(|(generation, _)| *generation)?;
        self.generation = generation;
        Some(position)
    }

    pub(super) fn next_generation(self) -> Self {
        PartitionName {
            generation: self.generation + 1,
            ..self
        }
    }

    pub(super) fn of(&self) -> String {
        match self.generation {
            0 => self.base.clone(),
            generation => format!("{}.{generation}", self.base),
        }
    }
}

/// What the names of all partitions of a topic begin with.
pub(super) fn prefix(cluster: &str, topic: &str) -> String {
    format!("kafka:{cluster}/{topic}/")
}

pub(super) fn begin(known: Option<&Position>, range: Range) -> Begin {
    let Some((position, taken)) = known.and_then(|position| Some((position, position.at?))) else {
        return Begin::First;
    };
    let mark = mark_of(position);
    let mark_at = mark.map_or(taken, |mark| mark.at);
    if taken.max(mark_at) > range.high {
        return Begin::Other {
            taken: taken.max(mark_at),
            high: range.high,
        };
    }
    if taken < range.low {
        return Begin::Lost {
            taken,
            low: range.low,
        };
    }
    let proof = mark.map_or(taken, |mark| mark.at.saturating_sub(1));
    Begin::On {
        from: taken.min(proof).max(range.low),
        taken,
    }
}

/// By what the partition is known again.
pub(super) fn mark_of(position: &Position) -> Option<RecordMark> {
    match position.state {
        ResumeState::Kafka { mark, .. } => mark,
        _ => None,
    }
}

impl Begin {
    /// The gap to report when reading does not resume where it stopped.
    pub(super) fn gap(
        &self,
        topic: &str,
        partition: i32,
        seen_ms: i64,
        now_ms: i64,
    ) -> Option<Gap> {
        let cause = match self {
            Begin::First | Begin::On { .. } => return None,
            Begin::Lost { taken, low } => format!(
                "topic {topic}, partition {partition}: up to {} records (offsets {taken} to {}) were removed by retention \
                 before they were read",
                low - taken,
                low - 1
            ),
            Begin::Other { taken, high } => format!(
                "topic {topic}, partition {partition}: headcount had read {taken} offsets, but it ends at {high}: it was \
                 deleted and recreated, or it lost its end; headcount reads it from its beginning"
            ),
        };
        Some(gap(cause, seen_ms, now_ms))
    }
}

/// The gap to report when an offset holds another record than before.
pub(super) fn other_record(topic: &str, partition: i32, at: u64, seen_ms: i64, now_ms: i64) -> Gap {
    let offset = at.saturating_sub(1);
    let cause = format!(
        "topic {topic}, partition {partition}: offset {offset} holds another record than headcount read there: it \
         was deleted and recreated; headcount reads it from its beginning"
    );
    gap(cause, seen_ms, now_ms)
}

fn gap(cause: String, from_ms: i64, to_ms: i64) -> Gap {
    Gap {
        from_ms: from_ms.min(to_ms),
        to_ms,
        cause,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn known(at: u64, mark_at: u64) -> Position {
        position("x", at, Some(mark_at))
    }

    fn position(of: &str, at: u64, mark_at: Option<u64>) -> Position {
        let state = ResumeState::Kafka {
            since: 0,
            mark: mark_at.map(|at| RecordMark { at, hash: 1 }),
            start_ms: None,
            seen_ms: 0,
        };
        Position::new(of, Some(at), state)
    }

    #[test]
    fn it_goes_on_or_says_why_not() {
        let range = |low, high| Range { low, high };
        let on = |from, taken| Begin::On { from, taken };
        for (position, range, expected) in [
            (known(10, 10), range(0, 10), on(9, 10)),
            (known(10, 10), range(9, 50), on(9, 10)),
            // What could prove it is gone, nothing else is.
            (known(10, 10), range(10, 50), on(10, 10)),
            (known(6, 10), range(0, 50), on(6, 6)),
            (known(0, 10), range(0, 50), on(0, 0)),
            (
                known(10, 10),
                range(11, 50),
                Begin::Lost { taken: 10, low: 11 },
            ),
            (
                known(10, 10),
                range(50, 50),
                Begin::Lost { taken: 10, low: 50 },
            ),
            (
                known(10, 10),
                range(0, 9),
                Begin::Other { taken: 10, high: 9 },
            ),
            (
                known(6, 10),
                range(0, 8),
                Begin::Other { taken: 10, high: 8 },
            ),
        ] {
            assert_eq!(begin(Some(&position), range), expected, "{position:?}");
        }
        assert_eq!(begin(None, range(3, 5)), Begin::First);
        let gap = begin(Some(&known(10, 10)), range(50, 60)).gap("t", 3, 100, 200);
        let gap = gap.unwrap();
        assert!(
            gap.cause.contains("up to 40 records (offsets 10 to 49)"),
            "{}",
            gap.cause
        );
        assert_eq!((gap.from_ms, gap.to_ms), (100, 200));
    }

    #[test]
    fn a_topic_made_anew_has_a_name_of_its_own() {
        let mut name = PartitionName::new("cluster", "a.b", 1);
        assert_eq!(name.of(), "kafka:cluster/a.b/1");
        let position = |of: &str, at| position(of, at, None);
        let resume = Resume::from(vec![
            position("kafka:cluster/a.b/1", 1),
            position("kafka:cluster/a.b/1.2", 2),
            position("kafka:cluster/a.b/1.1", 3),
            position("kafka:cluster/a.b/12", 4),
            position("kafka:other/a.b/1.7", 5),
        ]);
        assert_eq!(name.newest(&resume).unwrap().at, Some(2));
        assert_eq!(name.next_generation().of(), "kafka:cluster/a.b/1.3");
        assert_eq!(PartitionName::new("cluster", "a", 1).newest(&resume), None);
    }
}
