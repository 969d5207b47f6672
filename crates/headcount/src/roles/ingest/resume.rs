//! What partitions know of sources, from which ingesting goes on.

use headcount_engine::{Partition, Tally};
use headcount_record::Control;

/// What a partition knows of sources.
pub(crate) struct Known {
    /// Names by number.
    pub(crate) names: Vec<(u16, String)>,
    pub(crate) positions: Vec<serde_json::Value>,
    /// What became of their records here, as far as this process counts it.
    pub(crate) tally: Tally,
}

impl Known {
    /// From the bodies of position controls, as a journal keeps them.
    pub(crate) fn of_bodies(bodies: &[Vec<u8>]) -> Self {
        let positions = bodies
            .iter()
            .filter_map(|body| match Control::from_body(body) {
                Ok(Control::Position { position, .. }) => Some(position),
                _ => None,
            });
        Self {
            names: Vec::new(),
            positions: positions.collect(),
            tally: Tally::default(),
        }
    }

    pub(crate) fn of(partition: &Partition) -> Self {
        Self {
            names: partition
                .sources()
                .iter()
                .map(|(number, state)| (*number, state.name.clone()))
                .collect(),
            positions: partition.positions().values().cloned().collect(),
            tally: tally_of(partition),
        }
    }
}

/// What became of all records of a partition, whatever brought them.
pub(crate) fn tally_of(partition: &Partition) -> Tally {
    let mut sum = Tally::default();
    for state in partition.sources().values() {
        sum.add(&state.account.tally);
    }
    sum
}
